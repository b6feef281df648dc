"""install(): a stack around everything that Starlette has or will have, so that its 500s pass the layers too."""

import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from tests.engine.traces import Log, Mark, answer, only, trace, traces
from tests.servers import serve
from toolkit import middleware, stack


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


async def broken(request: Request) -> Response:
    raise OSError("disk full")


async def broken_socket(socket: WebSocket) -> None:
    raise OSError("disk full")


def make(**options: object) -> Starlette:
    routes = [Route("/", fine), Route("/broken", broken), WebSocketRoute("/socket", broken_socket)]
    return Starlette(routes=routes, **options)  # type: ignore[arg-type]


def quiet(app: Starlette) -> TestClient:
    """A client that sees what a browser sees, and no exceptions."""
    return TestClient(app, raise_server_exceptions=False)


def test_a_500_carries_the_headers_of_the_layers() -> None:
    app = make()
    stack(Mark()).install(app)
    answered = quiet(app).get("/broken")
    assert (answered.status_code, answered.headers["x-mark"]) == (500, "1")


def test_a_500_is_still_raised_for_the_test_client() -> None:
    app = make()
    stack(Mark()).install(app)
    with pytest.raises(OSError, match="disk full"):
        TestClient(app).get("/broken")


def test_layers_stand_in_written_order_outside_all_middleware() -> None:
    log: Log = []
    app = make(middleware=[Middleware(middleware(lambda: trace("M", log)))])
    stack(*traces("AB", log)).install(app)
    app.add_middleware(middleware(lambda: trace("N", log)))
    TestClient(app).get("/")
    assert only(log, "request") == ["A.request", "B.request", "N.request", "M.request"]


def test_the_list_of_middleware_is_left_as_it_was() -> None:
    app = make(middleware=[Middleware(GZipMiddleware)])
    stack(Mark()).install(app)
    TestClient(app).get("/")
    assert [repr(entry) for entry in app.user_middleware] == ["Middleware(GZipMiddleware)"]


def test_it_is_refused_once_the_application_has_started() -> None:
    app = make()
    TestClient(app).get("/")
    with pytest.raises(RuntimeError, match="after the application had started"):
        stack(Mark()).install(app)


def test_it_is_refused_the_second_time() -> None:
    app = make()
    stack(Mark()).install(app)
    with pytest.raises(RuntimeError, match="put all layers into one stack"):
        stack(Mark()).install(app)


def test_two_applications_may_have_the_same_stack() -> None:
    protect = stack(Mark())
    for app in (make(), make()):
        protect.install(app)
        assert TestClient(app).get("/").headers["x-mark"] == "1"


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_hook_answers_before_the_framework(debug: bool) -> None:
    log: Log = []
    app = make(debug=debug)
    stack(trace("A", log), trace("B", log, error=answer(409)), trace("C", log)).install(app)
    answered = TestClient(app).get("/broken")  # an answer below 500 has handled it: nothing is raised
    assert (answered.status_code, answered.text) == (409, "own")
    assert only(log, "error", "response", "done") == [
        "C.error OSError",
        "B.error OSError",
        "A.response 409",
        "C.done OSError",
        "B.done",
        "A.done",
    ]


def test_a_5xx_of_an_error_hook_is_sent_and_the_failure_raised_again() -> None:
    log: Log = []
    app = make()
    stack(trace("A", log), trace("B", log, error=answer(503))).install(app)
    with pytest.raises(OSError, match="disk full"):
        TestClient(app).get("/broken")
    assert only(log, "error", "response", "done") == [
        "B.error OSError",
        "A.response 503",
        "B.done OSError",
        "A.done OSError",
    ]
    assert quiet(app).get("/broken").text == "own"


def test_an_error_hook_is_asked_once_and_then_the_framework_answers() -> None:
    log: Log = []
    app = make()
    stack(*traces("AB", log)).install(app)
    assert quiet(app).get("/broken").text == "Internal Server Error"
    assert only(log, "error") == ["B.error OSError", "A.error OSError"]


def test_a_failure_that_an_error_hook_raises_replaces_the_first() -> None:
    log: Log = []
    app = make()
    stack(trace("A", log), trace("B", log, error=LookupError("worse"))).install(app)
    with pytest.raises(LookupError) as raised:
        TestClient(app).get("/broken")
    assert isinstance(raised.value.__context__ or raised.value.__cause__, OSError)
    assert only(log, "error") == ["B.error OSError", "A.error LookupError"]


def test_a_handler_of_500_that_the_application_has_is_kept() -> None:
    async def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse(f"handled {exc}", 500)

    app = make(exception_handlers={Exception: handler})
    stack(Mark()).install(app)
    answered = quiet(app).get("/broken")
    assert (answered.text, answered.headers["x-mark"]) == ("handled disk full", "1")


def test_an_error_hook_comes_before_a_handler_of_500() -> None:
    async def handler(request: Request, exc: Exception) -> Response:
        raise AssertionError("answered already")

    app = make(exception_handlers={500: handler})
    stack(trace("A", [], error=answer(409))).install(app)
    assert TestClient(app).get("/broken").status_code == 409


def test_an_exception_that_the_application_handles_is_no_failure() -> None:
    async def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse("handled", 400)

    log: Log = []
    app = make(exception_handlers={OSError: handler})
    stack(trace("A", log)).install(app)
    assert TestClient(app).get("/broken").text == "handled"
    assert only(log, "error") == []


def test_middleware_between_two_layers_passes_an_answer_to_a_failure() -> None:
    log: Log = []
    app = make()
    stack(trace("A", log, error=answer(409, "x" * 999)), Middleware(GZipMiddleware), trace("B", log)).install(app)
    answered = TestClient(app).get("/broken", headers={"accept-encoding": "gzip"})
    assert (answered.status_code, answered.text) == (409, "x" * 999)
    assert only(log, "error", "response", "done") == ["B.error OSError", "A.error OSError", "B.done OSError", "A.done"]


def test_layers_inside_the_one_that_answers_a_failure_do_not_see_the_answer() -> None:
    app = make()
    stack(trace("A", [], error=answer(409)), Middleware(GZipMiddleware), Mark()).install(app)
    answered = TestClient(app).get("/broken")
    assert answered.status_code == 409
    assert "x-mark" not in answered.headers


def test_a_mounted_application_with_a_stack_of_its_own_answers_its_own_failures() -> None:
    log: Log = []
    inner, outer = make(), Starlette()
    stack(trace("I", log, error=answer(409))).install(inner)
    stack(trace("O", log)).install(outer)
    outer.router.routes.append(Mount("/inner", inner))
    assert TestClient(outer).get("/inner/broken").status_code == 409
    assert only(log, "error", "done") == ["I.error OSError", "I.done", "O.done"]


def test_a_handshake_that_fails_is_answered_by_an_error_hook() -> None:
    app = make()
    stack(trace("A", [], error=answer(409))).install(app)
    with pytest.raises(WebSocketDenialResponse) as denied, TestClient(app).websocket_connect("/socket"):
        pass
    assert denied.value.status_code == 409


def test_a_handshake_that_a_layer_refuses_does_not_reach_the_application() -> None:
    app = make()
    stack(trace("A", [], request=answer(403))).install(app)
    with pytest.raises(WebSocketDenialResponse) as denied, TestClient(app).websocket_connect("/socket"):
        pass
    assert (denied.value.status_code, denied.value.text) == (403, "own")


def test_the_lifespan_of_the_application_runs() -> None:
    events = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        events.append("startup")
        yield
        events.append("shutdown")

    app = make(lifespan=lifespan)
    stack(Mark()).install(app)
    with TestClient(app) as client:
        assert client.get("/").text == "fine"
    assert events == ["startup", "shutdown"]


def test_a_failure_that_was_answered_with_5xx_is_in_the_log_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    app = make()
    stack(Mark(), trace("A", [], error=answer(503))).install(app)
    with caplog.at_level(logging.ERROR), serve(app, log_config=None) as url:
        with pytest.raises(urllib.error.HTTPError) as answered:
            urllib.request.urlopen(f"{url}/broken")
        assert (answered.value.code, answered.value.headers["x-mark"]) == (503, "1")
        answered.value.close()
    failures = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert failures == ["disk full"]
