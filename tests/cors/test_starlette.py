"""In Starlette's place: the same calls, and pages read the same, but for a short list of reasoned differences."""

import inspect
from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware as StarletteCORS
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

from tests.cors.browser import SAFE_METHODS, Page, Pairs, Response, fetch, is_safelisted
from tests.cors.cases import EVIL, A, pairs
from tests.engine.asgi import answering, http_scope
from toolkit import CORS, CORSMiddleware

Options = dict[str, Any]

ORG = "https://example.org"


def home(request: object) -> PlainTextResponse:
    return PlainTextResponse("home")


ROUTES = [Route("/", home)]


def listed(**options: Any) -> Starlette:
    return Starlette(routes=ROUTES, middleware=[Middleware(CORSMiddleware, **options)])


def added(**options: Any) -> Starlette:
    app = Starlette(routes=ROUTES)
    app.add_middleware(CORSMiddleware, **options)
    return app


def around(**options: Any) -> ASGIApp:
    return CORSMiddleware(Starlette(routes=ROUTES), **options)


def around_by_name(**options: Any) -> ASGIApp:
    return CORSMiddleware(app=Starlette(routes=ROUTES), **options)  # type: ignore[call-arg]  # as in Starlette's pages


def on_a_mount(**options: Any) -> Starlette:
    return Starlette(routes=[Mount("/", routes=ROUTES, middleware=[Middleware(CORSMiddleware, **options)])])


PLACES: list[Callable[..., ASGIApp]] = [listed, added, around, around_by_name, on_a_mount]
CALLS: dict[str, Options] = {
    "origins": {"allow_origins": [ORG, "https://www.example.org"]},
    "origins in a tuple": {"allow_origins": (ORG,)},
    "everybody": {"allow_origins": ["*"]},
    "everything for everybody": {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]},
    "an expression": {"allow_origin_regex": r"https://.*\.org"},
    "credentials and stars": {
        "allow_origins": ["http://localhost", ORG],
        "allow_credentials": True,
        "allow_methods": ["*"],
        "allow_headers": ["*"],
    },
    "all options": {
        "allow_origins": [ORG],
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["X-Token", "Content-Type"],
        "allow_credentials": False,
        "allow_origin_regex": None,
        "expose_headers": ["X-Status"],
        "max_age": 60,
    },
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", CALLS)
def test_calls_of_starlettes_pages_work(call: str, place: Callable[..., ASGIApp]) -> None:
    client = TestClient(place(**CALLS[call]))
    answer = client.get("/", headers={"Origin": ORG})
    assert (answer.status_code, answer.text) == (200, "home")
    assert answer.headers["access-control-allow-origin"] in {ORG, "*"}
    asking = {"Origin": ORG, "Access-Control-Request-Method": "GET"}
    assert client.options("/", headers=asking).headers["access-control-allow-origin"] in {ORG, "*"}


def test_every_option_of_starlette_is_there_with_its_default() -> None:
    options = inspect.signature(StarletteCORS).parameters
    theirs = {name: option.default for name, option in options.items() if name not in {"app", "allow_origins"}}
    layer = CORS(allow_origins=[A])
    assert {name: getattr(layer, name) for name in theirs} == theirs


OWN = pairs("Content-Type: text/plain | X-Total: 7 | ETag: x")
Read = tuple[int | None, frozenset[bytes]]


def read(middleware: Callable[..., ASGIApp], options: Options, page: Page, own: Pairs = OWN) -> Read:
    """The status and the names of the application's own headers that a page reads."""
    app = middleware(answering(200, own), **options)
    fetched = fetch(page, lambda method, url, headers: at_once(app, http_scope(method, "/", headers)))
    return fetched.status, (fetched.names or frozenset()) & {name for name, _ in OWN}


def at_once(app: ASGIApp, scope: Scope) -> Response:
    """The answer of an application that has nothing to wait for, without an event loop."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("the body is nobody's business")

    async def served() -> None:
        await app(scope, receive, send)

    with pytest.raises(StopIteration):
        served().send(None)
    return Response(sent[0]["status"], sent[0]["headers"])


JSON, X_A, BEARER = (b"content-type", b"application/json"), (b"x-a", b"1"), (b"authorization", b"Bearer 1")
ANY = r"https://[a-d]\.example|null"
ORIGINS: list[Options] = [{"allow_origins": [A]}, {"allow_origins": ["*"]}, {"allow_origin_regex": ANY}]
POLICIES = [
    {"allow_methods": methods, "allow_headers": headers, "expose_headers": exposed}
    for methods in (["GET"], ["PUT", "POST"], ["*"])
    for headers in ([], ["X-A", "content-type"], ["*"], ["*", "Authorization"])
    for exposed in ([], ["X-Total"], ["*"])
]
PAGES = [
    Page(origin, method=method, headers=headers, include=include)
    for origin in (A, EVIL, "null")
    for method in ("GET", "POST", "PUT", "purge")
    for headers in ((), (JSON,), (X_A, JSON), (BEARER,))
    for include in (False, True)
]


class Difference(NamedTuple):
    """Where a page reads something else, and an example: what it reads behind Starlette's, and behind ours."""

    where: Callable[[Options, Page], bool]
    options: Options
    page: Page
    starlette: Read
    ours: Read


NOTHING: Read = (None, frozenset())
SAFE: Read = (200, frozenset({b"content-type"}))
ALL: Read = (200, frozenset({b"content-type", b"x-total", b"etag"}))


def is_unlisted_safe(options: Options, page: Page) -> bool:
    methods = options["allow_methods"]
    asks = any(not is_safelisted(*header) for header in page.headers)
    return asks and page.method in SAFE_METHODS and page.method not in methods and "*" not in methods


def is_new_method(options: Options, page: Page) -> bool:
    return options["allow_methods"] == ["*"] and page.method == "purge"


def is_bearer_under_star(options: Options, page: Page) -> bool:
    return options["allow_headers"] == ["*"] and not options["allow_credentials"] and BEARER in page.headers


def is_null(options: Options, page: Page) -> bool:
    return page.origin == "null" and ("allow_origin_regex" in options or options["allow_credentials"])


def shows_all_with_credentials(options: Options, page: Page) -> bool:
    return options["expose_headers"] == ["*"] and options["allow_credentials"] and page.include


def with_defaults(**options: Any) -> Options:
    return {"allow_methods": ["GET"], "allow_headers": [], "expose_headers": [], "allow_credentials": False, **options}


DIFFERENCES = {
    "safelisted methods pass unlisted, as in browsers": Difference(
        is_unlisted_safe,
        with_defaults(allow_origins=[A]),
        Page(A, method="POST", headers=(JSON,)),
        NOTHING,
        SAFE,
    ),
    "a star is for every method, not for those that are known": Difference(
        is_new_method,
        with_defaults(allow_origins=[A], allow_methods=["*"]),
        Page(A, method="purge"),
        NOTHING,
        SAFE,
    ),
    "a star is sent as such, and does not cover Authorization": Difference(
        is_bearer_under_star,
        with_defaults(allow_origins=[A], allow_headers=["*"]),
        Page(A, headers=(BEARER,)),
        SAFE,
        NOTHING,
    ),
    "null is never allowed by name": Difference(
        is_null, with_defaults(allow_origin_regex=ANY), Page("null"), SAFE, NOTHING
    ),
    "a star exposes all names with credentials too": Difference(
        shows_all_with_credentials,
        with_defaults(allow_origins=[A], expose_headers=["*"], allow_credentials=True),
        Page(A, include=True),
        SAFE,
        ALL,
    ),
}


@pytest.mark.parametrize("credentials", [False, True])
@pytest.mark.parametrize("origins", ORIGINS, ids=["exact", "everybody", "expression"])
def test_pages_read_the_same_but_for_what_is_named(origins: Options, credentials: bool) -> None:
    dangerous = {"dangerously_allow_any_origin_with_credentials": True} if credentials else {}
    for policy, page in product(POLICIES, PAGES):
        options = {**origins, **policy, "allow_credentials": credentials}
        if not any(difference.where(options, page) for difference in DIFFERENCES.values()):
            ours = read(CORSMiddleware, {**options, **dangerous}, page)
            assert ours == read(StarletteCORS, options, page), (options, page)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_is_named_is_different(name: str) -> None:
    _, options, page, starlette, ours = DIFFERENCES[name]
    assert [key for key, difference in DIFFERENCES.items() if difference.where(options, page)] == [name]
    assert read(StarletteCORS, options, page) == starlette
    assert read(CORSMiddleware, options, page) == ours


def test_what_an_application_says_itself_does_not_count() -> None:
    own = (*OWN, *pairs("ACAO: *"))
    options = with_defaults(allow_origins=[A])
    assert read(StarletteCORS, options, Page(EVIL), own) == SAFE
    assert read(CORSMiddleware, options, Page(EVIL), own) == NOTHING
    assert read(CORSMiddleware, {**options, "conflict": "keep"}, Page(EVIL), own) == SAFE
