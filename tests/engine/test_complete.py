"""`exchange.complete`: whether an answer went out to its end."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tests.engine import wsgi
from tests.engine.asgi import connect, http_scope, run
from toolkit import Exchange, Layer

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BODY = "http.response.body"


class Sees(Layer):
    """Writes down whether each answer was complete."""

    seen: Any
    answers_itself: bool = False

    def request(self, exchange: Exchange) -> Response | None:
        return PlainTextResponse("own") if self.answers_itself else None

    def done(self, exchange: Exchange, exc: BaseException | None) -> None:
        self.seen.append(exchange.complete)


@pytest.mark.parametrize(
    ("messages", "complete"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([START], False, id="a start"),
        pytest.param([START, {"type": BODY, "body": b"a", "more_body": True}], False, id="half a body"),
        pytest.param([START, {"type": BODY, "body": b"a"}], True, id="a body"),
        pytest.param([START, {"type": BODY}], True, id="an empty body"),
        pytest.param([{"type": "http.response.debug", "info": {}}], False, id="a debug message"),
        pytest.param([START, {"type": "http.response.pathsend", "path": "/x"}], True, id="a path"),
        pytest.param([START, {"type": BODY}, {"type": "http.response.trailers"}], True, id="trailers"),
        pytest.param(
            [START, {"type": BODY}, {"type": "http.response.trailers", "more_trailers": True}], False, id="half of them"
        ),
    ],
)
async def test_an_answer_is_complete_when_its_end_was_sent(messages: list[Message], complete: bool) -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    async def send(message: Message) -> None: ...

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await Sees(seen=seen)(app)(http_scope(), receive, send)
    assert seen == [complete]


class Waits(Layer):
    async def response(self, exchange: Exchange, start: Message) -> None: ...


async def test_a_start_that_a_hook_waited_for_is_no_complete_answer() -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": BODY, "body": b"half", "more_body": True})

    async def send(message: Message) -> None: ...

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await Waits()(Sees(seen=seen)(app))(http_scope(), receive, send)
    assert seen == [False]


@pytest.mark.parametrize("closes", [False, True])
async def test_a_websocket_is_complete_when_the_application_has_closed_it(closes: bool) -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        if closes:
            await send({"type": "websocket.close", "code": 1000})

    await connect(Sees(seen=seen)(app))
    assert seen == [closes]


async def test_a_replacement_is_complete() -> None:
    class Replaces(Layer):
        async def response(self, exchange: Exchange, start: Message) -> Response:
            return PlainTextResponse("instead")

    seen: list[bool] = []
    await run(Sees(seen=seen)(Replaces()(PlainTextResponse("app"))), http_scope())
    assert seen == [True]


async def test_the_answer_of_a_layer_is_complete() -> None:
    seen: list[bool] = []
    await run(Sees(seen=seen)(Sees(seen=seen, answers_itself=True)(PlainTextResponse("app"))), http_scope())
    assert seen == [True, True]


def test_under_wsgi_it_is_complete_when_the_server_has_taken_all() -> None:
    seen: list[bool] = []
    wsgi.run(Sees(seen=seen).wsgi(wsgi.streaming([b"a", b"b"])))
    wsgi.run(Sees(seen=seen).wsgi(wsgi.streaming([b"a", b"b"])), most=1)
    assert seen == [True, False]


def test_an_empty_answer_of_a_wsgi_application_is_closed() -> None:
    class Adds(Layer):
        def response(self, exchange: Exchange, start: Message) -> None:
            start["headers"].append((b"x", b"y"))

    closed = []

    class Empty:
        def __iter__(self) -> Any:
            return iter(())

        def close(self) -> None:
            closed.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("204 No Content", [])
        return Empty()

    wsgi.run(Adds().wsgi(app))
    assert closed == ["closed"]
