"""What the parts of a stack are called in errors and in explain, and where they were written."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.options import MISSING, Problem

_REFERENCE = re.compile(r"(?<!\$)\$\{[^}]*\}")


class Places:
    """The names of a stack's parts as Python writes them; a configuration file has its own, with lines."""

    def element(self, index: int) -> str:
        """A layer or a foreign middleware, by its place among all elements."""
        return f"stack[{index}]"

    def route(self, index: int, key: str) -> str:
        """A route, by its place among the routes and by its key."""
        return f"routes[{key!r}]"

    def handler(self, index: int, path: str) -> str:
        """A handler, by its place among the handlers and by its path template. Its overrides: this and `.layers`."""
        return f"handlers[{path!r}]"

    def default(self, kind: str) -> str:
        """The default options of a kind."""
        return f"defaults[{kind!r}]"

    def option(self, label: str, option: str) -> str:
        """How the changes of a route write an option of a layer."""
        return f'{{"{label}": {{"{option}": …}}}}'

    def changes(self) -> str:
        """What may be said of a layer."""
        return "give options, False, or a layer of its kind"

    def declared(self, need: str) -> str:
        """How to say that something stands outside the stack."""
        return f'declare it: stack(…, provides=["{need}"])'

    def located(self, problem: Problem) -> Problem:
        """The problem with the file and the line of its place, where there are such."""
        return problem

    def written(self, where: str) -> str:
        """Where exactly this place was written, such as "toolkit.toml:20"; "" where that is not known."""
        return ""

    def as_written(self, where: str) -> Any:
        """What exactly this place says, before references are followed; MISSING where that is not known."""
        return MISSING

    def mask(self, text: str, *about: str) -> str:
        """A sentence about what stands at these places, with references in the place of what they stand for."""
        return text

    def use(self, index: int) -> str:
        """Where an element says what it is, by its place among all elements."""
        return self.element(index)


def references(written: Any) -> Iterator[str]:
    """The references to variables and files in a value as written."""
    if isinstance(written, str):
        yield from _REFERENCE.findall(written)
    elif isinstance(written, Mapping | list):
        for inner in written.values() if isinstance(written, Mapping) else written:
            yield from references(inner)


def refers(written: Any) -> bool:
    """Whether a value as written refers to a variable or a file."""
    return any(True for _ in references(written))
