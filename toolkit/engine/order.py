"""What must stand outside what: checked within one stack and explained, never silently put right."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from toolkit.engine.layer import Layer
from toolkit.options import Problem


def order_problems(layers: Sequence[Layer], provided: Iterable[str], where: str) -> Iterator[Problem]:
    """Everything that is wrong with the order of some layers, outermost first.

    Args:
        layers: As written.
        provided: What stands further out provides, such as "user".
        where: Names the list in problems: "stack" or a route.
    """
    yield from _twice(layers, where)
    yield from _covered(layers, where)
    yield from needs_problems(layers, provided, where)


def _twice(layers: Sequence[Layer], where: str) -> Iterator[Problem]:
    preflights = [layer.label for layer in layers if layer.answers_preflights]
    if len(preflights) > 1:
        reason = f"{' and '.join(preflights)} both answer preflights, and the outer undoes what the inner says"
        yield Problem(where, reason, "keep one, and let routes change it")
    for label, count in Counter(layer.label for layer in layers if not layer.answers_preflights).items():
        if count > 1:
            yield Problem(
                where, f"{count} layers are called {label!r}", 'give each but one a name of its own: name="…"'
            )


def _covered(layers: Sequence[Layer], where: str) -> Iterator[Problem]:
    """A layer whose headers belong on every answer stands outside all that may answer."""
    answering: list[str] = []
    for place, layer in enumerate(layers):
        if layer.covers_answers and answering:
            reason = f"{layer.label} stands inside {', '.join(answering)}, whose answers would lack its headers"
            yield Problem(f"{where}[{place}]", reason, f"move {layer.label} in front of {answering[0]}")
        if layer.may_answer and not layer.covers_answers:
            answering.append(layer.label)


def needs_problems(layers: Sequence[Layer], provided: Iterable[str], where: str) -> Iterator[Problem]:
    """What some layers need that nothing outside them provides: a route that switches a layer off may cause it."""
    provided = frozenset(provided)
    for place, layer in enumerate(layers):
        for need in layer.needs:
            if need not in provided:
                inside = next((other.label for other in layers[place:] if need in other.provides), None)
                fix = (
                    f"move {layer.label} inside {inside}" if inside else f'or declare it: stack(…, provides=["{need}"])'
                )
                yield Problem(
                    f"{where}[{place}]", f"{layer.label} needs {need!r}, which nothing outside it provides", fix
                )
        provided |= frozenset(layer.provides)
