"""A request on its way through a plan: how a start travels outward, and how a failure unwinds.

One iterator tells who has seen what: `left` yields the response hooks that have not seen a start, the next one
outward first. A hook that was taken from it has had its turn, whatever came of it, and a second start goes on where
the first ended.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from operator import length_hint
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from toolkit.engine.exchange import Done, Exchange, Hook, Message
from toolkit.engine.steps import Steps, abandoned, actual, drive, settle, shielded

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer
    from toolkit.engine.plan import Plan

ResponseHook = Callable[[Exchange, Message], Hook]

ENDS = frozenset(
    {"http.response.body", "http.response.pathsend", "http.response.zerocopysend", "http.response.trailers"}
)
"""What may be the last that is sent of a response."""

PROBED = "toolkit.probed"
"""Scope key: the exchanges that want to answer a failure before the framework between them and the application does."""


class Run(Exchange):
    """An HTTP request under way."""

    __slots__ = ("_last", "_send", "_server", "_whole", "handled", "left")

    status: int | None
    memo: "dict[Layer, Any]"
    left: Iterator[ResponseHook]
    handled: tuple[int, Exception]
    _send: Send
    """Where the application's messages go."""
    _server: Send
    """Where they went before a layer answered in the application's place."""
    _last: Message
    """What the application sent last, other than a start."""
    _whole: bool
    """Set once an answer of a layer went out, or the close of a WebSocket."""

    def __init__(self, plan: "Plan", scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.status = None
        self.memo = {}
        self._plan = plan
        self._found = None
        self.left = iter(plan.responses)
        self._send = send

    @property
    def complete(self) -> bool:
        if hasattr(self, "_whole"):
            return True
        if self.status is None or self._send is dropped or not hasattr(self, "_last"):
            return False
        last = self._last
        return last["type"] in ENDS and not last.get("more_body") and not last.get("more_trailers")

    def send(self, message: Message) -> Awaitable[None]:
        """What the application is given to send through. A start passes through the layers, all else goes straight out.

        It is no coroutine function: where no hook has to be awaited, the server's own awaitable is handed back.
        """
        if message["type"] != "http.response.start":
            self._last = message
            return self._send(message)
        if self._send is dropped:
            return dropped(message)
        start = {**message}  # copy_start, in line: every response pays for it
        start["headers"] = [*message.get("headers", ())]
        for hook in self.left:
            result = hook(self, start)
            if result is not None:
                return drive(self._interrupted(start, hook, result))
        self.status = start["status"]
        return self._send(start)

    def _interrupted(self, start: Message, hook: ResponseHook, result: Hook) -> Steps:
        """A response hook has answered, or has to be awaited before the start can go on."""
        answer = yield from settle(hook, result)
        if answer is None:
            yield from self._outward([start])
        else:
            yield from self._replace(answer)

    def _outward(self, messages: list[Message]) -> Steps:
        """Take a start, and what belongs to it, through the layers that have not seen one, and send it."""
        for hook in self.left:
            answer = yield from settle(hook, hook(self, messages[0]))
            if answer is not None:
                return (yield from self._replace(answer))
        self.status = messages[0].get("status", 101)
        send = self._server if self._send is dropped else self._send
        for message in messages:
            yield send(message)

    def _replace(self, answer: Response) -> Steps:
        """Answer in place of what was begun. All that the application still sends is dropped."""
        self._drop()
        yield from self._outward(self._messages(answer))
        self._whole = True

    def _drop(self) -> None:
        if self._send is not dropped:
            self._server, self._send = self._send, dropped

    def answer(self, answer: Response, place: int) -> Steps:
        """Send the answer of the layer at `place`. Only the layers outside it see it."""
        self.left = iter(self._plan.outsides[place])
        yield from self._outward(self._messages(answer))
        self._whole = True

    async def respond(self, answer: Response, place: int) -> None:
        """The same for a request that went no further, the short way where no layer looks on."""
        if self._plan.outsides[place]:
            await drive(self.answer(answer, place))
            return
        self.left = iter(())
        for message in self._messages(answer):
            self.status = message.get("status", self.status)
            await self._send(message)
        self._whole = True

    def _messages(self, answer: Response) -> list[Message]:
        return as_messages("http.response", answer, head=self.scope["method"] == "HEAD")

    def _seen(self, place: int) -> bool:
        """Whether the layer at `place` has seen a start."""
        return self.status is not None or place >= self._plan.reached(length_hint(self.left))

    def leave(self, innermost: int) -> Steps | None:
        """Leave the layers after a success, by `done`. Returns what is still to be run, where that has to wait."""
        if hasattr(self, "handled"):
            return self.unwind(innermost, None)
        for place, done in self._plan.dones:
            if place <= innermost:
                try:
                    pending = done(self, None)
                except BaseException as raised:
                    return self.unwind(place, raised, place)
                if pending is not None:
                    return self._leaving(place, pending)
        return None

    def _leaving(self, place: int, pending: Awaitable[None]) -> Steps:
        exc = None
        try:
            yield shielded(pending)
        except BaseException as raised:
            exc = actual(raised)
        return (yield from self.unwind(place, exc, place))

    def unwind(self, innermost: int, exc: BaseException | None, outside: int | None = None) -> Steps:
        """Leave the layers from `innermost` outward, each by `error`, then `done`. Returns what is to be raised.

        Args:
            innermost: The place of the layer whose own hook raised or answered, or the number of layers where the
                application was called. Its own `error` does not concern itself with what it did.
            exc: The failure so far.
            outside: Where given, only the layers outside this place are still to be left.
        """
        for place, error, done in self._plan.unwinds:
            if place > innermost or place == outside:
                continue
            if error is not None and isinstance(exc, Exception) and place < innermost and not self._seen(place):
                exc = yield from self._error(place, error, exc, self.answer)
            if done is not None:
                seen = exc or self._handled(place)
                left = yield from self._done(done, seen)
                exc = exc if left is seen else left
        return exc

    def intercept(self, exc: Exception, send: Send, inside: Sequence["Run"]) -> Steps:
        """Let the layers answer a failure now, where a framework in between would otherwise answer it first.

        Returns what is left of the failure. The layers are left later, by `unwind`.

        Args:
            exc: The failure.
            send: Leads back to this exchange, through that framework.
            inside: The exchanges further in. Their layers see the failure, not the answer.
        """
        failure: BaseException | None = exc
        for place, error, _ in self._plan.unwinds:
            if error is not None and isinstance(failure, Exception) and not self._seen(place):
                failure = yield from self._error(place, error, failure, partial(self._answer_through, send, inside))
                if failure is None:
                    self.handled = (place, exc)
                    for exchange in inside:
                        exchange.handled = (-1, exc)
        return failure

    def _answer_through(self, send: Send, inside: Sequence["Run"], answer: Response, place: int) -> Steps:
        for exchange in inside:
            exchange.left = iter(())
        self.left = iter(self._plan.outsides[place])
        for message in self._messages(answer):
            yield send(message)

    def _error(
        self, place: int, hook: Callable[..., Hook], exc: Exception, send: Callable[[Response, int], Steps]
    ) -> Steps:
        try:
            answer = yield from settle(hook, hook(self, exc))
            if answer is None:
                return exc
            yield from send(answer, place)
        except BaseException as raised:
            return actual(raised)
        return None if answer.status_code < 500 else exc

    def _handled(self, place: int) -> Exception | None:
        """What the layers inside the one that intercepted a failure saw of it."""
        handler, exc = getattr(self, "handled", (place, None))
        return exc if place > handler else None

    def _done(self, hook: Callable[..., Done], exc: BaseException | None) -> Steps:
        try:
            pending = hook(self, exc)
            if pending is not None:
                yield abandoned(pending) if isinstance(exc, GeneratorExit) else shielded(pending)
        except BaseException as raised:
            return actual(raised)
        return exc


class SocketRun(Run):
    """A WebSocket under way: from the handshake to the last message."""

    __slots__ = ("_disconnect", "_receive")

    status: int | None
    _disconnect: Message | None
    """What the application receives once a layer has refused a message."""
    _receive: Receive

    def __init__(self, plan: "Plan", scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(plan, scope, receive, send)
        self._receive = receive
        self._disconnect = None

    def send(self, message: Message) -> Awaitable[None]:
        """An acceptance and a denial response are starts; a close is none, but after it nothing can be answered."""
        kind = message["type"]
        if kind in {"websocket.accept", "websocket.http.response.start"}:
            return drive(self._outward([copy_start(message)])) if self._send is not dropped else dropped(message)
        if kind == "websocket.close" and self._send is not dropped:
            self._closing()
            self._whole = True
        return self._send(message)

    async def receive(self) -> Message:
        """Each message passes the layers first. One refuses it by raising WebSocketDisconnect."""
        message = self._disconnect or await self._receive()
        if message["type"] == "websocket.receive":
            try:
                for hook in self._plan.receives:
                    pending = hook(self, message)
                    if pending is not None:
                        await pending
            except WebSocketDisconnect as refusal:
                return await self._close(refusal.code, refusal.reason or "")
        return message

    async def _close(self, code: int, reason: str) -> Message:
        """Close towards the client, and be disconnected towards the application."""
        self._drop()
        await self._server({"type": "websocket.close", "code": code, "reason": reason})
        self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": reason}
        return self._disconnect

    async def respond(self, answer: Response, place: int) -> None:
        await drive(self.answer(answer, place))

    def _outward(self, messages: list[Message]) -> Steps:
        if messages[0]["type"] != "websocket.close":
            return (yield from super()._outward(messages))
        self._closing()
        yield (self._server if self._send is dropped else self._send)(messages[0])

    def _closing(self) -> None:
        """A close instead of an acceptance reaches the client as a 403 (ASGI, "Close - send event")."""
        if self.status is None:
            self.status = 403

    def _messages(self, answer: Response) -> list[Message]:
        return answer_messages(self.scope, answer)


def answer_messages(scope: Scope, answer: Response) -> list[Message]:
    """A plain Response as the ASGI messages that answer a request; it is never called.

    A refused handshake is a denial response where the server has them, else a close.
    """
    if scope["type"] == "http":
        return as_messages("http.response", answer, head=scope["method"] == "HEAD")
    if "websocket.http.response" in (scope.get("extensions") or {}):
        return as_messages("websocket.http.response", answer)
    code = 1013 if answer.status_code in {429, 503} else 1008
    return [{"type": "websocket.close", "code": code, "reason": ""}]


def as_messages(prefix: str, answer: Response, *, head: bool = False) -> list[Message]:
    """Its status, a copy of its headers, its body."""
    return [
        {"type": prefix + ".start", "status": answer.status_code, "headers": [*answer.raw_headers]},
        {"type": prefix + ".body", "body": b"" if head else bytes(answer.body)},
    ]


def copy_start(message: Message) -> Message:
    """A start that layers may change: frameworks send their own header lists, and send them again."""
    return {**message, "headers": [*message.get("headers", ())]}


async def dropped(message: Message) -> None:
    """What is sent after a layer has answered in the application's place."""
