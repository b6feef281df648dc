"""Default options by kind, for every layer and handler that does not give them itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from toolkit.engine.assemble import Handlers
from toolkit.engine.handler import Handler, Mounted, application
from toolkit.engine.layer import Layer
from toolkit.engine.overrides import inside, moved
from toolkit.engine.places import Places
from toolkit.options import ConfigError, Problem, did_you_mean

E = TypeVar("E")
Part = Layer | Handler
Defaults = Mapping[str, Mapping[str, Any]]


def with_defaults(
    elements: Sequence[Any], handlers: Handlers, defaults: Defaults, places: Places
) -> tuple[list[Any], Handlers, list[Problem]]:
    """The same elements and handlers with their defaults, and what is wrong with these.

    What cannot have them stays as it is, so that all other problems can be told at once.
    """
    problems: list[Problem] = []

    def filled(part: E, where: str) -> E:
        if not isinstance(part, Part) or part.kind not in defaults:
            return part
        options, refused = _shareable(part, defaults[part.kind], places.default(part.kind))
        made, found = _filled(part, options, where, places.default(part.kind))
        problems.extend([*refused, *found])
        return made  # type: ignore[return-value]

    made = [filled(element, places.element(place)) for place, element in enumerate(elements)]
    mounted = {
        path: _mounted(handler, filled(application(handler), places.handler(place, path)))
        for place, (path, handler) in enumerate(handlers.items())
    }
    problems += _unused(defaults, [*made, *map(application, mounted.values())], places)
    return made, mounted, list(dict.fromkeys(problems))


def _shareable(part: Part, options: Mapping[str, Any], default: str) -> tuple[Mapping[str, Any], Iterable[Problem]]:
    """The options without the name, for that tells layers of one kind apart."""
    if not isinstance(part, Layer) or "name" not in options:
        return options, ()
    refused = Problem(inside(default, "name"), "a name cannot be a default", "give each layer its own")
    return {name: value for name, value in options.items() if name != "name"}, (refused,)


def _mounted(handler: Any, app: Any) -> Any:
    return replace(handler, app=app) if isinstance(handler, Mounted) else app


def _filled(part: Part, options: Mapping[str, Any], where: str, default: str) -> tuple[Part, list[Problem]]:
    absent = {name: value for name, value in options.items() if name not in part.given}
    if not absent:
        return part, []
    try:
        return type(part)(**{**absent, **part.given}), []
    except ConfigError as error:
        return part, [
            moved(problem, part, _origin(problem, part, absent, where, default)) for problem in error.problems
        ]


def _origin(problem: Problem, part: Part, absent: Iterable[str], where: str, default: str) -> str:
    """Where the option that a problem is about was written."""
    label = type(part).__name__
    return default if any(_is_at(problem.where, inside(label, name)) for name in absent) else where


def _is_at(where: str, place: str) -> bool:
    rest = where.removeprefix(place)
    return where.startswith(place) and rest[:1] in {"", ".", "["}


def _unused(defaults: Defaults, parts: Sequence[object], places: Places) -> Iterable[Problem]:
    kinds = dict.fromkeys(part.kind for part in parts if isinstance(part, Part))
    for kind in defaults:
        if kind not in kinds:
            fix = did_you_mean(kind, kinds) or f"it has {', '.join(kinds) or 'none'}"
            yield Problem(places.default(kind), "nothing in this stack is of that kind", fix)
