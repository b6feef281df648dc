"""Rule 1: written order is run order, the first is outermost. (What is checked of an order: test_order.py.)"""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.engine.asgi import echo, get, hello, run, socket_scope
from tests.engine.traces import Log, trace, traces
from toolkit import Layer, middleware, stack

IN_AND_OUT = [
    *("A.request", "B.request", "C.request"),
    *("C.response 200", "B.response 200", "A.response 200"),
    *("C.done", "B.done", "A.done"),
]


def nested(a: Layer, b: Layer, c: Layer) -> ASGIApp:
    return a(b(c(hello)))


def stacked(a: Layer, b: Layer, c: Layer) -> ASGIApp:
    return stack(a, b, c)(hello)


def stacked_twice(a: Layer, b: Layer, c: Layer) -> ASGIApp:
    return stack(a)(stack(b, c)(hello))


def stack_in_a_stack(a: Layer, b: Layer, c: Layer) -> ASGIApp:
    return stack(a, stack(b, c))(hello)


def kept_apart(a: Layer, b: Layer, c: Layer) -> ASGIApp:
    return a(opaque(b(opaque(c(opaque(hello))))))


def opaque(app: ASGIApp) -> ASGIApp:
    """The same application, so that layers around it do not fuse with those inside it."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return run


WAYS = [nested, stacked, stacked_twice, stack_in_a_stack, kept_apart]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])
@pytest.mark.parametrize("build", WAYS)
async def test_the_first_layer_written_is_outermost(build: Callable[..., ASGIApp], waits: bool) -> None:
    log: Log = []
    await get(build(*traces("ABC", log, waits=waits)))
    assert log == IN_AND_OUT


async def test_hooks_that_wait_and_hooks_that_do_not_keep_the_order() -> None:
    log: Log = []
    await get(stack(trace("A", log), trace("B", log, waits=True), trace("C", log))(hello))
    assert log == IN_AND_OUT


def test_add_middleware_counts_from_inside_out_as_everywhere_in_starlette() -> None:
    log: Log = []
    app = Starlette()
    for name in "CBA":
        app.add_middleware(middleware(lambda name=name: trace(name, log)))
    TestClient(app).get("/")
    assert log[:3] == ["A.request", "B.request", "C.request"]


async def test_a_websocket_passes_the_layers_in_the_same_order() -> None:
    log: Log = []
    inbound = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hi"}]
    await run(stack(*traces("AB", log))(echo), socket_scope(), inbound)
    assert log == [
        *("A.request", "B.request", "B.response accept", "A.response accept"),
        *("A.receive", "B.receive", "B.done", "A.done"),
    ]
