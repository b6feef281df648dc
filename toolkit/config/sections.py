"""The sections of a configuration, and the shape of what stands in them.

Rule: what is misspelt is told, and then read as what it was meant to be, so that everything else that is wrong is told
as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.config.document import Document, Path, place
from toolkit.config.kinds import SECTIONS as ROLES
from toolkit.config.kinds import Kinds, role_of
from toolkit.config.references import has_reference
from toolkit.config.spelling import SPELLINGS, nested
from toolkit.config.taken import owner, takes
from toolkit.options import MISSING, Invalid, Problem, did_you_mean, show
from toolkit.options.problems import suggestion

SECTIONS = ("stores", "defaults", "middleware", "route", "handler", "provides")

_LISTS = {"middleware": ("use",), "route": ("match",), "handler": ("path", "use")}
"""What may tell the entries of a list apart, where they are written as one table."""

_HOMES = {"use": "middleware", "match": "route", "path": "handler"}
"""Keys of entries, and where such are."""

_NO_SPACE = re.compile(r"(use|match|path|name):(?=\S)")
_SCHEMA = "$schema"
_LOOKED_INTO = 100  # unknown sections of which it is found out what they were meant to be
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
    adopted: list[str] = field(default_factory=list)
    """The places of options that were told to stand elsewhere."""


def read_sections(document: Document, kinds: Kinds, problems: list[Problem]) -> Sections:
    """The sections of a document; what is wrong with their shapes is added to `problems`."""
    reader = _Reader(document, kinds, problems)
    for written, section in reader.named().items():
        reader.read(section, (written,), document.data[written])
    reader.put_right()
    return reader.sections


class _Reader:
    def __init__(self, document: Document, kinds: Kinds, problems: list[Problem]) -> None:
        self._data = document.data
        self._spelling = SPELLINGS[document.form]
        self._unknown = 0
        self._strays: list[tuple[str, str, Any]] = []
        self._kinds = kinds
        self._problems = problems
        self.sections = Sections()

    def named(self) -> dict[str, str]:
        """Each section as written, and which one it is or was meant to be."""
        found = {}
        for written in self._data:
            if written == _SCHEMA:
                self._read_schema(self._data[written])
                continue
            section = written if written in SECTIONS else self._meant(written)
            if section:
                found[written] = section
        return found

    def read(self, section: str, path: Path, value: Any) -> None:
        """Take in what a section says."""
        if section in _LISTS:
            entries: list[Entry] = getattr(self.sections, section)
            entries += self._list(section, path, value)
        else:
            getattr(self, f"read_{section}")(path, value)

    def put_right(self) -> None:
        """Take what stands where it is not read for what it was meant to be."""
        for section in _LISTS:
            entries: list[Entry] = getattr(self.sections, section)
            for index, entry in enumerate([*entries]):
                entries[index] = self._relieved(entry, section, entry.data.get("use"))
        for option, kind, value in self._strays:
            self._adopt(option, kind, value)

    def read_stores(self, path: Path, value: Any) -> None:
        for name, store in self._table(path, value, 'name = "url"').items():
            if name in SECTIONS and isinstance(store, (list, Mapping)):
                self._swallowed((*path, name), store)
            else:
                self.sections.stores.append(((*path, name), name, store))

    def read_defaults(self, path: Path, value: Any) -> None:
        for kind, options in self._table(path, value, "options by kind").items():
            if isinstance(options, Mapping):
                entry = self._relieved(Entry((*path, kind), options), "defaults", kind)
                self.sections.defaults[kind] = entry
            else:
                self._refuse((*path, kind), f"{show(options)} is not a table of options")

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

    def _read_schema(self, value: object) -> None:
        """What editors look up to check the file says nothing to this program."""
        if not isinstance(value, str):
            self._refuse((_SCHEMA,), f"{show(value)} is not text", "give the address of a JSON Schema")

    def _meant(self, written: str) -> str | None:
        """The section that an unknown one was meant to be; what is none is told where it belongs."""
        self._unknown += 1
        is_looked_into = self._unknown <= _LOOKED_INTO
        fix = self._home(written) if is_looked_into else ""
        meant = near(written, SECTIONS) if is_looked_into and not fix else None
        fix = fix or (suggestion(meant) if meant else f"there are {', '.join(SECTIONS)}")
        self._refuse((written,), "unknown section", fix)
        self.sections.vague.update(() if meant else (written,))
        return meant

    def _home(self, written: str) -> str:
        """Where something belongs that is no section, "" where nobody knows."""
        if written in self._kinds.names:
            return self._spelling.begun(self._section_of(written), "use", written)
        if written == "layers":
            return self._spelling.layers
        if written in _HOMES:
            return self._spelling.inside.format(section=_HOMES[written])
        if split := nested(written, SECTIONS):
            return f"nest it: {split[1]!r} under {split[0]!r}"
        is_plural = any(written.rstrip("s") == section.rstrip("s") for section in SECTIONS)
        kind = None if is_plural else owner(written, self._kinds)
        if kind is None:
            return ""
        self._strays.append((written, kind, self._data[written]))
        return f"it is an option of {kind}: {self._spelling.inside.format(section=self._section_of(kind))}"

    def _section_of(self, kind: str) -> str:
        try:
            role = role_of(self._kinds.load(kind))
        except Invalid:
            role = None
        return ROLES[role or "layer"]

    def _adopt(self, option: str, kind: str, value: Any) -> None:
        """An option that stands outside all entries belongs to the only one of its kind."""
        entries: list[Entry] = getattr(self.sections, self._section_of(kind))
        places = [index for index, entry in enumerate(entries) if entry.data.get("use") == kind]
        if len(places) == 1:
            entry = entries[places[0]]
            entries[places[0]] = replace(entry, data={option: value, **entry.data})
            self.sections.adopted.append(entry.at(option))

    def _relieved(self, entry: Entry, section: str, use: object) -> Entry:
        """The entry without the sections that it swallowed, and with the options that stand one level too deep."""
        data = dict(entry.data)
        for name in [name for name in data if name in SECTIONS and not self._takes(section, use, name)]:
            self._swallowed((*entry.path, name), data.pop(name))
        if isinstance(data.get("options"), Mapping) and not self._takes(section, use, "options"):
            self._refuse((*entry.path, "options"), "unknown option", "options stand beside 'use'")
            data = {**data.pop("options"), **data}
        if section == "handler" and isinstance(layers := data.get("layers"), Mapping):
            data["layers"] = self._relieved(Entry((*entry.path, "layers"), layers), "route", None).data
        return replace(entry, data=data)

    def _takes(self, section: str, use: object, name: str) -> bool:
        if section != "route":
            return takes(use, name, self._kinds)
        return name == "options" or any(entry.data.get("name") == name for entry in self.sections.middleware)

    def _swallowed(self, path: Path, value: Any) -> None:
        section = str(path[-1])
        beside = self._spelling.beside.format(section=path[0])
        self._refuse(path, "unknown option", f"{section!r} is a section: {beside}")
        self.read(section, path, value)

    def _table(self, path: Path, value: Any, such: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self._refuse(path, f"{show(value)} is not a table", f"it holds {such}")
        return {}

    def _list(self, section: str, path: Path, value: Any) -> list[Entry]:
        if isinstance(value, list):
            return [
                Entry((*path, index), element)
                for index, element in enumerate(value)
                if self._is_table(section, (*path, index), element)
            ]
        if not isinstance(value, Mapping):
            self._refuse(path, f"{show(value)} is not a list of tables", self._as_kind(value) or self._double(path))
            return []
        keys = {name: self._told_apart(section, name) for name in value}
        name, key = next(((name, key) for name, key in keys.items() if key), ("", ""))
        is_one = any(key in value for key in _LISTS[section])
        fix = self._spelling.begun(section, key, name) if key and not is_one else self._double(path)
        self._refuse(path, "is one table where a list of tables is wanted", fix)
        return [Entry(path, value)] if is_one else [*self._by_name(path, value, keys)]

    def _told_apart(self, section: str, name: str) -> str:
        """The key of an entry whose value a name is; "" if it is no such."""
        if section != "middleware" and "/" in name:
            return _LISTS[section][0]
        return "use" if section != "route" and name in self._kinds.names else ""

    def _by_name(self, path: Path, value: Mapping[str, Any], keys: Mapping[str, str]) -> Iterator[Entry]:
        for name, inner in value.items():
            if keys[name] and isinstance(inner, Mapping):
                yield Entry((*path, name), {keys[name]: name, **inner})
            else:
                self.sections.vague.add(name)

    def _is_table(self, section: str, path: Path, element: Any) -> bool:
        if isinstance(element, Mapping):
            return True
        fix = self._as_text(section, element) if isinstance(element, str) else self._as_kind(element)
        self._refuse(path, f"{show(element)} is not a table", fix)
        return False

    def _as_text(self, section: str, element: str) -> str:
        """The fix for text where a table is wanted."""
        key, _, value = element.partition(":") if _NO_SPACE.match(element) else (_LISTS[section][-1], "", element)
        self.sections.vague.add(value)
        spelled = self._spelling.first(key, value)
        return f"such as {spelled}" if value == element else f"put a space after the colon: {spelled}"

    def _as_kind(self, value: Any) -> str:
        """The fix for a layer or a handler itself, which a mapping may hold."""
        if not role_of(type(value)):
            return ""
        self.sections.vague.add(value.kind)
        return f"use stack(…), or {self._spelling.first('use', value.kind)}"

    def _double(self, path: Path) -> str:
        section = path[0]
        is_toml = self._spelling is SPELLINGS["toml"]
        return f"write [[{section}]] in place of [{section}]" if is_toml else "put it into a list"

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
    meant = next((name for name, value in data.items() if is_slip(name, key) and fits(value)), None)
    if meant is None:
        return MISSING, data
    problems.append(Problem(entry.at(meant), "unknown key", suggestion(key)))
    return data.pop(meant), data


def is_slip(name: str, key: str) -> bool:
    """Whether one who writes a name probably means a key."""
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
