"""The sections of a configuration, and the shape of what stands in them.

Rule: what is misspelt is told, and then read as what it was meant to be, so that everything else that is wrong is told
as well.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.config.document import Document, Path, place
from toolkit.config.kinds import Kinds
from toolkit.config.references import has_reference
from toolkit.options import MISSING, Problem, did_you_mean, show
from toolkit.options.problems import suggestion

SECTIONS = ("stores", "defaults", "middleware", "route", "handler", "provides")

_SLIP = 2  # letters more or less that one who means a key may write


@dataclass(frozen=True)
class Entry:
    """One table of a list, or of the defaults."""

    path: Path
    data: Mapping[str, Any]

    @property
    def where(self) -> str:
        return place(self.path)

    def at(self, key: str) -> str:
        """The place of one of its keys."""
        return place((*self.path, key))


@dataclass
class Sections:
    """What a configuration says, with all of the right shape."""

    stores: list[tuple[Path, str, Any]] = field(default_factory=list)
    defaults: dict[str, Entry] = field(default_factory=dict)
    middleware: list[Entry] = field(default_factory=list)
    route: list[Entry] = field(default_factory=list)
    handler: list[Entry] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)
    vague: set[str] = field(default_factory=set)
    """What layers may be called that are written where none can be read."""


def read_sections(document: Document, kinds: Kinds, problems: list[Problem]) -> Sections:
    """The sections of a document; what is wrong with their shapes is added to `problems`."""
    reader = _Reader(document, kinds, problems)
    for written, section in reader.named().items():
        getattr(reader, f"read_{section}")((written,), document.data[written])
    return reader.sections


class _Reader:
    def __init__(self, document: Document, kinds: Kinds, problems: list[Problem]) -> None:
        self._data = document.data
        self._is_toml = document.name.lower().endswith(".toml")
        self._kinds = kinds
        self._problems = problems
        self.sections = Sections()

    def named(self) -> dict[str, str]:
        """Each section as written, and which one it is or was meant to be."""
        found = {}
        for written in self._data:
            section = written if written in SECTIONS else self._meant(written)
            if section:
                found[written] = section
        return found

    def read_stores(self, path: Path, value: Any) -> None:
        for name, store in self._table(path, value, 'name = "url"').items():
            self.sections.stores.append(((*path, name), name, store))

    def read_defaults(self, path: Path, value: Any) -> None:
        for kind, options in self._table(path, value, "options by kind").items():
            if isinstance(options, Mapping):
                self.sections.defaults[kind] = Entry((*path, kind), options)
            else:
                self._refuse((*path, kind), f"{show(options)} is not a table of options")

    def read_middleware(self, path: Path, value: Any) -> None:
        self.sections.middleware += self._list(path, value, "use")

    def read_route(self, path: Path, value: Any) -> None:
        self.sections.route += self._list(path, value, "match")

    def read_handler(self, path: Path, value: Any) -> None:
        self.sections.handler += self._list(path, value, "use")

    def read_provides(self, path: Path, value: Any) -> None:
        if not isinstance(value, list):
            self._refuse(path, f"{show(value)} is not a list of text", f"use [{show(value)}]")
            value = [value] if isinstance(value, str) and not has_reference(value) else []
        for index, need in enumerate(value):
            if not isinstance(need, str) or has_reference(need):
                reason = "a reference cannot stand here" if isinstance(need, str) else f"{show(need)} is not text"
                self._refuse((*path, index), reason)
            else:
                self.sections.provides.append(need)

    def _meant(self, written: str) -> str | None:
        is_kind = written in self._kinds.names
        meant = None if is_kind else near(written, SECTIONS)
        fix = suggestion(meant) if meant else f"there are {', '.join(SECTIONS)}"
        if is_kind:
            fix = f'use = "{written}" stands in the list middleware or handler'
        self._refuse((written,), "unknown section", fix)
        return meant

    def _table(self, path: Path, value: Any, such: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self._refuse(path, f"{show(value)} is not a table", f"it holds {such}")
        return {}

    def _list(self, path: Path, value: Any, key: str) -> list[Entry]:
        if isinstance(value, list):
            return [
                Entry((*path, index), element)
                for index, element in enumerate(value)
                if self._is_table((*path, index), element, key)
            ]
        if not isinstance(value, Mapping):
            self._refuse(path, f"{show(value)} is not a list of tables", self._double(path))
            return []
        self._refuse(path, "is one table where a list of tables is wanted", self._double(path))
        if key in value:
            return [Entry(path, value)]
        self.sections.vague.update(value)
        return []

    def _is_table(self, path: Path, element: Any, key: str) -> bool:
        if isinstance(element, Mapping):
            return True
        fix = f'such as {{{key} = "{element}"}}' if isinstance(element, str) else ""
        self._refuse(path, f"{show(element)} is not a table", fix)
        self.sections.vague.update([element] if isinstance(element, str) else ())
        return False

    def _double(self, path: Path) -> str:
        section = path[0]
        return f"write [[{section}]] in place of [{section}]" if self._is_toml else "put it into a list"

    def _refuse(self, path: Path, reason: str, fix: str = "") -> None:
        self._problems.append(Problem(place(path), reason, fix))


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one was meant to be."""
    return next((name for name in known if did_you_mean(word, [name])), None)


def respelt(entry: Entry, key: str, fits: Callable[[Any], bool], problems: list[Problem]) -> tuple[Any, dict[str, Any]]:
    """The value of a key that every entry has, MISSING without, and all that is beside it.

    A key that is near and whose value fits is told, and taken for it.
    """
    data = dict(entry.data)
    if key in data:
        return data.pop(key), data
    meant = next((name for name, value in data.items() if _is_slip(name, key) and fits(value)), None)
    if meant is None:
        return MISSING, data
    problems.append(Problem(entry.at(meant), "unknown key", suggestion(key)))
    return data.pop(meant), data


def _is_slip(name: str, key: str) -> bool:
    return abs(len(name) - len(key)) <= _SLIP and bool(did_you_mean(name, [key]))


def plain(value: Any, where: str, wanted: str, problems: list[Problem]) -> str | None:
    """The value of a key that is text as it stands; None, and a problem, for anything else."""
    if not isinstance(value, str):
        problems.append(Problem(where, f"{show(value)} is not text", f"write {wanted}"))
    elif has_reference(value):
        problems.append(Problem(where, "a reference cannot stand here", f"write {wanted} itself"))
    else:
        return value
    return None
