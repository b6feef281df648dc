"""Puts layers around an ASGI application: adjacent ones fuse into one wrapper, routes choose among plans."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.exchange import header_reader, route_path
from toolkit.engine.lifespan import Resources, lifespan
from toolkit.engine.plan import Plan, compile_plan
from toolkit.engine.routes import Route, Table
from toolkit.http.headers import ORIGIN, REQUEST_METHOD, preflight_method
from toolkit.options import show

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer

Layers = Sequence["Layer"]

_MARK = "__toolkit__"
PATH = "__toolkit_path__"
"""Attribute of what stands around an application: how to find the path that the application routes by."""

_read_preflight = header_reader(frozenset((ORIGIN, REQUEST_METHOD)))


class Wrapped(NamedTuple):
    """What a wrapper is made of, so that the next one outward can take it in."""

    run: ASGIApp | None
    """The wrapper itself: what only copies its attributes is another application."""
    app: ASGIApp
    layers: tuple["Layer", ...]
    otherwise: ASGIApp
    """Takes the scopes that are neither HTTP nor WebSocket."""
    routes: Mapping[str, Any]
    routed: bool
    """Whether requests have plans of their own: then nothing fuses with it."""


def wrap(
    layers: Layers,
    app: ASGIApp,
    *,
    variants: Sequence[tuple[Route, Layers]] = (),
    resources: Resources | None = None,
    routes: Mapping[str, Any] | None = None,
    path: Callable[[Scope], str] | None = None,
    probed: bool = False,
) -> ASGIApp:
    """Stand layers around an application, the first outermost. Where it is inside layers already, both fuse.

    Args:
        layers: Bound layers.
        app: The application, or a wrapper that this function made.
        variants: What stands in the place of `layers` on each route, in the order in which routes are tried.
        resources: What the layers hold open: around the application's lifespan.
        routes: The routes as they were written, for those who look.
        path: How to find the path that the application routes by, where something stands between it and the layers.
        probed: Whether a probe inside the application looks for the exchange of a request that failed.
    """
    if isinstance(app, Mapping):
        raise TypeError("a stack was called with a request: wrap an application first, app = protect(app)")
    if hasattr(app, "wsgi_app"):
        raise TypeError(f"{show(app)} is a WSGI application: app.wsgi_app = protect.wsgi(app.wsgi_app)")
    if not callable(app):
        raise TypeError(f"{show(app)} is no ASGI application")
    inner = _inside(layers, app)
    rest = inner.otherwise if resources is None else lifespan(inner.otherwise, resources)

    def compiled(outer: Layers) -> ASGIApp:
        return compile_plan(Plan((*outer, *inner.layers)), inner.app, rest, probed=probed)

    path = path or path_of(inner.app)
    run = _routed(planned_table(layers, variants, compiled), path, rest) if variants else compiled(layers)
    made = Wrapped(run, inner.app, (*layers, *inner.layers), rest, routes or {}, bool(variants))
    attributes = {"app": made.app, "layers": made.layers, "routes": made.routes, PATH: path, _MARK: made}
    for name, value in attributes.items():
        setattr(run, name, value)
    return run


def _inside(layers: Layers, app: ASGIApp) -> Wrapped:
    """What the layers stand around."""
    inner = getattr(app, _MARK, None)
    return inner if isinstance(inner, Wrapped) and fuses(inner, app, layers) else Wrapped(None, app, (), app, {}, False)


def fuses(inner: Any, app: object, layers: Layers) -> bool:
    """Whether layers fuse with the wrapper they stand around: not if it chooses plans, or holds a layer of theirs.

    `inner` is the record found on `app`. One that functools.wraps copied there tells of another wrapper.
    """
    return inner.run is app and not inner.routed and set(layers).isdisjoint(inner.layers)


class Planned(NamedTuple):
    """A route's plan, compiled. `silent` is the same without the layers that answer preflights; None: it has none."""

    run: Any
    silent: Any


def choose(table: Table[Planned], method: str, path: str, wanted: Callable[[], str | None]) -> Any:
    """The compiled plan of a request. `wanted` tells the method that a preflight asks about, None where it is none.

    A preflight takes the plan of the request it announces, but only where that plan answers it: so a header can never
    choose a plan that lets the request through. Where that plan does not, no other may answer in its place.
    """
    method = method.upper()  # as frameworks do that would find the endpoint all the same
    planned = table.find(method, path)
    announced = wanted() if method == "OPTIONS" else None
    if announced is None:
        return planned.run
    answering = table.find(announced.upper(), path)
    return answering.run if answering.silent else planned.silent or planned.run


def planned_table(
    layers: Layers, variants: Sequence[tuple[Route, Layers]], compiled: Callable[[Layers], Any]
) -> Table[Planned]:
    """A table of compiled plans: routes that stand for the same layers share one."""
    known: dict[tuple[int, ...], Planned] = {}

    def planned(chosen: Layers) -> Planned:
        key = tuple(map(id, chosen))
        if key not in known:
            silent = [layer for layer in chosen if not layer.answers_preflights]
            known[key] = Planned(compiled(chosen), planned(silent).run if len(silent) < len(chosen) else None)
        return known[key]

    return Table([(route, planned(chosen)) for route, chosen in variants], planned(layers))


def path_of(app: object) -> Callable[[Scope], str]:
    """How to find the path that an application routes by, whatever this package has put around it.

    FastAPI's own `root_path` takes the place of the scope's only inside it.
    """
    known: Callable[[Scope], str] | None = getattr(app, PATH, None)
    root = getattr(app, "root_path", "")
    if known is not None or not isinstance(root, str) or not root:
        return known or route_path
    return lambda scope: route_path({**scope, "root_path": root})


def _routed(table: Table[Planned], path: Callable[[Scope], str], otherwise: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            return await otherwise(scope, receive, send)
        plan = choose(table, scope.get("method", "GET"), path(scope), lambda: _announced(scope))
        return await plan(scope, receive, send)  # type: ignore[no-any-return]

    return run


def _announced(scope: Scope) -> str | None:
    found = _read_preflight(scope)
    return preflight_method(found[ORIGIN], found[REQUEST_METHOD])
