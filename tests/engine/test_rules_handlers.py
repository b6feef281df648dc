"""Rule 12: handlers answer in the application's place, on the paths of their templates, inside all layers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Receive, Scope, Send

import toolkit
from tests.engine.asgi import connect, echo, get, hello, http_scope, run
from tests.engine.handled import Handled, compare_handled, handled
from tests.engine.traces import Log, Mark, answer, only, trace
from toolkit import ConfigError, Layer, middleware, stack
from toolkit.engine.handler import Handler, Mounted, answered


class Tells(Handler):
    """Answers with its text and what the path holds."""

    text: str = "handler"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answered(lambda scope: PlainTextResponse(f"{self.text} {scope['path_params']}"), scope, receive, send)


class Says(Layer):
    """Answers with its text; `-` lets the request pass."""

    text: str = "-"

    def request(self, exchange: toolkit.Exchange) -> Response | None:
        return None if self.text == "-" else PlainTextResponse(self.text)


async def asked(app: Any, path: str, method: str = "GET", **more: Any) -> str:
    return (await run(app, http_scope(method, path, **more))).body.decode()


@settings(max_examples=150, deadline=None)
@given(handled())
def test_who_answers_and_inside_which_layers(example: Handled) -> None:
    compare_handled(toolkit, example)


async def test_the_first_template_that_takes_a_path_answers() -> None:
    app = stack(handlers={"/a/b": Tells(text="exact"), "/a/{x}": Tells(text="one"), "/{p:path}": Tells(text="all")})
    found = [await asked(app(hello), path) for path in ("/a/b", "/a/c", "/c/d")]
    assert found == ["exact {}", "one {'x': 'c'}", "all {'p': 'c/d'}"]


@pytest.mark.parametrize("path", ["//a", "/a/../b", "/./a", "/a\\b", "/a\0"])
async def test_a_path_that_is_not_plain_goes_to_the_application(path: str) -> None:
    assert await asked(stack(handlers={"/{p:path}": Tells()})(hello), path) == "hello"


@pytest.mark.parametrize("template", ["/x/{n:int}", "/x/{p:path}", "/x/5"])
async def test_a_handler_answers_no_path_of_more_lines_than_a_route_of_starlette(template: str) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("route")

    routed = Starlette(routes=[Route(template, endpoint)])
    app = stack(handlers={template: Tells()})(hello)
    for ending, status in (("", 200), ("\n", 200), ("\n\n", 404)):
        path = f"/x/5{ending}"
        assert (await run(routed, http_scope("GET", path))).status == status
        assert (await asked(app, path) == "hello") is (status == 404)


async def test_layers_stand_around_handlers() -> None:
    log: Log = []
    app = stack(Mark(), trace("A", log), handlers={"/a": Tells()})(hello)
    outcome = await get(app, "/a")
    assert (outcome.header(b"x-mark"), log) == (b"1", ["A.request", "A.response 200", "A.done"])


async def test_foreign_middleware_stands_around_handlers() -> None:
    app = stack(Middleware(GZipMiddleware, minimum_size=1), handlers={"/a": Tells()})(hello)
    outcome = await get(app, "/a", [(b"accept-encoding", b"gzip")])
    assert outcome.header(b"content-encoding") == b"gzip"


async def test_a_websocket_is_dispatched_too() -> None:
    app = stack(handlers={"/chat/{room}": echo})(hello)
    outcome = await connect(app, "hi", path="/chat/1")
    assert outcome.types == ["websocket.accept", "websocket.send"]


async def test_the_scope_of_the_application_is_left_alone() -> None:
    scope = http_scope("GET", "/a/b", path_params={"tenant": "x", "y": 1})
    app = stack(handlers={"/a/{y}": Tells()})(hello)
    assert (await run(app, scope)).body == b"handler {'tenant': 'x', 'y': 'b'}"
    assert scope["path_params"] == {"tenant": "x", "y": 1}


async def test_what_layers_publish_reaches_handlers() -> None:
    class Publishes(Layer):
        def request(self, exchange: toolkit.Exchange) -> None:
            exchange.scope["toolkit.publishes"] = "seen"

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["toolkit.publishes"])(scope, receive, send)

    assert await asked(stack(Publishes(), handlers={"/a": reads})(hello), "/a") == "seen"


async def test_a_failure_of_a_handler_passes_the_layers() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise OSError("disk full")

    log: Log = []
    app = stack(trace("A", log, error=answer(409)), handlers={"/a": fails})(hello)
    assert (await get(app, "/a")).status == 409
    assert only(log, "error", "done") == ["A.error OSError", "A.done"]


# Below a mount


def test_handlers_answer_below_the_mount() -> None:
    inner = stack(handlers={"/users/{n:int}": Tells()})(hello)
    client = TestClient(Starlette(routes=[Mount("/api", inner)]))
    assert client.get("/api/users/5").text.endswith("'n': 5}")
    assert client.get("/api/api/users/5").text == "hello"


@pytest.mark.parametrize("around", ["one", "two", "foreign"])
def test_a_root_path_that_the_application_has_of_its_own_counts(around: str) -> None:
    class Rooted(Starlette):
        """Puts its own root_path into the scope, as FastAPI does."""

        root_path = "/api"

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await super().__call__({**scope, "root_path": self.root_path}, receive, send)

    app: Any = Rooted(routes=[Route("/fine", fine)])
    app = stack(Says(), routes={"/fine": {}})(app) if around == "two" else app
    between = [Middleware(GZipMiddleware)] if around == "foreign" else []
    wrapped = stack(Says(), *between, handlers={"/users": Tells()}, routes={"/users/x": {"says": {"text": "route"}}})(
        app
    )
    client = TestClient(wrapped)
    assert [client.get(f"{root}/users").text for root in ("", "/api")] == ["handler {}", "handler {}"]
    assert [client.get(f"{root}/users/x").text for root in ("", "/api")] == ["route", "route"]
    assert client.get("/api/fine").text == "fine"


# Mounted behind a path


@pytest.mark.parametrize("root", ["", "/api"])
@pytest.mark.parametrize("path", ["/files/", "/files/a.txt", "/files/a/b/", "/files/files/x"])
async def test_an_application_behind_a_path_sees_what_mount_shows_it(path: str, root: str) -> None:
    seen: list[Scope] = []

    async def notes(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await PlainTextResponse("")(scope, receive, send)

    for app in (stack(handlers={"/files/{path:path}": notes})(hello), Starlette(routes=[Mount("/files", notes)])):
        await run(app, http_scope("GET", root + path, root_path=root))
    ours, theirs = ({key: scope.get(key) for key in ("path", "root_path")} for scope in seen)
    assert ours == theirs
    assert [get_route_path(scope) for scope in seen] == [path.removeprefix("/files")] * 2


async def test_only_a_whole_last_segment_mounts() -> None:
    async def tells(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["root_path"] or "none")(scope, receive, send)

    templates = {
        "/a/x{p:path}": "/a/xy",
        "/b/{p:path}/end": "/b/y/end",
        "/c/{p}": "/c/y",
        "/d": "/d",
        "/{p:path}": "/e",
    }
    app = stack(handlers=dict.fromkeys(templates, tells))(hello)
    assert [await asked(app, path) for path in templates.values()] == ["none"] * 5


def test_applications_of_others_work_behind_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a file")
    inner = Starlette(
        routes=[
            Route(
                "/here/{name}", lambda request: PlainTextResponse(str(request.url_for("named", name="x"))), name="named"
            )
        ]
    )
    handlers: Any = {"/static/{path:path}": StaticFiles(directory=tmp_path), "/inner/{rest:path}": inner}
    client = TestClient(stack(handlers=handlers)(hello))
    assert client.get("/static/a.txt").text == "a file"
    assert client.get("/static/b.txt").status_code == 404
    assert client.get("/inner/here/y").text == "http://testserver/inner/here/x"


async def test_what_an_application_raises_for_starlette_to_answer_is_answered() -> None:
    async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raise WebSocketException(1013, "later")
        raise HTTPException(409, "taken")

    app = stack(handlers={"/a": refuses})(hello)
    outcome = await get(app, "/a")
    assert (outcome.status, outcome.body) == (409, b"taken")
    closed = (await connect(app, path="/a")).sent[-1]
    assert (closed["type"], closed["code"], closed["reason"]) == ("websocket.close", 1013, "later")


async def test_what_is_raised_after_the_start_is_raised_on() -> None:
    async def stumbles(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise HTTPException(409, "taken")

    outcome = await get(stack(handlers={"/a": stumbles})(hello), "/a")
    assert (outcome.status, type(outcome.raised)) == (200, HTTPException)


# Layers of their own


async def test_a_handler_changes_the_layers_on_its_template() -> None:
    handlers: Any = {"/a/{x}": Mounted(Tells(), layers={"says": {"text": "own"}}), "/{x}": Tells()}
    app = stack(Says(), handlers=handlers)(hello)
    assert [await asked(app, path) for path in ("/a/b", "/a", "/a/b/c")] == ["own", "handler {'x': 'a'}", "hello"]


async def test_routes_are_tried_first() -> None:
    mounted = Mounted(Tells(), layers=[Says(text="own")])
    app = stack(Says(), routes={"POST /a": {"says": {"text": "route"}}}, handlers={"/a": mounted})(hello)
    assert [await asked(app, "/a", method) for method in ("POST", "GET")] == ["route", "own"]


async def test_layers_of_a_handler_do_not_count_where_an_earlier_one_answers() -> None:
    guard = Says(text="401")
    handlers: Any = {"/a/{x}": Tells(text="first"), "/a/{p:path}": Mounted(Tells(text="open"), layers={"says": False})}
    app = stack(guard, handlers=handlers)(hello)
    assert [await asked(app, path) for path in ("/a/b", "/a/b/c", "/")] == ["401", "open {'p': 'b/c'}", "401"]


async def test_a_preflight_takes_the_layers_of_the_handler() -> None:
    cors = toolkit.CORS(allow_origins=["https://app.example"])
    app = stack(cors, handlers={"/a": Mounted(Tells(), layers={"cors": {"allow_methods": ["PUT"]}})})(hello)
    asking = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"PUT")]
    allowed = [
        (await run(app, http_scope("OPTIONS", path, asking))).header(b"access-control-allow-methods")
        for path in ("/a", "/b")
    ]
    assert [b"PUT" in (methods or b"") for methods in allowed] == [True, False]


# Fusing and what is inside


def test_the_application_is_found_inside() -> None:
    starlette = Starlette()
    wrapped: Any = stack(Says(), handlers={"/a": hello})(starlette)
    assert wrapped.app.app is starlette


async def test_layers_further_out_keep_what_a_handler_changes() -> None:
    log: Log = []
    inner = stack(trace("A", log), handlers={"/a": Mounted(Tells(), layers={"A": False})})(hello)
    app = trace("O", log)(inner)
    for path in ("/a", "/b"):
        await get(app, path)
    assert only(log, "request") == ["O.request", "O.request", "A.request"]


async def test_layers_further_in_stand_around_the_application_alone() -> None:
    log: Log = []
    app = stack(trace("A", log), handlers={"/a": Tells()})(trace("I", log)(hello))
    for path in ("/a", "/b"):
        await get(app, path)
    assert only(log, "request") == ["A.request", "A.request", "I.request"]


# Stores and lifespans


class Store:
    def __init__(self) -> None:
        self.log: Log = []

    async def open(self) -> None:
        self.log.append("open")

    async def close(self) -> None:
        self.log.append("close")


class Keeps(Handler):
    """A handler with a store."""

    store: Any = "main"

    def bind(self, open_store: Any) -> Self:
        return self.bound(_store=open_store(self.store))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(" ".join(self._store.log))(scope, receive, send)  # type: ignore[attr-defined]


def test_the_stores_of_handlers_are_open_while_the_application_runs() -> None:
    store, keeps = Store(), Keeps()
    handlers: Any = {"/a": keeps, "/b": Mounted(keeps, layers={})}
    with TestClient(stack(handlers=handlers, stores={"main": store})(Starlette())) as client:
        assert [client.get(path).text for path in ("/a", "/b")] == ["open", "open"]
    assert store.log == ["open", "close"]


def test_the_lifespan_of_the_application_runs() -> None:
    events = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        events.append("startup")
        yield
        events.append("shutdown")

    with TestClient(stack(handlers={"/a": Tells()})(Starlette(lifespan=lifespan))) as client:
        client.get("/a")
    assert events == ["startup", "shutdown"]


# A whole application


def test_handlers_are_an_application_of_their_own() -> None:
    store = Store()
    app = stack(Mark(), handlers={"/a": Tells(), "/k": Keeps()}, stores={"main": store}).app()
    with TestClient(app) as client:
        assert [client.get(path).text for path in ("/a", "/k")] == ["handler {}", "open"]
        missing = client.get("/nowhere?secret", headers={"accept": "text/html"})
        assert (missing.status_code, missing.headers["x-mark"]) == (404, "1")
        assert "nowhere" not in missing.text
        assert client.get("/nowhere").json()["title"] == "Not Found"
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/nowhere"):
            pass
        assert denied.value.status_code == 404
    assert store.log == ["open", "close"]


async def test_where_a_server_has_no_denial_responses_a_socket_is_closed() -> None:
    assert (await connect(stack().app(), denial=False)).close_code == 1008


async def test_an_application_without_stores_completes_its_lifespan() -> None:
    sent: list[Any] = []
    inbound = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(inbound)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await stack(handlers={"/a": Tells()}).app()({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# install() and WSGI


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise OSError("disk full")


def test_handlers_of_an_installed_stack_stand_in_front_of_the_middleware_of_the_application() -> None:
    log: Log = []
    app = Starlette(routes=[Route("/{p:path}", fine)])
    app.add_middleware(middleware(lambda: trace("M", log)))
    stack(Mark(), handlers={"/a/{x}": Tells()}).install(app)
    client = TestClient(app)
    assert [client.get(path).text for path in ("/a/b", "/c")] == ["handler {'x': 'b'}", "fine"]
    assert client.get("/a/b").headers["x-mark"] == "1"
    assert only(log, "request") == ["M.request"]
    assert len(app.user_middleware) == 1


def test_a_500_of_a_handler_of_an_installed_stack_carries_the_headers_of_the_layers() -> None:
    app = Starlette()
    stack(Mark(), handlers={"/a": broken}).install(app)
    answered = TestClient(app, raise_server_exceptions=False).get("/a")
    assert (answered.status_code, answered.headers["x-mark"]) == (500, "1")


def test_an_error_hook_of_an_installed_stack_answers_for_a_handler() -> None:
    app = Starlette()
    stack(trace("A", [], error=answer(409)), handlers={"/a": broken}).install(app)
    assert TestClient(app).get("/a").status_code == 409


def test_handlers_need_asgi() -> None:
    with pytest.raises(ConfigError) as refused:
        stack(Middleware(GZipMiddleware), handlers={"/a": Tells()}).wsgi(lambda environ, start: [])
    assert [str(problem) for problem in refused.value.problems] == [
        "stack[0]: GZipMiddleware needs ASGI; leave it out of the stack around a WSGI application",
        "handlers['/a']: a handler needs ASGI; leave it out of the stack around a WSGI application",
    ]


def test_a_stack_of_handlers_shows_what_it_holds() -> None:
    shown = repr(stack(Says(), handlers={"/a": Tells(text="x")}))
    assert shown == "stack(Says(), handlers={'/a': Tells(text='x')})"


def test_many_requests_at_once_find_their_own_parameters() -> None:
    app = stack(handlers={"/a/{x}": Tells()})(hello)

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(asked(app, f"/a/{place}") for place in range(20)))

    assert asyncio.run(all_at_once()) == [f"handler {{'x': '{place}'}}" for place in range(20)]
