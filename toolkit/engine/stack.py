"""A stack: layers and other ASGI middleware in written order, first outermost, with what routes change about them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from wsgiref.types import WSGIApplication

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from toolkit.engine.install import install
from toolkit.engine.layer import Layer
from toolkit.engine.lifespan import Resource, Resources
from toolkit.engine.order import needs_problems, order_problems
from toolkit.engine.routes import Route, shadowed
from toolkit.engine.wrap import wrap
from toolkit.engine.wsgi import refuse_asgi, wrap_wsgi
from toolkit.options import ConfigError, Problem, did_you_mean

Element = Layer | Middleware
Change = bool | Mapping[str, Any] | Layer
Routes = Mapping[str, Mapping[str, Change] | Sequence[Layer]]
Variants = Sequence[tuple[Route, Mapping[Layer, Layer | None]]]


class Stack:
    """What `stack(...)` returns: a value that wraps applications. Attributes are as written.

    Attributes:
        elements: Layers and foreign middleware, outermost first.
        layers: The layers alone.
        routes: What changes where.
        stores: What layers may name as their store.
        provides: What stands outside the stack.
        variants: What each route has in place of the layers; None where one is off.
    """

    elements: tuple[Element, ...]
    layers: tuple[Layer, ...]
    routes: Routes
    stores: Mapping[str, Resource]
    provides: frozenset[str]
    variants: Variants

    def __init__(
        self,
        elements: Sequence[Element],
        routes: Routes,
        stores: Mapping[str, Resource],
        provides: Iterable[str],
    ) -> None:
        self.elements = tuple(elements)
        self.layers = tuple(element for element in elements if isinstance(element, Layer))
        self.routes = dict(routes)
        self.stores = dict(stores)
        self.provides = frozenset(provides)
        problems = [*_foreign_problems(elements), *order_problems(self.layers, self.provides)]
        self.variants = _variants(self.layers, self.routes, problems)
        problems += self._route_problems()
        if problems:
            raise ConfigError(problems)

    def __repr__(self) -> str:
        routes = f", routes={self.routes!r}" if self.routes else ""
        return f"stack({', '.join(map(repr, self.elements))}{routes})"

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI application; `.app`, `.layers` and `.routes` of what it returns tell what is inside."""
        return self._around(app, probed=False)

    def _around(self, app: ASGIApp, *, probed: bool) -> ASGIApp:
        resources = Resources(self.stores)
        bind = _binder(resources)
        segments = list(_segments(self.elements))
        for place, segment in reversed(list(enumerate(segments))):
            if isinstance(segment, Middleware):
                app = segment.cls(app, *segment.args, **segment.kwargs)
            else:
                bound, variants = self._bound(segment, bind)
                held = None if place else resources
                app = wrap(bound, app, variants=variants, resources=held, routes=self.routes, probed=probed)
        return app

    def install(self, app: Starlette) -> None:
        """Stand this stack around a Starlette or FastAPI application, outside everything that it has or will have.

        So 500s pass through it too. Raises RuntimeError once the application has started, and the second time.
        """
        install(self._around, app)

    def wsgi(self, app: WSGIApplication) -> WSGIApplication:
        """Wrap a WSGI application; what it returns has `.app`, `.layers`, `.routes` and `.close()`.

        Raises ConfigError naming all that needs ASGI.
        """
        refuse_asgi(self.elements)
        resources = Resources(self.stores)
        bound, variants = self._bound(self.layers, _binder(resources))
        return wrap_wsgi(bound, app, variants=variants, resources=resources, routes=self.routes)

    def _bound(
        self, layers: Sequence[Layer], bind: Callable[[Layer], Layer]
    ) -> tuple[list[Layer], list[tuple[Route, list[Layer]]]]:
        """Some of the layers, bound, and what stands in their place on each route."""
        variants = [
            (route, [bind(chosen) for layer in layers if (chosen := changes.get(layer, layer)) is not None])
            for route, changes in self.variants
        ]
        return [bind(layer) for layer in layers], variants

    def _route_problems(self) -> Iterator[Problem]:
        for route, earlier in shadowed([route for route, _ in self.variants]):
            reason = f"never matches: {earlier.key!r} comes first and takes all of its requests"
            yield Problem(f"routes[{route.key!r}]", reason, "put the narrower route first, or remove one")
        for route, changes in self.variants:
            chosen = [changes.get(layer, layer) for layer in self.layers]
            left = [layer for layer in chosen if layer is not None]
            yield from needs_problems(left, self.provides, f"routes[{route.key!r}]")
        for layer in self.layers:
            yield from layer.check_routes(
                [made for _, changes in self.variants if (made := changes.get(layer)) is not None]
            )


def stack(
    *elements: "Element | Stack",
    routes: Routes | None = None,
    stores: Mapping[str, Resource] | None = None,
    provides: Iterable[str] = (),
) -> Stack:
    """Layers and other ASGI middleware around an application, in written order: the first is outermost.

    Args:
        elements: Layers, `Middleware(cls, **options)` for any other ASGI middleware, or stacks without routes.
        routes: What changes where, first match wins: `{"POST /login": {"ratelimit": {"limit": "5/minute"}}, "/health":
            {"sessions": False}}`. A key is `[METHOD[,METHOD] ]/path` with `*` for one segment and one `**` for any
            number. A value maps a layer's name to options that replace its own, to False or to a layer; or it is a list
            of layers.
        stores: What layers may name as their store.
        provides: What stands outside this stack already, such as "user".

    Raises:
        ConfigError: With everything that is wrong.
    """
    shapes = [*_shape_problems({"routes": routes, "stores": stores}, provides)]
    if shapes:
        raise ConfigError(shapes)
    flat = [inner for element in elements for inner in _flat(element)]
    provided = [need for element in elements if isinstance(element, Stack) for need in element.provides]
    return Stack(flat, routes or {}, stores or {}, [*provides, *provided])


def _shape_problems(mappings: Mapping[str, object], provides: object) -> Iterator[Problem]:
    for name, given in mappings.items():
        if given is not None and not isinstance(given, Mapping):
            yield Problem(name, f"{given!r} is no mapping", f"such as {name}={{…}}")
        for key in given if isinstance(given, Mapping) else ():
            if not isinstance(key, str):
                yield Problem(f"{name}[{key!r}]", "a key that is not text", "keys are text")
    if isinstance(provides, str) or not isinstance(provides, Iterable):
        yield Problem("provides", f"{provides!r} is not a list of text", f'such as provides=["{provides}"]')


def _flat(element: "Element | Stack") -> Iterable[Element]:
    if not isinstance(element, Stack):
        return (element,)
    if element.routes or element.stores:
        raise ConfigError(
            Problem("stack", "a stack with routes or stores cannot stand in another", "wrap one app by both")
        )
    return element.elements


def _foreign_problems(elements: Sequence[object]) -> Iterator[Problem]:
    for place, element in enumerate(elements):
        if not isinstance(element, Layer | Middleware):
            reason = f"{getattr(element, '__name__', repr(element))} is neither a layer nor a Middleware"
            yield Problem(f"stack[{place}]", reason, _instead(element))


def _instead(element: object) -> str:
    """How somebody who put this into a stack may have meant it."""
    if isinstance(element, list | tuple):
        return "write stack(*layers)"
    if isinstance(element, type):
        is_layer = issubclass(element, Layer)
        return f"write {element.__name__}(…)" if is_layer else f"write Middleware({element.__name__}, **options)"
    return "ASGI middleware goes in as Middleware(cls, **options); an application is wrapped by stack(…)(app)"


def _segments(elements: Sequence[Element]) -> Iterator[list[Layer] | Middleware]:
    """Runs of layers between foreign middleware; the first may be empty, for it holds what the stack keeps open."""
    if not elements or isinstance(elements[0], Middleware):
        yield []
    for is_layer, run in groupby(elements, lambda element: isinstance(element, Layer)):
        if is_layer:
            yield list(run)  # type: ignore[arg-type]
        else:
            yield from run  # type: ignore[misc]


def _binder(resources: Resources) -> Callable[[Layer], Layer]:
    """Binds each layer once, wherever it stands."""
    bound: dict[Layer, Layer] = {}

    def bind(layer: Layer) -> Layer:
        if layer not in bound:
            bound[layer] = layer.bind(resources.find)
        return bound[layer]

    return bind


def _variants(layers: Sequence[Layer], routes: Routes, problems: list[Problem]) -> Variants:
    """What each route has in place of the stack's layers; what is wrong with one is added to `problems`."""
    made = []
    for key, changes in routes.items():
        where = f"routes[{key!r}]"
        try:
            route = Route.parse(key)
        except ValueError as invalid:
            problems.append(Problem(where, getattr(invalid, "reason", str(invalid)), getattr(invalid, "fix", "")))
            continue
        made.append((route, dict(_changed(layers, changes, where, problems))))
    return made


def _changed(
    layers: Sequence[Layer], changes: Any, where: str, problems: list[Problem]
) -> Iterator[tuple[Layer, Layer | None]]:
    named = {layer.label: layer for layer in layers}
    for label, change in _by_label(changes, where, problems):
        if label not in named:
            fix = did_you_mean(str(label), named) or f"it has {', '.join(named) or 'none'}"
            problems.append(Problem(f"{where}.{label}", "no layer of this stack is called that", fix))
            continue
        try:
            yield named[label], _variant(named[label], change)
        except ConfigError as error:
            problems += [
                Problem(f"{where}: {problem.where}", problem.reason, problem.fix) for problem in error.problems
            ]


def _by_label(changes: Any, where: str, problems: list[Problem]) -> Iterable[tuple[str, Any]]:
    if isinstance(changes, Mapping):
        return changes.items()
    if not isinstance(changes, Sequence) or not all(isinstance(change, Layer) for change in changes):
        fix = 'such as {"cors": False}, or a list of layers'
        problems.append(Problem(where, f"{changes!r} does not say what changes for which layer", fix))
        return ()
    counted = Counter(change.label for change in changes)
    problems += [
        Problem(where, f"{n} layers are to stand for {label!r}", "give one") for label, n in counted.items() if n > 1
    ]
    return [(change.label, change) for change in changes]


def _variant(layer: Layer, change: Change) -> Layer | None:
    if isinstance(change, bool):
        return layer if change else None
    if isinstance(change, Mapping):
        return layer.replace(**{str(option): value for option, value in change.items()})
    if type(change) is type(layer):
        return change
    fix = "give options, False, or a layer of its kind"
    raise ConfigError(Problem(layer.label, f"{change!r} cannot take its place", fix))
