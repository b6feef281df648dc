"""A stack that is being made of a configuration, with drafts where something is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.config.document import Document
from toolkit.config.keyed import Keyed
from toolkit.config.masking import Mask
from toolkit.config.places import FilePlaces
from toolkit.engine.assemble import assemble
from toolkit.engine.layer import Layer
from toolkit.engine.stack import Stack
from toolkit.options import Problem


@dataclass(frozen=True)
class Draft:
    """The parts of a stack. `elements` are places and elements; `is_whole`: all of them are known."""

    document: Document
    elements: Sequence[tuple[str, Any]]
    is_whole: bool
    routes: Keyed
    handlers: Keyed
    provides: Sequence[str]
    stores: Mapping[str, Any]
    defaults: Mapping[str, Mapping[str, Any]]

    @property
    def places(self) -> FilePlaces:
        """Where everything stands."""
        elements = [place for place, _ in self.elements]
        return FilePlaces(self.document, elements, self.routes.places, self.handlers.places)

    def stack(self, mask: Mask) -> Stack:
        """The stack, if nothing is wrong; `mask` is for what is told of it. Raises ConfigError: the whole is wrong."""
        elements = [element for _, element in self.elements]
        return Stack(
            elements,
            self.routes.values,
            self.stores,
            self.provides,
            handlers=self.handlers.values,
            defaults=self.defaults,
            places=replace(self.places, masking=mask),
        )

    def problems(self) -> list[Problem]:
        """What is wrong with the whole, where parts of it are wrong too."""
        elements = [element for _, element in self.elements]
        provides = [*self.provides, *([] if self.is_whole else _needs(elements))]
        _, problems = assemble(elements, self.routes.values, self.handlers.values, provides, self.places)
        keyed = (self.routes, self.handlers)
        return [problem for problem in problems if not any(one.concerns_key(problem) for one in keyed)]


def _needs(elements: Sequence[Any]) -> list[str]:
    """What layers need, which others may provide that are not known."""
    return [need for element in elements if isinstance(element, Layer) for need in element.needs]
