"""Real cross-origin requests of a real browser: what its scripts read, and which requests it sends at all.

Pages are of app.localhost, evil.localhost or 127.0.0.1, the API is another port of 127.0.0.1. All of it is loopback and
so one address space: Chromium's Local Network Access asks nobody for permission, and no flag is needed.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from tests.cors import browser as model
from tests.servers import serve
from toolkit import CORS, CORSMiddleware, stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

pytestmark = pytest.mark.browser

PROTECT = stack(
    CORS(
        allow_origins=["http://app.localhost:*"],
        allow_methods=["PATCH", "PUT"],
        allow_headers=["x-a", "x-b"],
        expose_headers=["X-Total"],
        policies={
            "public": {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "expose_headers": ["*"]},
            "login": {
                "allow_origins": ["http://app.localhost:*", "http://127.0.0.1:*"],
                "allow_methods": ["*"],
                "allow_headers": ["*"],
                "expose_headers": ["*"],
                "allow_credentials": True,
            },
        },
    ),
    routes={
        "/public/**": {"cors": {"policy": "public"}},
        "/bearer/**": {"cors": {"allow_origins": ["*"], "allow_headers": ["*", "authorization"]}},
        "/login/**": {"cors": {"policy": "login"}},
        "/strict/**": {"cors": {"strict_preflight": True}},
        "/timed/**": {"cors": {"timing_allow_origin": True}},
        "/brief/**": {"cors": {"max_age": 0}},
        "/off/**": {"cors": False},
    },
)


async def answer(request: Request) -> Response:
    """Answers /POLICY/WHAT: with data, a status, a failure, or a redirect to what `to` says."""
    what = request.path_params["what"]
    if what == "broken":
        raise LookupError("no such order")
    if what == "moved":
        return RedirectResponse(request.query_params["to"])
    status = int(what) if what.isdigit() else 200
    response = JSONResponse({"cookie": request.headers.get("cookie")}, status, headers={"X-Total": "7", "X-Own": "1"})
    if what == "cookies":
        for cookie in ("lax=1", "none=1; SameSite=None; Secure", "part=1; SameSite=None; Secure; Partitioned"):
            response.headers.append("set-cookie", cookie)
    return response


async def page(request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>A page</title><iframe sandbox="allow-scripts" srcdoc="framed"></iframe>')


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


def shop() -> Starlette:
    methods = ["DELETE", "GET", "PATCH", "POST", "PUT"]
    return Starlette(
        routes=[
            Route("/page", page),
            WebSocketRoute("/{policy}/ws", echo),
            Route("/{policy}/{what}", answer, methods=methods),
        ]
    )


def installed() -> ASGIApp:
    app = shop()
    PROTECT.install(app)
    return app


@dataclass
class World:
    """An API and pages on other origins. `arrived` holds each request that came to the API: its method and path."""

    browser: "Browser"
    api: str
    pages: str
    arrived: list[str] = field(default_factory=list)

    def open(self, host: str = "app.localhost") -> "Page":
        tab = self.browser.new_page()
        tab.goto(f"http://{host}:{urlsplit(self.pages).port}/page")
        return tab

    def read(self, tab: "Page | Frame", path: str, **init: Any) -> dict[str, Any] | None:
        """What a script gets of `fetch(path, init)`; None if it fails."""
        read: dict[str, Any] | None = tab.evaluate(FETCH, [self.api + path, init])
        return read


FETCH = """([url, init]) => fetch(url, init).then(
    async got => ({status: got.status, names: [...got.headers.keys()].sort(), text: await got.text()}),
    error => null)"""

CONNECT = """url => new Promise(done => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = message => done(message.data);
    socket.onclose = closed => done(closed.code);
})"""

Live = Callable[[ASGIApp], AbstractContextManager[World]]


@pytest.fixture
def live(browser: "Browser") -> Live:
    @contextmanager
    def run(app: ASGIApp) -> Iterator[World]:
        arrived: list[str] = []

        async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                arrived.append(f"{scope['method']} {scope['path']}")
            await app(scope, receive, send)

        with serve(recorded, log_level="critical") as api, serve(Starlette(routes=[Route("/page", page)])) as pages:
            yield World(browser, api, pages, arrived)

    return run


FORM = {"method": "POST", "headers": {"content-type": "application/x-www-form-urlencoded"}, "body": "a=b"}
JSON = {"method": "PUT", "headers": {"content-type": "application/json", "x-a": "1"}, "body": "{}"}
BEARER = {"headers": {"authorization": "Bearer 1"}}
COOKIE = {"credentials": "include"}
APP, EVIL = "app.localhost", "evil.localhost"

# The page's host, the path, what the script asks for, and the status and the names beside the safe ones that it reads.
# API in a path is the API under the name localhost, which is another origin.
READS: Mapping[str, tuple[str, str, Mapping[str, Any], tuple[int, str] | None]] = {
    "GET": (APP, "/api/data", {}, (200, "x-total")),
    "HEAD": (APP, "/api/data", {"method": "HEAD"}, (200, "x-total")),
    "a form": (APP, "/api/data", FORM, (200, "x-total")),
    "JSON with a header": (APP, "/api/data", JSON, (200, "x-total")),
    "put": (APP, "/api/data", {"method": "put"}, (200, "x-total")),
    "a method not allowed": (APP, "/api/data", {"method": "DELETE"}, None),
    "PATCH": (APP, "/api/data", {"method": "PATCH"}, (200, "x-total")),
    "patch": (APP, "/api/data", {"method": "patch"}, None),
    "a header not allowed": (APP, "/api/data", {"headers": {"x-c": "1"}}, None),
    "credentials not allowed": (APP, "/api/data", COOKIE, None),
    "a foreign page": (EVIL, "/api/data", {}, None),
    "a foreign form": (EVIL, "/api/data", FORM, None),
    "foreign JSON": (EVIL, "/api/data", JSON, None),
    "404": (APP, "/api/404", {}, (404, "x-total")),
    "403": (APP, "/api/403", JSON, (403, "x-total")),
    "503": (APP, "/api/503", {}, (503, "x-total")),
    "a method that the route lacks": (APP, "/public/data", {"method": "PROPFIND"}, (405, "")),
    "a failure": (APP, "/api/broken", {}, (500, "")),
    "a failure behind a preflight": (APP, "/api/broken", JSON, (500, "")),
    "a failure and a foreign page": (EVIL, "/api/broken", {}, None),
    "everybody": (EVIL, "/public/data", JSON, (200, "x-own x-total")),
    "everybody with credentials": (EVIL, "/public/data", COOKIE, None),
    "authorization": (APP, "/public/data", BEARER, (200, "x-own x-total")),
    "authorization beside a star": (APP, "/bearer/data", BEARER, (200, "x-total")),
    "credentials": (APP, "/login/data", COOKIE, (200, "x-own x-total")),
    "credentials and stars": (APP, "/login/data", {**JSON, **COOKIE}, (200, "x-own x-total")),
    "credentials and authorization": (APP, "/login/data", {**BEARER, **COOKIE}, (200, "x-own x-total")),
    "credentials and a new method": (APP, "/login/data", {"method": "PROPFIND", **COOKIE}, (405, "")),
    "credentials of a foreign page": (EVIL, "/login/data", COOKIE, None),
    "strict": (APP, "/strict/data", JSON, (200, "x-total")),
    "strict, a method not allowed": (APP, "/strict/data", {"method": "DELETE"}, None),
    "strict, a header not allowed": (APP, "/strict/data", {"headers": {"x-c": "1"}}, None),
    "off": (APP, "/off/data", {}, None),
    "a redirect": (APP, "/api/moved?to=/api/data", {}, (200, "x-total")),
    "a redirect behind a preflight": (APP, "/api/moved?to=/api/data", JSON, (200, "x-total")),
    "a redirect to another origin": (APP, "/api/moved?to=API/api/data", {}, None),
    "a redirect to everybody's": (APP, "/api/moved?to=API/public/data", {}, (200, "x-own x-total")),
    "a redirect from where CORS is off": (APP, "/off/moved?to=/api/data", {}, None),
}


LENIENT = {"authorization"}
"""What Chromium reads and the standard does not: a star still covers Authorization there, with a warning."""

TIMING = "url => performance.getEntriesByName(url).map(entry => entry.requestStart > 0)"


def test_scripts_read_what_the_policies_say_and_what_the_model_says(live: Live) -> None:
    with live(installed()) as world:
        tabs = {host: world.open(host) for host in (APP, EVIL)}
        for name, (host, path, init, expected) in READS.items():
            target = path.replace("API", world.api.replace("127.0.0.1", "localhost"))
            read = world.read(tabs[host], target, **init)
            own = read and (read["status"], " ".join(sorted({"x-own", "x-total"} & {*read["names"]})))
            assert own == expected, name
            modelled = model.fetch(asked(tabs[host].url, world.api + target, init), over_the_wire)
            standard = None if name in LENIENT else read
            assert modelled.status == (standard and standard["status"]), name
            assert {header.decode() for header in modelled.names or ()} == {*(standard["names"] if standard else ())}, (
                name
            )
        for path, shown in (("/timed/data", True), ("/strict/timing", False)):
            world.read(tabs[APP], path)
            assert tabs[APP].evaluate(TIMING, world.api + path) == [shown]


def asked(url: str, target: str, init: Mapping[str, Any]) -> model.Page:
    """The same request for the model."""
    headers = [(name.encode(), value.encode()) for name, value in init.get("headers", {}).items()]
    origin, include = model.origin_of(url), init.get("credentials") == "include"
    return model.Page(origin, target, init.get("method", "GET"), headers, include)


def over_the_wire(method: str, url: str, headers: model.Pairs) -> model.Response:
    """A request as the model's browser sends it, over a socket."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
    connection.request(method, f"{parts.path}?{parts.query}", headers={name.decode(): value for name, value in headers})
    response = connection.getresponse()
    connection.close()
    return model.Response(response.status, [(name.encode(), value.encode()) for name, value in response.getheaders()])


def test_a_failure_is_an_answer_only_where_the_stack_stands_outside_everything(live: Live) -> None:
    added = shop()
    added.add_middleware(CORSMiddleware, allow_origins=["http://app.localhost:*"])
    seen = {}
    apps: dict[str, ASGIApp] = {"installed": installed(), "wrapped": PROTECT(shop()), "added": added}
    for name, app in apps.items():
        with live(app) as world:
            tab = world.open()
            seen[name] = [
                read and read["status"] for read in (world.read(tab, "/api/broken"), world.read(tab, "/api/data"))
            ]
            tab.close()
    assert seen == {"installed": [500, 200], "wrapped": [500, 200], "added": [None, 200]}


def test_which_requests_are_sent(live: Live) -> None:
    with live(installed()) as world:
        tab = world.open()
        for header in ("x-a", "x-a", "x-b"):
            assert world.read(tab, "/api/data", method="PUT", headers={header: "1"})
        assert world.arrived == ["OPTIONS /api/data", *["PUT /api/data"] * 3]
        world.arrived.clear()
        for _ in range(2):
            assert world.read(tab, "/brief/data", method="PUT")
        assert world.arrived == ["OPTIONS /brief/data", "PUT /brief/data"] * 2
        world.arrived.clear()
        evil = world.open(EVIL)
        assert [world.read(evil, "/api/data", **init) for init in (JSON, FORM)] == [None, None]
        assert world.arrived == ["OPTIONS /api/data", "POST /api/data"]


def test_cookies_go_along_where_the_page_and_the_policy_agree(live: Live) -> None:
    with live(installed()) as world:
        near = world.open("127.0.0.1")  # another port: another origin of the same site, so that SameSite=Lax is sent
        far = world.open(APP)  # another site: Chromium blocks its cookies here, but for partitioned ones
        for tab, expected in ((near, "lax=1; none=1; part=1"), (far, "part=1")):
            first = world.read(tab, "/login/cookies", **COOKIE)
            assert first is not None
            assert "set-cookie" not in first["names"]
            inits: list[dict[str, Any]] = [COOKIE, {**JSON, **COOKIE}, {}]
            reads = [world.read(tab, "/login/data", **init) for init in inits]
            assert [read and json.loads(read["text"])["cookie"] for read in reads] == [expected, expected, None]


def test_a_sandboxed_frame_reads_only_what_is_for_everybody_and_sockets_know_their_pages(live: Live) -> None:
    with live(installed()) as world:
        app, evil, own = world.open(APP), world.open(EVIL), world.browser.new_page()
        own.goto(f"{world.api}/page")
        frame = app.frames[1]
        assert frame.evaluate("origin") == "null"
        paths: dict[str, Mapping[str, Any]] = {"/api/data": {}, "/login/data": COOKIE, "/public/data": JSON}
        reads = [world.read(frame, path, **init) for path, init in paths.items()]
        assert [read and read["status"] for read in reads] == [None, None, 200]

        def connect(tab: "Page | Frame", path: str) -> str | int:
            """What comes back, or the code with which it was closed."""
            got: str | int = tab.evaluate(CONNECT, world.api.replace("http", "ws") + path)
            return got

        assert [connect(tab, "/api/ws") for tab in (app, evil, frame, own)] == ["hello", 1006, 1006, "hello"]
        assert [connect(evil, path) for path in ("/public/ws", "/off/ws")] == ["hello", "hello"]
