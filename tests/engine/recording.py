"""Layers, applications and servers that do what data tells them and write down all that happens, in one journal.

A `Case` is one request with everything around it, as data: layers, what the application does step by step, what the
server does, and how the task ends. `play` runs it inside whatever wraps the application, and returns the journal.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field, fields
from types import ModuleType
from typing import Any

import anyio
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

Journal = list[tuple[Any, ...]]
MOST_TICKS = 500


class Failure(Exception):  # noqa: N818
    """What goes wrong in a hook, an application or a server."""


class Halt(BaseException):
    """As KeyboardInterrupt is: no Exception."""


FAILURES: dict[str, Callable[[str], BaseException]] = {
    "failure": Failure,
    "halt": Halt,
    "cancelled": lambda by: asyncio.CancelledError(f"by {by}"),
    "disconnect": lambda by: WebSocketDisconnect(4000, f"by {by}"),
}


class _Brief:
    """Shown without what is as by default, so that a failing case can be read."""

    def __repr__(self) -> str:
        given = [(part.name, part.default, getattr(self, part.name)) for part in fields(self)]  # type: ignore[arg-type]
        shown = [f"{name}={value!r}" for name, default, value in given if value not in (default, {})]
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Act(_Brief):
    """What one call of a hook does: pass, tag, answer(status), raise(a key of FAILURES), stream or junk.

    `form` is how: a plain value, a coroutine or another awaitable, which take so many ticks of the loop.
    """

    does: str = "pass"
    what: Any = None
    form: str = "plain"
    ticks: int = 0


Acts = dict[str, tuple[Act, ...]]


@dataclass(frozen=True, repr=False)
class LayerScript(_Brief):
    """A layer's hooks: each does its acts by turns. What is not named is not overridden. `variants` are for routes."""

    hooks: Acts
    variants: dict[str, Acts] = field(default_factory=dict)
    answers_preflights: bool = False
    methods: tuple[str, ...] | None = None


@dataclass(frozen=True, repr=False)
class Step(_Brief):
    """What an application does next.

    send(message), send in a task (message, abandoned after so many ticks), receive, sleep, cancel, return, raise(a key
    of FAILURES). If it fails, the steps of `otherwise` are taken instead; without them the failure is let through.
    """

    does: str
    what: Any = None
    ticks: int = 0
    otherwise: "tuple[Step, ...] | None" = None


@dataclass(frozen=True, repr=False)
class ServerScript(_Brief):
    """Which sends fail, counted from 0; how many ticks each takes; how many WebSocket messages the client has."""

    fails: tuple[int, ...] = ()
    ticks: int = 0
    texts: int = 0


@dataclass(frozen=True, repr=False)
class Ending(_Brief):
    """At which tick the task or a cancel scope around it is cancelled, or the coroutine closed; or it may run out."""

    how: str = "runs"
    tick: int = 0


@dataclass(frozen=True, repr=False)
class Case(_Brief):
    """One request."""

    layers: tuple[LayerScript, ...]
    steps: tuple[Step, ...]
    scope: dict[str, Any] = field(default_factory=lambda: {"type": "http", "method": "GET"})
    server: ServerScript = ServerScript()
    ending: Ending = Ending()


# ---- layers


def recorded(engine: ModuleType, scripts: Sequence[LayerScript], first: int = 0) -> list[Any]:
    """The layers of an engine that do what the scripts say. They hold no state: the journal is in the scope."""
    return [_layer_class(engine, f"l{place}", script)() for place, script in enumerate(scripts, first)]


def _layer_class(engine: ModuleType, label: str, script: LayerScript) -> type[Any]:
    ways = {"": script.hooks, **script.variants}
    names = {name for way in ways.values() for name in way}
    body: dict[str, Any] = {
        name: _hook(label, name, {key: way.get(name, ()) for key, way in ways.items()}) for name in names
    }
    body |= {"kind": label, "answers_preflights": script.answers_preflights, "methods": script.methods}
    body |= {"variant": "", "__annotations__": {"variant": str}, "__module__": __name__}
    if script.variants:
        body["hooks"] = lambda layer: [name for name in sorted(names) if ways[layer.variant].get(name)]
    return type(label, (engine.Layer,), body)


def _hook(label: str, name: str, ways: Acts) -> Callable[..., Any]:
    doings = {key: [_doing(f"{label}{key}.{name}", act) for act in acts] for key, acts in ways.items()}

    def hook(layer: Any, exchange: Any, *arguments: Any) -> Any:
        acts = doings[layer.variant]
        if not acts:
            return None
        journal, calls = exchange.scope["journal"], exchange.memo.setdefault(layer, {})
        turn = calls[name] = calls.get(name, 0) + 1
        journal.append((f"{label}{layer.variant}.{name}", *map(described, arguments), str(calls)))
        return acts[turn % len(acts)](exchange.scope, *arguments)

    return hook


def _doing(by: str, act: Act) -> Callable[..., Any]:
    """An act as a function of what its hook is given. An answer is one Response for all requests."""
    results: dict[str, Callable[[], object]] = {
        "answer": lambda: Response(f"{by} {act.what}", act.what, {"x-by": by}),
        "stream": lambda: StreamingResponse(iter(())),
        "junk": lambda: 42,
    }
    result = results.get(act.does, lambda: None)()

    def do(scope: Scope, *arguments: Any) -> Any:
        if act.does == "raise":
            raise FAILURES[act.what](by)
        if act.does == "tag":
            _tag(by, scope, *arguments)
        return result

    async def later(scope: Scope, *arguments: Any) -> Any:
        for _ in range(act.ticks):
            await asyncio.sleep(0)
        scope["journal"].append((by, "goes on"))
        return do(scope, *arguments)

    return {"plain": do, "async": later, "object": lambda *given: _Later(lambda: later(*given))}[act.form]


def _tag(by: str, scope: Scope, argument: Any = None) -> None:
    if argument is None:
        scope["marks"].append(by)
    elif isinstance(argument, dict) and "headers" in argument:
        argument["headers"].append((b"x-tag", by.encode()))
    elif isinstance(argument, dict):
        argument["text"] += f" {by}"


class _Later:
    """An awaitable that is no coroutine."""

    def __init__(self, start: Callable[[], Awaitable[Any]]) -> None:
        self._start = start

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._start().__await__()


# ---- applications


async def scripted(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes the steps of the case in its scope."""
    scope["journal"].append(("app", *scope["marks"]))
    await _take(scope["steps"], scope, receive, send)
    scope["journal"].append(("app", "returns"))


async def _take(steps: Sequence[Step], scope: Scope, receive: Receive, send: Send) -> bool:
    """Whether the application goes on after these steps."""
    for step in steps:
        if step.does == "return":
            return False
        try:
            await _do(step, scope, receive, send)
        except GeneratorExit:
            raise
        except BaseException as exc:
            if step.otherwise is None:
                raise
            scope["journal"].append(("app", "catches", described(exc)))
            if not await _take(step.otherwise, scope, receive, send):
                return False
    return True


async def _do(step: Step, scope: Scope, receive: Receive, send: Send) -> None:
    if step.does == "raise":
        raise FAILURES[step.what]("app")
    if step.does == "cancel":
        scope["cancel"]()
    if step.does in {"cancel", "sleep"}:
        await asyncio.sleep(0)
    if step.does == "receive":
        scope["journal"].append(("app", "receives", described(await receive())))
    if step.does == "send":
        await send(step.what)
    if step.does == "send in a task":
        await _send_in_a_task(step, send, scope["tasks"])


async def _send_in_a_task(step: Step, send: Send, tasks: list[Any]) -> None:
    async def sending() -> None:
        await send(step.what)

    task = asyncio.create_task(sending())
    tasks.append(task)
    try:
        for _ in range(step.ticks):
            await asyncio.sleep(0)
    finally:
        task.cancel()
    while not task.done():  # noqa: ASYNC110  no future may be awaited by a coroutine that is stepped by hand
        await asyncio.sleep(0)
    task.result()


# ---- servers


class Server:
    """Writes down what is sent, and gives what a client sends: WebSocket messages only while the socket is open."""

    def __init__(self, case: Case, journal: Journal) -> None:
        self._script, self._journal = case.server, journal
        self._sent, self._received, self._state = 0, 0, "connecting"
        self._socket = case.scope["type"] == "websocket"

    async def send(self, message: Message) -> None:
        number, self._sent = self._sent, self._sent + 1
        self._journal.append(("sent", described(message)))
        self._state = {"websocket.accept": "open", "websocket.close": "closed"}.get(message["type"], self._state)
        for _ in range(self._script.ticks):
            await asyncio.sleep(0)
        if number in self._script.fails:
            raise Failure("by the server")

    async def receive(self) -> Message:
        number, self._received = self._received, self._received + 1
        if not self._socket:
            return {"type": "http.disconnect"} if number else {"type": "http.request", "body": b"", "more_body": False}
        if not number:
            return {"type": "websocket.connect"}
        if self._state == "open" and number <= self._script.texts:
            return {"type": "websocket.receive", "text": f"text {number}"}
        return {"type": "websocket.disconnect", "code": 1001, "reason": "gone"}


# ---- one run


async def play(wrapped: ASGIApp, case: Case) -> Journal:
    """Run the case's request through an application: everything that happened, in order, and how it ended."""
    journal: Journal = []
    server, cancelling = Server(case, journal), anyio.CancelScope()
    scope: Scope = {"path": "/", "headers": [], "extensions": {}, **case.scope}
    scope.update(journal=journal, marks=[], steps=case.steps, tasks=[], cancel=lambda: None)

    async def request() -> None:
        with cancelling:
            try:
                running = wrapped(scope, server.receive, server.send)
                await (_closed(running, case.ending.tick) if case.ending.how == "close" else running)
            except BaseException as exc:
                journal.append(("ended", described(exc)))
                raise
            journal.append(("ended",))

    task = asyncio.create_task(request())
    scope["cancel"] = scope["cancel"] if case.ending.how == "close" else task.cancel
    stops: dict[str, Callable[[], object]] = {"task": task.cancel, "scope": cancelling.cancel}
    await _watched([task], scope["tasks"], case.ending.tick, stops.get(case.ending.how, lambda: None))
    journal += [("a task of the app ended", ending) for ending in _endings([task, *scope["tasks"]])[1:]]
    return journal


async def _watched(tasks: list[Any], more: list[Any], tick: int, stop: Callable[[], object]) -> None:
    """Let tasks end; stop them at a tick."""
    for now in range(1, MOST_TICKS):
        await asyncio.sleep(0)
        if now == tick and not tasks[0].done():
            stop()
        if all(task.done() for task in (*tasks, *more)):
            return
    raise AssertionError("the request does not end")


def _endings(tasks: "list[asyncio.Task[None]]") -> list[str]:
    return [described(asyncio.CancelledError() if task.cancelled() else task.exception()) for task in tasks]


async def _closed(running: Any, ticks: int) -> None:
    """Step a coroutine by hand, and close it before it has ended."""
    try:
        for _ in range(ticks):
            running.send(None)
            await asyncio.sleep(0)
    except StopIteration:
        return
    running.close()


def described(thing: Any) -> str:
    """What matters of a message or a failure, as text: what changes later does not change in the journal."""
    if isinstance(thing, dict):
        shown = {"headers": [], **thing} if "start" in thing["type"] or "accept" in thing["type"] else thing
        return " ".join(
            f"{key}={list(value) if key == 'headers' else value!r}"
            for key, value in sorted(shown.items())
            if value != ""
        )
    said = "" if isinstance(thing, TypeError) else ", ".join(map(str, getattr(thing, "args", ())))
    return f"{type(thing).__name__}({said if 'cancel scope' not in said else ''})"
