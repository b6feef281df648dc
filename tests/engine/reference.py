"""What a stack means: one layer around an application, written from the rules alone. Nesting it defines every stack."""

from types import SimpleNamespace
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}


def one(layer: Any, app: ASGIApp) -> ASGIApp:
    """`app` inside one layer. Its hooks are given an exchange that has a scope and a memo."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        around = _Around(layer, app, scope, receive, send)
        try:
            await around.inside()
        except BaseException as failure:
            await finished(layer.done(around.exchange, failure), failure)
            raise
        await finished(layer.done(around.exchange, None), None)

    return run


class _Around:
    """One request to a layer."""

    def __init__(self, layer: Any, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self.layer, self.app = layer, app
        self.scope, self.receive, self.send = scope, receive, send
        self.exchange = SimpleNamespace(scope=scope, memo={})
        self.seen = self.closed = self.replaced = False
        self.disconnected: Message | None = None

    async def inside(self) -> None:
        concerned = self.layer.methods is None or self.scope.get("method") in {None, *self.layer.methods}
        answer = await settled(self.layer.request(self.exchange)) if concerned else None
        if answer is not None:
            return await say(answer, self.scope, self.send)
        try:
            await self.app(self.scope, self.inward, self.outward)
        except Exception as failure:
            if self.seen or self.closed or not await self.handles(failure):
                raise
        return None

    async def handles(self, failure: Exception) -> bool:
        answer = await settled(self.layer.error(self.exchange, failure))
        if answer is None:
            return False
        await say(answer, self.scope, self.send)
        return bool(answer.status_code < 500)

    async def outward(self, message: Message) -> None:
        if self.replaced:
            return
        self.closed = self.closed or message["type"] == "websocket.close"
        answer = None
        if message["type"] in STARTS and not self.seen:
            self.seen = True
            message = {**message, "headers": [*message.get("headers", ())]}
            answer = await settled(self.layer.response(self.exchange, message))
        self.replaced = answer is not None
        await (self.send(message) if answer is None else say(answer, self.scope, self.send))

    async def inward(self) -> Message:
        message = self.disconnected or await self.receive()
        if message["type"] == "websocket.receive":
            try:
                await settled(self.layer.receive(self.exchange, message))
            except WebSocketDisconnect as refusal:
                close = {"code": refusal.code, "reason": refusal.reason}
                self.replaced = True
                await self.send({"type": "websocket.close", **close})
                message = self.disconnected = {"type": "websocket.disconnect", **close}
        return message


async def settled(result: Any) -> Any:
    """A hook's result: None or a plain Response, or what awaits to one."""
    result = await result if hasattr(result, "__await__") else result
    if result is not None and not hasattr(result, "body"):
        raise TypeError("a hook answers with a plain Response")
    return result


async def say(answer: Any, scope: Scope, send: Send) -> None:
    """Send an answer; a handshake is refused by a denial response where the server has them, else by a close."""
    socket, denial = scope["type"] == "websocket", "websocket.http.response" in scope.get("extensions", {})
    if socket and not denial:
        await send({"type": "websocket.close", "code": 1013 if answer.status_code in {429, 503} else 1008})
        return
    prefix = "websocket.http.response" if socket else "http.response"
    await send({"type": f"{prefix}.start", "status": answer.status_code, "headers": [*answer.raw_headers]})
    await send({"type": f"{prefix}.body", "body": b"" if scope.get("method") == "HEAD" else answer.body})


async def finished(pending: Any, failure: BaseException | None) -> None:
    """What `done` waits for, shielded; a coroutine that is being closed cannot wait."""
    if pending is not None and not isinstance(failure, GeneratorExit):
        with anyio.CancelScope(shield=True):
            await pending
    elif hasattr(pending, "close"):
        pending.close()
