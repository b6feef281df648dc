"""Serialized origins: which bytes a browser can send in `Origin`, and how they fall into parts.

Rule: an origin is checked here, whole and byte for byte, before anything is compared with it.
Source: Fetch standard, "serialized origin"; URL standard, "host serializing" and "ends in a number".
"""

import re
from ipaddress import IPv6Address
from struct import unpack

MAX_ORIGIN = 330
"""Bytes: a scheme of 64, "://", a host of 253 and its dot, a port of 6, and a margin."""

DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21"}
"""The port a browser leaves out, by scheme."""

NEVER_SENT = frozenset({"ws", "wss", "file", "about", "blob", "data", "javascript"})
"""Schemes no origin has: a page's own origin is never ws or wss, and the others are opaque, sent as `null`."""

IPV4 = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}"

_ORIGIN = re.compile(
    rb"([a-z][a-z0-9+.-]{0,63})://"
    rb"((?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|\[[0-9a-f:]{2,39}\])"
    rb"(?::([1-9][0-9]{0,4}))?"
)
_IPV4 = re.compile(IPV4)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ZEROS = re.compile(r"\b0(?::0)+\b")


def is_origin(value: bytes) -> bool:
    """Whether `value` is one serialized origin a browser may send: scheme://host[:port], lower case, at most 330 bytes.

    `null` is none, nor is a port the scheme implies, an uncompressed IPv6 address, or an IPv4 address in another form.
    """
    return split_origin(value) is not None


def split_origin(value: bytes) -> tuple[str, str, str | None] | None:
    """(scheme, host, port) of a serialized origin, the port None where the scheme implies it; None for all else."""
    found = _ORIGIN.fullmatch(value) if len(value) <= MAX_ORIGIN else None
    if found is None:
        return None
    scheme, host = found[1].decode("ascii"), found[2].decode("ascii")
    port = found[3].decode("ascii") if found[3] else None
    return (scheme, host, port) if _is_sent(scheme, port) and _is_host(host) else None


def _is_sent(scheme: str, port: str | None) -> bool:
    if scheme in NEVER_SENT:
        return False
    return port is None or (int(port) <= 65535 and port != DEFAULT_PORTS.get(scheme))


def _is_host(host: str) -> bool:
    if host[0] == "[":
        return host[1:-1] == compressed(host[1:-1])
    name = host.removesuffix(".")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):  # URL standard: then it is an IPv4 address, and has no final dot
        return _IPV4.fullmatch(host) is not None
    return len(name) <= 253


def compressed(address: str) -> str | None:
    """The IPv6 `address` as the URL standard serializes it ("IPv6 serializer"); None where it is no IPv6 address.

    Unlike `str(IPv6Address)`, which changed over versions, an IPv4-mapped address stays in hexadecimal groups.
    """
    try:
        groups = unpack("!8H", IPv6Address(address).packed)
    except ValueError:
        return None
    text = ":".join(f"{group:x}" for group in groups)
    longest = max(_ZEROS.finditer(text), key=lambda run: len(run[0]), default=None)
    if longest is None:
        return text
    return f"{text[: longest.start()].rstrip(':')}::{text[longest.end() :].lstrip(':')}"
