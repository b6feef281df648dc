"""The layers of bench/layers.py as pure ASGI middleware, each alone, as one who knows ASGI writes it."""

import time
from itertools import count

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.layers import HOSTS, METHODS, NO_SNIFF, REFERRER


class Middleware:
    """What all have in common."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app


class NoSniff(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), NO_SNIFF]}
            await send(message)

        return await self.app(scope, receive, add)


class Hosts(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _header(scope, b"host") not in HOSTS:
            return await Response(b"Unknown host", 400)(scope, receive, send)
        return await self.app(scope, receive, send)


class Timing(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = time.perf_counter_ns()

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                taken = (time.perf_counter_ns() - started) / 1e6
                header = (b"server-timing", b"app;dur=%.3f" % taken)
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        return await self.app(scope, receive, add)


class Language(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            wanted = _header(scope, b"accept-language")
            scope["bench.language"] = "en" if wanted is None else wanted[:2].decode("latin-1")
        await self.app(scope, receive, send)


class RequestId(Middleware):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self.numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        number = scope["bench.request_id"] = b"%x" % next(self.numbers)

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", number)]}
            await send(message)

        return await self.app(scope, receive, add)


class Referrer(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), REFERRER]}
            await send(message)

        return await self.app(scope, receive, add)


class Methods(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in METHODS:
            return await Response(b"Method not allowed", 405)(scope, receive, send)
        return await self.app(scope, receive, send)


class Counted(Middleware):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self.seen: dict[int | None, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        status: int | None = None

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            self.seen[status] = self.seen.get(status, 0) + 1


class Idle(Middleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def see(message: Message) -> None:
            await send(message)

        return await self.app(scope, receive, see)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None


BY_HAND = (NoSniff, Hosts, Timing, Language, RequestId, Referrer, Methods, Counted)
IDLE_BY_HAND = (Idle,) * len(BY_HAND)
