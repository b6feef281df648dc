"""A plan: which hooks run for a request, found out once; and the three ways to run one.

No try block, no exchange, no wrapper, no `done` where no layer asks for one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.exchange import Done, Hook, ReadHeaders, header_reader
from toolkit.engine.run import PROBED, Run, SocketRun
from toolkit.engine.steps import awaitable, drive, plain

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer

Placed = tuple[tuple[int, Callable[..., Hook]], ...]
Make = Callable[["Plan", Scope, Receive, Send], Run]


class ByMethod(dict[str, Placed]):
    """The request hooks for each method, in capitals or not: some servers pass on what clients wrote."""

    def __init__(self, named: Mapping[str, Placed], usual: Placed) -> None:
        super().__init__(dict.fromkeys(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), usual))
        self.update(named)
        self._usual = usual

    def __missing__(self, method: str) -> Placed:
        return self.get(method.upper(), self._usual)


class Plan:
    """The hooks of some layers, each with the place of its layer, counted from outside.

    `requests` run from outside in; an HTTP request meets those that `by_method` has for its method. `responses` and
    `unwinds` (error and done together) run from inside out. `outsides[i]` are the response hooks outside the layer at
    place i.
    """

    __slots__ = (
        "_reached",
        "by_method",
        "dones",
        "layers",
        "outsides",
        "read",
        "receives",
        "requests",
        "responses",
        "size",
        "unwinds",
    )

    layers: tuple["Layer", ...]
    size: int
    read: ReadHeaders
    requests: Placed
    by_method: ByMethod
    receives: tuple[Callable[..., Done], ...]
    responses: tuple[Callable[..., Hook], ...]
    outsides: list[tuple[Callable[..., Hook], ...]]
    unwinds: tuple[tuple[int, Callable[..., Hook] | None, Callable[..., Done] | None], ...]
    dones: tuple[tuple[int, Callable[..., Done]], ...]
    _reached: tuple[int, ...]

    def __init__(self, layers: Sequence["Layer"]) -> None:
        self.layers = tuple(layers)
        self.size = len(self.layers)
        self.read = header_reader(frozenset(name for layer in layers for name in layer.reads))
        self.requests = self._hooks("request")
        named = {method for layer in layers for method in layer.methods or ()}
        self.by_method = ByMethod({method: self._requests(method) for method in named}, self._requests(None))
        self.receives = tuple(hook for _, hook in self._hooks("receive"))
        responses = self._hooks("response")[::-1]
        self.responses = tuple(hook for _, hook in responses)
        self.outsides = [tuple(hook for place, hook in responses if place < i) for i in range(self.size)]
        self._reached = (*(place for place, _ in reversed(responses)), self.size)
        self.dones = self._hooks("done")[::-1]
        errors, dones = dict(self._hooks("error")), dict(self.dones)
        places = sorted(errors.keys() | dones.keys(), reverse=True)
        self.unwinds = tuple((place, errors.get(place), dones.get(place)) for place in places)

    def reached(self, left: int) -> int:
        """The place that a start has come to when so many response hooks are left; `size` where it has not begun."""
        return self._reached[left]

    def _requests(self, method: str | None) -> Placed:
        """The request hooks that are for a method; None stands for one that no layer names."""
        wanted = [layer.methods is None or method in layer.methods for layer in self.layers]
        return tuple((place, hook) for place, hook in self.requests if wanted[place])

    def _hooks(self, name: str) -> tuple[tuple[int, Callable[..., Any]], ...]:
        return tuple((place, getattr(layer, name)) for place, layer in enumerate(self.layers) if name in layer.hooks())


def compile_plan(plan: Plan, app: ASGIApp, otherwise: ASGIApp, *, probed: bool = False) -> ASGIApp:
    """The coroutine function that runs `app` inside a plan's layers.

    Args:
        plan: The hooks.
        app: What stands inside them.
        otherwise: Takes the scopes that are neither `http` nor `websocket`.
        probed: Whether a probe inside `app` looks for the exchange of a request that failed.
    """
    hooked = plan.requests or plan.responses or plan.unwinds
    make, make_socket = (_probed(Run), _probed(SocketRun)) if probed else (Run, SocketRun)
    socket = _guarded("websocket", make_socket, plan, app, otherwise) if hooked or plan.receives else None
    if socket is None:
        return _plain(app, app, otherwise)
    if not hooked:
        return _plain(app, socket, otherwise)
    if plan.unwinds or probed:
        return _guarded("http", make, plan, app, socket)
    return _direct(plan, app, socket)


def _plain(app: ASGIApp, socket: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """No hook for HTTP."""
    ways = {"http": app, "websocket": socket}

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await ways.get(scope["type"], otherwise)(scope, receive, send)

    return run


def _direct(plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """HTTP where no layer has an `error` or a `done`: a failure needs nobody's help to pass."""
    by_method, responses, wrapped = plan.by_method, plan.responses, bool(plan.responses)
    new = Run.__new__

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await otherwise(scope, receive, send)
        exchange = new(Run)  # filled in line: a call of __init__ is a tenth of what a layer costs
        exchange.scope = scope
        exchange.status = None
        exchange.memo = {}
        exchange.left = iter(responses)
        exchange._plan = plan
        exchange._found = None
        exchange._send = send
        for place, hook in by_method[scope["method"]]:
            result = hook(exchange)
            if result is not None:
                answer = result if isinstance(result, Response) else await awaitable(hook, result)
                if answer is not None and plain(hook, answer):
                    return await exchange.respond(answer, place)
        return await app(scope, receive, exchange.send if wrapped else send)

    return run


def _probed(make: Make) -> Make:
    """Enters each exchange in the list where a probe finds it."""

    def probed(plan: Plan, scope: Scope, receive: Receive, send: Send) -> Run:
        exchange = make(plan, scope, receive, send)
        scope.setdefault(PROBED, []).append(exchange)
        return exchange

    return probed


def _guarded(kind: str, make: Make, plan: Plan, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """In through every layer, and out again whatever happens."""
    receiving = kind == "websocket" and bool(plan.receives)
    by_method = plan.by_method if kind == "http" else ByMethod({}, plan.requests)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != kind:
            return await otherwise(scope, receive, send)
        exchange = make(plan, scope, receive, send)
        innermost = 0
        try:
            for innermost, hook in by_method[scope.get("method", "GET")]:
                answer = hook(exchange)
                if answer is not None and not isinstance(answer, Response):
                    answer = await awaitable(hook, answer)
                if answer is not None and plain(hook, answer):
                    await exchange.respond(answer, innermost)
                    break
            else:
                innermost = plan.size
                await app(scope, exchange.receive if receiving else receive, exchange.send)  # type: ignore[attr-defined]
        except BaseException as exc:
            failure = await drive(exchange.unwind(innermost, exc))
            if failure is exc:
                raise
        else:
            rest = exchange.leave(innermost)
            failure = None if rest is None else await drive(rest)
        if failure is not None:
            raise failure
        return None

    return run
