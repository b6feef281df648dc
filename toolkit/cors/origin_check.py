"""Asks the application's own function about an origin that the lists do not allow.

Rule: whatever goes wrong in it, the origin is not allowed, and the log says why.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any, NamedTuple, TypeVar

from starlette.types import Scope

from toolkit.http.headers import is_token

T = TypeVar("T")
Answered = bool | tuple[bool, Sequence[str]]
OriginCheck = Callable[[str, Scope], Answered | Awaitable[Answered]]

_log = logging.getLogger("toolkit.cors")


class Ruling(NamedTuple):
    """Whether an origin is allowed, and the names for Vary that the verdict depends on, joined."""

    allowed: bool
    vary: bytes = b"Origin"


ALLOWED = Ruling(True)
DENIED = Ruling(False)


def ask(check: OriginCheck, origin: str, scope: Scope, then: Callable[[Ruling], T]) -> T | Awaitable[T]:
    """`then` of the ruling, at once or as an awaitable, as the check itself answers."""
    try:
        answered = check(origin, scope)
        ruled = None if isawaitable(answered) else ruling(answered)
    except Exception:
        ruled = _failed(origin)
    return _later(answered, origin, then) if ruled is None else then(ruled)  # type: ignore[arg-type]


def ruling(answered: object) -> Ruling:
    """What a check's answer means. Raises TypeError unless it is a bool, or a bool and names for Vary."""
    allowed, names = answered if isinstance(answered, tuple) and len(answered) == 2 else (answered, ())
    if not isinstance(allowed, bool) or isinstance(names, str):
        raise TypeError(f"origin_check returned {answered!r}: it answers True, False, or (bool, [names for Vary])")
    once = {name.lower(): name for name in map(_vary_name, names)} | {b"origin": b"Origin"}
    others = [name for key, name in once.items() if key != b"origin"]
    return Ruling(allowed, b", ".join([b"Origin", *others]))


async def _later(pending: Awaitable[Any], origin: str, then: Callable[[Ruling], T]) -> T:
    try:
        ruled = ruling(await pending)
    except Exception:
        ruled = _failed(origin)
    return then(ruled)


def _vary_name(name: object) -> bytes:
    if not isinstance(name, str) or not is_token(name.encode()):
        raise TypeError(f"origin_check names {name!r} for Vary, which is no header name")
    return name.encode()


def _failed(origin: str) -> Ruling:
    _log.exception("origin_check failed for %s, which is therefore not allowed", origin)
    return DENIED
