"""Wrappers around WSGI applications: fusing, routes, refusals, what layers publish, threads, PEP 3333."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.validate import validator

import pytest
from starlette.middleware.gzip import GZipMiddleware

from tests.engine.traces import Log, Mark, answer, trace, traces
from tests.engine.wsgi import Streamed, calm, environ_of, get, hello, run, streaming
from toolkit import ConfigError, Exchange, Layer, Middleware, stack

# ---- wrappers


def test_adjacent_layers_fuse() -> None:
    a, b, c = Mark(value="a"), Mark(value="b", name="b"), Mark(value="c", name="c")
    wrapped: Any = stack(a, b).wsgi(c.wsgi(hello))
    assert (wrapped.app, wrapped.layers, wrapped.routes) == (hello, (a, b, c), {})
    assert [value for name, value in get(wrapped).headers if name == "x-mark"] == ["c", "b", "a"]


def test_a_wrapper_with_routes_stays_whole_and_so_does_one_with_the_same_layer() -> None:
    mark = Mark()
    routed: Any = stack(mark, routes={"/x": {"mark": False}}).wsgi(hello)
    twice: Any = mark.wsgi(mark.wsgi(hello))
    assert stack(Mark(name="o")).wsgi(routed).app is routed  # type: ignore[attr-defined]
    assert twice.app is not hello
    assert len([name for name, _ in get(twice).headers if name == "x-mark"]) == 2


@pytest.mark.parametrize(
    ("method", "path", "marks"),
    [
        ("GET", "/", "1"),
        ("GET", "/x", None),
        ("HEAD", "/x", None),
        ("POST", "/x", "1"),
        ("GET", "/caf%C3%A9", "é"),
        ("GET", "/a//b", "1"),
    ],
)
def test_routes_choose_by_method_and_path(method: str, path: str, marks: str | None) -> None:
    routes: Any = {"GET /x": {"mark": False}, "/café": {"mark": {"value": "é"}}}
    outcome = calm(run(stack(Mark(), routes=routes).wsgi(hello), environ_of(method, path)))
    assert outcome.header("x-mark") == (marks and marks.encode().decode("latin-1"))


class Preflights(Layer):
    answers_preflights = True
    tag: str = "base"

    def request(self, exchange: Exchange) -> Any:
        return answer(200, self.tag) if exchange.method == "OPTIONS" else None


@pytest.mark.parametrize(
    ("headers", "tag"),
    [
        ([(b"origin", b"https://a.example"), (b"access-control-request-method", b"PUT")], "put"),
        ([(b"access-control-request-method", b"PUT")], "base"),
        ([(b"origin", b"https://a.example")], "base"),
    ],
    ids=["a preflight", "without Origin", "without a method"],
)
def test_a_preflight_takes_the_plan_of_what_it_announces(headers: Any, tag: str) -> None:
    wrapped = stack(Preflights(), routes={"PUT /x": {"preflights": {"tag": "put"}}}).wsgi(hello)
    assert calm(run(wrapped, environ_of("OPTIONS", "/x", headers))).body == tag.encode()


def test_request_hooks_run_for_the_methods_that_their_layer_names() -> None:
    class Posts(Layer):
        methods = ("POST",)

        def request(self, exchange: Exchange) -> Any:
            return answer(403)

    wrapped = Posts().wsgi(hello)
    assert [calm(run(wrapped, environ_of(method))).status for method in ("GET", "POST")] == [200, 403]


def test_what_needs_asgi_is_refused_by_name_all_at_once() -> None:
    class Sockets(Layer):
        def receive(self, exchange: Exchange, message: Any) -> None: ...

    class Rooms(Layer):
        asgi_only = True

    def wrap() -> object:
        return stack(Sockets(), Mark(), Rooms(), Middleware(GZipMiddleware)).wsgi(hello)

    with pytest.raises(ConfigError) as refused:
        wrap()
    assert [problem.where for problem in refused.value.problems] == ["stack[0]", "stack[2]", "stack[3]"]
    assert [problem.reason for problem in refused.value.problems] == [
        "Sockets (sockets) needs ASGI",
        "Rooms (rooms) needs ASGI",
        "GZipMiddleware needs ASGI",
    ]
    with pytest.raises(ConfigError):
        Rooms().wsgi(hello)


def test_a_layer_of_messages_and_requests_stands_around_wsgi_too() -> None:
    log: Log = []
    get(trace("a", log, only=("request", "receive")).wsgi(hello))
    assert log == ["a.request"]


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(TypeError, match="is no WSGI application"):
        Mark().wsgi(None)  # type: ignore[arg-type]


# ---- what a layer publishes


def _seen(*keys: str) -> tuple[dict[str, Any], Any]:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update({key: environ.get(key) for key in keys})
        return hello(environ, start_response)

    return seen, app


def test_the_application_finds_what_layers_publish_under_their_names() -> None:
    def publish(exchange: Exchange) -> None:
        exchange.scope["toolkit.session"] = {"n": 1}
        exchange.scope["user"] = "nobody"

    seen, app = _seen("toolkit.session", "user", "toolkit.wsgi")
    get(trace("a", [], request=publish).wsgi(app))
    assert seen == {"toolkit.session": {"n": 1}, "user": None, "toolkit.wsgi": None}


def apart(app: Any) -> Any:
    """The application as another function, which fuses with nothing."""

    def call(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return call


def test_a_stack_further_in_finds_it_in_its_scope() -> None:
    def publish(exchange: Exchange) -> None:
        exchange.scope["toolkit.session"] = "mine"

    found: list[Any] = []
    inner = trace("b", [], request=lambda exchange: found.append(exchange.scope["toolkit.session"])).wsgi(hello)
    get(trace("a", [], request=publish).wsgi(apart(inner)))
    assert found == ["mine"]


def test_the_application_sees_the_client_and_the_scheme_that_a_layer_believes() -> None:
    def believe(exchange: Exchange) -> None:
        exchange.scope["client"] = ("2001:db8::1", 1)
        exchange.scope["scheme"] = "https"

    seen, app = _seen("REMOTE_ADDR", "REMOTE_PORT", "wsgi.url_scheme")
    clients: list[Any] = []
    inner = trace("b", [], request=lambda exchange: clients.append(exchange.client))
    get(stack(trace("a", [], request=believe), inner).wsgi(app))
    assert seen == {"REMOTE_ADDR": "2001:db8::1", "REMOTE_PORT": "1", "wsgi.url_scheme": "https"}
    assert clients == [("2001:db8::1", 1)]


def test_the_environ_of_a_request_is_its_own() -> None:
    environ = environ_of()
    run(trace("a", []).wsgi(hello), environ)
    assert not [key for key in environ if key.startswith("toolkit.")]


# ---- threads


def test_threads_share_nothing_but_the_layers() -> None:
    barrier = threading.Barrier(8)

    class Memo(Layer):
        def request(self, exchange: Exchange) -> None:
            exchange.memo[self] = exchange.header(b"x-number")
            exchange.scope["toolkit.number"] = exchange.memo[self]

        def response(self, exchange: Exchange, start: Any) -> None:
            start["headers"].append((b"x-memo", exchange.memo[self]))

        def done(self, exchange: Exchange, exc: BaseException | None) -> None:
            ended.append((exchange.memo[self], exchange.header(b"x-number")))

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield environ["toolkit.number"]

    ended: list[Any] = []
    wrapped = Memo().wsgi(app)

    def many(thread: int) -> bool:
        barrier.wait()
        numbers = [f"{thread}-{turn}" for turn in range(200)]
        outcomes = [(number, get(wrapped, "/", [(b"x-number", number.encode())])) for number in numbers]
        return all(got.header("x-memo") == number and got.body == number.encode() for number, got in outcomes)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(many, range(8)))
    assert len(ended) == 1600
    assert all(memo == number for memo, number in ended)


# ---- PEP 3333 by wsgiref.validate


def _validated(wrap: Callable[[Any], Any], app: Any, environ: dict[str, Any]) -> bytes:
    """Through the standard library's validator on both sides."""
    outcome = calm(run(validator(wrap(validator(app))), environ))
    return outcome.body


def _generator(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"he"
    yield b"llo"


def _started(environ: Any, start_response: Any) -> Iterator[bytes]:
    return streaming(Streamed(b"he", b"llo"))(environ, start_response)  # type: ignore[return-value]


def _writing(environ: Any, start_response: Any) -> list[bytes]:
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"he")
    return [b"llo"]


@pytest.mark.parametrize("app", [hello, _started, _writing])
@pytest.mark.parametrize(
    "layers",
    [
        [],
        [Mark()],
        traces("ab", []),
        [trace("a", []), trace("b", [], response=answer(200, "hello"))],
        [trace("a", []), trace("b", [], request=answer(200, "hello"))],
    ],
    ids=["none", "mark", "all hooks", "replaced", "answered"],
)
def test_both_sides_are_valid(layers: list[Layer], app: Any) -> None:
    assert _validated(stack(*layers).wsgi, app, environ_of()) == b"hello"


def test_a_generator_is_valid_outside() -> None:
    """The validator wants an application to have started when it returns, which generators have not."""
    assert calm(run(validator(stack(*traces("ab", [])).wsgi(_generator)), environ_of())).body == b"hello"
