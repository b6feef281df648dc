"""What must stand outside what: checked within one stack and explained, never silently put right."""

from collections.abc import Iterable, Iterator, Sequence

from toolkit.engine.layer import Layer
from toolkit.engine.places import Places
from toolkit.options import Problem

Placed = Sequence[tuple[str, Layer]]


def order_problems(elements: Sequence[object], provided: Iterable[str], places: Places) -> Iterator[Problem]:
    """Everything that is wrong with the order of a stack.

    Args:
        elements: As written, outermost first; only the layers are looked at.
        provided: What stands further out provides, such as "user".
        places: What the elements are called.
    """
    placed = [(places.element(place), element) for place, element in enumerate(elements) if isinstance(element, Layer)]
    layers = [layer for _, layer in placed]
    where = {layer: place for place, layer in placed}
    yield from _twice(placed)
    yield from _covered(placed)
    for layer, need in unprovided(layers, provided):
        provider = next((other for other in layers if need in other.provides), None)
        nowhere = f"put a layer that provides it further out, or {places.declared(need)}"
        inside = provider and f"move {layer.label} inside {provider.label}, which is {where[provider]}"
        yield need_problem(where[layer], layer, need, inside or nowhere)


def _twice(placed: Placed) -> Iterator[Problem]:
    """Told at the second of them."""
    preflights = [(where, layer.label) for where, layer in placed if layer.answers_preflights]
    if len(preflights) > 1:
        labels = " and ".join(label for _, label in preflights)
        reason = f"{labels} both answer preflights, and the outer undoes what the inner says"
        yield Problem(preflights[1][0], reason, "keep one, and let routes change it")
    called: dict[str, list[str]] = {}
    for where, layer in placed:
        if not layer.answers_preflights:
            called.setdefault(layer.label, []).append(where)
    for label, wheres in called.items():
        if len(wheres) > 1:
            fix = 'give each but one a name of its own: name="…"'
            yield Problem(wheres[1], f"{len(wheres)} layers are called {label!r}", fix)


def _covered(placed: Placed) -> Iterator[Problem]:
    """A layer whose headers belong on every answer stands outside all that may answer."""
    answering: list[str] = []
    for where, layer in placed:
        if layer.covers_answers and answering:
            reason = f"{layer.label} stands inside {', '.join(answering)}, whose answers would lack its headers"
            yield Problem(where, reason, f"move {layer.label} in front of {answering[0]}")
        if layer.may_answer and not layer.covers_answers:
            answering.append(layer.label)


def unprovided(layers: Sequence[Layer], provided: Iterable[str]) -> Iterator[tuple[Layer, str]]:
    """What some layers need that nothing outside them provides."""
    provided = frozenset(provided)
    for layer in layers:
        yield from ((layer, need) for need in layer.needs if need not in provided)
        provided |= frozenset(layer.provides)


def need_problem(where: str, layer: Layer, need: str, fix: str) -> Problem:
    """What a layer lacks, told at this place: a route that switches another off may cause it."""
    return Problem(where, f"{layer.label} needs {need!r}, which nothing outside it provides", fix)
