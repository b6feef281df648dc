"""Routes: which layers a request has, by its method and path. The first match in declared order wins."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from toolkit.http.methods import is_method, meant, separated
from toolkit.http.patterns import PathPattern
from toolkit.http.templates import PathTemplate
from toolkit.options import Invalid
from toolkit.options.problems import suggestion

T = TypeVar("T")

_REMEMBERED = 1024
_LONGEST_REMEMBERED = 256


@dataclass(frozen=True)
class Route:
    """What a route's key says: `/health`, `POST /login`, `GET,POST /api/**`. No method is all; GET covers HEAD.

    The path template of a handler is such a route too. `where` is its place, as errors and explain name it.
    """

    key: str
    methods: frozenset[str] | None
    pattern: PathPattern | PathTemplate
    where: str = ""

    @classmethod
    def parse(cls, key: str, where: str = "") -> "Route":
        """Raises Invalid or PatternError, each with a reason and a fix."""
        methods, _, path = key.rpartition(" ")
        if "/" in methods:
            raise Invalid("a space stands between methods and path alone", _without_spaces(key))
        return cls(key, _methods(methods, path) if methods else None, PathPattern(path), where)

    @classmethod
    def of_template(cls, text: str, where: str = "") -> "Route":
        """What the path template of a handler takes, by any method. Raises PatternError."""
        return cls(text, None, PathTemplate(text), where)

    @property
    def template(self) -> PathTemplate | None:
        """The path template of a handler; None where this is a pattern of a route."""
        return self.pattern if isinstance(self.pattern, PathTemplate) else None

    def takes(self, method: str, path: str) -> bool:
        """Whether a request for a plain path belongs to this route."""
        return (self.methods is None or method in self.methods) and self.pattern.matches(path)


def _methods(text: str, path: str) -> frozenset[str]:
    methods = text.split(",")
    if not all(map(is_method, methods)):
        wrong = next(method for method in methods if not is_method(method))
        names = separated(text)
        mended = f"{','.join(names)} {path}" if names and all(map(is_method, names)) else "GET,POST /path"
        raise Invalid(f"{wrong!r} is no method name", f"write methods in capitals, joined by commas alone: {mended!r}")
    for method in methods:
        if known := meant(method):
            raise Invalid(f"{method!r} is no method of HTTP", suggestion(known))
    return frozenset(methods) | ({"HEAD"} if "GET" in methods else set())


def _without_spaces(key: str) -> str:
    if key.endswith(" "):
        return "leave out the space at the end"
    start = key.index("/")
    if " /" in key[start:]:
        return "give each path a route of its own"
    return f"write '*' where the path has a space: {key[:start] + re.sub(' +', '*', key[start:])!r}"


class _Index(Generic[T]):
    """Entries by the literal segments that their patterns begin or end with, whichever are more.

    What can match is found without asking the rest: with patterns that have literals at either end, the number of
    entries does not matter.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, ...], list[tuple[int, T]]] = {}
        self._tails: dict[tuple[str, ...], list[tuple[int, T]]] = {}
        self._count = 0
        self.deepest = 0

    def add(self, pattern: PathPattern | PathTemplate, entry: T) -> None:
        """Add an entry behind all others."""
        head, tail = pattern.prefix, pattern.suffix
        self._count += 1
        self.deepest = max(self.deepest, len(head), len(tail))
        place = self._heads.setdefault(head, []) if len(head) >= len(tail) else self._tails.setdefault(tail, [])
        place.append((self._count, entry))

    def around(self, head: tuple[str, ...], tail: tuple[str, ...]) -> Iterator[T]:
        """The entries that may match what begins and ends with these segments, in the order they were added."""
        found: list[tuple[int, T]] = []
        for depth in range(min(len(head), self.deepest) + 1):
            found += self._heads.get(head[:depth], ())
        for depth in range(1, min(len(tail), self.deepest) + 1):
            found += self._tails.get(tail[-depth:], ())
        return (entry for _, entry in sorted(found, key=_place))


def _place(found: tuple[int, object]) -> int:
    return found[0]


class Table(Generic[T]):
    """Finds the value of the first route that takes a request, without looking at every route.

    Where no route is a pattern, a path is found in a dict. What patterns decide is remembered for the paths seen last,
    so that a flood of random paths costs time but no memory.
    """

    def __init__(self, routes: Iterable[tuple[Route, T]], default: T) -> None:
        self._default = default
        self._exact: dict[str, list[tuple[Route, T]]] = {}
        self._index: _Index[tuple[Route, T]] = _Index()
        self._seen: dict[tuple[str, str], T] = {}
        entries = list(routes)
        self._has_patterns = not all(route.pattern.is_exact for route, _ in entries)
        for route, value in entries:
            if self._has_patterns:
                self._index.add(route.pattern, (route, value))
            else:
                self._exact.setdefault(route.pattern.text, []).append((route, value))

    def find(self, method: str, path: str) -> T:
        """The value for a request. A path that is not plain (`//`, dot segments, a backslash) takes the default.

        A final newline does not count: the `$` that ends Starlette's routes matches before it.
        """
        path = path.removesuffix("\n")
        if not self._has_patterns:
            return self._first(self._exact.get(path, ()), method, path)
        found = self._seen.get((method, path))
        if found is None:
            found = self._first(self._candidates(path), method, path)
            self._remember((method, path), found)
        return found

    def _first(self, candidates: Iterable[tuple[Route, T]], method: str, path: str) -> T:
        for route, value in candidates:
            if route.takes(method, path):
                return value
        return self._default

    def _candidates(self, path: str) -> Iterator[tuple[Route, T]]:
        head = tuple(path.split("/", self._index.deepest + 1)[1:])
        tail = tuple(path.rsplit("/", self._index.deepest)[1:])
        return self._index.around(head, tail)

    def _remember(self, request: tuple[str, str], found: T) -> None:
        if len(request[0]) + len(request[1]) > _LONGEST_REMEMBERED:
            return
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[request] = found
