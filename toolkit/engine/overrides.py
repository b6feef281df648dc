"""What a route, or a handler with layers of its own, has in place of a stack's layers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, Self

from toolkit.engine.layer import Layer
from toolkit.engine.places import Places
from toolkit.options import ConfigError, Options, Problem, declared, show, structure_options
from toolkit.options.problems import suggestion
from toolkit.options.suggestions import Suggestions

_NAMED = 20  # layers of a stack that a message names

Change = bool | Mapping[str, Any] | Layer
Changes = Mapping[str, Change] | Sequence[Layer]
Variant = Mapping[Layer, Layer | None]
"""By layer, what stands in its place; None where it is off."""


class Overrides(NamedTuple):
    """What some changes make of a stack's layers, and what is wrong with them."""

    variant: Variant
    problems: list[Problem]
    unsure: frozenset[Layer]
    """The layers of which nobody can tell what was meant to change."""


def overridden(
    layers: Sequence[Layer], changes: Any, where: str, places: Places, suggestions: Suggestions
) -> Overrides:
    """What `changes`, as written at `where`, make of the layers."""
    named = {layer.label: layer for layer in layers}
    pairs, problems = _by_label(changes, where)
    unsure = set(layers if problems else ())
    variant: dict[Layer, Layer | None] = {}
    for label, change in pairs:
        if label not in named:
            problems.append(_unknown(label, named, where, places, suggestions))
            unsure.update(layers)
            continue
        try:
            variant[named[label]] = _changed(named[label], change, inside(where, label), places)
        except ConfigError as error:
            problems += error.problems
            unsure.add(named[label])
    made = {layer: change for layer, change in variant.items() if change is None or not is_draft(change)}
    return Overrides(made, problems, frozenset(unsure))


def _unknown(
    label: object, known: Mapping[str, Layer], where: str, places: Places, suggestions: Suggestions
) -> Problem:
    more = [f"{len(known) - _NAMED} more"] if len(known) > _NAMED else []
    names = [*islice(known, _NAMED), *more]
    otherwise = suggestions.of(str(label), known) or f"it has {', '.join(names) or 'none'}"
    fix = "" if suggestions.exhausted else _as_option(str(label), known, places)
    fix = fix or otherwise
    return Problem(inside(where, label), "no layer of this stack is called that", fix)


def _as_option(name: str, known: Mapping[str, Layer], places: Places) -> str:
    """The fix for an option, alone or behind the label of its layer, where a label is wanted."""
    outer, dot, inner = name.partition(".")
    owner = outer if dot else next((label for label, layer in known.items() if _has(layer, name)), "")
    option = inner if dot else name
    return f"{option} is an option of {owner}: write {places.option(owner, option)}" if owner in known else ""


def _has(layer: Layer, option: str) -> bool:
    return option in {entry.name for entry in declared(type(layer))}


def _by_label(changes: Any, where: str) -> tuple[Iterable[tuple[str, Any]], list[Problem]]:
    if isinstance(changes, Mapping):
        return changes.items(), []
    if not isinstance(changes, Sequence) or not all(isinstance(change, Layer) for change in changes):
        fix = 'such as {"cors": False}, or a list of layers'
        return (), [Problem(where, f"{show(changes)} does not say what changes for which layer", fix)]
    return [(change.label, change) for change in changes], [*_twice(changes, where)]


def _twice(changes: Sequence[Layer], where: str) -> Iterator[Problem]:
    for label, count in Counter(change.label for change in changes).items():
        if count > 1:
            yield Problem(where, f"{count} layers are to stand for {label!r}", "give one")


def _changed(layer: Layer, change: Change, where: str, places: Places) -> Layer | None:
    """What stands in the place of a layer. Raises ConfigError."""
    if isinstance(change, bool):
        return layer if change else None
    if isinstance(change, Mapping):
        return _with(layer, {str(option): value for option, value in change.items()}, where)
    if type(change) is type(layer):
        return change
    raise ConfigError(Problem(where, f"{show(change)} cannot take its place", places.changes()))


def _with(layer: Layer, options: Mapping[str, Any], where: str) -> Layer:
    """A layer with other options; a draft stays as it is, and only what is news is told of it."""
    if not is_draft(layer):
        try:
            return layer.replace(**options)
        except ConfigError as error:
            raise ConfigError(moved(problem, layer, where) for problem in error.problems) from None
    wrong: Wrong = layer.__dict__["_draft"]
    given = {**layer.given, **options}
    problems = structure_options(type(layer), given, where, without=wrong.names - options.keys())[1]
    if news := [one for one in problems if (one.where.removeprefix(where), one.reason) not in wrong.told]:
        raise ConfigError(news)
    return layer


class Wrong(NamedTuple):
    """What is wrong with a draft.

    Attributes:
        names: The options of which no value is known.
        told: Every problem of it: its place inside the draft, and the reason.
    """

    names: frozenset[str] = frozenset()
    told: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(
        cls,
        options: type[Options],
        given: Mapping[str, Any],
        values: Mapping[str, Any],
        problems: Sequence[Problem],
        where: str,
    ) -> Self:
        """Of the options as given, the valid ones as held, and what is wrong with the others, placed at `where`."""
        told = frozenset((problem.where.removeprefix(where), problem.reason) for problem in problems)
        fixes = {problem.fix for problem in problems}
        absent = {entry.name: entry for entry in declared(options) if entry.name not in given}
        unsure = {name for name, entry in absent.items() if entry.is_required or suggestion(name) in fixes}
        return cls(frozenset(unsure | (given.keys() - values.keys())), told)


def says_something(changes: Any) -> bool:
    """Whether changes are of a shape that can be read, and not empty."""
    return bool(changes) and isinstance(changes, Mapping | list | tuple)


def is_draft(part: object) -> bool:
    """Whether a layer or a handler stands in for one whose options are wrong, so that it is found by its name."""
    return "_draft" in getattr(part, "__dict__", ())


def inside(where: str, name: object) -> str:
    """The place of a name inside another place: `.name`, or in brackets where it is no identifier."""
    return f"{where}.{name}" if str(name).isidentifier() else f"{where}[{name!r}]"


def moved(problem: Problem, options: Options, where: str) -> Problem:
    """A problem that options placed under the name of their class, as seen from where they are written."""
    label = type(options).__name__
    rest = problem.where.removeprefix(label)
    is_own = problem.where.startswith(label) and rest[:1] in {"", ".", "["}
    return replace(problem, where=where + rest if is_own else f"{where}: {problem.where}")
