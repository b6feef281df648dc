"""Stands a stack around a Starlette or FastAPI application, outside its ServerErrorMiddleware."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.run import PROBED, Run, Steps, drive

_INSTALLED = "__toolkit_installed__"


def install(around: Callable[[ASGIApp], ASGIApp], app: Starlette) -> None:
    """Wrap what the application builds when it starts. Raises RuntimeError where that would come too late, or twice."""
    if app.middleware_stack is not None:
        raise RuntimeError("install() came after the application had started: call it where the application is made")
    if hasattr(app, _INSTALLED):
        raise RuntimeError("a stack is installed already: put all layers into one stack(...) and install that")
    setattr(app, _INSTALLED, around)
    app.build_middleware_stack = _builder(around, app, app.build_middleware_stack)  # type: ignore[method-assign]


def _builder(
    around: Callable[[ASGIApp], ASGIApp], app: Starlette, build: Callable[[], ASGIApp]
) -> Callable[[], ASGIApp]:
    def build_inside() -> ASGIApp:
        app.user_middleware.insert(0, Middleware(_probe))
        try:
            return _probed(around(build()))
        finally:
            del app.user_middleware[0]

    return build_inside


def _probed(app: ASGIApp) -> ASGIApp:
    """Outside the stack: opens the list in which the stack's exchanges enter themselves for the probe to find."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        scope[PROBED] = []
        await app(scope, receive, send)

    return run


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
    for place in reversed(range(len(exchanges))):
        exchange, inside = exchanges[place], exchanges[place + 1 :]

        def deliver(answer: Response, index: int, exchange: Run = exchange, inside: list[Run] = inside) -> Steps:
            for passed in inside:
                passed.left = iter(())
            yield from exchange.answer_through(send, answer, index)

        left = yield from exchange.intercept(failure, deliver)
        if not isinstance(left, Exception):
            return left
        failure = left
    return failure
