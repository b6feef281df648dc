"""The example layers do what they say, in process and over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect as open_socket

from examples.layers.error_pages import ErrorPages
from examples.layers.message_limit import MessageLimit
from examples.layers.reservation import Reservation, Stock
from examples.layers.slow_commit import SlowCommit
from tests.engine.asgi import Pause, answering, cancel_everywhere, connect, echo, failing, get, hello, http_scope, run
from tests.servers import serve
from toolkit import stack

# SlowCommit


class Journal:
    """A store that is up, down, or slow."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.lines: list[str] = []

    async def commit(self, changes: Sequence[str]) -> None:
        if self.trouble == "down":
            raise ConnectionRefusedError("no store here")
        await (anyio.sleep_forever() if self.trouble == "slow" else anyio.lowlevel.checkpoint())
        self.lines.extend(changes)


def writing(status: int = 200) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["toolkit.slowcommit"].append("one")
        await send({"type": "http.response.start", "status": status, "headers": [(b"set-cookie", b"a=b")]})
        for part in (b"sto", b"red"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def test_what_the_application_wrote_is_stored_before_its_answer_begins() -> None:
    journal, seen = Journal(), []

    async def send(message: object) -> None:
        seen.append(list(journal.lines))

    await SlowCommit(commit=journal.commit)(writing())(http_scope(), anyio.sleep_forever, send)  # type: ignore[arg-type]
    assert seen[0] == ["one"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("trouble", ["down", "slow"])
async def test_a_commit_that_fails_is_a_whole_503_and_nothing_of_the_answer(trouble: str) -> None:
    outcome = await get(SlowCommit(commit=Journal(trouble).commit, timeout=0.01)(writing()))
    assert (outcome.status, outcome.header(b"retry-after"), outcome.header(b"set-cookie")) == (503, b"5", None)
    assert outcome.body == b"What you sent was not stored. Try again.\n"
    assert outcome.types == ["http.response.start", "http.response.body"]
    assert outcome.raised is None


async def test_a_commit_that_has_a_bug_is_a_failure_and_no_503() -> None:
    async def commit(changes: Sequence[str]) -> None:
        raise LookupError("bug")

    outcome = await get(SlowCommit(commit=commit)(writing()))
    assert isinstance(outcome.raised, LookupError)
    assert outcome.sent == []


@pytest.mark.parametrize("app", [hello, writing(409), failing(OSError(), after=500)], ids=["none", "error", "failure"])
async def test_nothing_is_stored_of_a_request_without_changes_or_with_an_error(app: ASGIApp) -> None:
    journal = Journal()
    await get(SlowCommit(commit=journal.commit)(app))
    assert journal.lines == []


def test_a_client_of_a_real_server_sees_the_503() -> None:
    with serve(SlowCommit(commit=Journal("down").commit)(writing())) as url:
        assert _http(url).startswith("HTTP/1.1 503")


def _http(url: str) -> str:
    async def talk() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"GET / HTTP/1.1\r\nhost: testserver\r\nconnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    return asyncio.run(talk()).decode()


# Reservation


async def test_a_request_that_succeeds_keeps_what_it_took() -> None:
    stock = Stock(2)
    await get(Reservation(stock=stock)(hello))
    assert stock.left == 1


async def test_a_request_that_finds_nothing_left_is_answered_at_once() -> None:
    stock = Stock(0)
    assert (await get(Reservation(stock=stock)(failing(AssertionError())))).status == 409
    assert stock.left == 0


@pytest.mark.parametrize(
    "app",
    [failing(OSError()), failing(OSError(), after=200), answering(404), answering(500)],
    ids=["failed", "failed half-way", "refused", "answered 500"],
)
async def test_a_request_that_fails_puts_it_back(app: ASGIApp) -> None:
    stock = Stock(1)
    await get(Reservation(stock=stock)(app))
    assert stock.left == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_request_that_is_cancelled_puts_it_back_wherever_it_was() -> None:
    stock = Stock(1)

    def build(pause: Pause) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await pause()
            await hello(scope, receive, send)
            await pause()

        return Reservation(stock=stock)(app)

    left = [stock.left async for _ in cancel_everywhere(build, http_scope)]
    assert left == [1, 1, 1, 1, 1, 0]


async def test_a_client_that_goes_while_it_uploads_puts_it_back() -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(f"{len(await request.body())} bytes")

    stock = Stock(1)
    app = Reservation(stock=stock)(Route("/", endpoint, methods=["POST"]))
    upload: list[Message] = [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    await run(app, http_scope("POST"), upload)
    assert stock.left == 1


async def test_a_client_that_goes_while_it_downloads_puts_it_back() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"more"

    async def send(message: object) -> None:
        raise OSError("the client has gone")  # ASGI 2.4

    stock = Stock(1)
    scope = http_scope(asgi={"version": "3.0", "spec_version": "2.4"})
    with pytest.raises(ClientDisconnect):
        await Reservation(stock=stock)(StreamingResponse(endless()))(scope, anyio.sleep_forever, send)  # type: ignore[arg-type]
    assert stock.left == 1


async def test_a_client_that_goes_before_asgi_2_4_puts_it_back() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"more"
            await anyio.lowlevel.checkpoint()

    stock = Stock(1)
    outcome = await run(
        Reservation(stock=stock)(StreamingResponse(endless())), http_scope(), [{"type": "http.disconnect"}]
    )
    assert (outcome.raised, stock.left) == (None, 1)


# ErrorPages

PAGES = {404: "<h1>Nothing here</h1>", 500: "<h1>Our fault</h1>"}


async def test_a_bare_error_gets_a_page_and_keeps_its_cookies_and_vary() -> None:
    begun = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"9"),
        (b"etag", b'"9"'),
        (b"set-cookie", b"a=b"),
        (b"set-cookie", b"c=d"),
        (b"vary", b"Origin"),
    ]
    outcome = await get(ErrorPages(pages=PAGES)(answering(404, begun, b"Not Found")))
    assert outcome.body == b"<h1>Nothing here</h1>"
    assert sorted(outcome.headers) == [
        (b"content-length", b"21"),
        (b"content-type", b"text/html; charset=utf-8"),
        (b"set-cookie", b"a=b"),
        (b"set-cookie", b"c=d"),
        (b"vary", b"Origin"),
    ]


async def test_a_page_for_one_client_carries_no_cookie_of_another() -> None:
    app = ErrorPages(pages=PAGES)(answering(404, [(b"set-cookie", b"a=b")]))
    await get(app)
    assert [pair[1] for pair in (await get(app)).headers if pair[0] == b"set-cookie"] == [b"a=b"]


@pytest.mark.parametrize("status", [200, 403, 503])
async def test_a_status_without_a_page_is_left_alone(status: int) -> None:
    assert (await get(ErrorPages(pages=PAGES)(answering(status, body=b"own")))).body == b"own"


async def test_an_error_that_the_application_describes_is_left_alone() -> None:
    outcome = await get(ErrorPages(pages=PAGES)(JSONResponse({"detail": "no such room"}, 404)))
    assert outcome.body == b'{"detail":"no such room"}'


async def test_a_page_has_no_body_for_head() -> None:
    outcome = await run(ErrorPages(pages=PAGES)(answering(404)), http_scope("HEAD"))
    assert (outcome.header(b"content-length"), outcome.body) == (b"21", b"")


async def test_a_failure_gets_the_page_of_500_and_is_raised_again() -> None:
    failure = OSError("disk full")
    outcome = await get(ErrorPages(pages=PAGES)(failing(failure)))
    assert (outcome.status, outcome.body, outcome.raised) == (500, b"<h1>Our fault</h1>", failure)


async def test_a_failure_after_the_answer_began_cannot_get_a_page() -> None:
    outcome = await get(ErrorPages(pages=PAGES)(failing(OSError(), after=200)))
    assert outcome.body == b"begun"


async def test_without_a_page_of_500_a_failure_passes() -> None:
    assert (await get(ErrorPages(pages={})(failing(OSError())))).sent == []


@pytest.mark.parametrize("path", ["/missing", "/broken"])
def test_installed_around_starlette_its_own_bare_answers_get_pages(path: str) -> None:
    async def broken(request: Request) -> Response:
        raise OSError("disk full")

    app = Starlette(routes=[Route("/broken", broken)])
    stack(ErrorPages(pages=PAGES)).install(app)
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get(path).text == PAGES[404 if path == "/missing" else 500]


# MessageLimit


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["four"], None),
        (["fives"], 1009),
        ([b"fives"], 1009),
        (["ééé"], 1009),
        (["a", "b"], None),
        (["a", "b", "c"], 1008),
        (["a", "fives"], 1009),
    ],
)
async def test_a_message_too_long_or_one_too_many_closes_the_socket(
    messages: list[str | bytes], code: int | None
) -> None:
    outcome = await connect(MessageLimit(max_size=4, max_messages=2)(echo), *messages)
    echoed = len(messages) - (code is not None)
    closed = ["websocket.close"] if code else []
    assert outcome.types == ["websocket.accept", *["websocket.send"] * echoed, *closed]
    assert outcome.close_code == code
    assert outcome.raised is None


async def test_an_application_of_starlette_sees_a_clean_disconnect() -> None:
    seen = []

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.receive_text()
        except WebSocketDisconnect as gone:
            seen.append((gone.code, gone.reason))

    await connect(MessageLimit(max_size=4)(WebSocketRoute("/", endpoint)), "too long")
    assert seen == [(1009, "no more than 4 bytes")]


async def test_messages_are_counted_for_each_connection_alone() -> None:
    app = MessageLimit(max_messages=1)(echo)
    assert [(await connect(app, "one")).close_code for _ in range(3)] == [None, None, None]


@pytest.mark.parametrize(
    ("last", "code", "reason"),
    [("too long", 1009, "no more than 4 bytes"), ("four", 1008, "no more than 2 messages")],
)
def test_a_client_of_a_real_server_is_told_the_code_and_the_reason(last: str, code: int, reason: str) -> None:
    ended = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        ended.append("normally")

    limited = MessageLimit(max_size=4, max_messages=2 if code == 1008 else 9)(app)
    with serve(limited, lifespan="off") as url, open_socket(url.replace("http", "ws")) as socket:
        for message in ("one", "two"):
            socket.send(message)
            assert socket.recv(timeout=5) == message
        socket.send(last)
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)
    assert ended == ["normally"]
