"""CORS where it takes ASGI: WebSocket handshakes, frameworks around it, and responses that are sent again."""

from itertools import count
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from tests.cors.cases import AWAITED, BROKEN, CHECKED, ECHO, EVIL, LISTED, PUBLIC, REGEX, TEA, A, cors_headers, pairs
from tests.engine.asgi import Outcome, answering, echo, get, http_scope, run, socket_scope
from toolkit import CORS, CORSMiddleware, Exchange, Layer, Stack, stack

HERE = "Host: api.example"
OFF = CORS(allow_origins=[A], check_websockets=False)
LOGIN = CORS(allow_origins=[A], allow_credentials=True)
ROUTED = stack(
    CORS(allow_origins=[A]),
    routes={
        "GET /open": {"cors": {"check_websockets": False}},
        "POST /post": {"cors": False},
        "/off/**": {"cors": False},
        "/tea": {"cors": {"allow_origins": [TEA]}},
    },
)

# The layer, the handshake's headers and path, and whether it passes.
HANDSHAKES: dict[str, tuple[CORS | Stack, str, str, bool]] = {
    "no Origin": (LISTED, HERE, "/", True),
    "an allowed origin": (LISTED, f"{HERE} | Origin: {A}", "/", True),
    "a wildcard": (LISTED, f"{HERE} | Origin: {TEA}", "/", True),
    "an expression": (REGEX, f"{HERE} | Origin: https://b.example", "/", True),
    "a foreign origin": (LISTED, f"{HERE} | Origin: {EVIL}", "/", False),
    "a foreign origin with a cookie": (LOGIN, f"{HERE} | Origin: {EVIL} | Cookie: a=b", "/", False),
    "null": (LISTED, f"{HERE} | Origin: null", "/", False),
    "no UTF-8": (LISTED, f"{HERE} | Origin: https://\xff.example", "/", False),
    "an empty Origin": (LISTED, f"{HERE} | Origin: ", "/", False),
    "two origins": (LISTED, f"{HERE} | Origin: {A} | Origin: {EVIL}", "/", False),
    "no Host": (LISTED, f"Origin: {EVIL}", "/", False),
    "the same host": (LISTED, f"{HERE} | Origin: https://api.example", "/", True),
    "the same host over http": (LISTED, f"{HERE} | Origin: http://api.example", "/", True),
    "the same host with the port of the scheme": (
        LISTED,
        "Host: api.example:443 | Origin: https://api.example",
        "/",
        True,
    ),
    "the same host and port": (LISTED, "Host: api.example:8000 | Origin: http://api.example:8000", "/", True),
    "the same host in capitals": (LISTED, "Host: API.example | Origin: https://api.example", "/", True),
    "the same host, another port": (LISTED, "Host: api.example:8000 | Origin: http://api.example:8001", "/", False),
    "the port of the other scheme": (LISTED, "Host: api.example:80 | Origin: https://api.example", "/", False),
    "a host that begins alike": (LISTED, f"{HERE} | Origin: https://api.example.evil.example", "/", False),
    "a host that ends alike": (LISTED, f"{HERE} | Origin: https://evil-api.example", "/", False),
    "a subdomain of the host": (LISTED, f"{HERE} | Origin: https://x.api.example", "/", False),
    "everybody": (PUBLIC, f"{HERE} | Origin: {EVIL}", "/", True),
    "null for everybody": (PUBLIC, f"{HERE} | Origin: null", "/", True),
    "a check": (CHECKED, f"{HERE} | Origin: {TEA} | X-Tenant: tea", "/", True),
    "a check that says no": (CHECKED, f"{HERE} | Origin: {TEA}", "/", False),
    "an awaited check": (AWAITED, f"{HERE} | Origin: {TEA} | X-Tenant: tea", "/", True),
    "an awaited check that says no": (AWAITED, f"{HERE} | Origin: {TEA}", "/", False),
    "a check that fails": (BROKEN, f"{HERE} | Origin: {TEA}", "/", False),
    "check off": (OFF, f"{HERE} | Origin: {EVIL}", "/", True),
    "check off on a route": (ROUTED, f"{HERE} | Origin: {EVIL}", "/open", True),
    "check on beside a route": (ROUTED, f"{HERE} | Origin: {EVIL}", "/", False),
    "CORS off on a route": (ROUTED, f"{HERE} | Origin: {EVIL}", "/off/a", True),
    "a route for another method": (ROUTED, f"{HERE} | Origin: {EVIL}", "/post", False),
    "origins of a route": (ROUTED, f"{HERE} | Origin: {TEA}", "/tea", True),
    "not the origins of a route": (ROUTED, f"{HERE} | Origin: {A}", "/tea", False),
}


async def shake(layers: CORS | Stack, headers: str, path: str, *, denial: bool) -> Outcome:
    outcome = await run(layers(echo), socket_scope(path, pairs(headers), denial=denial))
    assert outcome.raised is None
    return outcome


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_a_handshake_passes_or_is_refused(name: str) -> None:
    layers, headers, path, passes = HANDSHAKES[name]
    denied, closed = [await shake(layers, headers, path, denial=denial) for denial in (True, False)]
    if passes:
        assert denied.types == closed.types == ["websocket.accept"]
        assert cors_headers(denied.sent[0].get("headers", [])) == []
    else:
        assert (denied.types[0], denied.status) == ("websocket.http.response.start", 403)
        assert (closed.types, closed.close_code) == (["websocket.close"], 1008)
        assert cors_headers(denied.headers) == []


@pytest.mark.parametrize(
    ("scheme", "origin", "passes"),
    [
        ("ws", "http://api.example", True),
        ("ws", "https://api.example", True),
        ("wss", "https://api.example", True),
        ("wss", "http://api.example", False),
        ("ws", "ionic://api.example", False),
    ],
)
async def test_a_page_that_came_over_http_is_no_page_of_a_host_that_speaks_wss(
    scheme: str, origin: str, passes: bool
) -> None:
    layer = CORS(allow_origins=["https://app.example"])
    headers = [(b"host", b"api.example"), (b"origin", origin.encode())]
    outcome = await run(layer(echo), {**socket_scope(headers=headers), "scheme": scheme})
    assert (outcome.types == ["websocket.accept"]) is passes


@pytest.mark.parametrize("name", [b"Access-Control-Allow-Origin", b"ACCESS-CONTROL-ALLOW-ORIGIN"])
@pytest.mark.parametrize(("origin", "allowed"), [(A.encode(), [A.encode()]), (b"https://evil.example", [])])
async def test_headers_of_an_application_that_writes_them_in_capitals_are_replaced_too(
    name: bytes, origin: bytes, allowed: list[bytes]
) -> None:
    app = CORS(allow_origins=[A])(answering(200, [(name, b"*")]))
    outcome = await get(app, headers=[(b"origin", origin)])
    assert [value for key, value in outcome.headers if key.lower() == b"access-control-allow-origin"] == allowed


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine", headers={"X-Total": "7"})


async def broken(request: Request) -> Response:
    raise LookupError("no such order")


async def missing(request: Request) -> Response:
    raise HTTPException(410, "gone")


async def moved(request: Request) -> Response:
    return RedirectResponse("/fine")


ROUTES = [Route(f"/{view.__name__}", view) for view in (fine, broken, missing, moved)]
PATHS = {"/fine": 200, "/fine/": 307, "/broken": 500, "/missing": 410, "/moved": 307, "/nowhere": 404}


def client(app: Any) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def said(app: Any, path: str, origin: str = A, method: str = "GET") -> tuple[int, list[tuple[bytes, bytes]]]:
    answer = client(app).request(method, path, headers={"Origin": origin})
    return answer.status_code, cors_headers(answer.headers.raw)


YES, NO = sorted(pairs(f"Vary: Origin | ACAO: {A}")), sorted(pairs("Vary: Origin"))


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_of_an_application_has_the_headers_where_it_is_installed(path: str) -> None:
    app = Starlette(routes=ROUTES)
    stack(CORS(allow_origins=[A])).install(app)
    assert said(app, path) == (PATHS[path], YES)
    assert said(app, path, EVIL) == (PATHS[path], NO)


@pytest.mark.parametrize("path", PATHS)
def test_and_where_it_is_wrapped(path: str) -> None:
    app = CORS(allow_origins=[A])(Starlette(routes=ROUTES))
    assert said(app, path) == (PATHS[path], YES)
    assert said(app, path, EVIL) == (PATHS[path], NO)


def test_added_as_middleware_it_stands_inside_what_answers_failures() -> None:
    app = Starlette(routes=ROUTES)
    app.add_middleware(CORSMiddleware, allow_origins=[A])
    answers = {path: said(app, path) for path in PATHS}
    assert answers == {path: (status, [] if status == 500 else YES) for path, status in PATHS.items()}


@pytest.mark.parametrize("handled", [500, Exception])
def test_the_applications_own_page_for_failures_is_kept(handled: Any) -> None:
    async def page(request: Request, exc: Exception) -> Response:
        return PlainTextResponse(f"sorry: {exc}", 500)

    app = Starlette(routes=ROUTES, exception_handlers={handled: page})
    stack(CORS(allow_origins=[A])).install(app)
    answer = client(app).get("/broken", headers={"Origin": A})
    assert (answer.status_code, answer.text) == (500, "sorry: no such order")
    assert cors_headers(answer.headers.raw) == YES


def test_a_method_that_a_route_does_not_have_is_a_405_with_headers() -> None:
    app = CORS(allow_origins=[A], allow_methods=["PUT"])(Starlette(routes=ROUTES))
    assert said(app, "/fine", method="PUT") == (405, YES)
    assert said(app, "/fine", method="OPTIONS") == (405, YES)


@pytest.mark.parametrize("path", PATHS)
def test_an_application_that_is_mounted_has_what_stands_around_all(path: str) -> None:
    inner = Starlette(routes=ROUTES)
    app = CORS(allow_origins=[A])(Starlette(routes=[Mount("/v1", inner)]))
    status, headers = said(app, f"/v1{path}")
    assert (status, headers) == (PATHS[path], YES)


def test_routes_are_those_that_a_mounted_application_has_itself() -> None:
    protect = stack(
        CORS(allow_origins=[A]), routes={"GET /missing": {"cors": False}, "/fine": {"cors": {"max_age": 5}}}
    )
    outer = Starlette(routes=[Mount("/v1", protect(Starlette(routes=ROUTES)))])
    assert said(outer, "/v1/missing") == (410, [])
    assert said(outer, "/v1/moved") == (307, YES)
    asked = client(outer).options("/v1/fine", headers={"Origin": A, "Access-Control-Request-Method": "PUT"})
    assert (asked.status_code, asked.headers["access-control-max-age"]) == (204, "5")


def test_a_mount_with_a_layer_of_its_own() -> None:
    outer = Starlette(routes=[Mount("/v1", CORS(allow_origins=[A])(Starlette(routes=ROUTES))), *ROUTES])
    assert said(outer, "/v1/nowhere") == (404, YES)
    assert said(outer, "/fine") == (200, [])
    asked = client(outer).options("/v1/fine", headers={"Origin": A, "Access-Control-Request-Method": "PUT"})
    assert asked.status_code == 204


async def test_a_response_that_is_sent_again_carries_nothing_of_another_origin() -> None:
    cached = PlainTextResponse("once made", headers={"Vary": "Accept", "X-Total": "1"})
    before = list(cached.raw_headers)
    for layer in (LISTED, CORS(allow_origins=[A, TEA], expose_headers=["*"], allow_credentials=True)):
        app = layer(cached)
        for origin in (A, TEA, EVIL, A, None):
            outcome = await get(app, headers=() if origin is None else [(b"origin", origin.encode())])
            allowed = [origin.encode()] if origin in {A, TEA} else []
            assert [value for name, value in outcome.headers if name == b"access-control-allow-origin"] == allowed
            assert outcome.header(b"vary") == b"Accept, Origin"
        assert cached.raw_headers == before


class Numbered(Layer):
    """Counts answers in a header."""

    def compile(self) -> None:
        self._numbers = count(1)

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append((b"x-number", b"%d" % next(self._numbers)))


@pytest.mark.parametrize("layer", [LISTED, ECHO], ids=["constant", "remembered"])
async def test_a_preflight_answer_that_is_kept_is_not_changed_by_a_layer_outside(layer: CORS) -> None:
    asking = [(b"origin", A.encode()), (b"access-control-request-method", b"PUT")]
    app = stack(Numbered(), layer)(echo)
    for number in (b"1", b"2", b"3"):
        outcome = await run(app, http_scope("OPTIONS", "/", asking))
        assert outcome.status == 204
        assert [value for name, value in outcome.headers if name == b"x-number"] == [number]


async def test_an_origin_check_that_waits_sees_the_scope_of_its_request() -> None:
    seen: list[tuple[str, str]] = []

    async def check(origin: str, scope: Scope) -> bool:
        seen.append((origin, scope["path"]))
        return origin == A

    app = CORS(origin_check=check)(PlainTextResponse("fine"))
    for origin in (A, EVIL):
        outcome = await get(app, "/orders", [(b"origin", origin.encode())])
        assert cors_headers(outcome.headers) == (YES if origin == A else NO)
    assert seen == [(A, "/orders"), (EVIL, "/orders")]
