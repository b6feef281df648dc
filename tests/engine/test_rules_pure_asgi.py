"""Rule 6: a stack is plain ASGI. It buffers nothing, starts no task, and frameworks can look inside it."""

import asyncio
import contextvars
import inspect
import tracemalloc
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.engine.asgi import connect, echo, get, hello, http_scope, run
from tests.engine.traces import Log, only, trace, traces
from toolkit import Exchange, Layer, stack

MEGABYTE = 1024 * 1024
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def streaming(sent: list[int], parts: int) -> ASGIApp:
    """An application that makes each part only when the one before has gone."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in range(parts):
            assert len(sent) == part
            await send({"type": "http.response.body", "body": bytes(MEGABYTE), "more_body": part < parts - 1})

    return app


@pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])
async def test_a_hundred_megabytes_stream_through_one_part_at_a_time(waits: bool) -> None:
    sent: list[int] = []

    async def send(message: Message) -> None:
        await checkpoint()
        if message["type"] == "http.response.body":
            sent.append(len(message["body"]))

    app = stack(*traces("ABC", [], waits=waits))(streaming(sent, 100))
    tracemalloc.start()
    try:
        await app(http_scope(), anyio.sleep_forever, send)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent == [MEGABYTE] * 100
    assert peak < 5 * MEGABYTE


async def test_an_upload_is_read_by_the_application_alone() -> None:
    parts: list[Message] = [{"type": "http.request", "body": b"part", "more_body": True} for _ in range(3)]
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return parts[taken - 1]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert taken == 0
        assert await receive() is parts[0]
        await hello(scope, receive, send)

    await stack(*traces("AB", []))(app)(http_scope("POST"), receive, lambda message: checkpoint())
    assert taken == 1


async def test_the_application_of_http_is_given_the_receive_of_the_server() -> None:
    async def receive() -> Message:
        raise AssertionError

    given: list[Receive] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.append(receive)

    await trace("A", [])(app)(http_scope(), receive, lambda message: checkpoint())
    assert given == [receive]


@pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])
async def test_a_context_variable_set_in_the_endpoint_is_visible_outside(waits: bool) -> None:
    async def endpoint(request: Request) -> Response:
        user.set("ada")
        return PlainTextResponse("hi")

    seen: Log = []
    layer = trace("A", [], waits=waits, response=lambda *_: seen.append(user.get()))
    await get(stack(layer, *traces("BC", [], waits=waits))(Route("/", endpoint)))
    assert seen == ["ada"]
    assert user.get() == "ada"


async def test_the_whole_request_runs_in_the_task_that_called() -> None:
    tasks = set()

    def note(*_: Any) -> None:
        tasks.add(asyncio.current_task())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        note()
        await hello(scope, receive, send)

    await get(trace("A", [], waits=True, request=note, response=note, done=note)(app))
    assert tasks == {asyncio.current_task()}


@pytest.mark.parametrize(
    "elements",
    [
        lambda a, b, foreign: [foreign, a, b],
        lambda a, b, foreign: [a, foreign, b],
        lambda a, b, foreign: [a, b, foreign],
        lambda a, b, foreign: [foreign, foreign],
    ],
    ids=["first", "in the middle", "last", "alone"],
)
def test_foreign_middleware_may_stand_anywhere(elements: Any) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("x" * 1000)

    log: Log = []
    written = elements(*traces("AB", log), Middleware(GZipMiddleware, minimum_size=10))
    app = stack(*written)(Starlette(routes=[Route("/", endpoint)]))
    with TestClient(app) as client:
        answered = client.get("/", headers={"accept-encoding": "gzip"})
    assert (answered.headers["content-encoding"], answered.text) == ("gzip", "x" * 1000)
    names = [element.name for element in written if isinstance(element, Layer)]
    assert only(log, "request") == [f"{name}.request" for name in names]


async def test_foreign_middleware_runs_in_its_place() -> None:
    log: Log = []

    class Foreign:
        def __init__(self, app: ASGIApp, name: str) -> None:
            self.app, self.name = app, name

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            log.append(self.name)
            await self.app(scope, receive, send)

    a, b = traces("AB", log, only=("request",))
    await get(stack(Middleware(Foreign, "first"), a, Middleware(Foreign, name="middle"), b)(hello))
    assert log == ["first", "A.request", "middle", "B.request"]


def test_the_wrapper_is_a_coroutine_function_that_shows_what_is_inside() -> None:
    a, b = traces("AB", [])
    routes = {"/health": {"A": False}}
    wrapped: Any = stack(a, b, routes=routes)(hello)
    assert inspect.iscoroutinefunction(wrapped)
    assert (wrapped.app, wrapped.layers, dict(wrapped.routes)) == (hello, (a, b), routes)


def test_layers_nested_by_hand_fuse_into_one_wrapper() -> None:
    a, b, c = traces("ABC", [])
    wrapped: Any = a(stack(b)(c(hello)))
    assert (wrapped.app, wrapped.layers) == (hello, (a, b, c))


def test_a_wrapper_with_routes_is_not_taken_apart() -> None:
    a, b = traces("AB", [])
    inner = stack(b, routes={"/health": {"B": False}})(hello)
    wrapped: Any = a(inner)
    assert (wrapped.app, wrapped.layers) == (inner, (a,))


async def test_a_layer_that_is_inside_already_is_kept_apart() -> None:
    class Counting(Layer):
        def request(self, exchange: Exchange) -> None:
            seen.append(exchange.memo.get(self))
            exchange.memo[self] = True

    seen: list[bool | None] = []
    same = Counting()
    await get(same(trace("B", [])(same(hello))))
    assert seen == [None, None]


@pytest.mark.parametrize("only_hooks", [(), ("request",), ("response",), ("request", "done"), ("receive",)])
@pytest.mark.parametrize("kind", ["lifespan", "http2.push", "telnet"])
async def test_scopes_of_other_types_pass_untouched(kind: str, only_hooks: tuple[str, ...]) -> None:
    log: Log = []
    given: list[Any] = []

    async def app(*args: Any) -> None:
        given.extend(args)

    scope, receive, send = {"type": kind}, anyio.sleep_forever, checkpoint
    await stack(trace("A", log, only=only_hooks))(app)(scope, receive, send)  # type: ignore[arg-type]
    assert [given[0] is scope, given[1] is receive, given[2] is send] == [True] * 3
    assert (scope, log) == ({"type": kind}, [])


async def test_the_scope_is_changed_in_place_and_its_headers_never_replaced() -> None:
    class Publishes(Layer):
        def request(self, exchange: Exchange) -> None:
            exchange.header(b"cookie")
            exchange.scope["toolkit.publishes"] = exchange.header(b"host")

    given: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.append(scope)
        await hello(scope, receive, send)

    scope = http_scope(headers=[(b"host", b"a.example")])
    headers = scope["headers"]
    await run(stack(Publishes(), *traces("AB", []))(app), scope)
    assert given[0] is scope
    assert scope["headers"] is headers
    assert headers == [(b"host", b"a.example")]
    assert scope["toolkit.publishes"] == b"a.example"


def test_a_stack_may_stand_around_a_mounted_application() -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(request.url.path)

    paths: Log = []
    layer = trace("A", [], request=lambda exchange: paths.append(exchange.path))
    app = Starlette(routes=[Mount("/api", layer(Starlette(routes=[Route("/users", endpoint)])))])
    assert TestClient(app).get("/api/users").text == "/api/users"
    assert paths == ["/users"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_messages_of_a_websocket_pass_unchanged(anyio_backend: str) -> None:
    outcome = await connect(stack(*traces("AB", []))(echo), "text", b"bytes")
    assert [message.get("text", message.get("bytes")) for message in outcome.sent[1:]] == ["text", b"bytes"]
