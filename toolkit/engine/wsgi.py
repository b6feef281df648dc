"""Puts layers around a WSGI application: adjacent ones fuse into one wrapper, routes choose among plans."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication

from starlette.middleware import Middleware

from toolkit.engine.bridge import CURRENT, Bridge
from toolkit.engine.environ import Environ, find_header, path_info
from toolkit.engine.places import Places
from toolkit.engine.plan import Plan
from toolkit.engine.routes import Route
from toolkit.engine.wrap import Layers, choose, fuses, planned_table
from toolkit.engine.wsgi_body import Chunks, is_whole
from toolkit.engine.wsgi_run import WSGIRun
from toolkit.http.headers import ORIGIN, REQUEST_METHOD, preflight_method
from toolkit.options import ConfigError, Problem

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer
    from toolkit.engine.lifespan import Resources

_MARK = "__toolkit_wsgi__"
_PYTHON = Places()


class Wrapped(NamedTuple):
    """What a wrapper is made of, so that the next one outward can take it in."""

    run: WSGIApplication | None
    """The wrapper itself: what only copies its attributes is another application."""
    app: WSGIApplication
    layers: tuple["Layer", ...]
    routes: Mapping[str, Any]
    routed: bool
    """Whether requests have plans of their own: then nothing fuses with it."""
    bridge: Bridge
    resources: tuple["Resources", ...]


def wrap_wsgi(
    layers: Layers,
    app: WSGIApplication,
    *,
    variants: Sequence[tuple[Route, Layers]] = (),
    resources: "Resources | None" = None,
    routes: Mapping[str, Any] | None = None,
) -> WSGIApplication:
    """Stand layers around a WSGI application, the first outermost. Where it is inside layers already, both fuse.

    The wrapper has `.app`, `.layers`, `.routes`, and `.close()`, which closes its stores and its event loop.

    Args:
        layers: Bound layers.
        app: The application, or a wrapper that this function made.
        variants: What stands in the place of `layers` on each route, in the order in which routes are tried.
        resources: What the layers hold open; they open it on first use.
        routes: The routes as they were written, for those who look.
    """
    if not callable(app):
        raise TypeError(f"{app!r} is no WSGI application")
    if iscoroutinefunction(app) or iscoroutinefunction(type(app).__call__):
        raise TypeError(f"{app!r} is an ASGI application: app = protect(app)")
    inner = _inside(layers, app)

    def compiled(outer: Layers) -> WSGIApplication:
        return _compiled(Plan((*outer, *inner.layers)), inner.app, inner.bridge)

    run = _routed(layers, variants, compiled) if variants else compiled(layers)
    held = inner.resources if resources is None else (resources, *inner.resources)
    made = Wrapped(run, inner.app, (*layers, *inner.layers), routes or {}, bool(variants), inner.bridge, held)
    attributes = {"app": made.app, "layers": made.layers, "routes": made.routes, _MARK: made}
    for name, value in {**attributes, "close": lambda: _close(made)}.items():
        setattr(run, name, value)
    return run


def refuse_asgi(elements: Sequence[object], handlers: Iterable[str] = (), places: Places = _PYTHON) -> None:
    """Raise one ConfigError that names all that cannot stand around a WSGI application."""
    named = [(places.element(place), _needs_asgi(element)) for place, element in enumerate(elements)]
    named += [(places.handler(place, path), "a handler") for place, path in enumerate(handlers)]
    fix = "leave it out of the stack around a WSGI application"
    problems = [places.located(Problem(where, f"{name} needs ASGI", fix)) for where, name in named if name]
    if problems:
        raise ConfigError(problems)


def _needs_asgi(element: Any) -> str | None:
    """What to call an element that only ASGI has a place for: foreign middleware, or a layer of WebSocket messages."""
    if isinstance(element, Middleware):
        return getattr(element.cls, "__name__", repr(element.cls))
    asgi_only = element.asgi_only or set(element.hooks()) == {"receive"}
    return f"{type(element).__name__} ({element.label})" if asgi_only else None


def _inside(layers: Layers, app: WSGIApplication) -> Wrapped:
    """What the layers stand around."""
    inner = getattr(app, _MARK, None)
    if isinstance(inner, Wrapped) and fuses(inner, app, layers):
        return inner
    return Wrapped(None, app, (), {}, False, Bridge(), ())


def _close(wrapped: Wrapped) -> None:
    for resources in wrapped.resources:
        if resources:
            wrapped.bridge.run(resources.close())
    wrapped.bridge.close()
    inner: Wrapped | None = getattr(wrapped.app, _MARK, None)
    if inner is not None:
        _close(inner)


def _compiled(plan: Plan, app: WSGIApplication, bridge: Bridge) -> WSGIApplication:
    """The function that runs `app` inside a plan's layers."""
    hooked = plan.requests or plan.responses or plan.unwinds
    return _layered(plan, app, bridge) if hooked else _plain(app, bridge)


def _plain(app: WSGIApplication, bridge: Bridge) -> WSGIApplication:
    """Where no layer has a hook. `run_sync` still finds the loop."""

    def run(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        token = CURRENT.set(bridge)
        try:
            iterable = app(environ, start_response)
        finally:
            CURRENT.reset(token)
        if is_whole(iterable, environ):
            return iterable
        return Chunks(iterable, getattr(iterable, "close", None), bridge)

    return run


def _layered(plan: Plan, app: WSGIApplication, bridge: Bridge) -> WSGIApplication:
    def run(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        token = CURRENT.set(bridge)
        try:
            return WSGIRun(plan, environ, start_response, bridge).respond(app)
        finally:
            CURRENT.reset(token)

    return run


def _routed(
    layers: Layers, variants: Sequence[tuple[Route, Layers]], compiled: Callable[[Layers], WSGIApplication]
) -> WSGIApplication:
    table = planned_table(layers, variants, compiled)

    def run(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        plan = choose(table, environ["REQUEST_METHOD"], path_info(environ), lambda: _announced(environ))
        return plan(environ, start_response)  # type: ignore[no-any-return]

    return run


def _announced(environ: Environ) -> str | None:
    return preflight_method(find_header(environ, ORIGIN), find_header(environ, REQUEST_METHOD))
