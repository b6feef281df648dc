"""Rule 2: what hooks may return, who sees it, and that each has its turn once."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from tests.engine.asgi import connect, echo, failing, get, hello
from tests.engine.traces import Log, acting, answer, only, trace, traces
from toolkit import Exchange, Layer, stack

pytestmark = pytest.mark.parametrize("waits", [False, True], ids=["def", "async def"])


def starting_twice(first: int = 200, second: int = 500) -> ASGIApp:
    """An application that catches whatever its start raises, and starts again, as ServerErrorMiddleware does."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for status in (first, second):
            try:
                await send({"type": "http.response.start", "status": status, "headers": []})
            except Exception:
                continue
            await send({"type": "http.response.body", "body": str(status).encode()})
            return

    return app


async def test_the_first_response_of_a_request_hook_ends_the_way_in(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, request=answer(403), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(failing(AssertionError())))
    assert (outcome.status, outcome.body) == (403, b"own")
    assert log == ["A.request", "B.request", "A.response 403", "B.done", "A.done"]


@pytest.mark.parametrize("only_hooks", [("request",), ("request", "done")], ids=["direct", "guarded"])
async def test_an_answer_of_the_outermost_layer_is_sent_as_it_is(waits: bool, only_hooks: tuple[str, ...]) -> None:
    layer = trace("A", [], only=only_hooks, waits=waits, request=answer(403))
    outcome = await get(layer(failing(AssertionError())))
    assert (outcome.status, outcome.header(b"content-length"), outcome.body) == (403, b"3", b"own")


async def test_a_hook_may_wait_by_turns(waits: bool) -> None:
    class ByTurns(Layer):
        def request(self, exchange: Exchange) -> Any:
            return self._deny() if exchange.path == "/wait" else answer(401)

        async def _deny(self) -> PlainTextResponse:
            return PlainTextResponse("waited", 403)

    app = ByTurns()(hello)
    assert (await get(app, "/wait" if waits else "/")).status == (403 if waits else 401)


async def test_response_hooks_run_last_to_first(waits: bool) -> None:
    log: Log = []
    await get(stack(*traces("ABC", log, waits=waits))(hello))
    assert only(log, "response") == ["C.response 200", "B.response 200", "A.response 200"]


async def test_a_response_hook_runs_once_though_the_application_starts_again(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, response=OSError(), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(starting_twice()))
    assert outcome.body == b"500"
    assert only(log, "response") == ["C.response 200", "B.response 200", "A.response 500"]


async def test_what_a_response_hook_answers_is_seen_by_the_layers_outside_it_only(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, response=answer(503), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(hello))
    assert (outcome.status, outcome.body) == (503, b"own")
    assert only(log, "response", "done") == [
        *("C.response 200", "B.response 200", "A.response 503"),
        *("C.done", "B.done", "A.done"),
    ]


async def test_an_answer_may_be_replaced_further_out(waits: bool) -> None:
    layers = [trace(name, [], response=answer(status), waits=waits) for name, status in (("A", 418), ("B", 503))]
    assert (await get(stack(*layers)(hello))).status == 418


async def test_what_a_response_hook_raises_is_seen_by_the_layers_outside_it_only(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log), trace("B", log, response=OSError(), waits=waits), trace("C", log)
    outcome = await get(stack(*layers)(hello))
    assert (outcome.sent, type(outcome.raised)) == ([], OSError)
    assert only(log, "error") == ["A.error OSError"]


async def test_after_a_replacement_everything_the_application_sends_is_dropped(waits: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)
        await hello(scope, receive, send)

    log: Log = []
    outcome = await get(trace("A", log, response=answer(503), waits=waits)(app))
    assert outcome.types == ["http.response.start", "http.response.body"]
    assert only(log, "response") == ["A.response 200"]


async def test_a_failure_after_a_replacement_is_raised_and_answered_no_more(waits: bool) -> None:
    log: Log = []
    layers = trace("A", log, error=answer(409)), trace("B", log, response=answer(503), waits=waits)
    outcome = await get(stack(*layers)(failing(OSError(), after=200)))
    assert (outcome.status, type(outcome.raised)) == (503, OSError)
    assert only(log, "error") == []


@pytest.mark.parametrize("acts", [{"request": OSError()}, {"request": answer()}], ids=["raised", "answered"])
async def test_a_layer_is_entered_when_its_request_is_called(waits: bool, acts: dict[str, Any]) -> None:
    log: Log = []
    await get(stack(trace("A", log), trace("B", log, waits=waits, **acts), trace("C", log))(hello))
    assert [line.split()[0] for line in only(log, "done")] == ["B.done", "A.done"]


async def test_what_a_request_hook_raises_is_a_failure_for_the_layers_outside_it(waits: bool) -> None:
    log: Log = []
    outcome = await get(stack(trace("A", log), trace("B", log, request=OSError(), waits=waits))(hello))
    assert isinstance(outcome.raised, OSError)
    assert log == ["A.request", "B.request", "B.done OSError", "A.error OSError", "A.done OSError"]


@pytest.mark.parametrize("hook", ["request", "response", "error"])
@pytest.mark.parametrize("wrong", ["text", 0, StreamingResponse(iter(()))], ids=["text", "number", "stream"])
async def test_anything_but_a_plain_response_is_a_type_error_that_shows_it(waits: bool, hook: str, wrong: Any) -> None:
    layer = trace("A", [], waits=waits, **acting(hook, lambda *args: wrong))
    outcome = await get(layer(failing(OSError()) if hook == "error" else hello))
    assert isinstance(outcome.raised, TypeError)
    assert repr(wrong) in str(outcome.raised)


async def test_a_memo_is_private_to_its_layer_and_lasts_to_the_end(waits: bool) -> None:
    class Remembers(Layer):
        log: Any

        def request(self, exchange: Exchange) -> None:
            exchange.memo[self] = self.name

        def done(self, exchange: Exchange, exc: BaseException | None) -> None:
            self.log.append(exchange.memo[self])

    log: Log = []
    await get(stack(*[Remembers(name=name, log=log) for name in "AB"])(hello))
    assert log == ["B", "A"]


# receive


async def test_receive_sees_each_message_of_the_client_and_may_change_it(waits: bool) -> None:
    log: Log = []

    def shout(exchange: Exchange, message: Message) -> None:
        message["text"] = message["text"].upper()

    outcome = await connect(trace("A", log, receive=shout, waits=waits)(echo), "one", "two")
    assert [message["text"] for message in outcome.sent[1:]] == ["ONE", "TWO"]
    assert only(log, "receive") == ["A.receive", "A.receive"]


async def test_a_message_that_is_refused_closes_the_socket_and_reaches_nobody(waits: bool) -> None:
    log: Log = []
    refusal = WebSocketDisconnect(4001, "no")
    layers = trace("A", log), trace("B", log, receive=refusal, waits=waits), trace("C", log)
    outcome = await connect(stack(*layers)(echo), "one", "two")
    assert outcome.sent[1:] == [{"type": "websocket.close", "code": 4001, "reason": "no"}]
    assert only(log, "receive", "done", "error") == ["A.receive", "B.receive", "C.done", "B.done", "A.done"]


async def test_after_a_refusal_what_the_application_still_sends_is_dropped(waits: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        await send({"type": "websocket.send", "text": "too late"})
        await send({"type": "websocket.close"})

    outcome = await connect(trace("A", [], receive=WebSocketDisconnect(4001), waits=waits)(app), "one")
    assert outcome.types == ["websocket.accept", "websocket.close"]


async def test_after_a_refusal_the_client_stays_disconnected(waits: bool) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        seen.extend([(await receive())["type"] for _ in range(3)])

    outcome = await connect(trace("A", [], receive=WebSocketDisconnect(4001), waits=waits)(app), "one", "two", "three")
    assert seen == ["websocket.disconnect"] * 3
    assert outcome.types == ["websocket.accept", "websocket.close"]


async def test_any_other_exception_of_receive_is_raised_where_the_application_waits(waits: bool) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await echo(scope, receive, send)
        except LookupError as exc:
            seen.append(exc)
            raise

    failure = LookupError()
    outcome = await connect(trace("A", [], receive=failure, waits=waits)(app), "one")
    assert (seen, outcome.raised) == ([failure], failure)


async def test_receive_is_not_called_for_http(waits: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await hello(scope, receive, send)

    log: Log = []
    await get(trace("A", log, waits=waits)(app))
    assert only(log, "receive") == []
