"""What Chromium sends: the headers of three requests as uvicorn handed them to an application, in their order.

Chromium 156 fetched from a page over HTTP/1.1. The hosts are renamed, and so is the browser, which had no window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

HOST = "api.example"
ORIGIN = "https://app.example"
STRANGER = "https://stranger.example"
PATH = "/api/items"

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_SAME_ORIGIN = (
    ("host", HOST),
    ("connection", "keep-alive"),
    ("sec-ch-ua-platform", '"Linux"'),
    ("user-agent", _AGENT),
    ("sec-ch-ua", '"Not:A-Brand";v="8", "Chromium";v="156"'),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "*/*"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("referer", f"https://{HOST}/"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
)
_CROSS_ORIGIN = (
    ("host", HOST),
    ("connection", "keep-alive"),
    ("sec-ch-ua-platform", '"Linux"'),
    ("user-agent", _AGENT),
    ("sec-ch-ua", '"Not:A-Brand";v="8", "Chromium";v="156"'),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "*/*"),
    ("origin", ORIGIN),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-storage-access", "none"),
    ("referer", f"{ORIGIN}/"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
)
_PREFLIGHT = (
    ("host", HOST),
    ("connection", "keep-alive"),
    ("accept", "*/*"),
    ("access-control-request-method", "PUT"),
    ("access-control-request-headers", "authorization,content-type"),
    ("origin", ORIGIN),
    ("user-agent", _AGENT),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-dest", "empty"),
    ("referer", f"{ORIGIN}/"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
)


@dataclass(frozen=True)
class Request:
    """One request, in every form that a subject may want. Each is made of new objects, as a server makes them."""

    method: str
    headers: Sequence[tuple[str, str]]
    path: str = PATH

    def from_origin(self, origin: str) -> "Request":
        """The same request from a page of another origin."""
        return replace(self, headers=[(n, v.replace(ORIGIN, origin)) for n, v in self.headers])

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def scope(self) -> dict[str, Any]:
        """An ASGI scope with uvicorn's keys."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": self.method.encode().decode(),
            "root_path": "",
            "path": self.path.encode().decode(),
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in self.headers],
            "state": {},
        }

    def environ(self) -> dict[str, Any]:
        """A WSGI environ with the keys of PEP 3333."""
        environ = {
            "REQUEST_METHOD": self.method.encode().decode(),
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path.encode().decode(),
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in self.headers:
            environ["HTTP_" + name.upper().replace("-", "_")] = value.encode().decode()
        return environ

    def wire(self) -> bytes:
        """What goes over the wire."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode()


SAME_ORIGIN = Request("GET", _SAME_ORIGIN)
CROSS_ORIGIN = Request("GET", _CROSS_ORIGIN)
PREFLIGHT = Request("OPTIONS", _PREFLIGHT)
