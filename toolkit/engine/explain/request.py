"""A request that nobody sent: what `explain` is asked about, as layers see it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import Scope

from toolkit.engine.exchange import Exchange
from toolkit.engine.layer import Layer
from toolkit.engine.plan import Plan
from toolkit.http.headers import is_token
from toolkit.options import Invalid, show

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

_HEADERS = "such as {'origin': 'https://app.example'}"
_TWO = 2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNESCAPED = "/?%!$&'()*+,;=:@~"  # beside letters and digits (RFC 3986 3.3 and 3.4), and escapes themselves


@dataclass(frozen=True)
class Request:
    """One request: its target as given, and the path and query in it; the path is decoded as servers do."""

    method: str
    target: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    websocket: bool

    @classmethod
    def parse(cls, method: str, target: str, headers: Headers | None, *, websocket: bool) -> "Request":
        """Raises Invalid with a reason and a fix: `method` is no token, `target` no path, a header none."""
        for text in (method, target):
            if not isinstance(text, str):
                raise Invalid(f"{show(text)} is not text", "a method is such as 'GET', a path such as '/login'")
        if not is_token(method.encode("utf-8", "surrogateescape")):
            raise Invalid(f"{show(method)} is no method name", "such as GET")
        if websocket and method.upper() != "GET":
            raise Invalid(f"{show(method)} opens no WebSocket", "a handshake is a GET")
        if not target.startswith("/"):
            raise Invalid(f"{show(target)} is no path: it does not begin with '/'", _rooted(target))
        if "#" in target:
            fix = f"leave it out, {show(target.partition('#')[0])}, or write %23"
            raise Invalid(f"{show(target)} holds a fragment, which is never sent", fix)
        path, _, query = target.partition("?")
        checked = tuple(_header(name, value) for name, value in _pairs(headers))
        return cls(method.upper(), target, unquote(path), query, checked, websocket)

    @property
    def scope(self) -> Scope:
        """The ASGI scope that a server on this machine would make of it, for a client on this machine."""
        kind = {"type": "websocket", "scheme": "ws", "subprotocols": []}
        http = {"type": "http", "scheme": "http", "method": self.method}
        return {
            **(kind if self.websocket else http),
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "path": self.path,
            "raw_path": quote(self.target.partition("?")[0], safe=_UNESCAPED, errors="surrogateescape").encode(),
            "query_string": quote(self.query, safe=_UNESCAPED, errors="surrogateescape").encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), _encoded(value)) for name, value in self.headers],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "extensions": {},
            "state": {},
        }


class Supposed(Exchange):
    """The exchange of a request that nobody sent: nothing was answered, and nothing ever is."""

    __slots__ = ()

    def __init__(self, request: Request) -> None:
        self.scope: Scope = request.scope
        self.status: int | None = None
        self.memo: dict[Layer, Any] = {}
        self._plan = Plan(())
        self._found = None

    @property
    def complete(self) -> bool:
        return False


def _rooted(target: str) -> str:
    if "://" in target:
        return "give the path alone; the host goes into a header"
    return f"write {show('/' + target)}"


def _pairs(headers: Any) -> Iterable[tuple[Any, Any]]:
    pairs = [*headers.items()] if isinstance(headers, Mapping) else headers
    if pairs is None:
        return ()
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise Invalid(f"{show(pairs)} is neither a mapping of headers nor a list of pairs", _HEADERS)
    pairs = [*pairs]
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != _TWO:
            raise Invalid(f"{show(pair)} is no pair of a header's name and its value", _HEADERS)
    return pairs


def _header(name: Any, value: Any) -> tuple[str, str]:
    for text in (name, value):
        if not isinstance(text, str):
            raise Invalid(f"{show(text)} is not text: a header has a name and a value", _HEADERS)
    if not is_token(name.encode("utf-8", "surrogateescape")):
        raise Invalid(f"{show(name)} is no header name")
    if _CONTROL.search(value):
        raise Invalid(f"the value of {name} holds control characters")
    return name, value.strip(" \t")


def _encoded(value: str) -> bytes:
    """Header values beyond ASCII travel as UTF-8, as browsers and curl send them."""
    return value.encode("utf-8", "surrogateescape")
