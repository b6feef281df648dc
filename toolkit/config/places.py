"""What the parts of a stack are called that a configuration describes, and on which line each stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from toolkit.config.document import Document, place
from toolkit.config.masking import Mask
from toolkit.config.spelling import SPELLINGS, Spelling
from toolkit.engine.places import Places
from toolkit.options import Problem


@dataclass(frozen=True)
class FilePlaces(Places):
    """The places of a document; elements, routes and handlers by their index in the stack."""

    document: Document
    elements: Sequence[str] = ()
    routes: Sequence[str] = ()
    handlers: Sequence[str] = ()
    masking: Mask | None = None

    def element(self, index: int) -> str:
        return self.elements[index]

    def use(self, index: int) -> str:
        return f"{self.elements[index]}.use"

    def route(self, index: int, key: str) -> str:
        return self.routes[index]

    def handler(self, index: int, path: str) -> str:
        return self.handlers[index]

    def default(self, kind: str) -> str:
        return place(("defaults", kind))

    def option(self, label: str, option: str) -> str:
        return self._spelling.option.format(label=label, option=option)

    def changes(self) -> str:
        return f"write {self._spelling.off}, or options"

    def declared(self, need: str) -> str:
        return f'add "{need}" to provides'

    @property
    def _spelling(self) -> Spelling:
        return SPELLINGS[self.document.form]

    def located(self, problem: Problem) -> Problem:
        """What is wrong with a route or with a handler as a whole is wrong with its match or its path."""
        if problem.file:
            return problem
        key = self._key(problem.where) if problem.where.endswith("]") else ""
        found = self.document.located(replace(problem, where=f"{problem.where}.{key}") if key else problem)
        return replace(found, where=problem.where)

    def _key(self, where: str) -> str:
        return "match" if where in self.routes else "path" if where in self.handlers else ""

    def written(self, where: str) -> str:
        return self.document.written(where)

    def as_written(self, where: str) -> Any:
        return self.document.value(where)

    def mask(self, text: str, *about: str) -> str:
        return reduce(self.masking.sentence, about, text) if self.masking else text
