"""Rule 7: the plan is compiled at construction, and costs nothing that no layer asks for."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.engine.asgi import answering, connect, echo, failing, get, hello, http_scope, run, socket_scope
from tests.engine.traces import Log, trace
from toolkit import Exchange, Layer, stack
from toolkit.engine.layer import HOOKS


class Headers(list[tuple[bytes, bytes]]):
    """A list of headers that counts how often it was read."""

    readings = 0

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        self.readings += 1
        return super().__iter__()


class Looks(Layer):
    """Looks at some headers, and writes down what it found."""

    look: Sequence[bytes]
    found: Any

    def request(self, exchange: Exchange) -> None:
        self.found.update({name: exchange.header(name) for name in self.look})


def looking(*declared: bytes, look: tuple[bytes, ...] | None = None) -> Looks:
    """A layer that declares some headers and looks at these, or at others."""
    made: Any = type("Declares", (Looks,), {"reads": declared})
    layer: Looks = made(name=f"looks{next(numbers)}", look=declared if look is None else look, found={})
    return layer


numbers = count()
GIVEN = [(b"host", b"a.example"), (b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"cookie", b"x=1"), (b"cookie", b"y=2")]


async def read(layers: Sequence[Layer]) -> int:
    """How often the headers were read in a request through these layers."""
    headers = Headers(GIVEN)
    await run(stack(*layers)(hello), {**http_scope(), "headers": headers})
    return headers.readings


# What is not asked for does not happen


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_hook_that_is_not_overridden_is_never_called(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"{hook} was called")

    overrides = {name: lambda self, *args: None for name in HOOKS if name != hook}
    layer = type("Partial", (Layer,), overrides)()
    monkeypatch.setattr(Layer, hook, refuse)
    app = stack(layer)
    await get(app(hello))
    await get(app(failing(OSError())))
    await connect(app(echo), "hi")


async def test_a_hook_that_a_layer_leaves_out_is_not_called() -> None:
    log: Log = []
    await get(trace("A", log, only=("request", "done"))(hello))
    assert log == ["A.request", "A.done"]


class Plain(Layer):
    """No hooks at all."""


@pytest.mark.parametrize(
    ("hooks", "own"),
    [
        ((), True),
        (("request",), True),
        (("receive",), True),
        (("request", "receive"), True),
        (("response",), False),
        (("error",), False),
        (("done",), False),
    ],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, tuple) else "",
)
async def test_without_response_error_and_done_the_application_sends_to_the_server_itself(
    hooks: tuple[str, ...], own: bool
) -> None:
    given: list[Send] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.append(send)

    async def send(message: Message) -> None:
        raise AssertionError

    async def receive() -> Message:
        raise AssertionError

    await trace("A", [], only=hooks)(app)(http_scope(), receive, send)
    assert (given[0] is send) is own


async def test_a_websocket_without_hooks_keeps_the_servers_own_receive_and_send() -> None:
    given: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.extend((receive, send))

    async def send(message: Message) -> None: ...
    async def receive() -> Message:
        return {}

    await Plain()(app)(socket_scope(), receive, send)
    assert given == [receive, send]


async def test_hooks_are_found_when_the_stack_is_made() -> None:
    calls = []

    class Counts(Layer):
        def hooks(self) -> list[str]:
            calls.append(self)
            return ["request"]

    app = stack(Counts())(hello)
    known = len(calls)
    await get(app)
    assert (known > 0, len(calls)) == (True, known)


# Headers


@pytest.mark.parametrize("names", [(b"a",), (b"a", b"b"), (b"a", b"b", b"host"), (b"a", b"b", b"host", b"cookie")])
async def test_declared_headers_are_read_once_however_many_layers_look(names: tuple[bytes, ...]) -> None:
    layers = [*(looking(name) for name in names), looking(*names), looking(look=names)]
    assert await read(layers) == 1
    values = {b"a": b"1, 3", b"b": b"2", b"host": b"a.example", b"cookie": b"x=1; y=2"}
    for layer in layers[-2:]:
        assert layer.found == {name: values[name] for name in names}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_declared_headers_that_are_absent_are_not_looked_for_again(count: int) -> None:
    names = tuple(b"absent-%d" % place for place in range(count))
    layers = [looking(*names), looking(look=names)]
    assert await read(layers) == 1
    assert layers[1].found == dict.fromkeys(names)


async def test_headers_that_nobody_looks_at_are_not_read() -> None:
    assert await read([looking(b"a", b"b", look=())]) == 0


async def test_undeclared_headers_are_read_once_for_all() -> None:
    layers = [looking(look=(b"a", b"none")), looking(look=(b"b", b"none", b"other"))]
    assert await read(layers) == 1
    assert layers[1].found == {b"b": b"2", b"none": None, b"other": None}


@pytest.mark.parametrize("declared", [(b"a",), (b"a", b"b"), (b"a", b"b", b"host")])
async def test_undeclared_headers_cost_at_most_one_more_reading(declared: tuple[bytes, ...]) -> None:
    layers = [looking(*declared), looking(look=(b"cookie", b"none")), looking(look=(b"a", b"other"))]
    assert await read(layers) <= 2
    assert layers[1].found == {b"cookie": b"x=1; y=2", b"none": None}
    assert layers[2].found == {b"a": b"1, 3", b"other": None}


# One plan for each route, shared


async def test_routes_that_stand_for_the_same_layers_share_a_plan() -> None:
    calls = []

    class Counts(Layer):
        def hooks(self) -> list[str]:
            calls.append(self)
            return ["request"]

    def made(routes: int) -> int:
        calls.clear()
        stack(Counts(), trace("A", []), routes={f"/{place}": {"A": False} for place in range(routes)})(hello)
        return len(calls)

    one = made(1)
    stack_of_many = made(30)
    assert stack_of_many == one


async def test_a_route_without_layers_hands_the_application_the_servers_own_send() -> None:
    given: list[Send] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.append(send)

    async def send(message: Message) -> None: ...
    async def receive() -> Message:
        return {}

    await stack(trace("A", []), routes={"/health": {"A": False}})(app)(http_scope(path="/health"), receive, send)
    assert given == [send]


async def test_routes_change_only_layers_written_in_the_same_stack() -> None:
    log: Log = []
    inner = stack(trace("A", log, only=("request",)))(hello)
    app = stack(trace("B", log, only=("request",)), routes={"/health": {"B": False}})(inner)
    await get(app, "/health")
    assert log == ["A.request"]


async def test_an_answer_is_the_same_through_no_layers_at_all() -> None:
    outcome = await get(stack()(answering(204, [(b"a", b"b")])))
    assert (outcome.status, outcome.headers) == (204, [(b"a", b"b")])
