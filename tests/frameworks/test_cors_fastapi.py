"""CORS around FastAPI: its own documented call, and stacks around applications with logins, errors and mounts."""

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware as FastAPICORS
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient

from tests.cors.cases import EVIL, A, cors_headers, pairs
from toolkit import CORS, CORSMiddleware, stack

YES, NO = sorted(pairs(f"Vary: Origin | ACAO: {A}")), sorted(pairs("Vary: Origin"))
ASKING = {"Origin": A, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}


def make() -> FastAPI:
    app = FastAPI()

    @app.put("/orders")
    async def orders(token: Annotated[object, Depends(HTTPBearer())]) -> dict[str, str]:
        return {"order": "tea"}

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404, "no such thing", {"X-Own": "1"})

    @app.get("/broken")
    async def broken() -> None:
        raise OSError("disk full")

    @app.get("/typed")
    async def typed(number: int) -> int:
        return number

    @app.exception_handler(OSError)
    async def teapot(request: Request, exc: OSError) -> JSONResponse:
        return JSONResponse({"detail": str(exc)}, 507)

    return app


STATUSES = {
    "/missing": 404,
    "/nowhere": 404,
    "/broken": 507,
    "/typed?number=x": 422,
    "/typed?number=1": 200,
    "/docs": 200,
}


@pytest.mark.parametrize("path", STATUSES)
def test_every_answer_has_the_headers(path: str) -> None:
    app = make()
    stack(CORS(allow_origins=[A])).install(app)
    client = TestClient(app)
    for origin, headers in ((A, YES), (EVIL, NO)):
        answer = client.get(path, headers={"Origin": origin})
        assert (answer.status_code, cors_headers(answer.headers.raw)) == (STATUSES[path], headers)


def test_a_preflight_passes_a_login_and_the_refusal_of_a_login_is_read() -> None:
    app = make()
    stack(CORS(allow_origins=[A], allow_methods=["PUT"], allow_headers=["authorization"])).install(app)
    client = TestClient(app)
    assert client.options("/orders", headers=ASKING).status_code == 204
    refused = client.put("/orders", headers={"Origin": A})
    assert refused.status_code in {401, 403}
    assert cors_headers(refused.headers.raw) == YES
    allowed = client.put("/orders", headers={"Origin": A, "Authorization": "Bearer 1"})
    assert (allowed.json(), cors_headers(allowed.headers.raw)) == ({"order": "tea"}, YES)


def test_the_call_of_fastapis_pages_works_with_either() -> None:
    answers = []
    for middleware in (FastAPICORS, CORSMiddleware):
        app = make()
        app.add_middleware(
            middleware,
            allow_origins=["http://localhost", A],
            allow_credentials=True,
            allow_methods=["*"],
            allow_headers=["*"],
        )
        client = TestClient(app)
        asked = client.options("/orders", headers=ASKING)
        got = client.get("/missing", headers={"Origin": A})
        names = ("access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-headers")
        answers.append([asked.is_success, *(asked.headers.get(name) for name in names), cors_headers(got.headers.raw)])
    assert answers[0] == answers[1]
    assert answers[0][:4] == [True, A, "true", "authorization"]


def test_a_mounted_application_is_covered_and_may_have_a_policy_of_its_own() -> None:
    outer, inner = FastAPI(), make()
    outer.mount("/v1", CORS(allow_origins=[A])(inner))
    outer.mount("/v2", make())
    client = TestClient(outer)
    assert cors_headers(client.get("/v1/missing", headers={"Origin": A}).headers.raw) == YES
    assert cors_headers(client.get("/v2/missing", headers={"Origin": A}).headers.raw) == []
    assert client.options("/v1/orders", headers=ASKING).status_code == 204
