"""What a configuration says, and the line on which each part of it stands."""

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path as File
from typing import Any, NamedTuple

from toolkit.options.problems import MISSING, Problem, show

Path = tuple[str | int, ...]
"""The keys and indices that lead from the whole configuration to a part of it: ("middleware", 2, "use")."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_INDEX = re.compile(r"\[([0-9]{1,9})\]")
_QUOTED = re.compile(r"""\[('(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")\]""", re.DOTALL)
_END = re.compile(r"[.\[: ]|\Z")  # what may follow a part of a place
_DOTS = 32  # ends that are tried for one key: a key may hold dots itself


class Unread:
    """Stands for a value that could not be read: that has been told, and whatever reads it refuses it.

    `of_key`: it is the key that could not be read. Under the key "" stand all those of which nothing is known.
    """

    def __init__(self, *, of_key: bool = False) -> None:
        self.of_key = of_key

    def __repr__(self) -> str:
        return "<unread>"


@dataclass(frozen=True)
class Document:
    """One configuration as read.

    `name` is what errors call it: the path as given, "" for a mapping. `data` is made of dicts with text keys, lists
    and scalars. `lines` has the line, from 1, of every key and list element; it is empty for a mapping. `base` is the
    folder where relative paths start: the file's own, or the current one for a mapping. `problems` are what is wrong
    with how it is written; `Unread` stands in `data` where a value could not be read. `origins` has for every path at
    which an alias stands the path of what it repeats.
    """

    name: str
    data: Mapping[str, Any]
    lines: Mapping[Path, int]
    base: File
    problems: tuple[Problem, ...] = ()
    origins: Mapping[Path, Path] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """Its format: "toml", "yaml" or "json", or "" for a mapping."""
        suffix = File(self.name.strip("'\"")).suffix.lower()
        return "yaml" if suffix == ".yml" else suffix[1:]

    def line(self, path: Path) -> int:
        """The line of `path` or of its nearest ancestor; 0 where nothing is known."""
        return next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 0)

    def written(self, where: str) -> str:
        """ "toolkit.toml:20" if exactly the place `where` was written, else ""."""
        path, rest = self.find(where)
        return "" if rest or path not in self.lines else f"{self.name}:{self.lines[path]}"

    def value(self, where: str) -> Any:
        """What exactly the place `where` says, references as they were written; MISSING if nothing stands there."""
        path, rest = self.find(where)
        value: Any = self.data
        for key in path:
            value = value[key]
        return MISSING if rest else value

    def located(self, problem: Problem) -> Problem:
        """The same problem with the file and the line of its place, or of the nearest that was written."""
        if problem.file or not self.name:
            return problem
        return replace(problem, file=self.name, line=self.line(self.find(problem.where)[0]))

    def told(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems in the order of their lines, each once: an alias repeats what is wrong with its anchor."""
        by_line = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
        if not self.origins:
            return by_line
        written = [(self._origin(problem.where), problem) for problem in by_line]
        written.sort(key=lambda pair: (pair[1].line, pair[0].is_repeated))
        told: dict[tuple[Path, str, str, str], Problem] = {}
        for (_, path, rest), problem in reversed(written):
            told[path, rest, problem.reason, problem.fix] = problem
        return [
            problem
            for (is_repeated, path, rest), problem in written
            if not is_repeated or told[path, rest, problem.reason, problem.fix] is problem
        ]

    def _origin(self, where: str) -> "_Origin":
        path, rest = self.find(where)
        origin = path
        while end := next((end for end in range(len(origin), 0, -1) if origin[:end] in self.origins), 0):
            origin = (*self.origins[origin[:end]], *origin[end:])
        return _Origin(origin != path, origin, rest)

    def find(self, where: str) -> tuple[Path, str]:
        """The deepest path of the data that `where` spells, and what of `where` is left."""
        path: Path = ()
        value: Any = self.data
        while step := _step(value, where, ("." if path else "")):
            key, where = step
            path, value = (*path, key), value[key]
        return path, where


class _Origin(NamedTuple):
    """Where what an alias may repeat was written: the path, and what follows it."""

    is_repeated: bool
    path: Path
    rest: str


def place(path: Path) -> str:
    """`path` as problems spell it: "middleware[2].allow_origins[1]", "policies['a b']"."""
    spelled = "".join(map(_spell, path))
    return spelled.removeprefix(".")


def _spell(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _NAME.fullmatch(key) else f"[{show(key)}]"


def _step(value: object, where: str, dot: str) -> tuple[str | int, str] | None:
    """The key of `value` that `where` begins with, and what follows it."""
    if isinstance(value, list):
        return _index(value, where)
    if not isinstance(value, Mapping):
        return None
    if quoted := _QUOTED.match(where):
        return _quoted(value, quoted[1], where[quoted.end() :])
    return _plain(value, where.removeprefix(dot)) if where.startswith(dot) else None


def _index(value: list[Any], where: str) -> tuple[int, str] | None:
    index = _INDEX.match(where)
    return (int(index[1]), where[index.end() :]) if index and int(index[1]) < len(value) else None


def _quoted(value: Mapping[str, Any], quoted: str, rest: str) -> tuple[str, str] | None:
    # A long key is shown shortened.
    key = next((key for key in value if show(key) == quoted), None) if "..." in quoted else None
    key = literal_eval(quoted) if key is None else key
    return (key, rest) if key in value else None


def _plain(value: Mapping[str, Any], where: str) -> tuple[str, str] | None:
    """The longest key wins: keys may hold what stands between keys."""
    ends = islice(_ends(where), _DOTS)
    found = [end for end in ends if where[:end] in value]
    return (where[: found[-1]], where[found[-1] :]) if found else None


def _ends(where: str) -> Iterator[int]:
    return (match.start() for match in _END.finditer(where) if match.start())
