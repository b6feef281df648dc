"""What a browser makes of a policy's answers: the checks of the Fetch standard, on the headers that a policy sends.

Source: the Fetch standard, "CORS-preflight fetch" and "CORS check", whose steps a verdict names. The model leaves out
what no policy decides: redirects, the preflight cache, and the values of headers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from toolkit.cors.policy import (
    ALLOW_CREDENTIALS,
    ALLOW_HEADERS,
    ALLOW_METHODS,
    ALLOW_ORIGIN,
    EXPOSE_HEADERS,
    SAFELISTED_HEADERS,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    Policy,
    allows,
    preflight,
    response_headers,
    shown,
)
from toolkit.options import show

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


class Step(NamedTuple):
    """A step of the Fetch standard that decides, and why it does, in words."""

    step: str
    reason: str


def judge(policy: Policy, *, origin: str, method: str, headers: Sequence[str], credentials: bool) -> Verdict:
    """The verdict on one request of a page."""
    page = Page(origin.encode(), method, tuple(name.lower() for name in headers), credentials)
    allowed = page.origin if allows(policy, page.origin) else None
    answer = dict(response_headers(policy, allowed))
    stopped = _stopped_preflight(policy, allowed, page) if page.needs_preflight else None
    stopped = stopped or check(page, answer)
    if stopped is not None:
        return Verdict(False, *stopped, page.needs_preflight)
    return Verdict(True, *_passing_step(page, answer), page.needs_preflight, _readable(policy, answer))


def check(page: Page, headers: Mapping[bytes, bytes]) -> Step | None:
    """Fetch, "CORS check": the step at which it fails and why, or None."""
    origin = headers.get(ALLOW_ORIGIN)
    if origin is None:
        reason = f"the origin {shown_origin(page.origin)} is not allowed: no Access-Control-Allow-Origin"
        return Step("CORS check, step 2", reason)
    if origin == b"*" and not page.credentials:
        return None
    if origin != page.origin:
        reason = f"Access-Control-Allow-Origin is {shown_origin(origin)}, not {shown_origin(page.origin)}"
        return Step("CORS check, step 4", reason)
    if page.credentials and headers.get(ALLOW_CREDENTIALS) != b"true":
        return Step("CORS check, step 8", "credentials are not allowed: no Access-Control-Allow-Credentials")
    return None


def preflight_check(page: Page, headers: Mapping[bytes, bytes]) -> Step | None:
    """Fetch, "CORS-preflight fetch", step 7, on a successful answer: the step at which it fails and why, or None."""
    methods, names = _members(headers, ALLOW_METHODS), [name.lower() for name in _members(headers, ALLOW_HEADERS)]
    any_method, any_header = (not page.credentials and "*" in listed for listed in (methods, names))
    if page.method not in (*methods, *SAFELISTED_METHODS) and not any_method:
        reason = f"the method {shown(page.method)} is not among {_listed(methods)}"
        return Step("CORS-preflight fetch, step 7.5", reason)
    if "authorization" in page.headers and "authorization" not in names:
        reason = f"authorization is not among {_listed(names)}; '*' does not cover it"
        return Step("CORS-preflight fetch, step 7.6", reason)
    missing = [name for name in page.unsafe if name not in names and not any_header]
    if missing:
        reason = f"the header {shown(missing[0])} is not among {_listed(names)}"
        return Step("CORS-preflight fetch, step 7.7", reason)
    return None


def shown_origin(origin: bytes) -> str:
    """An origin for a message: in quotes, escaped and cut."""
    return show(origin.decode("utf-8", "replace"))


def _stopped_preflight(policy: Policy, allowed: bytes | None, page: Page) -> Step | None:
    answer = preflight(policy, allowed, page.method, ",".join(page.unsafe).encode() or None)
    if answer.refusal:
        return Step("CORS-preflight fetch, step 7", f"the preflight is refused: {answer.refusal}")
    headers = dict(answer.headers)
    return check(page, headers) or preflight_check(page, headers)


def _passing_step(page: Page, headers: Mapping[bytes, bytes]) -> Step:
    if not page.credentials and headers[ALLOW_ORIGIN] == b"*":
        return Step("CORS check, step 3", "every origin is allowed")
    if page.credentials:
        return Step("CORS check, step 7", f"the origin {shown_origin(page.origin)} is allowed, with credentials")
    return Step("CORS check, step 5", f"the origin {shown_origin(page.origin)} is allowed")


def _readable(policy: Policy, headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    exposed = [name.lower() for name in _members(headers, EXPOSE_HEADERS)]
    if policy.lists_names or "*" in exposed:
        return ("*",)
    return tuple(dict.fromkeys((*SAFELISTED_RESPONSE_HEADERS, *exposed)))


def _members(headers: Mapping[bytes, bytes], name: bytes) -> list[str]:
    return [member for member in headers.get(name, b"").decode().split(", ") if member]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
