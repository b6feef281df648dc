"""What a request, or an application, may not do: get past a layer that stands before it."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.engine import wsgi
from tests.engine.asgi import http_scope, run
from toolkit import Exchange, Layer, Stack, stack


class Guard(Layer):
    """Answers in the application's place where it is on."""

    on: bool = False

    def request(self, exchange: Exchange) -> Response | None:
        return PlainTextResponse("guarded", 403) if self.on else None


class Posts(Layer):
    """Answers every POST."""

    methods: ClassVar[tuple[str, ...] | None] = ("POST",)

    def request(self, exchange: Exchange) -> Response | None:
        return PlainTextResponse("guarded", 403)


class Quiet(Layer):
    def response(self, exchange: Exchange, start: Any) -> None: ...


def guarded_login() -> Stack:
    return stack(Guard(), routes={"POST /login": {"guard": {"on": True}}})


async def login(request: Request) -> Response:
    return PlainTextResponse("reached")


def test_what_copies_a_wrapper_is_not_taken_for_it() -> None:
    inner = Quiet()(PlainTextResponse("secret"))

    @functools.wraps(inner)
    async def auth(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("denied", 401)(scope, receive, send)

    assert TestClient(Guard()(auth)).get("/").text == "denied"


def test_what_passes_attributes_on_is_not_taken_for_the_wrapper() -> None:
    inner = Quiet()(PlainTextResponse("secret"))

    class Auth:
        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse("denied", 401)(scope, receive, send)

    assert TestClient(Guard()(Auth())).get("/").text == "denied"


def test_what_copies_a_wsgi_wrapper_is_not_taken_for_it() -> None:
    def secret(environ: Any, start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [])
        return [b"secret"]

    inner = Quiet().wsgi(secret)

    @functools.wraps(inner)
    def auth(environ: Any, start: Callable[..., Any]) -> list[bytes]:
        start("401 Unauthorized", [])
        return [b"denied"]

    assert wsgi.run(Guard().wsgi(auth)).body == b"denied"


@pytest.mark.parametrize("path", ["/login", "/login%0A"])
def test_a_final_newline_leads_past_no_route(path: str) -> None:
    app = guarded_login()(Starlette(routes=[Route("/login", login, methods=["POST"])]))
    assert TestClient(app).post(path).text == "guarded"


@pytest.mark.parametrize("path", ["/login", "//login", "login"])
def test_slashes_before_a_wsgi_path_lead_past_no_route(path: str) -> None:
    def app(environ: Any, start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [])
        return [b"reached"]

    environ = wsgi.environ_of("POST") | {"PATH_INFO": path}
    assert wsgi.run(guarded_login().wsgi(app), environ).body == b"guarded"


@pytest.mark.parametrize("method", ["POST", "post", "pOsT"])
@pytest.mark.parametrize("protect", [guarded_login(), stack(Posts())], ids=["a route", "a layer's methods"])
async def test_the_case_of_a_method_leads_past_no_layer(protect: Stack, method: str) -> None:
    outcome = await run(protect(PlainTextResponse("reached")), http_scope(method, "/login"))
    assert outcome.status == 403


def test_a_path_stays_what_it_was_when_a_layer_first_asked() -> None:
    seen = []

    class Sees(Layer):
        def request(self, exchange: Exchange) -> None:
            seen.append(exchange.path)

        def done(self, exchange: Exchange, exc: BaseException | None) -> None:
            seen.append(exchange.path)

    TestClient(Sees()(Starlette(routes=[Mount("/api", routes=[Route("/users", login)])]))).get("/api/users")
    assert seen == ["/api/users", "/api/users"]
