"""The example applications, bare and wrapped, and the commands that examples/README.md gives for them."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from starlette.websockets import WebSocketDisconnect
from werkzeug.test import Client

import toolkit
from examples import django_app, fastapi_app, flask_app, shop_by_file, shop_protected
from examples.shop.app import create_app
from toolkit.options import declared

ROOT = Path(__file__).parents[2]
FRONT = "https://www.shop.example"
PARTNER = "https://tea.partner.example"
FOREIGN = "https://shop.example"
LOCAL = "http://localhost:5173"
ALLOW_ORIGIN = "access-control-allow-origin"


def client(app: ASGIApp) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


# The shop


@pytest.mark.parametrize("app", [create_app(), shop_protected.app, shop_by_file.app], ids=["bare", "protected", "file"])
def test_the_shop_sells(app: ASGIApp) -> None:
    with client(app) as shop:
        shop.cookies.set("customer", "ada")
        assert "<h1>Tea</h1>" in shop.get("/").text
        assert [product["sku"] for product in shop.get("/api/products").json()] == ["assam", "sencha", "pot"]
        order = shop.post("/api/orders", json={"sku": "pot"})
        assert (order.status_code, order.headers["location"]) == (201, "/api/orders/1")
        assert shop.get("/api/report").json() == {"average": 3400}
        assert shop.delete("/api/orders/1").status_code == 204
        assert shop.delete("/api/orders/1").status_code == 404
        assert shop.get("/api/orders").json() == []
        assert shop.get("/api/report").status_code == 500
        assert shop.get("/files/leaf.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("app", [create_app(), shop_protected.app, shop_by_file.app], ids=["bare", "protected", "file"])
def test_the_shop_tells_of_each_change_until_nothing_is_left(app: ASGIApp) -> None:
    with client(app) as shop, shop.websocket_connect("/api/stock") as stock:
        assert stock.receive_json()["pot"] == 3
        for left in (2, 1, 0):
            assert shop.post("/api/orders", json={"sku": "pot"}).status_code == 201
            assert stock.receive_json()["pot"] == left
        assert shop.post("/api/orders", json={"sku": "pot"}).json() == {"error": "pot is sold out"}
        assert shop.post("/api/orders", json={"sku": "cup"}).status_code == 409


def test_the_shop_itself_knows_no_other_origins() -> None:
    with client(create_app()) as shop:
        assert ALLOW_ORIGIN not in shop.get("/api/products", headers={"Origin": FRONT}).headers
        with shop.websocket_connect("/api/stock", headers={"Origin": FOREIGN}) as stock:
            assert stock.receive_json()["pot"] == 3


@pytest.mark.parametrize(
    ("line", "origin", "status", "allowed"),
    [
        ("GET /api/orders", FRONT, 200, FRONT),
        ("GET /api/orders", PARTNER, 200, PARTNER),
        ("GET /api/orders", "https://a.b.partner.example", 200, None),
        ("GET /api/orders", FOREIGN, 200, None),
        ("GET /api/report", FRONT, 500, FRONT),
        ("GET /api/nothing", FRONT, 404, FRONT),
        ("PUT /api/orders", FRONT, 405, FRONT),
        ("GET /api/products", FOREIGN, 200, "*"),
        ("GET /files/prices.csv", FRONT, 200, None),
    ],
)
def test_the_protected_shop_names_who_may_read(line: str, origin: str, status: int, allowed: str | None) -> None:
    with client(shop_protected.app) as shop:
        answer = shop.request(*line.split(), headers={"Origin": origin})
    assert (answer.status_code, answer.headers.get(ALLOW_ORIGIN)) == (status, allowed)


@pytest.mark.parametrize(
    ("path", "method", "origin", "status", "allowed"),
    [
        ("/api/orders/1", "DELETE", FRONT, 204, FRONT),
        ("/api/orders/1", "DELETE", FOREIGN, 403, None),
        ("/api/products", "GET", FOREIGN, 204, "*"),
        ("/files/prices.csv", "GET", FRONT, 405, None),
    ],
    ids=["allowed", "denied", "public", "off"],
)
def test_the_protected_shop_answers_preflights(
    path: str, method: str, origin: str, status: int, allowed: str | None
) -> None:
    with client(shop_protected.app) as shop:
        answer = shop.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method})
    assert (answer.status_code, answer.headers.get(ALLOW_ORIGIN)) == (status, allowed)


def test_the_protected_shop_refuses_the_sockets_of_other_sites() -> None:
    with client(shop_protected.app) as shop:
        for origin in (FRONT, "http://testserver"):
            with shop.websocket_connect("/api/stock", headers={"Origin": origin}) as stock:
                assert stock.receive_json()["pot"] == 3
        with pytest.raises(WebSocketDisconnect), shop.websocket_connect("/api/stock", headers={"Origin": FOREIGN}):
            pass


# The same stacks from files


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("shop.toml", shop_protected),
        ("fastapi_app.yaml", fastapi_app),
        ("flask_app.json", flask_app),
        ("django_app.toml", django_app),
    ],
)
def test_a_file_says_what_the_code_says(file: str, module: Any) -> None:
    compiled, written = toolkit.compile(ROOT / "examples" / file), module.protect
    assert [held(layer) for layer in compiled.layers] == [held(layer) for layer in written.layers]
    assert compiled.routes == written.routes


def held(layer: toolkit.Layer) -> dict[str, Any]:
    return {entry.name: getattr(layer, entry.name) for entry in declared(type(layer))}


@pytest.mark.parametrize(
    ("path", "status", "headers", "text"),
    [
        ("/catalogue/tea?page=2", 308, {"location": "/api/products?page=2", ALLOW_ORIGIN: FRONT}, ""),
        ("/health", 200, {"content-type": "application/json", ALLOW_ORIGIN: None}, '{"status":"open"}'),
        ("/api/report", 500, {ALLOW_ORIGIN: FRONT}, "Internal Server Error"),
    ],
)
def test_the_shop_by_file_answers_by_itself(path: str, status: int, headers: dict[str, str | None], text: str) -> None:
    with client(shop_by_file.app) as shop:
        answer = shop.get(path, headers={"Origin": FRONT}, follow_redirects=False)
    assert (answer.status_code, answer.text) == (status, text)
    assert {name: answer.headers.get(name) for name in headers} == headers


# The same application in three frameworks


class Reply(Protocol):
    """What the responses of both test clients have."""

    @property
    def status_code(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def headers(self) -> Any: ...


Ask = Callable[..., Reply]


def over_asgi(app: ASGIApp) -> Ask:
    return client(app).request


def over_wsgi(app: Any) -> Ask:
    opened = Client(app)
    return lambda method, path, **content: opened.open(path, method=method, **content)


NOTES = pytest.mark.parametrize(
    ("ask", "notes", "switched_off"),
    [
        (over_asgi(fastapi_app.app), fastapi_app.notes, "/openapi.json"),
        (over_wsgi(flask_app.app), flask_app.notes, "/static/nothing"),
        (over_wsgi(django_app.application), django_app.notes, "/static/nothing"),
    ],
    ids=["fastapi", "flask", "django"],
)


CALLS: list[tuple[str, dict[str, Any], int, str]] = [
    ("GET", {}, 200, "buy tea"),
    ("PUT", {"json": {"text": "drink tea"}}, 200, "drink tea"),
    ("DELETE", {}, 405, ""),
]


@NOTES
@pytest.mark.parametrize(("origin", "allowed"), [(LOCAL, LOCAL), (FOREIGN, None)], ids=["allowed", "foreign"])
def test_notes(ask: Ask, notes: dict[str, str], switched_off: str, origin: str, allowed: str | None) -> None:
    notes["tea"] = "buy tea"
    for method, content, status, text in CALLS:
        answer = ask(method, "/notes/tea", headers={"Origin": origin}, **content)
        assert (answer.status_code, answer.headers.get(ALLOW_ORIGIN)) == (status, allowed)
        assert answer.headers["vary"] == "Origin"
        assert text in answer.text


@NOTES
def test_notes_that_fail_still_say_who_may_read(ask: Ask, notes: dict[str, str], switched_off: str) -> None:
    notes.clear()
    answer = ask("GET", "/notes/tea", headers={"Origin": LOCAL})
    assert (answer.status_code, answer.headers.get(ALLOW_ORIGIN)) == (500, LOCAL)


@NOTES
def test_notes_answer_preflights(ask: Ask, notes: dict[str, str], switched_off: str) -> None:
    asking = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    allowed = ask("OPTIONS", "/notes/tea", headers={"Origin": LOCAL, **asking})
    assert (allowed.status_code, allowed.headers[ALLOW_ORIGIN]) == (204, LOCAL)
    assert allowed.headers["access-control-allow-methods"] == "GET, PUT"
    assert allowed.headers["access-control-max-age"] == "3600"
    assert ask("OPTIONS", "/notes/tea", headers={"Origin": FOREIGN, **asking}).status_code == 403


@NOTES
def test_notes_leave_switched_off_routes_alone(ask: Ask, notes: dict[str, str], switched_off: str) -> None:
    answer = ask("GET", switched_off, headers={"Origin": LOCAL})
    assert ALLOW_ORIGIN not in answer.headers
    assert "Origin" not in answer.headers.get("vary", "")


# The commands

COMMANDS = re.findall(
    r"\| `((?:uvicorn|flask|python -m examples\.\w+_app) .+?)` \|", (ROOT / "examples/README.md").read_text()
)
PORT = {"uvicorn": "--port={}", "flask": "--port={}", "python": "127.0.0.1:{}"}


def test_every_application_has_a_command() -> None:
    told = {module for command in COMMANDS for module in re.findall(r"examples\.[\w.]+", command)}
    files = [ROOT / "examples/shop/app.py", *ROOT.glob("examples/shop_*.py"), *ROOT.glob("examples/*_app.py")]
    assert told == {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_serves_its_application(command: str) -> None:
    port = free_port()
    program, *arguments = command.split()
    modules = [] if program == "python" else ["-m", program]
    arguments = [*arguments, PORT[program].format(port)]
    with subprocess.Popen(
        [sys.executable, *modules, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            answer = first_answer(f"http://127.0.0.1:{port}/", server)
        finally:
            server.terminate()
    assert answer.status_code == (200 if "shop" in command else 404)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def first_answer(url: str, server: subprocess.Popen[bytes]) -> httpx2.Response:
    """What the server answers once it does. Raises ConnectError where it ends before, or takes too long."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx2.get(url, trust_env=False)
        except httpx2.ConnectError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
