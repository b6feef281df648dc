"""Rules 3 and 4: failures unwind layer by layer, and `done` runs exactly once for every layer entered."""

import asyncio
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.engine.asgi import (
    Pause,
    Server,
    cancel_everywhere,
    connect,
    echo,
    failing,
    get,
    hello,
    http_scope,
    run,
    socket_scope,
)
from tests.engine.traces import Log, answer, only, trace, traces
from toolkit import Exchange, Layer, stack

both_kinds = pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])
both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


class Stop(BaseException):
    """What is no Exception: SystemExit and its like."""


# Rule 3: unwinding


@both_loops
@both_kinds
async def test_each_layer_has_its_error_and_then_its_done_before_the_next_one_out(waits: bool) -> None:
    log: Log = []
    outcome = await get(stack(*traces("ABC", log, waits=waits))(failing(OSError())))
    assert (outcome.sent, type(outcome.raised)) == ([], OSError)
    assert log[3:] == [
        *("C.error OSError", "C.done OSError"),
        *("B.error OSError", "B.done OSError"),
        *("A.error OSError", "A.done OSError"),
    ]


@both_kinds
async def test_an_answer_below_500_has_handled_the_failure(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, error=answer(499), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(failing(OSError())))
    assert (outcome.status, outcome.raised) == (499, None)
    assert log[3:] == ["C.error OSError", "C.done OSError", "B.error OSError", "A.response 499", "B.done", "A.done"]


@both_kinds
async def test_a_5xx_is_sent_and_the_failure_raised_again(waits: bool) -> None:
    log: Log = []
    failure = OSError()
    layers = trace("A", log), trace("B", log, error=answer(500), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(failing(failure)))
    assert (outcome.status, outcome.raised) == (500, failure)
    assert log[5:] == ["B.error OSError", "A.response 500", "B.done OSError", "A.done OSError"]


def test_a_test_client_sees_the_failure_behind_a_5xx() -> None:
    app = trace("A", [], error=answer(503))(failing(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        TestClient(app, raise_server_exceptions=True).get("/")
    assert TestClient(app, raise_server_exceptions=False).get("/").text == "own"


@both_kinds
async def test_error_is_not_asked_once_the_answer_has_begun(waits: bool) -> None:
    log: Log = []
    outcome = await get(stack(*traces("AB", log, waits=waits))(failing(OSError(), after=200)))
    assert (outcome.body, type(outcome.raised)) == (b"begun", OSError)
    assert only(log, "error", "done") == ["B.done OSError", "A.done OSError"]


@both_kinds
async def test_error_is_asked_of_the_layers_that_have_not_seen_a_start(waits: bool) -> None:
    log: Log = []
    layers = [
        trace("A", log, error=answer(409), waits=waits),
        trace("B", log, only=("error", "done"), waits=waits),
        trace("C", log, response=OSError(), waits=waits),
        trace("D", log, waits=waits),
    ]
    outcome = await get(stack(*layers)(hello))
    assert (outcome.status, outcome.raised) == (409, None)
    assert only(log, "error", "done") == [
        *("D.done OSError", "C.done OSError", "B.error OSError", "B.done OSError"),
        *("A.error OSError", "A.done"),
    ]


async def test_the_layers_outside_an_answer_to_a_failure_see_it_start_once() -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, response=OSError()), trace("C", log, error=answer(409))
    outcome = await get(stack(*layers)(failing(LookupError())))
    assert (outcome.sent, type(outcome.raised)) == ([], OSError)
    assert log[3:] == [
        *("C.error LookupError", "B.response 409", "C.done OSError"),
        *("B.done OSError", "A.error OSError", "A.done OSError"),
    ]


@both_kinds
@pytest.mark.parametrize(
    ("acts", "app", "unwinding"),
    [
        ({"error": LookupError()}, failing(OSError()), ["B.error OSError", "B.done LookupError"]),
        ({"done": LookupError()}, failing(OSError()), ["B.error OSError", "B.done OSError"]),
        ({"done": LookupError()}, hello, ["B.done"]),
        ({"error": Stop()}, failing(OSError()), ["B.error OSError", "B.done Stop"]),
    ],
    ids=["error", "done after a failure", "done after success", "what is no Exception"],
)
async def test_a_hook_that_raises_replaces_the_failure(
    waits: bool, acts: dict[str, Any], app: ASGIApp, unwinding: Log
) -> None:
    log: Log = []
    server = Server(http_scope())
    wrapped = stack(trace("A", log), trace("B", log, waits=waits, **acts))(app)
    (raised,) = acts.values()
    with pytest.raises(type(raised)) as caught:
        await wrapped(server.scope, server.receive, server.send)
    assert caught.value is raised
    kind = type(raised).__name__
    asked = [] if kind == "Stop" or app is hello else [f"A.error {kind}"]
    assert only(log, "error", "done") == [*unwinding, *asked, f"A.done {kind}"]


async def test_a_failure_that_replaces_another_shows_it_as_its_context() -> None:
    first, second = OSError(), LookupError()
    outcome = await get(trace("A", [], error=second)(failing(first)))
    assert outcome.raised is second
    assert second.__context__ is first


async def test_what_is_raised_in_the_end_is_the_very_exception_of_the_application() -> None:
    failure = OSError()
    outcome = await get(stack(*traces("ABC", []))(failing(failure)))
    assert outcome.raised is failure
    assert failure.__context__ is None


@pytest.mark.parametrize("exc", [Stop(), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
async def test_what_is_no_exception_goes_to_done_and_never_to_error(exc: BaseException) -> None:
    log: Log = []
    wrapped, server = trace("A", log, error=answer())(failing(exc)), Server(http_scope())
    with pytest.raises(type(exc)):
        await wrapped(server.scope, server.receive, server.send)
    assert only(log, "error", "done") == [f"A.done {type(exc).__name__}"]
    assert server.outcome.sent == []


async def test_an_application_that_never_starts_is_left_to_the_server() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    log: Log = []
    outcome = await get(trace("A", log, error=answer())(app))
    assert (outcome.sent, outcome.raised) == ([], None)
    assert log == ["A.request", "A.done"]


async def test_a_failed_handshake_is_answered_and_one_accepted_is_not() -> None:
    layer = trace("A", [], error=answer(409))
    assert (await connect(layer(failing(OSError())))).status == 409
    late = await connect(trace("B", [], receive=OSError(), error=answer(409))(echo), "hi")
    assert (late.types, type(late.raised)) == (["websocket.accept"], OSError)


async def test_after_a_close_no_error_hook_can_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 4000})
        raise OSError

    log: Log = []
    outcome = await connect(trace("A", log, error=answer())(app))
    assert (outcome.types, type(outcome.raised)) == (["websocket.close"], OSError)
    assert only(log, "error", "response") == []


# Rule 4: done


@both_loops
@pytest.mark.parametrize(
    ("app", "failure"),
    [(hello, ""), (failing(OSError()), " OSError"), (failing(OSError(), after=200), " OSError")],
    ids=["returned", "failed", "failed half-way"],
)
async def test_done_runs_once_for_every_layer_however_the_application_ends(app: ASGIApp, failure: str) -> None:
    log: Log = []
    await get(stack(*traces("AB", log))(app))
    assert only(log, "done") == [f"B.done{failure}", f"A.done{failure}"]


@both_loops
@pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])
async def test_done_runs_once_at_whatever_await_the_request_is_cancelled(waits: bool) -> None:
    log: Log = []

    def build(pause: Pause) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await pause()
            await receive()
            await hello(scope, receive, send)
            await pause()

        inside = traces("BC", log, waits=pause if waits else False)
        return stack(trace("A", log, only=("done",)), *inside)(app)

    runs = 0
    async for _ in cancel_everywhere(build, http_scope):
        runs += 1
        entered = ["A", *(line[0] for line in only(log, "request"))]
        assert [line[0] for line in only(log, "done")] == entered[::-1]
        assert only(log, "error") == []
        log.clear()
    assert runs == (12 if waits else 6)


@both_loops
async def test_an_async_done_is_shielded_from_the_cancelled_scope() -> None:
    finished = []

    class Slow(Layer):
        async def done(self, exchange: Exchange, exc: BaseException | None) -> None:
            for _ in range(3):
                await checkpoint()
            finished.append(type(exc))

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        cancelled.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as cancelled:
        await stack(Slow(), Slow(name="second"))(forever)(http_scope(), checkpoint, checkpoint)  # type: ignore[arg-type]
    assert finished == [anyio.get_cancelled_exc_class()] * 2


async def test_a_plain_done_is_certain_even_if_the_task_is_cancelled_twice() -> None:
    log: Log = []

    async def slow(exchange: Exchange, exc: BaseException | None) -> None:
        await asyncio.sleep(30)

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(30)

    app = stack(trace("A", log), trace("B", log, done=slow, waits=False))(forever)
    task = asyncio.ensure_future(app(http_scope(), checkpoint, checkpoint))  # type: ignore[arg-type]
    for _ in range(2):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert only(log, "done") == ["B.done CancelledError", "A.done CancelledError"]


@both_kinds
def test_a_plain_done_runs_when_the_coroutine_is_closed(waits: bool) -> None:
    log: Log = []

    class Suspended:
        def __await__(self) -> Any:
            yield

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        await Suspended()

    inner = trace("B", log, only=("done",), waits=waits)
    coroutine: Any = stack(trace("A", log), inner)(forever)(http_scope(), None, None)  # type: ignore[arg-type]
    coroutine.send(None)
    coroutine.close()
    assert only(log, "done", "error") == ["B.done GeneratorExit", "A.done GeneratorExit"]


def test_done_runs_after_background_tasks_and_they_after_the_response() -> None:
    log: Log = []

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("hi", background=BackgroundTask(log.append, "background"))

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            log.append(message["type"])
            await send(message)

        await layered(scope, receive, noting)

    layered = trace("A", log, only=("done",))(Starlette(routes=[Route("/", endpoint)]))
    TestClient(server).get("/")
    assert log == ["http.response.start", "http.response.body", "background", "A.done"]


async def test_a_client_that_goes_while_it_uploads_is_a_failure() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    log: Log = []
    upload: list[Message] = [{"type": "http.request", "body": b"ha", "more_body": True}, {"type": "http.disconnect"}]
    outcome = await run(trace("A", log)(app), http_scope("POST"), upload)
    assert isinstance(outcome.raised, ClientDisconnect)
    assert only(log, "done") == ["A.done ClientDisconnect"]


async def test_a_client_that_goes_while_it_downloads_ends_the_stream_and_then_comes_done() -> None:
    async def endless() -> Any:
        while True:
            yield b"more"
            await checkpoint()

    log: Log = []
    gone: list[Message] = [{"type": "http.disconnect"}]
    await run(trace("A", log, only=("response", "done"))(StreamingResponse(endless())), http_scope(), gone)
    assert only(log, "done") == ["A.done"]


@both_loops
async def test_a_websocket_ends_in_done_too() -> None:
    log: Log = []
    await connect(stack(*traces("AB", log))(echo), "hi")
    assert only(log, "done") == ["B.done", "A.done"]


@both_loops
async def test_a_websocket_that_is_cancelled_ends_in_done_too() -> None:
    log: Log = []

    def build(pause: Pause) -> ASGIApp:
        return trace("A", log)(echo)

    async for _ in cancel_everywhere(build, socket_scope):
        assert len(only(log, "done")) == 1
        log.clear()


async def test_many_requests_at_once_do_not_mix() -> None:
    log: Log = []

    class Own(Layer):
        async def request(self, exchange: Exchange) -> None:
            exchange.memo[self] = exchange.path
            await checkpoint()

        def done(self, exchange: Exchange, exc: BaseException | None) -> None:
            log.append(f"{exchange.memo[self] == exchange.path} {exchange.status}")

    app = Own()(hello)
    async with anyio.create_task_group() as group:
        for place in range(20):
            group.start_soon(get, app, f"/{place}")
    assert log == ["True 200"] * 20
