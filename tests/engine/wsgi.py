"""The server's side of WSGI, in process and strict: it refuses whatever PEP 3333 forbids."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication
from wsgiref.util import setup_testing_defaults

Headers = Iterable[tuple[bytes, bytes]]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Outcome:
    """What a server was given: starts as (status line, headers), chunks, and what was raised in the end."""

    starts: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def line(self) -> str:
        return self.starts[-1][0]

    @property
    def status(self) -> int:
        return int(self.line[:3])

    @property
    def headers(self) -> list[tuple[str, str]]:
        return self.starts[-1][1]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def header(self, name: str) -> str | None:
        return {key.lower(): value for key, value in self.headers}.get(name)


def environ_of(
    method: str = "GET", path: str = "/", headers: Headers = (), more: Mapping[str, Any] = _NOTHING
) -> dict[str, Any]:
    """The environ of a request for a percent-encoded path; of repeated headers the values are joined, as servers do."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(quote(path, safe="/%")).decode("latin-1"),
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "50000",
    }
    for name, value in headers:
        key = name.decode().upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value.decode('latin-1')}" if key in environ else value.decode("latin-1")
    setup_testing_defaults(environ)
    return {**environ, **more}


def run(app: WSGIApplication, environ: dict[str, Any] | None = None, *, most: int | None = None) -> Outcome:
    """Serve one request; what is raised is in the outcome. With `most` the client goes after so many chunks."""
    outcome = Outcome()
    iterable: Any = None
    try:
        iterable = app(environ_of() if environ is None else environ, starter(outcome))
        for _, chunk in zip(range(1000 if most is None else most), iterable, strict=False):
            _take(outcome, chunk)
    except BaseException as exc:
        outcome.raised = exc
    try:
        getattr(iterable, "close", lambda: None)()
    except BaseException as exc:
        outcome.raised = exc
    return outcome


def get(app: WSGIApplication, path: str = "/", headers: Headers = (), more: Mapping[str, Any] = _NOTHING) -> Outcome:
    """A GET request; nothing may be raised."""
    return calm(run(app, environ_of("GET", path, headers, more)))


def calm(outcome: Outcome) -> Outcome:
    if outcome.raised is not None:
        raise outcome.raised
    return outcome


def starter(outcome: Outcome) -> StartResponse:
    """The start_response that a server gives."""

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        assert type(status) is str
        assert all(type(name) is str and type(value) is str for name, value in headers)
        if exc_info is not None and outcome.chunks:
            raise exc_info[1].with_traceback(exc_info[2])
        assert exc_info is not None or not outcome.starts, "started twice"
        outcome.starts.append((status, headers))
        return lambda chunk: _take(outcome, chunk)

    return start_response


def _take(outcome: Outcome, chunk: bytes) -> None:
    assert type(chunk) is bytes
    assert outcome.starts, "a chunk before the start"
    outcome.chunks.append(chunk)


def hello(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """An application that answers every request with `hello`."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


class Streamed:
    """An iterable that counts how often it was asked and closed. An exception among its chunks is raised."""

    def __init__(self, *chunks: bytes | BaseException) -> None:
        self.left, self.asked, self.closed = list(chunks), 0, 0

    def __iter__(self) -> "Streamed":
        return self

    def __next__(self) -> bytes:
        self.asked += 1
        if not self.left:
            raise StopIteration
        chunk = self.left.pop(0)
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def close(self) -> None:
        self.closed += 1


def streaming(body: Iterable[bytes], status: str = "200 OK") -> WSGIApplication:
    """An application that starts, and returns this iterable."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        return body

    return app


def failing(exc: BaseException) -> WSGIApplication:
    """An application that raises at once."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        raise exc

    return app
