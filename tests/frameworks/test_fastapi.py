"""Stacks around FastAPI applications."""

import contextvars
from collections.abc import AsyncIterator

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.engine.traces import Log, Mark, answer, only, trace
from toolkit import Exchange, Layer, middleware, stack

tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


def make() -> FastAPI:
    app = FastAPI()

    @app.get("/fine")
    async def fine() -> dict[str, str]:
        return {"answer": "fine"}

    @app.get("/broken")
    async def broken() -> None:
        raise OSError("disk full")

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404, "no such thing")

    return app


@pytest.mark.parametrize(
    ("path", "status"), [("/fine", 200), ("/missing", 404), ("/nowhere", 404), ("/docs", 200), ("/broken", 500)]
)
def test_every_answer_passes_an_installed_stack(path: str, status: int) -> None:
    app = make()
    stack(Mark()).install(app)
    answered = TestClient(app, raise_server_exceptions=False).get(path)
    assert (answered.status_code, answered.headers["x-mark"]) == (status, "1")


def test_an_error_hook_answers_before_the_framework() -> None:
    app = make()
    log: Log = []
    stack(trace("A", log, error=answer(409))).install(app)
    assert TestClient(app).get("/broken").status_code == 409
    assert TestClient(app).get("/missing").json() == {"detail": "no such thing"}
    assert only(log, "error") == ["A.error OSError"]


def test_a_handler_of_500_that_the_application_has_is_kept() -> None:
    app = make()

    @app.exception_handler(Exception)
    async def handler(request: Request, exc: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(exc)}, 500)

    stack(Mark()).install(app)
    answered = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert (answered.json(), answered.headers["x-mark"]) == ({"detail": "disk full"}, "1")


def test_a_failure_is_still_raised_for_the_test_client() -> None:
    app = make()
    stack(Mark()).install(app)
    with pytest.raises(OSError, match="disk full"):
        TestClient(app).get("/broken")


def test_add_middleware_takes_layers() -> None:
    app = make()
    app.add_middleware(middleware(Mark))
    assert TestClient(app).get("/fine").headers["x-mark"] == "1"


def test_a_context_variable_set_in_a_dependency_is_visible_outside() -> None:
    async def set_tenant() -> AsyncIterator[None]:
        tenant.set("ada")
        yield

    app = make()
    seen: Log = []

    @app.get("/tenant", dependencies=[Depends(set_tenant)])
    async def endpoint() -> str:
        return tenant.get()

    stack(trace("A", [], response=lambda *_: seen.append(tenant.get()))).install(app)
    assert TestClient(app).get("/tenant").json() == "ada"
    assert seen == ["ada"]


def test_routes_of_a_stack_match_below_a_mounted_application() -> None:
    inner, outer = make(), FastAPI()
    stack(Mark(), routes={"/fine": {"mark": False}}).install(inner)
    outer.mount("/inner", inner)
    client = TestClient(outer)
    marked = ["x-mark" in client.get(path).headers for path in ("/inner/fine", "/inner/missing", "/fine")]
    assert marked == [False, True, False]


class Guard(Layer):
    """Answers in the application's place where it is on."""

    on: bool = False

    def request(self, exchange: Exchange) -> Response | None:
        return PlainTextResponse("guarded", 403) if self.on else None


@pytest.mark.parametrize("path", ["/api/v1/login", "/login"])
def test_the_root_path_of_an_application_leads_past_no_route(path: str) -> None:
    app = FastAPI()
    app.root_path = "/api/v1"
    app.add_api_route("/login", lambda: "reached", methods=["POST"])
    guarded = stack(Guard(), routes={"POST /login": {"guard": {"on": True}}})(app)
    assert TestClient(guarded).post(path).text == "guarded"
