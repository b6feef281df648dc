"""Layers, places and stacks that tests of `explain` share."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse

from toolkit import CORS, Exchange, Layer, Stack, stack
from toolkit.engine.exchange import Hook
from toolkit.engine.handler import Mounted
from toolkit.engine.places import Places
from toolkit.options import Options, option

ORIGIN = {"origin": "https://app.example"}


def preflight(method: str) -> dict[str, str]:
    """The headers of a preflight."""
    return {**ORIGIN, "access-control-request-method": method}


class RateLimit(Layer):
    """A layer that may answer."""

    limit: str = "100/minute"
    key: str = "ip"

    def request(self, exchange: Exchange) -> Hook:
        return None

    def explain(self, exchange: Exchange) -> Iterable[str]:
        yield f"{exchange.client and exchange.client[0]} has {self.limit} on {exchange.path}"


class Sessions(Layer):
    """A layer with a secret."""

    secret_key: str = option(default="", secret=True)
    store: str = "memory:"

    def request(self, exchange: Exchange) -> None: ...


class Login(Options):
    """Options within options."""

    user: str
    password: str = option(secret=True)


class Nested(Layer):
    """A layer whose options hold options."""

    logins: Mapping[str, Login] = {}
    login: Login | None = None


class File(Places):
    """Every place is in a file, at the line that `lines` has for it."""

    def __init__(self, lines: Mapping[str, int]) -> None:
        self.lines = lines

    def element(self, index: int) -> str:
        return f"middleware[{index}]"

    def route(self, index: int, key: str) -> str:
        return f"route[{index}]"

    def handler(self, index: int, path: str) -> str:
        return f"handler[{index}]"

    def default(self, kind: str) -> str:
        return f"defaults.{kind}"

    def written(self, where: str) -> str:
        line = self.lines.get(where)
        return f"toolkit.toml:{line}" if line else ""


async def files(scope: Any, receive: Any, send: Any) -> None:
    """A handler."""
    await PlainTextResponse("a file")(scope, receive, send)


def protect(**changes: Any) -> Stack:
    """CORS, a limit, a foreign middleware and sessions, with routes and a handler."""
    return stack(
        CORS(allow_origins=["https://app.example", "https://*.partner.example"]),
        RateLimit(),
        Middleware(GZipMiddleware, minimum_size=500),
        Sessions(secret_key="correct horse battery", store="redis://me:hunter2@host/0"),
        **{"routes": ROUTES, "handlers": HANDLERS, "defaults": {"cors": {"max_age": 60}}, **changes},
    )


ROUTES: Mapping[str, Any] = {
    "POST /login": {"ratelimit": {"limit": "5/minute"}},
    "GET /health": {"ratelimit": False, "cors": False},
    "/off/**": {"sessions": False},
}
HANDLERS: Mapping[str, Any] = {
    "/files/{path:path}": Mounted(files, layers={"sessions": False}),
    "/plain/{id:int}": files,
}
