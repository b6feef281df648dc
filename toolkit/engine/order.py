"""What must stand outside what: checked within one stack and explained, never silently put right."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from toolkit.engine.layer import Layer
from toolkit.options import Problem


def order_problems(layers: Sequence[Layer], provided: Iterable[str]) -> Iterator[Problem]:
    """Everything that is wrong with the order of a stack.

    Args:
        layers: As written, outermost first.
        provided: What stands further out provides, such as "user".
    """
    yield from _twice(layers)
    yield from _covered(layers)
    yield from needs_problems(layers, provided, "stack")


def _twice(layers: Sequence[Layer]) -> Iterator[Problem]:
    preflights = [layer.label for layer in layers if layer.answers_preflights]
    if len(preflights) > 1:
        reason = f"{' and '.join(preflights)} both answer preflights, and the outer undoes what the inner says"
        yield Problem("stack", reason, "keep one, and let routes change it")
    for label, count in Counter(layer.label for layer in layers if not layer.answers_preflights).items():
        if count > 1:
            fix = 'give each but one a name of its own: name="…"'
            yield Problem("stack", f"{count} layers are called {label!r}", fix)


def _covered(layers: Sequence[Layer]) -> Iterator[Problem]:
    """A layer whose headers belong on every answer stands outside all that may answer."""
    answering: list[str] = []
    for place, layer in enumerate(layers):
        if layer.covers_answers and answering:
            reason = f"{layer.label} stands inside {', '.join(answering)}, whose answers would lack its headers"
            yield Problem(f"stack[{place}]", reason, f"move {layer.label} in front of {answering[0]}")
        if layer.may_answer and not layer.covers_answers:
            answering.append(layer.label)


def needs_problems(layers: Sequence[Layer], provided: Iterable[str], where: str) -> Iterator[Problem]:
    """What some layers need that nothing outside them provides: a route that switches a layer off may cause it.

    `where` names the list of layers: "stack", or a route.
    """
    provided = frozenset(provided)
    for place, layer in enumerate(layers):
        for need in layer.needs:
            if need not in provided:
                reason = f"{layer.label} needs {need!r}, which nothing outside it provides"
                yield Problem(f"{where}[{place}]", reason, _provide(need, layer, layers[place:]))
        provided |= frozenset(layer.provides)


def _provide(need: str, layer: Layer, further_in: Sequence[Layer]) -> str:
    provider = next((other.label for other in further_in if need in other.provides), None)
    return f"move {layer.label} inside {provider}" if provider else f'or declare it: stack(…, provides=["{need}"])'
