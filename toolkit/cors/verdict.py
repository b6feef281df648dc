"""What a browser makes of a policy's answers: the checks of the Fetch standard, on the headers that a policy sends.

Source: the Fetch standard, "CORS-preflight fetch" and "CORS check", whose steps a verdict names. The model leaves out
what no policy decides: redirects, the preflight cache, and the values of headers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolkit.cors.policy import (
    ALLOW_CREDENTIALS,
    ALLOW_HEADERS,
    ALLOW_METHODS,
    ALLOW_ORIGIN,
    EXPOSE_HEADERS,
    SAFELISTED_HEADERS,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    Pairs,
    Policy,
    allows,
    preflight,
    response_headers,
)

_NEVER_UNSAFE = frozenset(SAFELISTED_HEADERS) - {"content-type"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a page gets to read a response.

    Attributes:
        allowed: Whether it does.
        step: The step of the Fetch standard that decided.
        reason: Why, in words.
        preflight: Whether the browser asks beforehand.
        readable: The response headers that the page may read, in lower case; `*` stands for all but Set-Cookie.
    """

    allowed: bool
    step: str
    reason: str
    preflight: bool
    readable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a page asks for: the origin is its own, header names are in lower case, credentials means "include"."""

    origin: bytes
    method: str
    headers: tuple[str, ...]
    credentials: bool

    @property
    def unsafe(self) -> list[str]:
        """Fetch, "CORS-unsafe request-header names": sorted; content-type is taken for one that needs a preflight."""
        return sorted({name for name in self.headers if name not in _NEVER_UNSAFE})

    @property
    def needs_preflight(self) -> bool:
        """Fetch, "HTTP fetch": whether the request is more than a form could send."""
        return self.method not in SAFELISTED_METHODS or bool(self.unsafe)


Objection = tuple[str, str]


def judge(policy: Policy, *, origin: str, method: str, headers: Sequence[str], credentials: bool) -> Verdict:
    """The verdict on one request of a page."""
    page = Page(origin.encode(), method, tuple(name.lower() for name in headers), credentials)
    allowed = page.origin if allows(policy, page.origin) else None
    answer = dict(response_headers(policy, allowed))
    objection = _preflight_objection(policy, allowed, page) if page.needs_preflight else None
    objection = objection or check(page, answer)
    if objection is not None:
        return Verdict(False, *objection, page.needs_preflight)
    return Verdict(True, *_passed(page, answer), page.needs_preflight, _readable(policy, answer))


def check(page: Page, headers: Mapping[bytes, bytes]) -> Objection | None:
    """Fetch, "CORS check": the step at which it fails and why, or None."""
    origin = headers.get(ALLOW_ORIGIN)
    if origin is None:
        return "CORS check, step 2", f"the origin {_text(page.origin)} is not allowed: no Access-Control-Allow-Origin"
    if origin == b"*" and not page.credentials:
        return None
    if origin != page.origin:
        return "CORS check, step 4", f"Access-Control-Allow-Origin is {_text(origin)}, not {_text(page.origin)}"
    if page.credentials and headers.get(ALLOW_CREDENTIALS) != b"true":
        return "CORS check, step 8", "credentials are not allowed: no Access-Control-Allow-Credentials"
    return None


def preflight_check(page: Page, headers: Mapping[bytes, bytes]) -> Objection | None:
    """Fetch, "CORS-preflight fetch", step 7, on a successful answer: the step at which it fails and why, or None."""
    methods, names = _members(headers, ALLOW_METHODS), [name.lower() for name in _members(headers, ALLOW_HEADERS)]
    any_method, any_header = (not page.credentials and "*" in listed for listed in (methods, names))
    if page.method not in (*methods, *SAFELISTED_METHODS) and not any_method:
        return "CORS-preflight fetch, step 7.5", f"the method {page.method} is not among {_listed(methods)}"
    if "authorization" in page.headers and "authorization" not in names:
        return "CORS-preflight fetch, step 7.6", f"authorization is not among {_listed(names)}; '*' does not cover it"
    missing = [name for name in page.unsafe if name not in names and not any_header]
    if missing:
        return "CORS-preflight fetch, step 7.7", f"the header {missing[0]} is not among {_listed(names)}"
    return None


def _preflight_objection(policy: Policy, allowed: bytes | None, page: Page) -> Objection | None:
    answer = preflight(policy, allowed, page.method, ",".join(page.unsafe).encode() or None)
    headers = dict(answer.headers)
    objection = check(page, headers)
    if objection is None:
        return preflight_check(page, headers)
    return (
        ("CORS-preflight fetch, step 7", f"the preflight is refused: {answer.refusal}") if answer.refusal else objection
    )


def _passed(page: Page, headers: Mapping[bytes, bytes]) -> Objection:
    if not page.credentials and headers[ALLOW_ORIGIN] == b"*":
        return "CORS check, step 3", "every origin is allowed"
    if page.credentials:
        return "CORS check, step 7", f"the origin {_text(page.origin)} is allowed, with credentials"
    return "CORS check, step 5", f"the origin {_text(page.origin)} is allowed"


def _readable(policy: Policy, headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    exposed = [name.lower() for name in _members(headers, EXPOSE_HEADERS)]
    if policy.lists_names or "*" in exposed:
        return ("*",)
    return tuple(dict.fromkeys((*SAFELISTED_RESPONSE_HEADERS, *exposed)))


def _members(headers: Mapping[bytes, bytes] | Pairs, name: bytes) -> list[str]:
    value = dict(headers).get(name, b"")
    return [member for member in value.decode().split(", ") if member]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _text(value: bytes) -> str:
    return repr(value.decode("utf-8", "replace"))
