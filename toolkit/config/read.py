"""Read a configuration from a file or a mapping, whole and bounded, with every problem told at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path as File
from typing import Any

from toolkit.config.document import Document, Path, Unread, place
from toolkit.config.files import Unreadable, load
from toolkit.config.formats import SMALLEST, SUFFIXES, parse
from toolkit.config.formats.found import LEVELS, VALUES, Found, Stopped
from toolkit.options.problems import ConfigError, Problem, show

_KINDS = {dict: "sections", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}

_TEXT = "write the text to a file, and give its path"


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> Document:
    """What `source` says: the path of a .toml, .yaml, .yml or .json file, or a mapping with the same sections.

    A file has at most 1 MiB of UTF-8; any source at most 32 levels and 100,000 values. Containers of a mapping are
    copied, whatever else it holds is kept. Never waits for a pipe or a device. What is wrong with how a file is written
    but can be read past is in the document's `problems`. Raises ConfigError where that cannot be, or nothing is left,
    with every problem that can be told at once; each has its file and line.
    """
    if isinstance(source, Mapping):
        return _read_mapping(source)
    try:
        path = os.fsdecode(source)
    except TypeError:
        reason = f"{show(source)} is neither the path of a file nor a mapping"
        raise TypeError(f'{reason}; use stack(…), or {{"middleware": [{{"use": "cors", …}}]}}') from None
    return _read_file(path)


def _read_file(given: str) -> Document:
    name = given if given.isprintable() and given else show(given)
    try:
        form, text = load(given, SUFFIXES)
    except Unreadable as refused:
        fix = _TEXT if "\n" in given and File(given).suffix not in SUFFIXES else refused.fix
        raise ConfigError(Problem(refused.where, refused.reason, fix, file=name, line=refused.line)) from None
    # To TOML a lone carriage return is a mistake; YAML and JSON end a line with it.
    found = Found(name, text if form == "toml" else text.replace("\r", "\n"))
    data = _parsed(form, found)
    problems = tuple(_by_line(found.problems))
    return Document(name, data, found.lines, File(given).absolute().parent, problems, found.origins)


def _parsed(form: str, found: Found) -> dict[str, Any]:
    try:
        data = parse(form, found)
    except Stopped:
        raise ConfigError(_by_line(found.problems)) from None
    if not isinstance(data, dict) or not data:
        raise ConfigError(_by_line([*found.problems, *_unfit(form, found, data)]))
    return data


def _by_line(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line)


def _unfit(form: str, found: Found, data: object) -> list[Problem]:
    """The problem of a file that says nothing, or is not made of sections."""
    smallest = f"a smallest file is: {SMALLEST[form]}"
    if data is None or data == {}:
        return [] if found.problems else [Problem("", "the file is empty", smallest, file=found.name)]
    if isinstance(data, Unread):
        return []
    reason = f"the file holds {_KINDS.get(type(data), 'a value')} where sections are wanted"
    return [Problem("", reason, smallest, file=found.name, line=1)]


def _read_mapping(source: Mapping[str, Any]) -> Document:
    copy = _Copy()
    data = copy.value(source, ())
    if copy.problems:
        raise ConfigError(copy.problems)
    return Document("", data, {}, File.cwd())


class _Copy:
    """A copy of the containers of a mapping, and what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._count = 0

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value, path)
        if isinstance(value, (list, tuple)):
            return [self.value(element, (*path, index)) for index, element in enumerate(value) if self._fits(path)]
        return value

    def _mapping(self, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        copied = {}
        for key, held in value.items():
            if not isinstance(key, str):
                self._refuse(path, f"the key {show(key)} is not text", f"write {show(str(key))}")
            elif self._fits(path):
                copied[key] = self.value(held, (*path, key))
        return copied

    def _fits(self, path: Path) -> bool:
        """Whether one more value may stand within `path`; the first one that does not is a problem."""
        self._count += 1
        if self._count == VALUES + 1:
            self._refuse((), f"there are more than {VALUES:,} values", "look for a list or mapping that repeats itself")
        if len(path) >= LEVELS and self._count <= VALUES:
            self._refuse(path[:4], f"is more than {LEVELS} levels deep", "look for a list or mapping that holds itself")
            self._count = VALUES + 1
        return self._count <= VALUES

    def _refuse(self, path: Path, reason: str, fix: str) -> None:
        self.problems.append(Problem(place(path) or "the mapping", reason, fix))
