"""Says in sentences what a policy does with one request."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from toolkit.cors.answers import REFUSED_HANDSHAKE
from toolkit.cors.policy import (
    REQUEST_HEADERS,
    Pairs,
    Policy,
    allows,
    preflight,
    requested_names,
    response_headers,
    shown,
)
from toolkit.cors.verdict import Page, preflight_check, shown_origin
from toolkit.engine.exchange import Exchange
from toolkit.engine.layer import Ends
from toolkit.http.headers import ORIGIN, REQUEST_METHOD, preflight_method
from toolkit.http.origins import is_origin, split_origin
from toolkit.http.patterns import OriginPattern


class Statuses(NamedTuple):
    """What a preflight is answered with."""

    answered: int
    refused: int


def origin_lines(policy: Policy, origin: bytes | None, *, asks: bool) -> Iterator[str]:
    """What the lists make of an origin, and why."""
    if policy.is_public:
        yield "every origin is allowed, without credentials: each response carries the same '*'"
    elif origin is None:
        yield "there is no Origin header: no page of another origin asks, and no CORS header but Vary is sent"
    elif allows(policy, origin):
        yield f"the origin {shown_origin(origin)} is allowed by {_allowed_by(policy, origin)}"
    else:
        yield from _refused_lines(policy, origin, asks=asks)


def answer_lines(policy: Policy, exchange: Exchange, statuses: Statuses) -> Iterator[str]:
    """What an HTTP request gets: a preflight its answer, any other the headers of its response."""
    origin, asked = exchange.header(ORIGIN), exchange.header(REQUEST_METHOD)
    method = preflight_method(origin, asked) if exchange.method == "OPTIONS" else None
    if method is not None and origin is not None:
        yield from preflight_lines(policy, origin, method, exchange.header(REQUEST_HEADERS), statuses)
    else:
        yield from response_lines(policy, origin)


def response_lines(policy: Policy, origin: bytes | None) -> Iterator[str]:
    """The headers that the response will carry."""
    allowed = origin if origin is not None and allows(policy, origin) else None
    yield f"the response carries {_said(response_headers(policy, allowed))}"
    if allowed is not None and policy.lists_names:
        yield "and access-control-expose-headers with the names of all its headers"


def preflight_lines(
    policy: Policy, origin: bytes, method: str, requested: bytes | None, statuses: Statuses
) -> Iterator[str]:
    """How a preflight is answered, which the application never sees, and what the browser does then."""
    decided = preflight(policy, origin if allows(policy, origin) else None, method, requested)
    allowed, refused = (
        f"answered with {statuses.answered} and what the page may do",
        f"refused with {statuses.refused}: {decided.refusal}",
    )
    yield Ends(f"a preflight for {shown(method)} is {refused if decided.refusal else allowed}")
    yield f"its answer carries {_said(decided.headers)}"
    if not decided.refusal:
        page = Page(origin, method, tuple(requested_names(requested)), credentials=False)
        stopped = preflight_check(page, dict(decided.headers))
        yield "the browser goes on" if stopped is None else f"the browser stops: {stopped.reason} ({stopped.step})"


def handshake_line(checked: bool, same_host: bool, allowed: bool, *, asks: bool) -> str:
    """Whether a WebSocket handshake passes, and why; it carries no CORS headers. With `asks` others may let it pass."""
    if not checked:
        return "a handshake passes: check_websockets is off"
    if same_host:
        return "a handshake passes: it has no Origin, or one of this host"
    reason = "this host is another, and the origin decides"
    if allowed:
        return f"a handshake passes: {reason}"
    refused = f"a handshake is refused with {REFUSED_HANDSHAKE}: {reason}"
    return refused if asks else Ends(refused)


def near_misses(patterns: Sequence[OriginPattern], origin: bytes) -> Iterator[str]:
    """The patterns that an origin would match, but for one part of it."""
    parts = split_origin(origin)
    if parts is None:
        return
    scheme, host, port = parts
    for pattern in patterns:
        fits_port = pattern.port in (port, "*")
        if not pattern.matches_host(host):
            if fits_port and pattern.scheme == scheme and host == pattern.suffix:
                yield f"{pattern.text} is for names below {host}, not for {host} itself"
        elif pattern.scheme != scheme:
            yield f"{pattern.text} has another scheme"
        elif not fits_port:
            yield f"{pattern.text} has another port"


def _said(headers: Pairs) -> str:
    return ", ".join(f"{name.decode()}: {value.decode()}" for name, value in headers) or "no CORS header"


def _allowed_by(policy: Policy, origin: bytes) -> str:
    if policy.any_origin:
        return "'*'"
    scheme, host, port = split_origin(origin) or ("", "", None)
    for pattern in policy.origins.patterns:
        if pattern.scheme == scheme and pattern.port in (port, "*") and pattern.matches_host(host):
            return repr(pattern.text)
    return "allow_origin_regex"


def _refused_lines(policy: Policy, origin: bytes, *, asks: bool) -> Iterator[str]:
    if origin == b"null":
        yield "the origin null is never allowed: every sandboxed frame sends it"
    elif not is_origin(origin):
        yield "what Origin holds is no origin that a browser sends, so it is not allowed"
    else:
        yield f"the origin {shown_origin(origin)} is in none of the lists"
        yield from near_misses(policy.origins.patterns, origin)
        if asks:
            yield "origin_check is asked about it as the request is served; what follows holds if it refuses"
