"""Rule 5: the start is a copy of the exchange's own; answers are plain; refused handshakes are denied or closed."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.engine.asgi import answering, connect, echo, failing, get, hello, http_scope, run
from tests.engine.traces import Log, acting, answer, only, trace
from toolkit import Exchange, Layer, stack


class Mark(Layer):
    """Adds the path to every answer, as a session layer would add its cookie."""

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append((b"set-cookie", exchange.path.encode()))


class Slowly(Mark):
    async def response(self, exchange: Exchange, start: Message) -> None:  # type: ignore[override]
        super().response(exchange, start)


marks = pytest.mark.parametrize("mark", [Mark, Slowly], ids=["def", "async def"])


@marks
async def test_a_cached_response_does_not_carry_one_users_header_to_the_next(mark: type[Layer]) -> None:
    cached = PlainTextResponse("the same for all")
    app = mark()(cached)
    cookies = [[value for name, value in (await get(app, path)).headers if name == b"set-cookie"] for path in "ab"]
    assert cookies == [[b"a"], [b"b"]]
    assert b"set-cookie" not in dict(cached.raw_headers)


@pytest.mark.parametrize("hook", ["request", "response", "error"])
@marks
async def test_a_cached_answer_of_a_layer_is_not_changed_by_those_outside_it(mark: type[Layer], hook: str) -> None:
    cached = answer(403)
    app = stack(mark(), trace("A", [], **acting(hook, cached)))(failing(OSError()) if hook == "error" else hello)
    cookies = [[value for name, value in (await get(app, path)).headers if name == b"set-cookie"] for path in "ab"]
    assert cookies == [[b"a"], [b"b"]]


@marks
async def test_the_message_of_the_application_is_not_changed(mark: type[Layer]) -> None:
    message: Message = {"type": "http.response.start", "status": 200, "headers": [(b"vary", b"origin")]}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(message)
        await send({"type": "http.response.body"})

    await get(mark()(app))
    assert message == {"type": "http.response.start", "status": 200, "headers": [(b"vary", b"origin")]}


@pytest.mark.parametrize(
    ("given", "begun"),
    [
        ({}, []),
        ({"headers": ()}, []),
        ({"headers": ((b"a", b"b"),)}, [(b"a", b"b")]),
        ({"headers": iter([(b"a", b"b")])}, [(b"a", b"b")]),
    ],
    ids=["none", "empty", "tuple", "iterator"],
)
async def test_hooks_get_a_list_whatever_the_application_gave(given: Message, begun: list[tuple[bytes, bytes]]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, **given})
        await send({"type": "http.response.body"})

    assert (await get(Mark()(app))).headers == [*begun, (b"set-cookie", b"/")]


async def test_what_else_a_start_holds_is_kept() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body"})

    assert (await get(Mark()(app))).start["trailers"] is True


async def test_a_hook_may_change_the_status_and_put_another_list() -> None:
    def teapot(exchange: Exchange, start: Message) -> None:
        start["status"], start["headers"] = 418, [(b"a", b"b")]

    seen: list[int | None] = []
    layers = trace("A", [], done=lambda exchange, exc: seen.append(exchange.status)), trace("B", [], response=teapot)
    outcome = await get(stack(*layers)(hello))
    assert (outcome.status, outcome.headers, seen) == (418, [(b"a", b"b")], [418])


async def test_repeated_headers_keep_their_order() -> None:
    cookies = [(b"set-cookie", b"a=1"), (b"vary", b"x"), (b"set-cookie", b"b=2")]
    assert (await get(Mark()(answering(200, cookies)))).headers == [*cookies, (b"set-cookie", b"/")]


async def test_an_answer_is_sent_and_never_called() -> None:
    class Uncallable(PlainTextResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise AssertionError("called")

    assert (await get(trace("A", [], request=Uncallable("plain", 403))(hello))).body == b"plain"


@pytest.mark.parametrize("hook", ["request", "response", "error"])
async def test_head_gets_the_headers_of_an_answer_and_no_body(hook: str) -> None:
    app = trace("A", [], **acting(hook, answer(403)))(failing(OSError()) if hook == "error" else hello)
    got, headed = await get(app), await run(app, http_scope("HEAD"))
    assert (got.status, got.headers, got.body) == (403, headed.headers, b"own")
    assert (headed.status, headed.body) == (403, b"")


async def test_a_body_that_is_a_view_is_sent_as_bytes() -> None:
    response = Response(status_code=403)
    response.body = memoryview(b"view")
    assert (await get(trace("A", [], request=response)(hello))).body == b"view"


# WebSockets


async def test_an_acceptance_is_a_start_and_may_get_headers() -> None:
    outcome = await connect(Mark()(echo))
    assert outcome.sent[0] == {"type": "websocket.accept", "headers": [(b"set-cookie", b"/")]}


async def test_a_denial_response_of_the_application_is_a_start() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no room"})

    log: Log = []
    outcome = await connect(stack(Mark(), trace("A", log))(app))
    assert (outcome.status, outcome.headers, outcome.body) == (404, [(b"set-cookie", b"/")], b"no room")
    assert only(log, "response") == ["A.response 404"]


async def test_a_close_is_no_start() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 4000})

    log: Log = []
    outcome = await connect(trace("A", log)(app))
    assert outcome.close_code == 4000
    assert only(log, "response") == []


refusing_hooks = pytest.mark.parametrize("hook", ["request", "response", "error"])


def refusing(hook: str, status: int, outside: Layer) -> ASGIApp:
    inside = trace("A", [], **acting(hook, answer(status)))
    return stack(outside, inside)(failing(OSError()) if hook == "error" else echo)


@refusing_hooks
async def test_a_refused_handshake_is_a_denial_response_where_the_server_has_them(hook: str) -> None:
    log: Log = []
    outcome = await connect(refusing(hook, 403, trace("O", log)))
    assert outcome.types == ["websocket.http.response.start", "websocket.http.response.body"]
    assert (outcome.status, outcome.body) == (403, b"own")
    assert only(log, "response") == ["O.response 403"]


@refusing_hooks
@pytest.mark.parametrize(("status", "code"), [(403, 1008), (401, 1008), (404, 1008), (429, 1013), (503, 1013)])
async def test_else_it_is_a_close_with_a_code_that_no_response_hook_sees(hook: str, status: int, code: int) -> None:
    log: Log = []
    outcome = await connect(refusing(hook, status, trace("O", log)), denial=False)
    assert (outcome.types, outcome.close_code) == (["websocket.close"], code)
    assert only(log, "response") == []


async def test_a_server_without_extensions_gets_a_close() -> None:
    scope = {**http_scope(), "type": "websocket", "extensions": None}
    outcome = await run(trace("A", [], request=answer(403))(echo), scope)
    assert outcome.close_code == 1008


@pytest.mark.parametrize("outermost", [True, False], ids=["outermost", "inside another"])
@refusing_hooks
async def test_after_a_close_the_status_is_403_as_the_client_sees_it(hook: str, outermost: bool) -> None:
    seen: list[int | None] = []
    acts: dict[str, Any] = {"done": lambda exchange, exc: seen.append(exchange.status), hook: answer(429)}
    refuses = trace("A", [], **acts)
    layers = (refuses,) if outermost else (trace("O", []), refuses)
    await connect(stack(*layers)(failing(OSError()) if hook == "error" else echo), denial=False)
    assert seen == [403]


async def test_after_an_acceptance_the_status_is_101() -> None:
    seen: list[int | None] = []
    await connect(trace("A", [], done=lambda exchange, exc: seen.append(exchange.status))(echo))
    assert seen == [101]
