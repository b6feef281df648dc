"""A stack: layers and other ASGI middleware in written order, first outermost, with what routes change about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from toolkit.engine.assemble import Element, Handlers, Routes, Variants, assemble
from toolkit.engine.defaults import Defaults, with_defaults
from toolkit.engine.dispatch import dispatching, not_found
from toolkit.engine.foreign import set_up
from toolkit.engine.handler import Handler, application
from toolkit.engine.install import install
from toolkit.engine.layer import Layer
from toolkit.engine.lifespan import Resources, Stores
from toolkit.engine.places import Places
from toolkit.engine.routes import Route
from toolkit.engine.wrap import path_of, wrap
from toolkit.engine.wsgi import refuse_asgi, wrap_wsgi
from toolkit.options import ConfigError, Problem, show

if TYPE_CHECKING:
    from toolkit.engine.explain import Explanation

_PYTHON = Places()
_NOTHING: Mapping[str, Any] = {}


class Stack:
    """What `stack(...)` and `compile(...)` return: a value that wraps applications. Attributes are as written.

    Attributes:
        elements: Layers and foreign middleware, outermost first.
        layers: The layers alone.
        routes: What changes where.
        stores: What layers may name as their store.
        provides: What stands outside the stack.
        handlers: What answers in the application's place, by path template.
        defaults: Options by kind, which the layers and the handlers have already.
        places: What all these are called.
        variants: What each route has in place of the layers, None where one is off; then the same for the handlers,
            where one of them has layers of its own.
    """

    elements: tuple[Element, ...]
    layers: tuple[Layer, ...]
    routes: Routes
    stores: Stores
    provides: frozenset[str]
    handlers: Handlers
    defaults: Defaults
    places: Places
    variants: Variants

    def __init__(
        self,
        elements: Sequence[Element],
        routes: Routes,
        stores: Stores,
        provides: Iterable[str],
        *,
        handlers: Handlers = _NOTHING,
        defaults: Defaults = _NOTHING,
        places: Places = _PYTHON,
    ) -> None:
        """The layers and the handlers have their defaults already. Raises ConfigError with everything that is wrong."""
        self.elements = tuple(elements)
        self.layers = tuple(element for element in elements if isinstance(element, Layer))
        self.routes = dict(routes)
        self.stores = dict(stores)
        self.provides = frozenset(provides)
        self.handlers = dict(handlers)
        self.defaults = dict(defaults)
        self.places = places
        self.variants, problems = assemble(self.elements, self.routes, self.handlers, self.provides, places)
        if problems:
            raise ConfigError(map(places.located, problems))

    def __repr__(self) -> str:
        from toolkit.engine.explain.shown import shown  # noqa: PLC0415 - it looks at stacks itself

        return shown(self)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI application; `.app`, `.layers` and `.routes` of what it returns tell what is inside.

        Raises ConfigError naming all foreign middleware that cannot be set up.
        """
        wrapping = Wrapping(self)
        return wrapping.around(wrapping.answering(app))

    def app(self) -> ASGIApp:
        """The handlers as a whole application: everything else is not found."""
        return self(not_found)

    def install(self, app: Starlette) -> None:
        """Stand this stack around a Starlette or FastAPI application, outside everything that it has or will have.

        So 500s pass through it too. Raises RuntimeError once the application has started, and the second time.
        """
        install(lambda: Wrapping(self), app)

    def wsgi(self, app: WSGIApplication) -> WSGIApplication:
        """Wrap a WSGI application; what it returns has `.app`, `.layers`, `.routes` and `.close()`.

        Raises ConfigError naming all that needs ASGI.
        """
        refuse_asgi(self.elements, self.handlers, self.places)
        wrapping = Wrapping(self)
        bound, variants = wrapping.bound(self.layers)
        return wrap_wsgi(bound, app, variants=variants, resources=wrapping.resources, routes=self.routes)

    def explain(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        *,
        websocket: bool = False,
    ) -> "Explanation":
        """What this stack would do with a request, and why: which layers run, with which options, and who answers.

        Args:
            method: Of the request.
            path: As it stands in the request line: percent-encoded, with a query if it has one.
            headers: By name, or as pairs where one is repeated.
            websocket: Whether it is a handshake.

        Raises:
            Invalid: A `ValueError` of `toolkit.options`: the method, the path or a header could not stand in a request.
        """
        from toolkit.engine.explain import explain  # noqa: PLC0415 - it looks at stacks itself

        return explain(self, method, path, headers, websocket=websocket)


class Wrapping:
    """A stack around one application: its layers and handlers bound, each once, and what they hold open."""

    def __init__(self, stack: Stack) -> None:
        self.resources: Resources = Resources(stack.stores)
        self._stack = stack
        self._bound: dict[Layer | Handler, Any] = {}

    def answering(self, app: ASGIApp) -> ASGIApp:
        """The handlers in front of the application."""
        handlers = {path: self._bind(application(handler)) for path, handler in self._stack.handlers.items()}
        return dispatching(handlers, app, path_of(app)) if handlers else app

    def around(self, app: ASGIApp, *, probed: bool = False) -> ASGIApp:
        """The layers and the foreign middleware around the application. Raises ConfigError: some cannot be set up."""
        path, failed = path_of(app), list[ConfigError]()
        for place, segment in reversed(list(_segments(self._stack.elements))):
            if isinstance(segment, Middleware):
                app = self._foreign(segment, place, app, failed)
            else:
                layers, variants = self.bound(segment)
                held, routes = None if place else self.resources, self._stack.routes
                app = wrap(layers, app, variants=variants, resources=held, routes=routes, path=path, probed=probed)
        if failed:
            raise ConfigError(problem for error in reversed(failed) for problem in error.problems) from failed[-1]
        return app

    def _foreign(self, element: Middleware, place: int, app: ASGIApp, failed: list[ConfigError]) -> ASGIApp:
        """Where one cannot be set up, the next ones are tried all the same."""
        try:
            return set_up(element, place, app, self._stack.places)
        except ConfigError as error:
            failed.append(error)
            return app

    def bound(self, layers: Sequence[Layer]) -> tuple[list[Layer], list[tuple[Route, list[Layer]]]]:
        """Some of the layers, bound, and what stands in their place on each route."""
        variants = [
            (route, [self._bind(chosen) for layer in layers if (chosen := changes.get(layer, layer)) is not None])
            for route, changes in self._stack.variants
        ]
        return [self._bind(layer) for layer in layers], variants

    def _bind(self, part: Any) -> Any:
        if not isinstance(part, Layer | Handler):
            return part
        if part not in self._bound:
            self._bound[part] = part.bind(self.resources.find)
        return self._bound[part]


def stack(
    *elements: "Element | Stack",
    routes: Routes | None = None,
    stores: Stores | None = None,
    handlers: Handlers | None = None,
    defaults: Defaults | None = None,
    provides: Iterable[str] = (),
) -> Stack:
    """Layers and other ASGI middleware around an application, in written order: the first is outermost.

    Args:
        elements: Layers, `Middleware(cls, **options)` for any other ASGI middleware, or stacks without routes.
        routes: What changes where, first match wins: `{"POST /login": {"ratelimit": {"limit": "5/minute"}}, "/health":
            {"sessions": False}}`. A key is `[METHOD[,METHOD] ]/path` with `*` for one segment and one `**` for any
            number. A value maps a layer's name to options that replace its own, to False or to a layer; or it is a list
            of layers.
        stores: What layers may name as their store: stores by name, or their URLs.
        handlers: What answers in the application's place, first match wins: `{"/files/{path:path}": app}`, where a key
            is a path template of Starlette and a value any ASGI application, or `Mounted(app, layers={…})` to change
            something about the layers there, unless a route takes the request.
        defaults: Options by kind, for the layers and handlers above that do not give them: `{"cors": {"max_age": 60}}`.
            A layer that a route gives is taken as it is.
        provides: What stands outside this stack already, such as "user".

    Raises:
        ConfigError: With everything that is wrong.
    """
    given = {"routes": routes, "stores": stores, "handlers": handlers, "defaults": defaults}
    provides = _kept(provides)
    shapes = [*_shape_problems(given, provides), *_default_problems(defaults)]
    if shapes:
        raise ConfigError(shapes)
    flat = [inner for element in elements for inner in _flat(element)]
    provides = [*provides, *(need for element in elements if isinstance(element, Stack) for need in element.provides)]
    filled, mounted, problems = with_defaults(flat, handlers or {}, defaults or {}, _PYTHON)
    if problems:
        raise ConfigError([*problems, *assemble(filled, routes or {}, mounted, provides, _PYTHON)[1]])
    return Stack(filled, routes or {}, stores or {}, provides, handlers=mounted, defaults=defaults or {})


def _kept(provides: Any) -> Any:
    """What is looked at twice: no iterator that is used up."""
    return provides if isinstance(provides, str) or not isinstance(provides, Iterable) else tuple(provides)


def _shape_problems(mappings: Mapping[str, object], provides: object) -> Iterator[Problem]:
    for name, given in mappings.items():
        if given is not None and not isinstance(given, Mapping):
            yield Problem(name, f"{show(given)} is no mapping", f"such as {name}={{…}}")
        for key in given if isinstance(given, Mapping) else ():
            if not isinstance(key, str):
                yield Problem(f"{name}[{key!r}]", "a key that is not text", "keys are text")
    if isinstance(provides, Iterable) and not isinstance(provides, str):
        for index, need in enumerate(provides):
            if not isinstance(need, str):
                yield Problem(f"provides[{index}]", f"{show(need)} is not text", "name what stands outside the stack")
    else:
        named = provides if isinstance(provides, str) else "user"
        yield Problem("provides", f"{show(provides)} is not a list of text", f'such as provides=["{named}"]')


def _default_problems(defaults: object) -> Iterator[Problem]:
    for kind, options in defaults.items() if isinstance(defaults, Mapping) else ():
        if not isinstance(options, Mapping):
            reason = f"{show(options)} is no mapping of options"
            yield Problem(_PYTHON.default(kind), reason, "such as {'max_age': 600}")
            continue
        for name in options:
            if not isinstance(name, str):
                yield Problem(_PYTHON.default(kind), f"{name!r} is not text", "the name of an option is text")


def _flat(element: "Element | Stack") -> Iterable[Element]:
    if not isinstance(element, Stack):
        return (element,)
    if element.routes or element.stores or element.handlers:
        reason = "a stack with routes, stores or handlers cannot stand in another"
        raise ConfigError(Problem("stack", reason, "wrap one app by both"))
    return element.elements


def _segments(elements: Sequence[Element]) -> Iterator[tuple[int, list[Layer] | Middleware]]:
    """Runs of layers and the foreign middleware between them, each with its place.

    The first run may be empty, for it holds what the stack keeps open.
    """
    if not elements or isinstance(elements[0], Middleware):
        yield 0, []
    for is_layer, run in groupby(enumerate(elements), lambda placed: isinstance(placed[1], Layer)):
        if is_layer:
            (place, first), *rest = run
            yield place, [first, *(layer for _, layer in rest)]  # type: ignore[list-item]
        else:
            yield from run  # type: ignore[misc]
