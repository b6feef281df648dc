"""The answers of a policy as responses, and what is remembered of them: the next one like it takes a look-up."""

from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

from starlette.responses import Response

from toolkit.cors.policy import Policy, Preflight, allows
from toolkit.http.origins import is_origin

V = TypeVar("V")
Asked = tuple[bytes, str, bytes | None]
"""What a preflight asks: its origin, its method, and Access-Control-Request-Headers."""

REFUSED_HANDSHAKE: Final = 403
"""The status of a handshake that is refused."""

_ORIGINS = {True: 1024, False: 256}  # that are remembered, by whether they are allowed
_PREFLIGHTS = 256
_LONGEST = 512  # bytes of one that is remembered


class Answers(dict[bytes | None, V]):
    """What each origin is answered with, found by one look-up.

    Exact origins have it ready. Of all others that a browser can send, 1024 allowed and 256 refused are remembered,
    apart from each other, so that strangers drive out none but strangers. Safe to share between threads.
    """

    def __init__(self, policy: Policy, make: Callable[[bytes, bool], V], otherwise: V) -> None:
        """`make` is given an origin and whether it is allowed; `otherwise` is for what is no origin, and for none."""
        exact = (pattern.text.encode() for pattern in policy.origins.patterns if pattern.is_exact)
        super().__init__((origin, make(origin, True)) for origin in exact)
        self[None] = otherwise
        self._policy = policy
        self._make = make
        self._otherwise = otherwise
        self._recent: dict[bool, deque[bytes]] = {True: deque(), False: deque()}

    def __missing__(self, origin: bytes) -> V:
        if origin != b"null" and not is_origin(origin):
            return self._otherwise
        allowed = allows(self._policy, origin)
        # In this order each remembered origin has a later place in its queue, so that threads leave none behind.
        made = self[origin] = self._make(origin, allowed)
        recent = self._recent[allowed]
        recent.append(origin)
        if len(recent) > _ORIGINS[allowed]:
            self.pop(recent.popleft(), None)
        return made


class Preflights(dict[Asked, Response]):
    """The answers to preflights that depend on what is asked for: up to 256, none that asks for more than 512 bytes."""

    def remember(self, asked: Asked, answer: Response) -> None:
        """Keep an answer, unless too much was asked for."""
        _, method, requested = asked
        if len(method) + len(requested or b"") > _LONGEST:
            return
        if len(self) >= _PREFLIGHTS:
            self.clear()
        self[asked] = answer


def preflight_response(decided: Preflight, origin: bytes, status: int) -> Response:
    """The answer to a preflight: empty, or why it is refused."""
    text = f"CORS preflight of {origin.decode()} refused: {decided.refusal}\n"
    response = Response(text, status, media_type="text/plain") if decided.refusal else Response(status_code=status)
    response.raw_headers += decided.headers
    return response


def refused_handshake() -> Response:
    """The answer to a WebSocket handshake from a page of another origin."""
    return Response("CORS: WebSockets are not for pages of this origin\n", REFUSED_HANDSHAKE, media_type="text/plain")
