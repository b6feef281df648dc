"""Header values as layers need them: lists of byte pairs, changed in place."""

import re
from collections.abc import Collection, Iterable

from toolkit.http.origins import is_origin

ORIGIN = b"origin"
REQUEST_METHOD = b"access-control-request-method"

RawHeaders = list[tuple[bytes, bytes]]

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_token(value: bytes) -> bool:
    """Whether a value is a token, as method and header names are (RFC 9110 5.6.2)."""
    return _TOKEN.fullmatch(value) is not None


def preflight_method(origin: bytes | None, requested: bytes | None) -> str | None:
    """The method that a CORS preflight asks about, or None where an OPTIONS request is no preflight.

    A preflight has one Origin, which may be `null`, and one Access-Control-Request-Method (Fetch, CORS-preflight fetch,
    steps 1 to 4). Repeated headers arrive joined by a comma, and so are neither.
    """
    if origin is None or requested is None or not is_token(requested):
        return None
    return requested.decode() if origin == b"null" or is_origin(origin) else None


def split_list(value: bytes) -> list[bytes]:
    """The members of a comma-separated header (RFC 9110 5.6.1): empty ones are left out."""
    return [member for part in value.split(b",") if (member := part.strip(b" \t"))]


def add_vary(headers: RawHeaders, names: bytes) -> None:
    """Add names to Vary: none twice, whatever their case, and none beside `*` (RFC 9110 12.5.5).

    Args:
        headers: Response headers, changed in place. Several Vary headers become one where something is to be added.
        names: Canonical names joined by `, `, such as `Origin`.
    """
    present = [value for name, value in headers if name.lower() == b"vary"]
    if not present:
        headers.append((b"vary", names))
        return
    members = [member for value in present for member in split_list(value)]
    known = {member.lower() for member in members}
    missing = [name for name in split_list(names) if name.lower() not in known]
    if missing and b"*" not in known:
        remove(headers, (b"vary",))
        headers.append((b"vary", b", ".join([*members, *missing])))


def remove(headers: RawHeaders, names: Collection[bytes]) -> None:
    """Remove every header of these lower-case names."""
    headers[:] = [pair for pair in headers if pair[0].lower() not in names]


def values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """The values of a header, by its lower-case name, in order."""
    return [value for key, value in headers if key.lower() == name]
