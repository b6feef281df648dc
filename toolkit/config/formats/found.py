"""What the reading of one text has found: the line of every part, and what is wrong.

Limits hold for every format: 32 levels, 100,000 values (what aliases repeat included), 1,000 problems told.
"""

import re
from bisect import bisect_right
from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Final, NoReturn

from toolkit.config.document import Path, place
from toolkit.options.problems import Problem

LEVELS: Final = 32
VALUES: Final = 100_000
DIGITS: Final = 640  # of one number: Python may refuse more, in time or at all
PROBLEMS: Final = 1000  # that are told of one text
_SHOWN: Final = 4  # levels of a place that is too deep
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Stopped(Exception):  # noqa: N818 - what is wrong is in `Found.problems`
    """Nothing more can be read."""


class Found:
    """The lines and problems of one text. Positions are indices into `text`; lines and columns count from 1.

    `origins` has for the path of every alias the path of what it repeats.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.lines: MutableMapping[Path, int] = {}
        self.origins: dict[Path, Path] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def line(self, position: int) -> int:
        """The line that `position` is on."""
        return bisect_right(self._starts, position)

    def column(self, position: int) -> int:
        """Which character of its line `position` is, from 1."""
        return position - self._starts[self.line(position) - 1] + 1

    def position(self, line: int, column: int) -> int:
        """The index of a line and column, both from 1."""
        return self._starts[min(line, len(self._starts)) - 1] + column - 1

    def put(self, path: Path, position: int) -> None:
        """Something was written: `path` begins at `position`. Raises Stopped beyond the limits."""
        line = self.line(position)
        self._put(path, line, line)

    def repeat(self, path: Path, origin: Path, position: int) -> None:
        """An alias at `position` makes what is written as `origin` stand at `path` too. Raises Stopped as `put`."""
        line = self.line(position)
        self._put(path, self.lines.get(origin, line), line)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is read meanwhile is no part of the data: it has no lines, but counts."""
        kept = self.lines
        self.lines = ChainMap({}, kept)
        yield
        self.lines = kept

    def _put(self, path: Path, line: int, blamed: int) -> None:
        if len(path) > LEVELS:
            self._exceed(path, blamed, f"is more than {LEVELS} levels deep")
        self._count += path not in self.lines
        self.lines[path] = line
        if self._count > VALUES:
            self._exceed(path, blamed, f"is one of more than {VALUES:,} values")

    def refuse(self, path: Path, position: int, reason: str, fix: str = "") -> None:
        """What is written as `path` at `position` is wrong; reading goes on."""
        where = place(path) or f"column {self.column(position)}"
        self._add(where, self.line(position), reason, fix)

    def repeated(self, path: Path, position: int) -> None:
        """A key is given once more."""
        self.refuse(path, position, f"is given twice, first on line {self.lines[path]}", "remove one of them")

    def refuse_number(self, path: Path, position: int, digits: int) -> None:
        """A number is too long to be read."""
        self.refuse(path, position, f"is a number of {digits:,} characters", f"use at most {DIGITS}, or quote it")

    def tell(self, position: int, reason: str, fix: str = "") -> None:
        """The text itself is wrong at `position`; reading goes on."""
        where = f"column {self.column(position)}"
        self._add(where, self.line(position), reason, fix)

    def stop(self, position: int, reason: str, fix: str = "") -> NoReturn:
        """The text cannot be read beyond `position`."""
        self.tell(position, reason, fix)
        raise Stopped

    def _exceed(self, path: Path, line: int, reason: str) -> NoReturn:
        self._add(place(path[:_SHOWN]), line, reason, "no configuration needs that")
        raise Stopped

    def _add(self, where: str, line: int, reason: str, fix: str) -> None:
        self.problems.append(Problem(where, reason, fix, file=self.name, line=line))
        if len(self.problems) == PROBLEMS:
            raise Stopped


def is_unicode(text: str) -> bool:
    """Whether `text` can be written as UTF-8: it holds no half of a surrogate pair."""
    return _SURROGATE.search(text) is None
