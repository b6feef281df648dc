"""Everything that is wrong with how a stack is put together, found before any of it runs.

A configuration file calls this too, with drafts in the place of layers whose options are wrong: of a draft nothing is
looked at but what its class says, and the options that it was given.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from toolkit.engine.handler import Handler, Mounted, application, unfit
from toolkit.engine.layer import Layer
from toolkit.engine.order import need_problem, order_problems, unprovided
from toolkit.engine.overrides import Changes, Overrides, Variant, is_draft, moved, overridden, says_something
from toolkit.engine.places import Places
from toolkit.engine.routes import Route
from toolkit.engine.shadows import Shadows, shadowed
from toolkit.options import Problem, show
from toolkit.options.suggestions import Suggestions

Element = Layer | Middleware
Routes = Mapping[str, Changes]
Handlers = Mapping[str, ASGIApp | Mounted]
Variants = Sequence[tuple[Route, Variant]]


def assemble(
    elements: Sequence[object], routes: Routes, handlers: Handlers, provides: Iterable[str], places: Places
) -> tuple[Variants, list[Problem]]:
    """What each route has in place of the layers, and every problem of the whole.

    The variants of the routes come first. Where a handler has layers of its own, those of the handlers follow, in the
    order in which a path finds its handler.
    """
    provides = frozenset(provides)
    layers = [element for element in elements if isinstance(element, Layer)]
    routed = [_route(place, key, routes[key], places) for place, key in enumerate(routes)]
    mounted = [_handler(place, path, handlers[path], places) for place, path in enumerate(handlers)]
    changing = [*routed, *_with_a_say(mounted)]
    suggestions = Suggestions()
    overrides = [overridden(layers, written.changes, written.where, places, suggestions) for written in changing]
    pairs = [*zip(changing, overrides, strict=True)]
    problems = [*_foreign_problems(elements, places), *order_problems(elements, provides, places)]
    problems += [problem for written in (*routed, *mounted) for problem in written.problems]
    problems += [problem for found in overrides for problem in found.problems]
    problems += [*_hidden(_parsed(routed), _parsed(mounted)), *_idle(_parsed(routed), mounted)]
    problems += _needs(layers, pairs, provides)
    problems += _objections(elements, overrides, places)
    return [(written.route, found.variant) for written, found in pairs if written.route], problems


class _Written(NamedTuple):
    """A route or a handler as somebody wrote it."""

    route: Route | None
    """None where its key is wrong."""
    changes: Any
    where: str
    """Where the changes are written."""
    problems: list[Problem]


def _route(place: int, key: str, changes: Any, places: Places) -> _Written:
    where = places.route(place, key)
    route, problems = _read(Route.parse, key, where)
    return _Written(route, changes, where, problems)


def _handler(place: int, path: str, handler: ASGIApp | Mounted, places: Places) -> _Written:
    where, app = places.handler(place, path), application(handler)
    route, problems = _read(Route.of_template, path, where)
    problems += [Problem(where, invalid.reason, invalid.fix) for invalid in unfit(app)]
    template = route.template if route else None
    if template is not None and isinstance(app, Handler) and not is_draft(app):
        problems += [moved(problem, app, where) for problem in app.check_path(template.params)]
    return _Written(route, handler.layers if isinstance(handler, Mounted) else {}, f"{where}.layers", problems)


def _read(read: Callable[[str, str], Route], key: str, where: str) -> tuple[Route | None, list[Problem]]:
    try:
        return read(key, where), []
    except ValueError as invalid:
        return None, [Problem(where, getattr(invalid, "reason", str(invalid)), getattr(invalid, "fix", ""))]


def _with_a_say(mounted: Sequence[_Written]) -> Sequence[_Written]:
    """The handlers up to the last that has layers of its own: of two that take a path only the first counts."""
    own = [place for place, written in enumerate(mounted) if written.changes != {}]
    return mounted[: max(own, default=-1) + 1]


def _parsed(written: Iterable[_Written]) -> list[Route]:
    return [one.route for one in written if one.route is not None]


def _foreign_problems(elements: Sequence[object], places: Places) -> Iterator[Problem]:
    for place, element in enumerate(elements):
        if not isinstance(element, Layer | Middleware):
            reason = f"{getattr(element, '__name__', None) or show(element)} is neither a layer nor a Middleware"
            yield Problem(places.element(place), reason, _instead(element))


def _instead(element: object) -> str:
    """How somebody who put this into a stack may have meant it."""
    if isinstance(element, list | tuple):
        return "write stack(*layers)"
    if isinstance(element, Handler | Mounted):
        return 'a handler answers on a path of its own: stack(…, handlers={"/path": …})'
    if isinstance(element, type):
        is_layer = issubclass(element, Layer)
        return f"write {element.__name__}(…)" if is_layer else f"write Middleware({element.__name__}, **options)"
    return "ASGI middleware goes in as Middleware(cls, **options); an application is wrapped by stack(…)(app)"


def _hidden(routes: Sequence[Route], templates: Sequence[Route]) -> Iterator[Problem]:
    """Routes and handlers that never come into play."""
    for route, earlier in shadowed(routes):
        reason = f"never matches: {_first(earlier)} all of its requests"
        yield Problem(route.where, reason, "put the narrower route first, or remove one")
    for template, earlier in shadowed(templates):
        reason = f"never answers: {_first(earlier)} all of its paths"
        yield Problem(template.where, reason, "put the narrower path first, or remove one")


def _first(routes: Sequence[Route]) -> str:
    *others, last = [repr(route.key) for route in routes]
    return f"{', '.join(others)} and {last} come first and take" if others else f"{last} comes first and takes"


def _idle(routes: Sequence[Route], mounted: Sequence[_Written]) -> Iterator[Problem]:
    """Handlers whose own layers never come into play, for routes are tried first."""
    earlier = Shadows(routes)
    for written in mounted:
        template = written.route if says_something(written.changes) else None
        if template is not None and (taking := earlier.over(template)):
            reason = f"never matches: the route {taking[0].key!r} comes first and takes all of its requests"
            yield Problem(written.where, reason, "change the layers in that route, or make it narrower")


def _needs(
    layers: Sequence[Layer], changing: Iterable[tuple[_Written, Overrides]], provides: frozenset[str]
) -> Iterator[Problem]:
    """What a route takes away that a layer needs; what the whole stack lacks is told once."""
    lacking = {(layer.label, need) for layer, need in unprovided(layers, provides)}
    for written, (variant, _, _) in changing:
        left = [chosen for layer in layers if (chosen := variant.get(layer, layer)) is not None]
        for layer, need in unprovided(left, provides):
            if (layer.label, need) not in lacking:
                yield need_problem(written.where, layer, need, _switched_off(layers, layer, need))


def _switched_off(layers: Sequence[Layer], layer: Layer, need: str) -> str:
    """What to do in a route that switches off all that provides what a layer needs."""
    providers = " or ".join(other.label for other in layers if need in other.provides)
    return f"leave {providers} on here, or switch {layer.label} off too"


def _objections(elements: Sequence[object], overrides: Sequence[Overrides], places: Places) -> Iterator[Problem]:
    """What layers say of all their variants together, where these are known."""
    for place, layer in enumerate(elements):
        if not isinstance(layer, Layer) or is_draft(layer) or any(layer in found.unsure for found in overrides):
            continue
        made = [variant for found in overrides if (variant := found.variant.get(layer)) is not None]
        yield from (moved(problem, layer, places.element(place)) for problem in layer.check_routes(made))
