"""Routes: which layers a request has, by its method and path. The first match in declared order wins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from toolkit.http.headers import is_token
from toolkit.http.patterns import PathPattern, is_plain_path
from toolkit.options import Invalid

T = TypeVar("T")

_REMEMBERED = 1024
_LONGEST_REMEMBERED = 256


@dataclass(frozen=True)
class Route:
    """What a route's key says: `/health`, `POST /login`, `GET,POST /api/**`. No method is all; GET covers HEAD."""

    key: str
    methods: frozenset[str] | None
    pattern: PathPattern

    @classmethod
    def parse(cls, key: str) -> "Route":
        """Raises Invalid or PatternError, each with a reason and a fix."""
        methods, _, path = key.rpartition(" ")
        return cls(key, _methods(methods) if methods else None, PathPattern(path))

    def takes(self, method: str, path: str) -> bool:
        """Whether a request for a plain path belongs to this route."""
        return (self.methods is None or method in self.methods) and self.pattern.matches(path)

    def covers(self, other: "Route") -> bool:
        """Whether this route takes every request that `other` takes."""
        if self.methods is not None and (other.methods is None or not other.methods <= self.methods):
            return False
        return self.pattern.covers(other.pattern)


def _methods(text: str) -> frozenset[str]:
    methods = text.split(",")
    for method in methods:
        if not is_token(method.encode()) or method != method.upper():
            raise Invalid(
                f"{method!r} is no method name", "write methods in capitals, joined by commas: 'GET,POST /path'"
            )
    return frozenset(methods) | ({"HEAD"} if "GET" in methods else set())


def shadowed(routes: Sequence[Route]) -> Iterator[tuple[Route, Route]]:
    """Every route that can never match, with the earlier one that takes all of its requests."""
    for place, route in enumerate(routes):
        earlier = next((other for other in islice(routes, place) if other.covers(route)), None)
        if earlier is not None:
            yield route, earlier


class Table(Generic[T]):
    """Finds the value of the first route that takes a request, without looking at every route.

    Exact paths are found in a dict, patterns by their leading literal segments; what patterns decided is remembered for
    the paths seen last, so that a flood of random paths costs time but no memory.
    """

    def __init__(self, routes: Iterable[tuple[Route, T]], default: T) -> None:
        self._default = default
        self._exact: dict[str, list[tuple[int, Route, T]]] = {}
        self._wild: dict[tuple[str, ...], list[tuple[int, Route, T]]] = {}
        self._seen: dict[tuple[str, str], T] = {}
        for order, (route, value) in enumerate(routes):
            place: list[tuple[int, Route, T]]
            if route.pattern.is_exact:
                place = self._exact.setdefault(route.pattern.text, [])
            else:
                place = self._wild.setdefault(route.pattern.prefix, [])
            place.append((order, route, value))
        self._depths = sorted({len(prefix) for prefix in self._wild})

    def find(self, method: str, path: str) -> T:
        """The value for a request. A path that is not plain (`//`, dot segments, a backslash) takes the default."""
        if not self._wild:
            return self._first(self._exact.get(path, ()), method, path)
        found = self._seen.get((method, path))
        if found is None:
            found = self._search(method, path) if is_plain_path(path) else self._default
            self._remember((method, path), found)
        return found

    def _search(self, method: str, path: str) -> T:
        candidates = list(self._exact.get(path, ()))
        segments = tuple(path.split("/", self._depths[-1] + 1)[1:])
        for depth in self._depths:
            candidates += self._wild.get(segments[:depth], ())
        return self._first(sorted(candidates, key=_order), method, path)

    def _first(self, candidates: Iterable[tuple[int, Route, T]], method: str, path: str) -> T:
        return next((value for _, route, value in candidates if route.takes(method, path)), self._default)

    def _remember(self, request: tuple[str, str], found: T) -> None:
        if len(request[1]) > _LONGEST_REMEMBERED:
            return
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[request] = found


def _order(candidate: tuple[int, Route, object]) -> int:
    return candidate[0]
