"""CORS: one policy in each subject's words, on every path that a request can take through it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

from bench.drive import BODY, Answer, ask_asgi, bare, over_asgi
from bench.measure import BARE, OURS, Case, WrongAnswerError
from bench.peers import peer
from bench.requests import CROSS_ORIGIN, ORIGIN, PREFLIGHT, SAME_ORIGIN, STRANGER, Request
from toolkit.cors import CORS

GROUP = "cors"
BLACKSHEEP = "BlackSheep app"
LISTED = "list"

LIST: Mapping[str, Any] = {
    "allow_origins": ["https://www.example", ORIGIN, "https://admin.example"],
    "allow_credentials": True,
    "allow_methods": ["GET", "POST", "PUT", "DELETE"],
    "allow_headers": ["content-type", "authorization"],
    "expose_headers": ["x-request-id"],
    "max_age": 600,
}
WILDCARD: Mapping[str, Any] = {**LIST, "allow_origins": ["*"], "allow_credentials": False}
REGEX: Mapping[str, Any] = {**LIST, "allow_origins": [], "allow_origin_regex": r"https://(app|admin)\.example"}

_PATHS = {
    "no Origin": SAME_ORIGIN,
    "allowed": CROSS_ORIGIN,
    "denied": CROSS_ORIGIN.from_origin(STRANGER),
    "preflight allowed": PREFLIGHT,
    "preflight denied": PREFLIGHT.from_origin(STRANGER),
}
_SIMPLE = ("no Origin", "allowed", "denied")
_ANYONE = ("no Origin", "allowed", "preflight allowed")


def toolkit(policy: Mapping[str, Any], app: ASGIApp = bare) -> ASGIApp:
    """The toolkit's CORS with a policy in Starlette's words."""
    regex = policy.get("allow_origin_regex")
    ours = policy if regex is None else {**policy, "allow_origin_regex": re.compile(regex)}
    return CORS(**ours)(app)


def starlette(policy: Mapping[str, Any], app: ASGIApp = bare) -> ASGIApp:
    """Starlette's own."""
    return CORSMiddleware(app, **policy)


def asgi_cors(policy: Mapping[str, Any]) -> ASGIApp:
    """It knows no credentials and no exposed headers. Its `max_age` is left out: it sends a str, which ASGI forbids."""
    words = {"methods": policy["allow_methods"], "headers": policy["allow_headers"]}
    origins = policy["allow_origins"]
    words |= {"allow_all": True} if origins == ["*"] else {"hosts": origins}
    app: ASGIApp = peer("asgi_cors").asgi_cors(bare, **words)
    return app


def base_http_middleware(policy: Mapping[str, Any]) -> ASGIApp:
    """Not CORS at all: what the usual way of writing a middleware costs before it has done anything."""

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return BaseHTTPMiddleware(bare, dispatch=dispatch)


def blacksheep(policy: Mapping[str, Any] | None) -> ASGIApp:
    """An application of BlackSheep's, with its CORS or, for None, without: the two are compared with each other."""
    framework = peer("blacksheep")
    app = framework.Application(router=framework.Router())

    async def items(request: Any) -> Any:
        return framework.Response(200, content=framework.Content(b"application/json", BODY))

    for method in ("GET", "PUT", "OPTIONS"):
        app.router.add(method, "/api/items", items)
    if policy is not None:
        app.use_cors(**policy)
    made: ASGIApp = app
    return made


@dataclass(frozen=True)
class _Subject:
    """Who, how it is made from a policy, what it stands over, and the paths it has: asgi-cors answers no preflight."""

    name: str
    make: Callable[[Mapping[str, Any]], ASGIApp]
    over: str | None = BARE
    paths: tuple[str, ...] = tuple(_PATHS)
    does_cors: bool = True


_BARE = _Subject(BARE, lambda policy: bare, over=None, does_cors=False)
_OURS = _Subject(OURS, toolkit)
_STARLETTE = _Subject("Starlette", starlette)
_ASGI_CORS = _Subject("asgi-cors", asgi_cors, paths=_SIMPLE)
_OTHERS = (
    _Subject(BLACKSHEEP, lambda policy: blacksheep(None), over=None, does_cors=False),
    _Subject("BlackSheep", blacksheep, over=BLACKSHEEP),
    _Subject("BaseHTTPMiddleware, no-op", base_http_middleware, paths=("no Origin", "allowed"), does_cors=False),
)

_TABLE = (
    (LISTED, LIST, tuple(_PATHS), (_BARE, _OURS, _STARLETTE, _ASGI_CORS, *_OTHERS)),
    ("*", WILDCARD, _ANYONE, (_BARE, _OURS, _STARLETTE, _ASGI_CORS)),
    ("regex", REGEX, _SIMPLE, (_BARE, _OURS, _STARLETTE)),
)


def cases(closing: ExitStack) -> Iterator[Case]:
    """Every subject on every path."""
    for name, policy, paths, subjects in _TABLE:
        made = [(subject, subject.make(policy)) for subject in subjects]
        for path in paths:
            takers = [(subject, app) for subject, app in made if path in subject.paths]
            yield from (_case(f"{name}: {path}", subject, app, _PATHS[path]) for subject, app in takers)


def _case(row: str, subject: _Subject, app: ASGIApp, request: Request) -> Case:
    def scopes(count: int) -> list[Scope]:
        return [request.scope() for _ in range(count)]

    async def check() -> None:
        answer = await ask_asgi(app, request.scope())
        if subject.does_cors and not is_right(answer, request):
            raise WrongAnswerError(subject.name, row, answer)

    return Case(GROUP, row, subject.name, over_asgi(app, scopes), check, over=subject.over)


def is_right(answer: Answer, request: Request) -> bool:
    """Whether a browser would act on the answer as the policies here mean it to."""
    origin, allowed = request.header("origin"), answer.header("access-control-allow-origin")
    if origin == STRANGER:
        return allowed is None
    if request.method == "OPTIONS":
        methods = re.split(", *", answer.header("access-control-allow-methods") or "")
        return 200 <= answer.status < 300 and allowed in {origin, "*"} and "PUT" in methods
    return answer.body == BODY and (origin is None or allowed in {origin, "*"})
