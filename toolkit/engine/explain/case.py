"""One question: a stack and a request, with what follows from the two for every layer alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.engine.explain.plans import Owner, Taken, announced, plans
from toolkit.engine.explain.request import Request, Supposed
from toolkit.engine.explain.sources import Sources
from toolkit.engine.handler import Mounted
from toolkit.engine.layer import Layer
from toolkit.http.templates import PathTemplate

if TYPE_CHECKING:
    from toolkit.engine.stack import Stack

_NO_PLAN = Taken((), None, {})


@dataclass(frozen=True)
class Case:
    """What `explain` is asked, and what it depends on.

    Attributes:
        stack: Whose layers.
        request: What was asked about.
        exchange: The same, as layers see it.
        asked: The method that the request announces as a preflight; None where it is none.
        sources: Where things were written.
        owners: What may change layers, in the order in which it is tried.
        taken: The plan that each layer's run of neighbours takes.
    """

    stack: "Stack"
    request: Request
    exchange: Supposed
    asked: str | None
    sources: Sources
    owners: tuple[Owner, ...]
    taken: Mapping[Layer, Taken]

    @classmethod
    def of(cls, stack: "Stack", request: Request) -> "Case":
        """Find the plans as the engine does."""
        exchange = Supposed(request)
        asked = announced(request, exchange)
        sources = Sources(stack.places, stack.defaults)
        owners = tuple(owners_of(stack, sources))
        taken = {layer: plan for plan in plans(stack.elements, owners, request, asked) for layer in plan.layers}
        return cls(stack, request, exchange, asked, sources, owners, taken)

    @property
    def answering(self) -> Layer | None:
        """The layer that answers preflights where it is on."""
        return next((layer for layer in self.stack.layers if layer.answers_preflights), None)

    @property
    def plan(self) -> Taken:
        """The plan that is told of: that of the layer that answers preflights, else of the outermost layers."""
        layers = (self.answering, *self.stack.layers)
        return next((self.taken[layer] for layer in layers if layer is not None), _NO_PLAN)


def owners_of(stack: "Stack", sources: Sources) -> Iterator[Owner]:
    """The routes of a stack and, as far as they may change layers, its handlers."""
    for route, variant in stack.variants:
        place = sources.place(route.where)
        if isinstance(route.pattern, PathTemplate):
            handler = stack.handlers[route.key]
            changes = handler.layers if isinstance(handler, Mounted) else {}
            yield Owner("handler", route, place, f"{route.where}.layers", _by_label(changes), variant)
        else:
            yield Owner("route", route, place, route.where, _by_label(stack.routes[route.key]), variant)


def _by_label(changes: Any) -> Mapping[str, Any]:
    return changes if isinstance(changes, Mapping) else {layer.label: layer for layer in changes}
