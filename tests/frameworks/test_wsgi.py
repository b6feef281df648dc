"""Flask and Django applications as they are, and a server over a socket."""

# mypy: disable-error-code="import-untyped"
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import django
import flask
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from django.urls import path
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware

from tests.engine.traces import Log, Mark, answer, trace, traces
from tests.engine.wsgi import calm, environ_of, failing, get, hello, run
from toolkit import CORS, Exchange, Layer, run_sync, stack

ORIGIN = (b"origin", b"https://app.example")


class Session(Layer):
    """Publishes a number that it waited for."""

    def request(self, exchange: Exchange) -> Any:
        return self._load(exchange)

    async def _load(self, exchange: Exchange) -> None:
        exchange.scope["toolkit.session"] = {"n": 7}


async def seven() -> int:
    return 7


def flask_app() -> flask.Flask:
    app = flask.Flask(__name__)
    app.logger.disabled = True

    @app.get("/session")
    def session() -> dict[str, Any]:
        return {**flask.request.environ["toolkit.session"], "waited": run_sync(seven())}

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(flask.stream_with_context(letter for letter in ("a", "b", "c")))

    @app.get("/file")
    def file() -> flask.Response:
        return flask.send_file(__file__)

    @app.get("/<path:name>")
    def named(name: str) -> str:
        return f"{flask.request.script_root} {name} {flask.url_for('session')}"

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.get_data()

    @app.get("/broken")
    def broken() -> str:
        raise LookupError("broken")

    return app


@contextmanager
def django_app() -> Iterator[WSGIHandler]:
    """Django's settings are a process's: here they are set for as long as a test runs."""
    urls: Any = ModuleType("urls")
    urls.urlpatterns = [
        path("session", lambda request: HttpResponse(str(request.META["toolkit.session"]["n"]))),
        path("stream", lambda request: StreamingHttpResponse(iter([b"a", b"b", b"c"]))),
        path("file", lambda request: FileResponse(open(__file__, "rb"))),  # noqa: SIM115  Django closes it
        path("<path:name>", lambda request, name: HttpResponse(f"{request.META['SCRIPT_NAME']} {name}")),
    ]
    if not settings.configured:
        settings.configure(SECRET_KEY="for tests", LOGGING_CONFIG=None)
    with override_settings(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"]):
        django.setup()
        yield WSGIHandler()


@contextmanager
def protected(app: Any, *layers: Layer) -> Iterator[Any]:
    wrapped: Any = stack(CORS(allow_origins=["https://app.example"]), *layers, Session()).wsgi(app)
    try:
        yield wrapped
    finally:
        wrapped.close()


APPS = {"flask": lambda: nullcontext(flask_app().wsgi_app), "django": django_app}


@pytest.mark.parametrize("make", APPS.values(), ids=APPS)
def test_an_application_runs_unchanged(make: Any) -> None:
    log: Log = []
    with make() as made, protected(made, trace("a", log)) as app:
        found = get(app, "/session", [ORIGIN])
        assert b"7" in found.body
        assert found.header("access-control-allow-origin") == "https://app.example"
        assert get(app, "/stream").chunks == [b"a", b"b", b"c"]
        with open(__file__, "rb") as file:
            assert get(app, "/file").body == file.read()
        named = get(app, "/caf%C3%A9", more={"SCRIPT_NAME": "/at"})
        assert named.body.decode().startswith("/at café")
    assert [line for line in log if line.startswith("a.done")] == ["a.done"] * 4


@pytest.mark.parametrize("make", APPS.values(), ids=APPS)
def test_both_sides_of_it_are_valid(make: Any) -> None:
    with make() as made, protected(validator(made)) as app:
        assert calm(run(validator(app), environ_of("GET", "/session"))).status == 200
        assert calm(run(validator(app), environ_of("GET", "/stream"))).body == b"abc"


def test_flask_s_own_client_and_linter() -> None:
    app = flask_app()
    with protected(LintMiddleware(app.wsgi_app), Mark()) as wrapped:
        app.wsgi_app = LintMiddleware(wrapped)  # type: ignore[method-assign]
        client = app.test_client()
        assert client.get("/session").json == {"n": 7, "waited": 7}
        assert client.post("/echo", data=b"body").data == b"body"
        head = client.head("/session")
        assert (head.status_code, head.data, head.headers["x-mark"]) == (200, b"", "1")
        assert client.get("/x", base_url="http://localhost/at").text == "/at x /at/session"
        assert client.get("/none/", headers={"Origin": "https://app.example"}).headers["Vary"] == "Origin"


def test_a_failure_that_flask_lets_through_is_answered_and_raised() -> None:
    app = flask_app()
    app.testing = True
    log: Log = []
    wrapped = stack(Mark(), trace("a", log, error=answer(503, "sorry"))).wsgi(app.wsgi_app)
    outcome = run(wrapped, environ_of("GET", "/broken"))
    assert (outcome.status, outcome.body, outcome.header("x-mark")) == (503, b"sorry", "1")
    assert isinstance(outcome.raised, LookupError)


def test_a_500_that_flask_answers_itself_passes_the_layers() -> None:
    outcome = get(Mark().wsgi(flask_app().wsgi_app), "/broken")
    assert (outcome.status, outcome.header("x-mark")) == (500, "1")


def test_a_mount_of_werkzeug_has_the_path_below_it() -> None:
    paths: list[tuple[str, str, str]] = []

    def look(exchange: Exchange) -> None:
        paths.append((exchange.path, exchange.scope["path"], exchange.scope["root_path"]))

    layer = trace("a", [], request=look)
    mounted: Any = DispatcherMiddleware(hello, {"/at": layer.wsgi(hello)})
    get(mounted, "/at/x")
    get(mounted, "/at")
    assert paths == [("/x", "/at/x", "/at"), ("/", "/at/", "/at")]


# ---- over a socket


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def served(app: Any) -> Iterator[HTTPConnection]:
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        try:
            yield connection
        finally:
            connection.close()
            server.shutdown()
            thread.join()


def fetched(connection: HTTPConnection, method: str, target: str, **options: Any) -> tuple[int, Any, bytes]:
    connection.request(method, target, **options)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def test_over_a_socket() -> None:
    log: Log = []
    refusing = trace("no", log, only=("request",), request=refuse)
    with protected(flask_app().wsgi_app, refusing, *traces("ab", log)) as app, served(app) as connection:
        status, headers, body = fetched(connection, "GET", "/session", headers={"Origin": "https://app.example"})
        assert (status, headers["access-control-allow-origin"]) == (200, "https://app.example")
        assert b'"n":7' in body
        assert fetched(connection, "POST", "/echo", body=b"x" * 100_000)[2] == b"x" * 100_000
        assert fetched(connection, "GET", "/caf%C3%A9?q=1")[2].decode() == " café /session"
        assert fetched(connection, "GET", "/stream")[2] == b"abc"
        status, headers, body = fetched(connection, "HEAD", "/refused")
        assert (status, headers["content-length"], body) == (403, "2", b"")
    assert log.count("a.done") == log.count("b.done") == 4


def refuse(exchange: Exchange) -> Any:
    return answer(403, "no") if exchange.path == "/refused" else None


def test_an_empty_answer_to_a_failure_reaches_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    """The server sends the start with a chunk: in the place of what it has not sent it would put a page of its own."""
    with served(trace("a", [], error=answer(503, "")).wsgi(failing(LookupError("broken")))) as connection:
        status, headers, body = fetched(connection, "GET", "/")
    assert (status, headers["content-length"], body) == (503, "0", b"")
    assert "LookupError: broken" in capsys.readouterr().err
