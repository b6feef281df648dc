"""What of a file could not be read although the rest of it was, and what is no news because of that.

Rule: what could not be read is told once, by its reader. Nothing is told that is wrong only because it is not there.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from toolkit.config.document import Document, Path, Unread
from toolkit.config.sections import SECTIONS, Sections
from toolkit.options import Problem

_NAMING: Final = frozenset(("use", "name", ""))
"""What an element is called by; "" stands for keys that could not be read, and may be either."""

_OPTION: Final = 3  # keys that lead to an option, such as ("middleware", 0, "max_age")
_UNKNOWN: Final = "no layer of this stack is called that"
_OF_KEYS: Final = frozenset(("unknown section", "unknown option", "unknown key", _UNKNOWN))
"""Reasons that are about a key, whatever its value is."""


class Gaps:
    """The places of a document that could not be read."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._paths = frozenset(_unread(document.data, ()) if document.problems else ())
        self._holding = {path[:end] for path in self._paths for end in range(_OPTION, len(path))}

    def blur(self, sections: Sections) -> None:
        """Where names could not be read, routes may call layers what they like, and options their stores."""
        if any(_hides(path, "middleware", _NAMING) or _hides(path, "provides") for path in self._paths):
            sections.vague.update(_spoken_of(sections), [""])
        if any(_hides(path, "stores") and len(path) == 1 for path in self._paths):
            sections.stores.append((("stores", ""), "", Unread()))

    def unexplained(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems that are not there only because something could not be read."""
        return [one for one in problems if not self._paths or not self._explain(one)]

    def _explain(self, problem: Problem) -> bool:
        path, rest = self._document.find(problem.where)
        if any(path[:end] in self._paths for end in range(1, len(path) + 1)):
            return path not in self._paths or problem.reason not in _OF_KEYS or not self._is_known(path)
        if path in self._holding and problem.reason not in _OF_KEYS and not rest:
            return True
        return repr(Unread()) in problem.reason or (problem.reason == "missing" and self._may_hold_more(path))

    def _is_known(self, path: Path) -> bool:
        """Whether the key itself could be read."""
        value: Any = self._document.data
        for key in path:
            value = value[key]
        return isinstance(value, Unread) and not value.of_key

    def _may_hold_more(self, path: Path) -> bool:
        """Whether what is missing may stand under a key that could not be read, or in the defaults."""
        return (*path, "") in self._paths or any(_hides(path, "defaults") and len(path) < 3 for path in self._paths)


def _unread(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Unread):
        yield path
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in held:
        yield from _unread(inner, (*path, key))


def _hides(path: Path, section: str, naming: frozenset[str] = frozenset()) -> bool:
    """Whether what is not read at `path` is a section, an entry of it, or what an entry is called by."""
    is_meant = path[0] == section or path[0] not in SECTIONS  # a misspelt one may be any
    return is_meant and (len(path) < _OPTION or (len(path) == _OPTION and path[2] in naming))


def _spoken_of(sections: Sections) -> Iterator[str]:
    """Everything that routes and handlers call layers."""
    for entry in sections.route:
        yield from entry.data
    for entry in sections.handler:
        layers = entry.data.get("layers")
        yield from layers if isinstance(layers, dict) else ()
