"""What a CORS policy answers: functions of values, which know no request, no server and no application.

Source: the Fetch standard, https://fetch.spec.whatwg.org/#http-cors-protocol; its steps are cited beside the branches.

What it deliberately does not do:
- It never rejects an actual request. `Origin` stands on same-origin POST requests too, and CORS protects responses from
  being read, not requests from being made: that is the work of a CSRF check.
- It tells an origin that is not allowed nothing: no methods, no headers, no credentials.
- It does not parse Access-Control-Request-Headers where one answer serves all: the browser compares the lists, and its
  cache keeps all that is listed. Only `strict` policies and the echo for `*` with credentials parse it.
- It sends no Access-Control-Allow-Private-Network: that was given up for Local Network Access, which has no headers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from toolkit.http.headers import RawHeaders, add_vary, is_token, remove, split_list
from toolkit.http.origins import is_origin
from toolkit.http.patterns import OriginSet

Pairs = tuple[tuple[bytes, bytes], ...]

ALLOW_ORIGIN = b"access-control-allow-origin"
ALLOW_CREDENTIALS = b"access-control-allow-credentials"
ALLOW_METHODS = b"access-control-allow-methods"
ALLOW_HEADERS = b"access-control-allow-headers"
EXPOSE_HEADERS = b"access-control-expose-headers"
MAX_AGE = b"access-control-max-age"
REQUEST_HEADERS = b"access-control-request-headers"
TIMING_ALLOW_ORIGIN = b"timing-allow-origin"
VARY = b"vary"

OWNED = frozenset(
    {
        ALLOW_ORIGIN,
        ALLOW_CREDENTIALS,
        ALLOW_METHODS,
        ALLOW_HEADERS,
        EXPOSE_HEADERS,
        MAX_AGE,
        b"access-control-allow-private-network",
    }
)
"""The response headers of the protocol: one policy sets them, so what the application set itself is taken away."""

MERGED = frozenset(
    written
    for name in OWNED | {VARY, TIMING_ALLOW_ORIGIN}
    for written in (name, name.title(), name.capitalize(), name.upper())
)
"""Where a response holds none of these, a policy's headers are simply added. ASGI wants them in lower case, but some
applications write them otherwise."""

SAFELISTED_METHODS = ("GET", "HEAD", "POST")
"""Fetch, "CORS-safelisted method": they pass every preflight, listed or not."""

SAFELISTED_HEADERS = ("accept", "accept-language", "content-language", "content-type")
"""Fetch, "CORS-safelisted request-header", as far as names go: they are always listed, as Starlette does."""

SAFELISTED_RESPONSE_HEADERS = (
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
)
"""Fetch, "CORS-safelisted response-header name": what a page may read without Access-Control-Expose-Headers."""

KNOWN_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")

MAX_METHOD = 64
"""Characters of a method that is repeated: more than any that is registered has."""

MAX_REQUESTED = 4096
"""Bytes of Access-Control-Request-Headers that are read."""

_SHOWN = 64
_NEVER_LISTED = frozenset(name.encode() for name in SAFELISTED_RESPONSE_HEADERS) | {b"set-cookie", b"set-cookie2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Options as a decision needs them. `*` alone in `methods`, `headers` or `expose` stands for all.

    `any_origin` is `allow_origins=["*"]`: with `credentials` every origin but `null` is then allowed by name.
    `headers` are in lower case.
    """

    origins: OriginSet
    any_origin: bool = False
    credentials: bool = False
    methods: tuple[str, ...] = ("GET",)
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age: int = 600
    timing: bool = False
    strict: bool = False

    @property
    def is_public(self) -> bool:
        """Whether every response carries the same `*`, asked for or not, so that none varies by Origin."""
        return self.any_origin and not self.credentials

    @property
    def lists_names(self) -> bool:
        """Whether the names to expose are known only as a response starts: with credentials `*` is a literal."""
        return self.credentials and "*" in self.expose

    @property
    def echoes(self) -> bool:
        """Whether a preflight's answer repeats what was asked for: with credentials `*` is a literal."""
        return self.credentials and ("*" in self.methods or "*" in self.headers)


class Preflight(NamedTuple):
    """The answer to a preflight: its headers, and why it is refused (empty: it is not)."""

    headers: Pairs
    refusal: str = ""


def allows(policy: Policy, origin: bytes) -> bool:
    """Whether the lists of a policy allow an origin, for any bytes.

    `null` is never in them: every sandboxed frame sends it. Only a public policy, whose `*` is for all, does not look.
    """
    if policy.any_origin:
        return policy.is_public or is_origin(origin)
    return origin in policy.origins


def response_headers(policy: Policy, origin: bytes | None, vary: bytes = b"Origin") -> Pairs:
    """What every response carries towards an allowed origin; None for any other, and for no origin at all.

    Fetch, "CORS protocol and HTTP caches": `*` goes on every response and needs no Vary; else every response says
    `Vary: Origin`, also where there was no Origin.
    """
    if policy.is_public:
        return ((ALLOW_ORIGIN, b"*"), *_shared(policy, b"*"))
    if origin is None:
        return ((VARY, vary),)
    return ((VARY, vary), (ALLOW_ORIGIN, origin), *_credentials(policy), *_shared(policy, origin))


def preflight(
    policy: Policy, origin: bytes | None, method: str, requested: bytes | None, vary: bytes = b"Origin"
) -> Preflight:
    """The answer to a preflight of an allowed origin; None for any other, which is told nothing.

    Args:
        policy: The policy.
        origin: An allowed origin.
        method: What Access-Control-Request-Method asks about: a token.
        requested: Access-Control-Request-Headers, its lines joined; None where there is none.
        vary: The names that the verdict on the origin depends on.
    """
    varied = _preflight_vary(policy, vary)
    if origin is None and not policy.is_public:
        return Preflight(varied, "the origin is not allowed")
    refusal = _refusal(policy, method, requested)
    if refusal:
        return Preflight(varied, refusal)
    allowed = b"*" if policy.is_public or origin is None else origin
    said = (_listing(ALLOW_METHODS, _methods(policy, method)), _listing(ALLOW_HEADERS, _headers(policy, requested)))
    age = (MAX_AGE, str(policy.max_age).encode())
    return Preflight((*varied, (ALLOW_ORIGIN, allowed), *_credentials(policy), *said[0], *said[1], age))


def merge(headers: RawHeaders, ready: Pairs, *, keep: bool) -> None:
    """Set a policy's headers on a response that has some of them already: in the end there is one of each.

    Args:
        headers: Response headers, changed in place.
        ready: From `response_headers`.
        keep: Leave a response that brings an Access-Control-Allow-Origin of its own as it is, but for Vary.
    """
    kept = keep and any(name == ALLOW_ORIGIN for name, _ in headers)
    if not kept:
        remove(headers, OWNED.union(name for name, _ in ready if name != VARY))
    for name, value in ready:
        if name == VARY:
            add_vary(headers, value)
        elif not kept:
            headers.append((name, value))


def listed_names(headers: RawHeaders) -> Pairs:
    """Access-Control-Expose-Headers for all headers of a response: what `*` would be, were it not for credentials.

    Fetch, "CORS-exposed header-name list": Set-Cookie is never exposed, safelisted names always are.
    """
    names = {name.lower() for name, _ in headers} - _NEVER_LISTED - OWNED
    return _listing(EXPOSE_HEADERS, [name.decode() for name in sorted(names) if is_token(name)])


def requested_names(value: bytes | None) -> list[str]:
    """The names in Access-Control-Request-Headers, for any bytes: in lower case, each once."""
    return list(dict.fromkeys(name.decode("latin-1").lower() for name in split_list(value or b"")))


def shown(name: str) -> str:
    """The name of a method or of a header for a message: escaped and cut."""
    text = ascii(name)[1:-1]
    return text[:_SHOWN] + "…" * (len(text) > _SHOWN)


def _credentials(policy: Policy) -> Pairs:
    # Fetch, "CORS check", step 7: exactly `true`. It depends on no cookie: a preflight never carries one.
    return ((ALLOW_CREDENTIALS, b"true"),) if policy.credentials else ()


def _shared(policy: Policy, origin: bytes) -> Pairs:
    exposed = () if policy.lists_names else _listing(EXPOSE_HEADERS, policy.expose)
    return (*exposed, *(((TIMING_ALLOW_ORIGIN, origin),) if policy.timing else ()))


def _listing(name: bytes, members: Iterable[str]) -> Pairs:
    value = ", ".join(members)
    return ((name, value.encode()),) if value else ()


def _preflight_vary(policy: Policy, vary: bytes) -> Pairs:
    names = [] if policy.is_public else [vary]
    if policy.strict or (policy.credentials and "*" in policy.methods):
        names.append(b"Access-Control-Request-Method")
    if policy.strict or (policy.credentials and "*" in policy.headers):
        names.append(b"Access-Control-Request-Headers")
    return ((VARY, b", ".join(names)),) if names else ()


def _methods(policy: Policy, method: str) -> Iterable[str]:
    # Fetch, "CORS-preflight fetch", step 7.5: with credentials `*` is a method of that name.
    if not (policy.credentials and "*" in policy.methods):
        return policy.methods
    return KNOWN_METHODS if method in KNOWN_METHODS else (*KNOWN_METHODS, method)


def _headers(policy: Policy, requested: bytes | None) -> Iterable[str]:
    # Fetch, "CORS-preflight fetch", steps 7.6 and 7.7: with credentials `*` is a header of that name, and without it
    # does not cover Authorization.
    if "*" not in policy.headers:
        return dict.fromkeys((*SAFELISTED_HEADERS, *policy.headers))
    return requested_names(requested) if policy.credentials else policy.headers


def _refusal(policy: Policy, method: str, requested: bytes | None) -> str:
    """What the browser would object to, where the policy says so itself; and what cannot be repeated."""
    if policy.strict and not _allows_method(policy, method):
        return f"the method {shown(method)} is not allowed"
    if policy.credentials and "*" in policy.methods and len(method) > MAX_METHOD:
        return f"the method {shown(method)} is longer than {MAX_METHOD} characters"
    if requested is None or not (policy.strict or (policy.credentials and "*" in policy.headers)):
        return ""
    if len(requested) > MAX_REQUESTED:
        return f"Access-Control-Request-Headers is longer than {MAX_REQUESTED} bytes"
    if not all(is_token(name) for name in split_list(requested)):
        return "Access-Control-Request-Headers holds what is no header name"
    refused = [name for name in requested_names(requested) if policy.strict and not _allows_header(policy, name)]
    return f"the header {shown(refused[0])} is not allowed" if refused else ""


def _allows_method(policy: Policy, method: str) -> bool:
    # Fetch, "CORS-preflight fetch", step 7.5; methods are case-sensitive.
    return method in SAFELISTED_METHODS or "*" in policy.methods or method in policy.methods


def _allows_header(policy: Policy, name: str) -> bool:
    # Fetch, "CORS-preflight fetch", steps 7.6 and 7.7: Authorization is a "CORS non-wildcard request-header name".
    if name in SAFELISTED_HEADERS or name in policy.headers:
        return True
    return "*" in policy.headers and (policy.credentials or name != "authorization")
