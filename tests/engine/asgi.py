"""The server's side of ASGI, in process and strict: it refuses whatever the specification forbids."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import anyio
from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DENIAL = "websocket.http.response"
Headers = Iterable[tuple[bytes, bytes]]
Pause = Callable[[], Awaitable[None]]


class ProtocolError(Exception):
    """An application sent what ASGI does not allow there."""


@dataclass
class Outcome:
    """What an application sent, and what it raised in the end."""

    sent: list[Message] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.sent]

    @property
    def start(self) -> Message:
        return next(message for message in self.sent if message["type"] in _STARTS)

    @property
    def status(self) -> int:
        status: int = self.start["status"]
        return status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.start.get("headers", ()))

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def close_code(self) -> int | None:
        """The code of `websocket.close`, None where there was none."""
        codes = (message.get("code", 1000) for message in self.sent if message["type"] == "websocket.close")
        return next(codes, None)

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)


class Server:
    """One scope as a server runs it.

    `inbound` is what `receive` gives, in order. When it is used up, an HTTP request waits for the end of its answer and
    is then disconnected, as over a socket; a WebSocket is disconnected at once.
    """

    def __init__(self, scope: Scope, inbound: Iterable[Message] | None = None, pause: Pause = checkpoint) -> None:
        self.scope = scope
        self.inbound = list(_INBOUND[scope["type"]] if inbound is None else inbound)
        self.pause = pause
        self.outcome = Outcome()
        self.violations: list[str] = []
        self.over = anyio.Event()
        self._state = "connecting" if scope["type"] == "websocket" else "silent"

    async def receive(self) -> Message:
        await self.pause()
        if self.inbound:
            return self.inbound.pop(0)
        if self.scope["type"] == "http":
            await self.over.wait()
            return {"type": "http.disconnect"}
        return {"type": "websocket.disconnect", "code": 1005, "reason": ""}

    async def send(self, message: Message) -> None:
        table = _SOCKET if self.scope["type"] == "websocket" else _HTTP
        if (self._state, message["type"]) not in table:
            self._refuse(f"{message['type']} while {self._state}")
        if message["type"] in {"websocket.http.response.start"} and DENIAL not in self.scope["extensions"]:
            self._refuse("a denial response without the extension")
        self._check(message)
        await self.pause()
        self.outcome.sent.append(message)
        following = table[self._state, message["type"]]
        self._state = self._state if message.get("more_body") else following
        if self._state == "over":
            self.over.set()

    def _check(self, message: Message) -> None:
        if message["type"] in _STARTS and not 100 <= message["status"] <= 999:
            self._refuse(f"the status {message['status']!r}")
        for pair in message.get("headers", ()):
            name, value = pair
            if not (isinstance(name, bytes) and isinstance(value, bytes) and name == name.lower()):
                self._refuse(f"the header {pair!r}")
        if not isinstance(message.get("body", b""), bytes):
            self._refuse(f"the body {message['body']!r}")

    def _refuse(self, why: str) -> NoReturn:
        self.violations.append(why)
        raise ProtocolError(why)


_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_HTTP = {("silent", "http.response.start"): "started", ("started", "http.response.body"): "over"}
_SOCKET = {
    ("connecting", "websocket.accept"): "open",
    ("connecting", "websocket.close"): "over",
    ("connecting", "websocket.http.response.start"): "denying",
    ("denying", "websocket.http.response.body"): "over",
    ("open", "websocket.send"): "open",
    ("open", "websocket.close"): "over",
}


def http_scope(method: str = "GET", path: str = "/", headers: Headers = (), **more: Any) -> Scope:
    """The scope of an HTTP request, with every key that ASGI asks for."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("192.0.2.1", 50000),
        "server": ("testserver", 80),
        **more,
    }


def socket_scope(path: str = "/", headers: Headers = (), *, denial: bool = True, **more: Any) -> Scope:
    """The scope of a WebSocket, from a server that has denial responses or has none."""
    scope = http_scope("GET", path, headers, type="websocket", scheme="ws", subprotocols=[], **more)
    del scope["method"]
    return {**scope, "extensions": {DENIAL: {}} if denial else {}}


async def run(app: ASGIApp, scope: Scope, inbound: Iterable[Message] | None = None) -> Outcome:
    """Run an application for one scope, and hold it to the protocol. What it raises is in the outcome."""
    server = Server(scope, inbound)
    try:
        await app(scope, server.receive, server.send)
    except Exception as exc:
        server.outcome.raised = exc
    assert not server.violations, server.violations
    return server.outcome


async def get(app: ASGIApp, path: str = "/", headers: Headers = (), **more: Any) -> Outcome:
    """A GET request."""
    return await run(app, http_scope("GET", path, headers, **more))


async def connect(app: ASGIApp, *messages: str | bytes, denial: bool = True, path: str = "/") -> Outcome:
    """A WebSocket: a handshake, these messages, and a disconnect."""
    received = (
        {"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message} for message in messages
    )
    return await run(app, socket_scope(path, denial=denial), [{"type": "websocket.connect"}, *received])


async def cancel_everywhere(
    build: Callable[[Pause], ASGIApp], scope: Callable[[], Scope], most: int = 50
) -> AsyncIterator[Outcome]:
    """Run an application cancelled at its first await, at its second, and so on; the last run ends by itself.

    `build` makes the application of a `pause` that it awaits wherever it would wait; the server's side does so too.
    """
    for place in range(1, most):
        pauses = _Pauses(place)
        server = Server(scope(), pause=pauses.pause)
        with pauses.scope:
            await build(pauses.pause)(server.scope, server.receive, server.send)
        yield server.outcome
        if pauses.count < place:
            return
    raise AssertionError(f"it did not end after {most} awaits")


class _Pauses:
    """Counts awaits, and cancels its scope at the one of a given number."""

    def __init__(self, place: int) -> None:
        self.place, self.count, self.scope = place, 0, anyio.CancelScope()

    async def pause(self) -> None:
        self.count += 1
        if self.count == self.place:
            self.scope.cancel()
        await checkpoint()


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers every request with `hello`."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that accepts every WebSocket and sends back what it gets, until the client goes."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


def answering(status: int, headers: Headers = (), body: bytes = b"") -> ASGIApp:
    """An application with one answer."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


def failing(exc: BaseException, after: int | None = None) -> ASGIApp:
    """An application that raises: at once, or after it began to answer with the status `after`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if after is not None:
            await send({"type": "http.response.start", "status": after, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise exc

    return app


_INBOUND: Mapping[str, list[Message]] = {
    "http": [{"type": "http.request", "body": b"", "more_body": False}],
    "websocket": [{"type": "websocket.connect"}],
}
