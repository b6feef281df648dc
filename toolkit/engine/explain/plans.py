"""Which plan a request takes, as the engine itself finds it: `wrap.choose` over `wrap.planned_table`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from starlette.middleware import Middleware

from toolkit.engine.explain.request import Request, Supposed
from toolkit.engine.explain.settings import Place
from toolkit.engine.layer import Layer
from toolkit.engine.routes import Route
from toolkit.engine.wrap import choose, planned_table
from toolkit.http.headers import ORIGIN, REQUEST_METHOD, preflight_method


@dataclass(frozen=True)
class Owner:
    """What changes layers on some paths: a route, or a handler with layers of its own.

    Attributes:
        source: "route" or "handler".
        route: When it applies.
        place: Where it stands.
        changes_at: What the place of its changes is called.
        changes: As written: options, a switch or a layer by label.
        variant: By layer, what stands in its place; None where it is off.
    """

    source: str
    route: Route
    place: Place
    changes_at: str
    changes: Mapping[str, Any]
    variant: Mapping[Layer, Layer | None]

    def __str__(self) -> str:
        return f"{self.source} {self.route.key!r}"


@dataclass(frozen=True)
class Taken:
    """The plan that adjacent layers take: whose it is, and which layers run, by the layer they stand for."""

    layers: Sequence[Layer]
    owner: Owner | None
    running: Mapping[Layer, Layer]


def announced(request: Request, exchange: Supposed) -> str | None:
    """The method that a preflight asks about; None where the request is no preflight."""
    if request.websocket or request.method != "OPTIONS":
        return None
    return preflight_method(exchange.header(ORIGIN), exchange.header(REQUEST_METHOD))


def plans(
    elements: Sequence[Layer | Middleware], owners: Sequence[Owner], request: Request, asked: str | None
) -> Iterator[Taken]:
    """What each run of adjacent layers takes; foreign middleware parts them, and each run looks for itself."""
    for is_layer, run in groupby(elements, lambda element: isinstance(element, Layer)):
        if is_layer:
            yield _taken([element for element in run if isinstance(element, Layer)], owners, request, asked)


def _taken(layers: Sequence[Layer], owners: Sequence[Owner], request: Request, asked: str | None) -> Taken:
    """Each plan begins with a mark of its own, by which the one that the engine chose is known."""
    base = _Mark()
    marks = {_Mark(): owner for owner in owners}
    variants = [(owner.route, [mark, *_chosen(layers, owner)]) for mark, owner in marks.items()]
    table = planned_table([base, *layers], variants, tuple)
    mark, *running = choose(table, request.method, request.path, lambda: asked)
    owner = marks.get(mark)
    changed = owner.variant if owner else {}
    chosen = {layer: changed.get(layer, layer) for layer in layers}
    return Taken(layers, owner, {layer: now for layer, now in chosen.items() if now is not None and now in running})


def _chosen(layers: Sequence[Layer], owner: Owner) -> list[Layer]:
    return [chosen for layer in layers if (chosen := owner.variant.get(layer, layer)) is not None]


class _Mark(Layer):
    """Stands at the head of a plan and does nothing."""
