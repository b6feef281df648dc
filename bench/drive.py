"""Calls ASGI and WSGI applications as a server does, without one."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Scope

from bench.measure import Clock, Run, Spent

BODY = b'{"items":["one","two","three"]}'
HEADERS = [("content-length", str(len(BODY))), ("content-type", "application/json")]
_RAW = [(name.encode(), value.encode()) for name, value in HEADERS]

WSGIApp = Callable[..., Any]


class Answer(NamedTuple):
    """What a client would get."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one value of a header, None if it is absent. Repeats are joined, so that they are no valid answer."""
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None


async def bare(scope: Scope, receive: object, send: Callable[[Message], Any]) -> None:
    """The least that an ASGI application does: a JSON response with the two headers that Starlette gives it."""
    await send({"type": "http.response.start", "status": 200, "headers": [*_RAW]})
    await send({"type": "http.response.body", "body": BODY})


def bare_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The same over WSGI."""
    start_response("200 OK", [*HEADERS])
    return [BODY]


async def receive() -> Message:
    """A request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Message) -> None:
    """Somebody else's work."""


def over_asgi(app: Any, scopes: Callable[[int], Sequence[Scope]]) -> Run:
    """Runs an ASGI application for each of some scopes; making them is not timed."""

    async def run(count: int) -> Spent:
        batch = scopes(count)
        clock = Clock()
        for scope in batch:
            await app(scope, receive, send)
        return clock.spent()

    return run


def over_wsgi(app: WSGIApp, environs: Callable[[int], Sequence[dict[str, Any]]]) -> Run:
    """Runs a WSGI application for each of some environs; making them is not timed."""

    async def run(count: int) -> Spent:
        batch = environs(count)
        clock = Clock()
        for environ in batch:
            chunks = app(environ, _start_response)
            for _ in chunks:
                pass
            if hasattr(chunks, "close"):
                chunks.close()
        return clock.spent()

    return run


def _start_response(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], None]:
    return lambda data: None


async def ask_asgi(app: ASGIApp, scope: Scope) -> Answer:
    """What an ASGI application answers."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    headers = [(name.decode(), value.decode()) for name, value in messages[0].get("headers", ())]
    return Answer(messages[0]["status"], headers, b"".join(part.get("body", b"") for part in messages[1:]))


def ask_wsgi(app: WSGIApp, environ: dict[str, Any]) -> Answer:
    """What a WSGI application answers."""
    started: list[tuple[str, Sequence[tuple[str, str]]]] = []

    def start_response(status: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    status, headers = started[-1]
    return Answer(int(status[:3]), headers, body)
