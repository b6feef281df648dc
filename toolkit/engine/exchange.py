"""One request as layers see it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer
    from toolkit.engine.plan import Plan

Message = MutableMapping[str, Any]
Answer = Response | None
Hook = Answer | Awaitable[Answer]
Done = Awaitable[None] | None
ReadHeaders = Callable[[Scope], dict[bytes, bytes | None]]


class Exchange(ABC):
    """One request, from the first hook to the last.

    `scope` is the ASGI scope, changed in place. `status` is what this stack last sent: None until something was, 101
    for an accepted WebSocket, 403 for one closed instead. `memo` is for what a layer keeps from one hook to the next:
    `exchange.memo[self] = …`.
    """

    __slots__ = ("_cookies", "_found", "_path", "_plan", "memo", "scope", "status")

    scope: Scope
    status: int | None
    memo: "dict[Layer, Any]"
    _plan: "Plan"
    _found: dict[bytes, bytes | None] | None
    _cookies: dict[str, str]
    _path: str

    @property
    def method(self) -> str:
        """The request method; a WebSocket handshake is a GET."""
        method: str = self.scope.get("method", "GET")
        return method

    @property
    def path(self) -> str:
        """The path that the application routes by: without its mount point, as it was when a layer first asked."""
        try:
            return self._path
        except AttributeError:
            self._path = route_path(self.scope)
            return self._path

    @property
    @abstractmethod
    def complete(self) -> bool:
        """Whether the answer was sent to its end; for `done`. False where the client left in its midst."""

    @property
    def client(self) -> tuple[str, int] | None:
        """The peer's (host, port): as the server saw it, or as a trusted proxy reported it."""
        client = self.scope.get("client")
        return None if client is None else (client[0], client[1])

    @property
    def cookies(self) -> dict[str, str]:
        """The request's cookies by name; of a repeated name the last, as Starlette reads them."""
        try:
            return self._cookies
        except AttributeError:
            header = self.header(b"cookie")
            self._cookies = {} if header is None else cookie_parser(header.decode("latin-1"))
            return self._cookies

    def header(self, name: bytes) -> bytes | None:
        """A request header by its lower-case name: repeats joined by `, ` (cookies by `; `), None where absent."""
        found = self._found
        if found is None:
            found = self._found = self._plan.read(self.scope)
        try:
            return found[name]
        except KeyError:  # no layer declared it
            found = self._found = _read_all(self.scope)
            return found[name]


class _Index(dict[bytes, bytes | None]):
    """All headers of a request: what is not in it is absent."""

    def __missing__(self, name: bytes) -> None:
        if type(name) is not bytes or name != name.lower():
            raise TypeError(f"header({name!r}): header names are lower-case bytes")
        self[name] = None


def route_path(scope: Scope) -> str:
    """The scope's path below `root_path`, as Starlette's router and Mount see it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if not root or not path.startswith(root):
        return path
    below = path[len(root) :]
    return below if not below or below[0] == "/" else path


def header_reader(names: frozenset[bytes]) -> ReadHeaders:
    """The cheapest way to find the headers that a plan's layers declare: a scan for one or two, else one index."""
    if len(names) > 2:
        return _read_all
    if len(names) == 2:
        return _scan_two(*sorted(names))
    return _scan_one(*names) if names else _nothing


def index_headers(scope: Scope) -> dict[bytes, bytes | None]:
    """Every request header by name, repeats joined."""
    index: dict[bytes, bytes | None] = {}
    for name, value in scope["headers"]:
        index[name] = join(name, index.get(name), value)
    return index


def join(name: bytes, before: bytes | None, value: bytes) -> bytes:
    """One value of a repeated header (RFC 9110 5.3; RFC 9113 8.2.3 for cookies)."""
    if before is None:
        return value
    return before + (b"; " if name == b"cookie" else b", ") + value


def _read_all(scope: Scope) -> dict[bytes, bytes | None]:
    return _Index(index_headers(scope))


def _nothing(scope: Scope) -> dict[bytes, bytes | None]:
    return {}


def _scan_one(name: bytes) -> ReadHeaders:
    def read(scope: Scope) -> dict[bytes, bytes | None]:
        found = None
        for key, value in scope["headers"]:
            if key == name:
                found = value if found is None else join(name, found, value)
        return {name: found}

    return read


def _scan_two(first: bytes, second: bytes) -> ReadHeaders:
    def read(scope: Scope) -> dict[bytes, bytes | None]:
        one = two = None
        for key, value in scope["headers"]:
            if key == first:
                one = join(first, one, value)
            elif key == second:
                two = join(second, two, value)
        return {first: one, second: two}

    return read
