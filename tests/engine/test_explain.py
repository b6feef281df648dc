"""What `explain` tells: the plan that a request takes, what each layer is set to and where, and who answers."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from tests.engine.explaining import (
    ORIGIN,
    ROUTES,
    File,
    Login,
    Nested,
    RateLimit,
    Sessions,
    files,
    preflight,
    protect,
)
from toolkit import CORS, Ends, Exchange, Layer, Stack, stack
from toolkit.engine.explain import Explanation
from toolkit.engine.handler import Mounted
from toolkit.handlers import Respond
from toolkit.options import Invalid


def states(told: Explanation) -> dict[str, str]:
    """By label, the state of each element, or that it is not reached."""
    return {element.label: element.state if element.reached else "beyond" for element in told.elements}


def notes(told: Explanation) -> list[str]:
    return [note.text for note in told.notes]


GZIP = "starlette.middleware.gzip:GZipMiddleware"
ON = {"cors": "on", "ratelimit": "on", GZIP: "on", "sessions": "on"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "route", "changed"),
    [
        pytest.param("GET", "/", {}, None, {}, id="no route"),
        pytest.param("POST", "/login", ORIGIN, "POST /login", {"ratelimit": "changed"}, id="changed"),
        pytest.param("post", "/login?next=/", {}, "POST /login", {"ratelimit": "changed"}, id="lower case, query"),
        pytest.param("GET", "/login", {}, None, {}, id="another method"),
        pytest.param("GET", "/health", {}, "GET /health", {"ratelimit": "off", "cors": "off"}, id="off"),
        pytest.param("HEAD", "/health", {}, "GET /health", {"ratelimit": "off", "cors": "off"}, id="HEAD"),
        pytest.param("GET", "/off//x", {}, None, {}, id="not plain"),
        pytest.param("GET", "/off/%2e%2e/x", {}, None, {}, id="dots in escapes"),
        pytest.param("GET", "/off/x%0A", {}, "/off/**", {"sessions": "off"}, id="newline"),
        pytest.param("GET", "/files/x", {}, "/files/{path:path}", {"sessions": "off"}, id="handler with layers"),
        pytest.param("GET", "/plain/1", {}, None, {}, id="handler without"),
        pytest.param("OPTIONS", "/health", {}, None, {}, id="OPTIONS, no preflight"),
        pytest.param(
            "OPTIONS", "/health", preflight("GET"), None, {"cors": "silent"}, id="preflight where cors is off"
        ),
    ],
)
def test_the_plan_of_a_request(
    method: str, path: str, headers: Any, route: str | None, changed: dict[str, str]
) -> None:
    told = protect().explain(method, path, headers)

    assert told.route == route
    assert states(told) == ON | changed


def test_a_preflight_takes_the_plan_of_what_it_announces_and_goes_no_further() -> None:
    told = protect().explain("OPTIONS", "/login", preflight("POST"))

    assert told.route == "POST /login"
    assert states(told) == dict.fromkeys(ON, "beyond") | {"cors": "on"}
    assert notes(told)[0] == "a preflight: it takes the plan of the request that it announces, POST /login"
    assert told.elements[1].notes[0].text == "not reached: cors answers"
    assert (told.answer.by, told.answer.label) == ("layer", "cors")


def test_a_layer_outside_foreign_middleware_takes_a_plan_of_its_own() -> None:
    routes: dict[str, Any] = {"POST /x": {"sessions": False, "cors": {"max_age": 1}}}
    outside = stack(Sessions(), Middleware(GZipMiddleware), CORS(allow_origins=["*"]), routes=routes)
    told = outside.explain("OPTIONS", "/x", preflight("POST"))

    assert states(told) == {"sessions": "on", GZIP: "on", "cors": "changed"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, "no preflight: it has no origin header", id="no origin"),
        pytest.param(ORIGIN, "no preflight: it has no access-control-request-method header", id="no method"),
        pytest.param(
            {"origin": "nonsense", "access-control-request-method": "GET"},
            "no preflight: its origin or access-control-request-method is none that a browser sends",
            id="no origin that a browser sends",
        ),
        pytest.param(
            preflight("GET"),
            "a preflight of GET /health, where cors is off: it takes the plan of OPTIONS, "
            "and nothing answers in its place",
            id="off",
        ),
    ],
)
def test_why_a_preflight_is_none(headers: dict[str, str], expected: str) -> None:
    assert notes(protect().explain("OPTIONS", "/health", headers)) == [expected, "no route applies"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("HEAD", "/health", "route 'GET /health' applies: GET covers HEAD", id="HEAD"),
        pytest.param("GET", "/health", "route 'GET /health' applies", id="GET"),
        pytest.param("GET", "/off//x", "no route applies: the path holds '//'", id="slashes"),
        pytest.param("GET", "/off/%5Cx", "no route applies: the path holds a backslash", id="backslash"),
        pytest.param("GET", "/off/x%00", "no route applies: the path holds a NUL", id="NUL"),
        pytest.param("GET", "/off/./x", "no route applies: the path holds a '.' or '..' segment", id="dots"),
        pytest.param("GET", "/off/x%0A", "route '/off/**' applies: a final newline does not count", id="newline"),
    ],
)
def test_why_a_route_applies_or_none(method: str, path: str, expected: str) -> None:
    assert notes(protect().explain(method, path)) == [expected]


ANSWERING: Any = {"/health": Respond(text="fine"), "/quiet": Mounted(Respond(text="fine"), layers={"sessions": False})}


@pytest.mark.parametrize(
    ("routes", "path", "expected"),
    [
        pytest.param({}, "/health", [], id="a handler answers"),
        pytest.param({}, "/else", [], id="none answers"),
        pytest.param({}, "/quiet", ["handler '/quiet' applies"], id="a handler with layers"),
        pytest.param({}, "//health", ["no handler applies: the path holds '//'"], id="not plain"),
        pytest.param({"/health": {}}, "/health", ["route '/health' applies"], id="a route that changes nothing"),
        pytest.param({"/health": {}}, "/else", ["no route applies"], id="another route"),
    ],
)
def test_nothing_is_said_not_to_apply_that_answers(routes: Any, path: str, expected: list[str]) -> None:
    assert notes(stack(Sessions(), routes=routes, handlers=ANSWERING).explain("GET", path)) == expected


def test_a_handshake_is_a_get() -> None:
    told = protect().explain("GET", "/health", websocket=True)

    assert notes(told) == ["route 'GET /health' applies: a WebSocket handshake is a GET"]
    assert states(told)["ratelimit"] == "off"


def test_a_stack_without_routes_says_nothing_of_them() -> None:
    assert stack(RateLimit()).explain("GET", "/a//b").notes == ()
    assert stack().explain("GET", "/").elements == ()


def test_who_answers() -> None:
    told = protect().explain("GET", "/plain/7")
    answer = told.answer
    assert (answer.by, answer.label, answer.path, answer.params) == (
        "handler",
        "tests.engine.explaining:files",
        "/plain/{id:int}",
        (("id", 7),),
    )
    assert protect().explain("GET", "/plain/x").answer.by == "application"
    assert (
        protect().explain("GET", "/plain//7").answer.because == ", or 404 if there is none: no handler takes this path"
    )
    assert stack().explain("GET", "/").answer.because == ""


LINES = {
    "defaults.cors.max_age": 2,
    "middleware[0]": 4,
    "middleware[0].allow_origins": 6,
    "middleware[1]": 8,
    "middleware[1].limit": 10,
    "route[0]": 12,
    "route[0].ratelimit.limit": 14,
    "route[1]": 16,
    "route[1].ratelimit": 18,
    "handler[0]": 20,
    "handler[0].layers.ratelimit.limit": 22,
}


def from_file() -> Stack:
    """A stack of which some places are in a file."""
    elements = [CORS(allow_origins=["https://app.example"], max_age=60), RateLimit(limit="100/minute", key="ip")]
    routes = {"POST /login": ROUTES["POST /login"], "GET /health": ROUTES["GET /health"]}
    handlers = {"/files/{name}": Mounted(files, layers={"ratelimit": {"limit": "1/hour"}})}
    defaults = {"cors": {"max_age": 60}}
    return Stack(elements, routes, {}, [], handlers=handlers, defaults=defaults, places=File(LINES))


def settings(told: Explanation, number: int) -> dict[str, tuple[Any, str, str]]:
    found = told.elements[number - 1].settings
    return {setting.name: (setting.value, setting.source, setting.place.written) for setting in found}


def test_where_each_option_was_written() -> None:
    told = from_file().explain("POST", "/login")

    assert settings(told, 1) == {
        "allow_origins": (["https://app.example"], "element", "toolkit.toml:6"),
        "max_age": (60, "defaults", "toolkit.toml:2"),
    }
    assert settings(told, 2) == {
        "limit": ("5/minute", "route", "toolkit.toml:14"),
        "key": ("ip", "element", ""),
    }
    assert told.elements[1].settings[0].instead_of == "100/minute"
    assert [str(element.place) for element in told.elements] == ["toolkit.toml:4", "toolkit.toml:8"]


def test_where_the_layers_of_a_handler_were_written() -> None:
    told = from_file().explain("POST", "/files/x")

    assert told.elements[1].settings[0].source == "handler"
    assert str(told.elements[1].settings[0].place) == "toolkit.toml:22"
    assert [str(note.place) for note in (*told.notes, *told.elements[1].notes)] == ["toolkit.toml:20"] * 2
    assert (told.answer.params, str(told.answer.place)) == ((("name", "x"),), "toolkit.toml:20")


def test_where_a_route_was_written() -> None:
    told = from_file().explain("GET", "/health")

    assert str(told.notes[0].place) == "toolkit.toml:16"
    off = {element.label: str(element.notes[0].place) for element in told.elements}
    assert off == {"cors": "toolkit.toml:16", "ratelimit": "toolkit.toml:18"}


def test_a_layer_in_a_routes_place_is_told_whole() -> None:
    told = stack(RateLimit(limit="1/hour"), routes={"/x": [RateLimit(key="user")]}).explain("GET", "/x")

    assert settings(told, 1) == {"key": ("user", "route", "")}
    assert told.elements[0].says == ("127.0.0.1 has 100/minute on /x",)


def test_defaults_given_in_python_are_told_as_such() -> None:
    told = stack(RateLimit(key="user"), defaults={"ratelimit": {"limit": "1/day"}}).explain("GET", "/")

    assert settings(told, 1) == {"key": ("user", "element", ""), "limit": ("1/day", "defaults", "")}


class Failing(Layer):
    """What a layer's explain may do."""

    how: str

    def explain(self, exchange: Exchange) -> Iterable[str]:
        if self.how == "text":
            return "one sentence"
        if self.how == "nothing":
            return None  # type: ignore[return-value]
        return self._raising()

    def _raising(self) -> Iterable[str]:
        yield "a first sentence"
        raise KeyError("lost")


class Awaited(Layer):
    async def explain(self, exchange: Exchange) -> Iterable[str]:  # type: ignore[override]
        return ()


class Busy(Layer):
    """Answers every request, and says so."""

    def explain(self, exchange: Exchange) -> Iterable[str]:
        return ["the limit is used up", Ends("refused with 429: 5 of 5 are used"), "and so on"]


def test_a_layer_may_say_that_the_request_ends_with_it() -> None:
    told = stack(Sessions(), Busy(), RateLimit(), handlers=ANSWERING).explain("GET", "/health")

    assert states(told) == {"sessions": "on", "busy": "on", "ratelimit": "beyond"}
    assert told.elements[1].says == ("the limit is used up", "refused with 429: 5 of 5 are used", "and so on")
    assert told.elements[2].notes[0].text == "not reached: busy answers"
    assert (told.answer.by, told.answer.label, told.elements[1].answers) == ("layer", "busy", True)
    assert json.loads(json.dumps(told.as_json()))["elements"][1]["says"][1] == "refused with 429: 5 of 5 are used"


def test_where_a_layer_is_off_it_ends_nothing() -> None:
    assert stack(Busy(), routes={"/x": {"busy": False}}).explain("GET", "/x").answer.by == "application"


class Blabbing(Sessions):
    def explain(self, exchange: Exchange) -> Iterable[str]:
        yield Ends(f"refused with 401: {self.secret_key} is another")


def test_a_sentence_that_is_not_shown_ends_the_request_all_the_same() -> None:
    told = stack(Blabbing(secret_key="correct horse battery")).explain("GET", "/")

    assert told.elements[0].says == ("a sentence is not shown because it quotes a secret",)
    assert told.answer.by == "layer"


def allow(origin: str, scope: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("options", "origin", "by"),
    [
        pytest.param({}, "https://evil.example", "layer", id="refused"),
        pytest.param({}, "null", "layer", id="null"),
        pytest.param({}, "https://app.example", "application", id="allowed"),
        pytest.param({"check_websockets": False}, "https://evil.example", "application", id="unchecked"),
        pytest.param({"origin_check": allow}, "https://evil.example", "application", id="asked as it is served"),
        pytest.param({"origin_check": allow}, "null", "layer", id="never asked about"),
    ],
)
def test_a_handshake_that_is_refused_reaches_nothing(options: Any, origin: str, by: str) -> None:
    protecting = stack(CORS(allow_origins=["https://app.example"], **options), RateLimit())
    told = protecting.explain("GET", "/live", {"origin": origin}, websocket=True)

    assert told.answer.by == by
    assert told.elements[1].reached == (by == "application")


UNKNOWN = "what it would decide is not known: its explain raised"


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        pytest.param(Failing(how="text"), ("one sentence",), id="text"),
        pytest.param(Failing(how="raise"), ("a first sentence", f"{UNKNOWN} KeyError: 'lost'"), id="raises"),
        pytest.param(
            Failing(how="nothing"), (f"{UNKNOWN} TypeError: 'NoneType' object is not iterable",), id="nothing"
        ),
        pytest.param(Awaited(), (f"{UNKNOWN} TypeError: it is a coroutine function",), id="coroutine"),
    ],
)
def test_what_a_layer_says_however_it_says_it(layer: Layer, expected: tuple[str, ...]) -> None:
    told = stack(layer, RateLimit()).explain("GET", "/x")

    assert told.elements[0].says == expected
    assert told.elements[1].says == ("127.0.0.1 has 100/minute on /x",)


class Telltale(Sessions):
    def explain(self, exchange: Exchange) -> Iterable[str]:
        return [f"signed with {self.secret_key}", f"kept in {self.store}"]


def test_no_secret_is_told() -> None:
    secret, password = "correct horse battery", "hunter2"
    layer = Telltale(secret_key=secret, store=f"redis://me:{password}@host/0")
    logins: Any = {"a": {"user": "u", "password": secret}}
    nested = Nested(logins=logins, login=Login(user="v", password=secret))
    told = stack(layer, nested).explain("GET", "/")

    assert settings(told, 1) == {
        "secret_key": ("***", "element", ""),
        "store": ("redis://me:***@host/0", "element", ""),
    }
    assert told.elements[0].says == (
        "a sentence is not shown because it quotes a secret",
        "kept in redis://me:***@host/0",
    )
    assert told.elements[1].settings[0].value == {"a": {"user": "u", "password": "***"}}
    for text in (str(told), json.dumps(told.as_json()), repr(told)):
        assert secret not in text
        assert password not in text


@pytest.mark.parametrize("name", ["secret_key", "PASSWORD", "api_key", "token", "aws_credentials", "key"])
def test_foreign_options_called_like_secrets_are_hidden(name: str) -> None:
    options: dict[str, Any] = {name: "s3cret", "level": 5}
    told = stack(Middleware(GZipMiddleware, **options)).explain("GET", "/")

    assert [(one.name, one.value) for one in told.elements[0].settings] == [(name, "***"), ("level", 5)]


AS = "such as {'origin': 'https://app.example'}"
LEAVE = "leave it out, '/a', or write %23"


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        pytest.param("GE T", "/", {}, "'GE T' is no method name; such as GET", id="method"),
        pytest.param("", "/", {}, "'' is no method name; such as GET", id="no method"),
        pytest.param("GET", "x", {}, "'x' is no path: it does not begin with '/'; write '/x'", id="no slash"),
        pytest.param("GET", "", {}, "'' is no path: it does not begin with '/'; write '/'", id="no path"),
        pytest.param("GET", "/", {"a b": "c"}, "'a b' is no header name", id="header name"),
        pytest.param("GET", "/", {"a": "b\r\nc: d"}, "the value of a holds control characters", id="header value"),
        pytest.param(b"GET", "/", {}, "b'GET' is not text; a method is such as 'GET', a path such as '/login'", id="b"),
        pytest.param("GET", 5, {}, "5 is not text; a method is such as 'GET', a path such as '/login'", id="int path"),
        pytest.param("GET", "/a#b", {}, "'/a#b' holds a fragment, which is never sent; " + LEAVE, id="fragment"),
        pytest.param("GET", "/", {b"a": "b"}, "b'a' is not text: a header has a name and a value; " + AS, id="bytes"),
        pytest.param("GET", "/", {"a": 1}, "1 is not text: a header has a name and a value; " + AS, id="int"),
        pytest.param("GET", "/", 5, "5 is neither a mapping of headers nor a list of pairs; " + AS, id="headers"),
        pytest.param("GET", "/", "a: b", "'a: b' is neither a mapping of headers nor a list of pairs; " + AS, id="str"),
        pytest.param("GET", "/", ["a"], "'a' is no pair of a header's name and its value; " + AS, id="no pair"),
        pytest.param(
            "GET",
            "https://a.example/x",
            {},
            "'https://a.example/x' is no path: it does not begin with '/'; "
            "give the path alone; the host goes into a header",
            id="URL",
        ),
    ],
)
def test_what_could_not_stand_in_a_request_is_refused(method: Any, path: Any, headers: Any, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        stack().explain(method, path, headers)

    assert str(refused.value) == expected


def test_only_a_get_opens_a_websocket() -> None:
    with pytest.raises(Invalid, match="'POST' opens no WebSocket; a handshake is a GET"):
        stack().explain("POST", "/", websocket=True)
