"""What CORS reads in a request beside its Origin."""

from collections.abc import Iterable

from toolkit.http.headers import ORIGIN, REQUEST_METHOD
from toolkit.http.origins import DEFAULT_PORTS, split_origin


def preflight_pair(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """Origin and Access-Control-Request-Method in one pass; what is repeated is neither, and comes out empty."""
    origin = method = None
    for name, value in headers:
        if name == ORIGIN:
            origin = value if origin is None else b""
        elif name == REQUEST_METHOD:
            method = value if method is None else b""
    return origin, method


def is_same_host(origin: bytes, host: bytes | None, scheme: str) -> bool:
    """Whether a page comes from the host it connects to by a WebSocket of this scheme, ws or wss.

    The port that a scheme implies may be written or not. A page that came over http is not of a host that speaks wss:
    anybody on the way could have changed it.
    """
    parts = split_origin(origin)
    if parts is None or host is None or parts[0] not in (("https",) if scheme == "wss" else ("http", "https")):
        return False
    scheme, name, port = parts
    default = f":{DEFAULT_PORTS.get(scheme, '')}"
    return host.decode("latin-1").lower().removesuffix(default) == (f"{name}:{port}" if port else name)
