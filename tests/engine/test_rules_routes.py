"""Rule 8: routes choose a plan by method and path, and no header can choose one that lets a request through."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.engine.asgi import connect, echo, failing, get, hello, http_scope, run
from tests.engine.traces import Log, Trace, answer, trace
from toolkit import ConfigError, Exchange, Layer, Middleware, stack


class Says(Layer):
    """Answers with its text; `-` lets the request pass."""

    text: str = "base"
    times: int = 1

    def request(self, exchange: Exchange) -> Response | None:
        return None if self.text == "-" else PlainTextResponse(self.text * self.times)


class Preflights(Layer):
    """Answers every preflight, as CORS does."""

    covers_answers: ClassVar[bool] = True
    answers_preflights: ClassVar[bool] = True

    def request(self, exchange: Exchange) -> Response | None:
        asked = exchange.method == "OPTIONS" and exchange.header(b"access-control-request-method")
        return PlainTextResponse("preflight") if asked else None


class Claims(Layer):
    """Says of itself that it answers preflights, and does nothing: so that the plan shows."""

    answers_preflights: ClassVar[bool] = True


def said(routes: Mapping[str, Any], base: str = "base") -> Any:
    return stack(Says(text=base), routes=routes)(hello)


def plan(text: str) -> dict[str, dict[str, str]]:
    return {"says": {"text": text}}


async def asked(app: Any, method: str, path: str, **more: Any) -> str:
    return (await run(app, http_scope(method, path, **more))).body.decode()


def problems(routes: Any, *layers: Layer) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        stack(*(layers or (Says(),)), routes=routes)
    return [str(problem) for problem in refused.value.problems]


# Which route


async def test_the_first_match_in_declared_order_wins() -> None:
    app = said({"/a/b": plan("exact"), "/a/*": plan("star"), "/**": plan("all")})
    assert [await asked(app, "GET", path) for path in ("/a/b", "/a/c", "/a/b/c", "/")] == [
        "exact",
        "star",
        "all",
        "all",
    ]


async def test_a_pattern_before_an_exact_path_wins_too() -> None:
    app = said({"GET /a/*": plan("star"), "/a/b": plan("exact")})
    assert [await asked(app, method, "/a/b") for method in ("GET", "POST")] == ["star", "exact"]


async def test_a_match_does_not_merge_with_later_ones() -> None:
    app = said({"/a": {"says": {"times": 2}}, "/*": plan("later")})
    assert await asked(app, "GET", "/a") == "basebase"


async def test_a_path_that_matches_no_route_has_the_layers_as_written() -> None:
    assert await asked(said({"/a": plan("route")}), "GET", "/b") == "base"


@pytest.mark.parametrize(
    ("key", "method", "taken"),
    [
        ("/a", "DELETE", True),
        ("GET /a", "GET", True),
        ("GET /a", "HEAD", True),
        ("GET /a", "POST", False),
        ("POST /a", "HEAD", False),
        ("HEAD /a", "GET", False),
        ("POST,PUT /a", "PUT", True),
        ("POST,PUT /a", "GET", False),
        ("OPTIONS /a", "OPTIONS", True),
    ],
)
async def test_methods_are_compared_exactly_and_get_covers_head(key: str, method: str, taken: bool) -> None:
    seen: list[bool] = []
    layer = trace("A", [], request=lambda exchange: seen.append(False))
    app = stack(layer, routes={key: {"A": False}})(hello)
    await run(app, http_scope(method, "/a"))
    assert (seen == []) is taken


async def test_paths_are_case_sensitive() -> None:
    assert await asked(said({"/a": plan("route")}), "GET", "/A") == "base"


async def test_a_websocket_is_a_get() -> None:
    log: Log = []
    app = stack(trace("A", log), routes={"POST /chat": {}, "GET /chat": {"A": False}})(echo)
    await connect(app, "hi", path="/chat")
    assert log == []


@pytest.mark.parametrize("path", ["//a", "/a//", "/x/../a", "/./a", "/a/.", "/a/..", "/a\\", "\\a", "/a\0"])
async def test_a_path_that_is_not_plain_has_the_layers_as_written(path: str) -> None:
    app = said({"/**": plan("route")})
    assert await asked(app, "GET", "/a") == "route"
    assert await asked(app, "GET", path) == "base"


def test_routes_match_below_the_mount() -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("endpoint")

    inner = stack(Says(), routes={"/users": plan("-")})(Starlette(routes=[Route("/users", endpoint)]))
    client = TestClient(Starlette(routes=[Mount("/api", inner)]))
    assert [client.get(path).text for path in ("/api/users", "/api/api/users")] == ["endpoint", "base"]


@pytest.mark.parametrize(
    ("root", "path", "text"),
    [
        ("/api", "/api/users", "route"),
        ("", "/users", "route"),
        ("/api", "/users", "route"),  # a server that strips the prefix itself
        ("/us", "/users", "route"),  # no mount point: `ers` is no path below it
        ("/api", "/apiusers", "base"),
    ],
)
async def test_routes_match_the_path_below_root_path(root: str, path: str, text: str) -> None:
    assert await asked(said({"/users": plan("route")}), "GET", path, root_path=root) == text


async def test_an_override_stands_in_every_run_of_layers_between_foreign_middleware() -> None:
    class Foreign:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, *args: Any) -> None:
            await self.app(*args)

    log: Log = []
    layers = [trace(name, log, only=("request",)) for name in "AB"]
    app = stack(layers[0], Middleware(Foreign), layers[1], routes={"/a": {"A": False, "B": False}})(hello)
    await get(app, "/a")
    assert log == []
    await get(app, "/b")
    assert log == ["A.request", "B.request"]


# What a route may say


async def test_options_replace_those_of_the_layer() -> None:
    app = stack(Says(text="x", times=3), routes={"/a": {"says": {"text": "y"}}})(hello)
    assert [await asked(app, "GET", path) for path in ("/a", "/b")] == ["yyy", "xxx"]


async def test_a_layer_takes_the_place_of_the_one_written() -> None:
    app = stack(Says(text="x", times=3), routes={"/a": {"says": Says(text="y")}, "/b": [Says(text="z")]})(hello)
    assert [await asked(app, "GET", path) for path in ("/a", "/b", "/c")] == ["y", "z", "xxx"]


async def test_false_leaves_a_layer_out_and_true_leaves_it_as_it_is() -> None:
    app = stack(Says(), routes={"/a": {"says": False}, "/b": {"says": True}})(hello)
    assert [await asked(app, "GET", path) for path in ("/a", "/b")] == ["hello", "base"]


async def test_layers_of_one_kind_are_told_apart_by_name() -> None:
    app = stack(Says(text="-", name="first"), Says(name="second"), routes={"/a": {"second": False}})(hello)
    assert [await asked(app, "GET", path) for path in ("/a", "/b")] == ["hello", "base"]


async def test_an_override_counts_apart() -> None:
    class Counts(Layer):
        limit: int = 1

        def compile(self) -> None:
            self._seen: list[str] = []

        def request(self, exchange: Exchange) -> Response | None:
            self._seen.append(exchange.path)
            return answer(429) if len(self._seen) > self.limit else None

    app = stack(Counts(), routes={"/a": {"counts": {"limit": 1}}})(hello)
    statuses = [(await get(app, path)).status for path in ("/a", "/b", "/a", "/b")]
    assert statuses == [200, 200, 429, 429]


# Preflights

PREFLIGHT = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"PUT")]


async def test_a_preflight_takes_the_plan_of_the_method_it_announces() -> None:
    log: Log = []
    app = stack(Preflights(), trace("A", log), routes={"PUT /a": {"A": False}})(failing(AssertionError()))
    assert await asked(app, "OPTIONS", "/a", headers=PREFLIGHT) == "preflight"
    assert log == []


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (PREFLIGHT, "PUT"),
        ([(b"origin", b"null"), PREFLIGHT[1]], "PUT"),
        (PREFLIGHT[1:], "OPTIONS"),
        (PREFLIGHT[:1], "OPTIONS"),
        ([*PREFLIGHT, (b"origin", b"https://b.example")], "OPTIONS"),
        ([*PREFLIGHT, (b"access-control-request-method", b"GET")], "OPTIONS"),
        ([(b"origin", b"nonsense"), PREFLIGHT[1]], "OPTIONS"),
    ],
    ids=["a preflight", "of no origin", "no Origin", "no method", "two origins", "two methods", "a strange origin"],
)
async def test_an_options_request_that_is_no_preflight_keeps_its_own_plan(
    headers: list[tuple[bytes, bytes]], text: str
) -> None:
    app = stack(Claims(), Says(), routes={"PUT /a": plan("PUT"), "OPTIONS /a": plan("OPTIONS")})(hello)
    assert await asked(app, "OPTIONS", "/a", headers=headers) == text


async def test_only_options_can_be_a_preflight() -> None:
    app = stack(Claims(), Says(), routes={"PUT /a": plan("PUT"), "/a": plan("own")})(hello)
    assert await asked(app, "GET", "/a", headers=PREFLIGHT) == "own"


@pytest.mark.parametrize(
    ("layers", "switched_off", "text"),
    [([], {}, "own"), ([Preflights()], {"preflights": False}, "own")],
    ids=["no layer answers preflights", "the layer that does is off on that route"],
)
async def test_a_header_can_never_choose_a_plan_without_the_guard(
    layers: list[Layer], switched_off: dict[str, bool], text: str
) -> None:
    guard = trace("guard", [], request=answer(401))
    app = stack(*layers, guard, routes={"PUT /a": {"guard": False, **switched_off}})(failing(AssertionError("reached")))
    assert await asked(app, "OPTIONS", "/a", headers=PREFLIGHT) == text
    assert await asked(app, "OPTIONS", "/a", headers=PREFLIGHT[1:]) in {"own", "preflight"}


async def test_a_preflight_is_answered_by_no_layer_that_is_off_for_what_it_announces() -> None:
    app = stack(Preflights(), Says(), routes={"PUT /a": {"preflights": False}})(hello)
    assert await asked(app, "OPTIONS", "/a", headers=PREFLIGHT) != "preflight"
    assert await asked(app, "OPTIONS", "/b", headers=PREFLIGHT) == "preflight"


async def test_a_preflight_of_a_method_that_no_route_names_has_the_layers_as_written() -> None:
    app = stack(Preflights(), Says(), routes={"GET /a": {"preflights": False, **plan("GET")}})(hello)
    assert await asked(app, "OPTIONS", "/a", headers=PREFLIGHT) == "preflight"


# What is refused


@pytest.mark.parametrize("key", ["/users/{id}", "/a?", "/[ab]", "users", "", "/a//b", "/a/../b", "/**/a/**", "/a\\b"])
def test_a_pattern_that_means_something_elsewhere_is_an_error_that_names_the_route(key: str) -> None:
    (problem,) = problems({key: {}})
    assert problem.startswith(f"routes[{key!r}]: ")


@pytest.mark.parametrize("key", ["get /a", "GET, POST /a", "GET,,POST /a", "G=T /a"])
def test_a_method_that_is_none_is_an_error(key: str) -> None:
    (problem,) = problems({key: {}})
    assert "is no method name; write methods in capitals" in problem


@pytest.mark.parametrize(
    ("first", "second"),
    [("/a/*", "/a/b"), ("/**", "POST /a"), ("GET /a", "HEAD /a"), ("GET,POST /a/**", "POST /a/b/*")],
)
def test_a_pattern_that_an_earlier_one_shadows_is_an_error(first: str, second: str) -> None:
    (problem,) = problems({first: {}, second: {}})
    assert problem.startswith(f"routes[{second!r}]: never matches: {first!r} comes first")


def test_routes_that_together_shadow_another_are_an_error() -> None:
    (problem,) = problems({"GET /x": {}, "POST /*": {}, "PUT /x": {}, "GET,POST /x": {}})
    assert problem == (
        "routes['GET,POST /x']: never matches: 'GET /x' and 'POST /*' come first and take all of its requests; "
        "put the narrower route first, or remove one"
    )


@pytest.mark.parametrize(("first", "second"), [("/a/b", "/a/*"), ("GET /a", "/a"), ("GET /a", "POST /a")])
def test_a_narrower_route_first_is_none(first: str, second: str) -> None:
    assert len(stack(Says(), routes={first: {}, second: {}}).variants) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sasy": False}, "no layer of this stack is called that; did you mean 'says'?"),
        ({"ratelimit": False}, "no layer of this stack is called that; it has says"),
        ([Preflights()], "no layer of this stack is called that"),
        ({"says": {"txet": "x"}}, "did you mean 'text'?"),
        ({"says": {"text": 5}}, "5 is not text"),
        ({"says": Preflights()}, "cannot take its place; give options, False, or a layer of its kind"),
        ({"says": "off"}, "'off' cannot take its place"),
        ({"says": None}, "None cannot take its place"),
    ],
)
def test_what_cannot_stand_in_a_route_is_an_error_that_names_it(changes: Any, problem: str) -> None:
    (found,) = problems({"/a": changes})
    assert found.startswith("routes['/a']")
    assert problem in found


@pytest.mark.parametrize("changes", [None, False, True, 5, "says", Says()], ids=repr)
def test_a_route_that_is_neither_a_mapping_nor_a_list_is_an_error_that_names_it(changes: Any) -> None:
    (found,) = problems({"/a": changes})
    assert found.startswith("routes['/a']")


def test_two_layers_for_one_place_are_an_error() -> None:
    (found,) = problems({"/a": [Says(text="x"), Says(text="y")]})
    assert found.startswith("routes['/a']")


def test_every_problem_of_every_route_is_told_at_once() -> None:
    found = problems({"a": {}, "/b": {"x": False, "says": {"text": 5}}, "/c": {}, "GET /c": {}})
    assert [problem.split(":")[0] for problem in found] == [
        "routes['a']",
        "routes['/b'].x",
        "routes['/b'].says.text",
        "routes['GET /c']",
    ]


def test_a_layer_may_object_to_its_own_overrides() -> None:
    class Objects(Trace):
        def check_routes(self, variants: Any) -> Any:
            return [self.problem("limit", f"{len(variants)} overrides are too many")]

    layer = trace("A", [], kind=Objects)
    (found,) = problems({"/a": {"A": {"only": ["request"]}}, "/b": {"A": False}}, layer)
    assert found == "stack[0].limit: 1 overrides are too many"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"routes": 5}, "routes: 5 is no mapping"),
        ({"routes": "/x"}, "routes: '/x' is no mapping"),
        ({"routes": {1: {}}}, "routes[1]: a key that is not text"),
        ({"routes": {None: {}}}, "routes[None]: a key that is not text"),
        ({"stores": "main"}, "stores: 'main' is no mapping"),
        ({"provides": 5}, "provides: 5 is not a list of text"),
        ({"provides": "user"}, "provides: 'user' is not a list of text; such as provides=[\"user\"]"),
    ],
    ids=repr,
)
def test_what_has_not_the_shape_of_an_argument_is_an_error_that_says_so(given: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError) as refused:
        stack(Says(), **given)
    assert str(refused.value).startswith(found)


def test_options_of_a_route_have_names() -> None:
    with pytest.raises(ConfigError, match="unknown option"):
        stack(Says(), routes={"/x": {"says": {"self": 1}}})
    with pytest.raises(ConfigError, match="unknown option"):
        stack(Says(), routes={"/x": {"says": {5: 6}}})  # type: ignore[dict-item]
    (found,) = problems({"/x": {5: False}})
    assert found.startswith("routes['/x'][5]: no layer of this stack is called that")
