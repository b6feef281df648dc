"""Stands a stack around a Starlette or FastAPI application, outside its ServerErrorMiddleware."""

from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.run import PROBED, Run
from toolkit.engine.steps import Steps, drive


class Wraps(Protocol):
    """A stack around one application: its handlers in front of it, its layers around an application with a probe."""

    def answering(self, app: ASGIApp) -> ASGIApp: ...
    def around(self, app: ASGIApp, *, probed: bool) -> ASGIApp: ...


_INSTALLED = "__toolkit_installed__"


def install(wrapping: Callable[[], Wraps], app: object) -> None:
    """Wrap what the application builds when it starts. Raises RuntimeError where that would come too late, or twice."""
    if not isinstance(app, Starlette):
        instead = "app = protect(app) around ASGI, app.wsgi_app = protect.wsgi(app.wsgi_app) around Flask"
        raise TypeError(f"install() is for Starlette and FastAPI, and {app!r} is neither: write {instead}")
    if app.middleware_stack is not None:
        raise RuntimeError("install() came after the application had started: call it where the application is made")
    if hasattr(app, _INSTALLED):
        raise RuntimeError("a stack is installed already: put all layers into one stack(...) and install that")
    setattr(app, _INSTALLED, wrapping)
    app.build_middleware_stack = _builder(wrapping, app, app.build_middleware_stack)  # type: ignore[method-assign]


def _builder(wrapping: Callable[[], Wraps], app: Starlette, build: Callable[[], ASGIApp]) -> Callable[[], ASGIApp]:
    def build_inside() -> ASGIApp:
        wraps = wrapping()
        app.user_middleware[:0] = [Middleware(_probe), Middleware(wraps.answering)]
        try:
            return wraps.around(build(), probed=True)
        finally:
            del app.user_middleware[:2]

    return build_inside


def _probe(app: ASGIApp) -> ASGIApp:
    """Inside ServerErrorMiddleware: the layers get to answer a failure before it does."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        exchanges: list[Run] = scope.pop(PROBED, [])
        try:
            await app(scope, receive, send)
        except Exception as exc:
            failure = await drive(_intercepted(exchanges, exc, send)) if exchanges else exc
            if failure is exc:
                raise
            if failure is not None:
                raise failure from exc

    return run


def _intercepted(exchanges: list[Run], failure: Exception, send: Send) -> Steps:
    """Ask each exchange, from inside out. Returns what is left of the failure."""
    for place, exchange in reversed(list(enumerate(exchanges))):
        left = yield from exchange.intercept(failure, send, exchanges[place + 1 :])
        if not isinstance(left, Exception):
            return left
        failure = left
    return failure
