"""Puts handlers in front of an application: each answers the paths of its template, all else goes through."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.engine.handler import Handler, answered
from toolkit.engine.routes import Route, Table
from toolkit.engine.wrap import PATH
from toolkit.http.answers import refusal
from toolkit.http.templates import PathTemplate


class Entry(NamedTuple):
    """Who answers: a handler on its path template, or without one the application."""

    template: PathTemplate | None
    app: ASGIApp


def dispatching(handlers: Mapping[str, ASGIApp], app: ASGIApp, path: Callable[[Scope], str]) -> ASGIApp:
    """An application that answers by the first handler whose path template takes a request, else by `app`.

    A path that is not plain goes to `app`. Behind `/{path:path}` a handler sees what Starlette's Mount would show it.
    `.app` of what this returns is the application.

    Args:
        handlers: Bound handlers by path template.
        app: Answers everything else, lifespans included.
        path: How to find the path that the application routes by.
    """
    table = handler_table({path: _on_its_own(handler) for path, handler in handlers.items()}, app)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            below = path(scope)
            template, handler = table.find("", below)
            if template is not None:
                return await handler({**scope, **entered(scope, template, below)}, receive, send)
        return await app(scope, receive, send)

    for name, value in (("app", app), (PATH, path)):
        setattr(run, name, value)
    return run


def _on_its_own(app: ASGIApp) -> ASGIApp:
    """Other people's applications may raise what Starlette answers around those that it has mounted.

    Its ExceptionMiddleware answers here too, but stands only where something was raised: it costs 2 µs.
    """
    if isinstance(app, Handler):
        return app

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await app(scope, receive, watched)
        except (HTTPException, WebSocketException) as raised:
            if started:
                raise
            await ExceptionMiddleware(_raising(raised))(scope, receive, send)

    return run


def _raising(exception: Exception) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise exception

    return app


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that knows no path: its answer is 404, and its lifespan has nothing to do."""
    await answered(_not_found, scope, receive, send)


def _not_found(scope: Scope) -> Response:
    return refusal(scope, 404, "There is nothing at this address.")


def handler_table(handlers: Mapping[str, ASGIApp], app: ASGIApp) -> Table[Entry]:
    """Finds who answers a path; the method does not matter."""
    entries = [(Route.of_template(text), handler) for text, handler in handlers.items()]
    return Table([(route, Entry(route.template, handler)) for route, handler in entries], Entry(None, app))


def entered(scope: Scope, template: PathTemplate, below: str) -> dict[str, Any]:
    """What the scope of a handler has of its own: the parameters; and behind `/{…:path}` it is mounted, as by Mount.

    Args:
        scope: Of the request.
        template: The handler's.
        below: The path that the template took: the end of the scope's own.
    """
    found = parameters(template, below)
    own: dict[str, Any] = {"path_params": {**scope.get("path_params", {}), **found}}
    if template.rest is not None:
        own["root_path"] = scope["path"].removesuffix("\n").removesuffix(found[template.rest]).removesuffix("/")
    return own


def parameters(template: PathTemplate, path: str) -> dict[str, Any]:
    """What a template finds in a path that it takes; a final newline does not count, as in the table."""
    return {} if template.is_exact else template.match(path.removesuffix("\n")) or {}
