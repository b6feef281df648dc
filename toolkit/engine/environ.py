"""A WSGI environ (PEP 3333) as an ASGI scope, and what of the scope goes back.

A server decodes bytes as Latin-1 to make the environ's text. What is not UTF-8 in a path becomes U+FFFD, as in Flask.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, overload
from urllib.parse import quote

from starlette.types import Scope

Environ = dict[str, Any]

_BODY_HEADERS = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
_BODY_KEYS = {name: key for key, name in _BODY_HEADERS.items()}
_NEVER = "toolkit.never"
_PUBLISHED = "toolkit.published"
"""Where the environ lists the keys that stacks further out have published."""


def http_scope(environ: Environ) -> Scope:
    """The ASGI scope of a request. What stacks further out have published is in it too."""
    root, below = _text(environ.get("SCRIPT_NAME", "")), path_info(environ)
    return {
        **{key: environ[key] for key in environ.get(_PUBLISHED, ())},
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root + below,
        "raw_path": _raw_path(environ, root + below),
        "root_path": root,
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        "headers": _RequestHeaders(environ),
        "client": peer(environ),
        "server": (environ.get("SERVER_NAME", ""), _port(environ.get("SERVER_PORT"))),
        "extensions": {},
        "toolkit.wsgi": environ,
    }


def publish(scope: Scope, environ: Environ) -> None:
    """Carry to the application what layers changed in the scope: all `toolkit.` keys, the client, and the scheme."""
    published = {key: scope[key] for key in scope if key.startswith("toolkit.") and key != "toolkit.wsgi"}
    environ.update(published)
    environ[_PUBLISHED] = tuple(published)
    client = scope["client"]
    if client is not None and tuple(client) != peer(environ):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    environ["wsgi.url_scheme"] = scope["scheme"]


def find_header(environ: Environ, name: bytes) -> bytes | None:
    """A request header by its lower-case name, without looking at the others."""
    value = environ.get(_key(name))
    if value is None or (value == "" and name in _BODY_KEYS):
        return None
    return value.encode("latin-1", "replace")  # type: ignore[no-any-return]


def path_info(environ: Environ) -> str:
    """The path that the application routes by: with one slash before it, as Django and Flask read any number."""
    return "/" + _text(environ.get("PATH_INFO", "")).lstrip("/")


def peer(environ: Environ) -> tuple[str, int] | None:
    """The client's (host, port), with port 0 where the server tells none."""
    host = environ.get("REMOTE_ADDR")
    return (host, _port(environ.get("REMOTE_PORT"))) if host else None


class _RequestHeaders(Sequence[tuple[bytes, bytes]]):
    """The request's headers as pairs, made when somebody looks."""

    __slots__ = ("_environ", "_pairs")

    def __init__(self, environ: Environ) -> None:
        self._environ = environ
        self._pairs: list[tuple[bytes, bytes]] | None = None

    def _made(self) -> list[tuple[bytes, bytes]]:
        if self._pairs is None:
            self._pairs = list(_headers(self._environ))
        return self._pairs

    @overload
    def __getitem__(self, index: int) -> tuple[bytes, bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[bytes, bytes]]: ...
    def __getitem__(self, index: int | slice) -> tuple[bytes, bytes] | list[tuple[bytes, bytes]]:
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._made())


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    for key, value in environ.items():
        if key in _BODY_HEADERS:
            if value:
                yield _BODY_HEADERS[key], value.encode("latin-1", "replace")
        elif key.startswith("HTTP_") and key[5:] not in _BODY_HEADERS:
            yield _name(key), value.encode("latin-1", "replace")


@lru_cache(maxsize=256)
def _key(name: bytes) -> str:
    """Where the environ has a header. None can be told apart there that has an underscore in its name."""
    if b"_" in name:
        return _NEVER
    return _BODY_KEYS.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


@lru_cache(maxsize=256)
def _name(key: str) -> bytes:
    return key[5:].replace("_", "-").lower().encode("latin-1", "replace")


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")


def _raw_path(environ: Environ, path: str) -> bytes:
    """The path as it was sent, where the server keeps that (gunicorn, uWSGI, mod_wsgi, Werkzeug); else quoted again."""
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if sent.startswith("/"):
        return sent.partition("?")[0].encode("latin-1", "replace")
    return quote(path, safe="/:@!$&'()*+,;=~").encode()


def _port(text: Any) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0
