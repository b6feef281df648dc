"""A plan: which hooks run for a request, found out once; and the three ways to run one.

No try block, no exchange, no wrapper, no `done` where no layer asks for one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.exchange import Hook, header_reader
from toolkit.engine.run import PROBED, Run, SocketRun, awaitable, drive

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer


class Plan:
    """The hooks of some layers, outermost first, each with the place of its layer.

    `requests` run from outside in; `responses` and `unwinds` (error and done together) from inside out.
    """

    __slots__ = ("_responses", "layers", "read", "receives", "requests", "responses", "size", "unwinds")

    def __init__(self, layers: Sequence["Layer"]) -> None:
        self.layers = tuple(layers)
        self.size = len(self.layers)
        self.read = header_reader(frozenset(name for layer in layers for name in layer.reads))
        self.requests = self._places("request")
        self._responses = self._places("response")[::-1]
        self.responses = tuple(hook for _, hook in self._responses)
        self.receives = tuple(hook for _, hook in self._places("receive"))
        errors, dones = dict(self._places("error")), dict(self._places("done"))
        places = sorted(errors.keys() | dones.keys(), reverse=True)
        self.unwinds = tuple((index, errors.get(index), dones.get(index)) for index in places)

    def outside(self, index: int) -> Iterator[Callable[..., Hook]]:
        """The response hooks of the layers outside the one at `index`, the next one outward first."""
        return iter(self.responses[sum(place >= index for place, _ in self._responses) :])

    def reached(self, left: int) -> int:
        """The place of the layer that a start had reached when so many response hooks were left."""
        taken = len(self.responses) - left
        return self._responses[taken - 1][0] if taken else self.size

    def _places(self, name: str) -> tuple[tuple[int, Callable[..., Any]], ...]:
        return tuple((i, getattr(layer, name)) for i, layer in enumerate(self.layers) if name in layer.hooks())


def compile_plan(plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """The coroutine function that runs `app` inside a plan's layers.

    Args:
        plan: The hooks.
        app: What stands inside them.
        otherwise: Takes the scopes that are neither `http` nor `websocket`.
    """
    hooked = plan.requests or plan.responses or plan.unwinds
    socket = _socket(plan, app, otherwise) if hooked or plan.receives else _plain("websocket", app, otherwise)
    if not hooked:
        return _plain("http", app, socket)
    return (_guarded if plan.unwinds else _direct)(plan, app, socket)


def _plain(kind: str, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """Scopes of a kind that no layer has a hook for."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await (app if scope["type"] == kind else otherwise)(scope, receive, send)

    return run


def _direct(plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """HTTP where no layer has an `error` or `done`: a failure needs nobody's help to pass."""
    requests, wrapped = plan.requests, bool(plan.responses)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await otherwise(scope, receive, send)
        exchange = Run(plan, scope, send)
        for index, hook in requests:
            result: Hook = hook(exchange)
            if result is not None:
                answer = result if isinstance(result, Response) else await awaitable(hook, result)
                if answer is not None:
                    await drive(exchange.answer(answer, index))
                    return None
        await app(scope, receive, exchange.send if wrapped else send)
        return None

    return run


def _guarded(plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """HTTP where a layer has an `error` or `done`."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await otherwise(scope, receive, send)
        exchange = Run(plan, scope, send)
        return await _around(plan, exchange, app, receive)

    return run


def _socket(plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """WebSockets, where a handshake weighs more than a wrapper."""
    receiving = bool(plan.receives)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await otherwise(scope, receive, send)
        exchange = SocketRun(plan, scope, send, receive)
        return await _around(plan, exchange, app, exchange.receive if receiving else receive)

    return run


async def _around(plan: Plan, exchange: Run, app: ASGIApp, receive: Receive) -> None:
    """In through every layer, and out again whatever happens."""
    index = 0
    probed = exchange.scope.get(PROBED)
    if probed is not None:
        probed.append(exchange)
    try:
        for index, hook in plan.requests:
            answer = hook(exchange)
            if answer is not None and not isinstance(answer, Response):
                answer = await awaitable(hook, answer)
            if answer is not None:
                await drive(exchange.answer(answer, index))
                break
        else:
            index = plan.size
            await app(exchange.scope, receive, exchange.send)
    except BaseException as exc:
        failure = await drive(exchange.unwind(index, exc))
        if failure is exc:
            raise
    else:
        failure = await drive(exchange.unwind(index, None)) if plan.unwinds else None
    try:
        if failure is not None:
            raise failure
    finally:
        del failure
