"""Which routes can never match, for earlier ones take all of their requests.

Found without comparing each with each: patterns stand in a tree by their segments, those with a part of any length by
what comes before it and, from the end, by what comes after. A claim is never wrong. For the sake of speed only so many
places of the tree are looked at for one route, and fewer once there were many for all of them: it may not be seen where
hundreds of patterns with wildcards lie over the same paths. The same pattern once more is always seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from toolkit.engine.routes import Route
from toolkit.http.patterns import PathPattern
from toolkit.http.segments import ANY, EMPTY, WHOLE_PATH, Segment
from toolkit.http.templates import PathTemplate

_LOOKS = 256
_FEWER = 8
_ALL_LOOKS = 250_000

Pattern = PathPattern | PathTemplate
Segments = Sequence[Segment]


def shadowed(routes: Iterable[Route]) -> Iterator[tuple[Route, Sequence[Route]]]:
    """Every route that can never match, with the earlier ones that take all of its requests."""
    earlier = Shadows()
    for route in routes:
        if taking := earlier.over(route):
            yield route, taking
        else:
            earlier.add(route)


class Shadows:
    """Routes in the order they are added; finds those that take all requests of another."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._root = _Node()
        self._same: dict[str, _Node] = {}
        self._count = 0
        self._looked = 0
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Add a route behind all others."""
        node = self._root
        head, between, tail = _cut(route.pattern.segments)
        for segment in head:
            node = node.child(segment)
        if between:
            node = node.open.setdefault(between, _Node())
        for segment in reversed(tail):
            node = node.child(segment)
        node.pattern = node.pattern or route.pattern
        self._same[_key(route.pattern)] = node
        self._count += 1
        for method in route.methods or (None,):
            node.routes.setdefault(method, (self._count, route))

    def over(self, route: Route) -> Sequence[Route]:
        """The first routes that together take every request of another; none where there are none, or unseen."""
        found: dict[int, Route] = {}
        size = len(route.pattern.segments)
        looks = _Looks(size + (_LOOKS if self._looked < _ALL_LOOKS else _FEWER))
        for node in self._around(route.pattern, looks):
            methods = node.routes.keys() & {None, *(route.methods or ())}
            if methods and looks.take(size) and node.takes_paths_of(route.pattern):
                found.update(node.routes[method] for method in methods)
        self._looked += looks.taken
        return _taking(route, [found[place] for place in sorted(found)])

    def _around(self, pattern: Pattern, looks: "_Looks") -> Iterator["_Node"]:
        """The places where patterns may stand that take all paths of another."""
        if (known := self._same.get(_key(pattern))) is not None:
            yield known
        same, shortest = _cut(pattern.segments), _shortest(pattern.segments)
        for node, at_end in _walk(self._root, shortest, looks):
            if at_end and not same[1]:
                yield node
            for part in _same_first(node.open, same[1]) if node.open else ():
                if not looks.left():
                    break
                yield from (last for last, _ in _walk(part, shortest[::-1], looks))


@dataclass(slots=True)
class _Looks:
    """How many places may be looked at, and how many were."""

    most: int
    taken: int = 0

    def left(self) -> bool:
        return self.taken < self.most

    def take(self, count: int = 1) -> bool:
        """Whether there was one left; the last may be a costly one."""
        if self.taken >= self.most:
            return False
        self.taken += count
        return True


@dataclass(slots=True, eq=False)
class _Node:
    """A place in the tree, and what comes next: by its text, any text, a segment with wildcards, a part of any length.

    Segments with wildcards stand by the literal that they begin with. `routes` are the first of each method.
    """

    literal: "dict[str, _Node]" = field(default_factory=dict)
    any: "_Node | None" = None
    wild: "dict[str, dict[str, tuple[Segment, _Node]]]" = field(default_factory=dict)
    open: "dict[str, _Node]" = field(default_factory=dict)
    pattern: Pattern | None = None
    routes: dict[str | None, tuple[int, Route]] = field(default_factory=dict)

    def takes_paths_of(self, pattern: Pattern) -> bool:
        """Whether the pattern that ends here takes every path of another."""
        return self.pattern is not None and self.pattern.covers(pattern)

    def child(self, segment: Segment) -> "_Node":
        """The place behind a segment, made if there is none."""
        if segment.kind == "":
            return self.literal.setdefault(segment.key, _Node())
        if segment.key == ANY.key:
            self.any = self.any or _Node()
            return self.any
        return self.wild.setdefault(segment.literals[0], {}).setdefault(segment.key, (segment, _Node()))[1]

    def covering(self, segment: Segment, looks: _Looks) -> "Iterator[_Node]":
        """The places behind what covers a segment: the same one first."""
        if segment.kind == "" and segment.key in self.literal:
            yield self.literal[segment.key]
        same = self.wild.get(segment.literals[0], {}).get(segment.key) if self.wild else None
        if same is not None:
            yield same[1]
        if self.any is not None and ANY.covers(segment):
            yield self.any
        for other, node in _beginning(self.wild, segment) if self.wild else ():
            if not looks.take():
                return
            if other.key != segment.key and other.covers(segment):
                yield node


def _same_first(parts: dict[str, _Node], key: str) -> Iterator[_Node]:
    if key in parts:
        yield parts[key]
    yield from (part for other, part in parts.items() if other != key)


def _beginning(wild: dict[str, dict[str, tuple[Segment, _Node]]], segment: Segment) -> Iterator[tuple[Segment, _Node]]:
    """Those with wildcards that begin as a segment does, the longest beginning first."""
    literal = segment.literals[0]
    if len(wild) < len(literal):
        begins = [begin for begin in wild if literal.startswith(begin)]
    else:
        begins = [begin for end in range(len(literal), -1, -1) if (begin := literal[:end]) in wild]
    for begin in begins:
        yield from wild[begin].values()


def _walk(root: _Node, segments: Segments, looks: _Looks) -> Iterator[tuple[_Node, bool]]:
    """Every place that segments lead to, the first ones or all of them, and whether it is all."""
    waiting = [iter((root,))]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            continue
        if not looks.take():
            return
        left = segments[len(waiting) - 1 :]
        yield node, not left
        if left:
            waiting.append(node.covering(left[0], looks))


def _key(pattern: Pattern) -> str:
    """The same for two that take the same paths, whatever their parameters are called."""
    return "/".join(segment.key for segment in pattern.segments)


def _cut(segments: Segments) -> tuple[Segments, str, Segments]:
    """What comes before a part of any length, the part, and what comes after: without one all comes before."""
    several = [place for place, segment in enumerate(segments) if segment.kind == "several"]
    if not several:
        return segments, "", ()
    first, last = several[0], several[-1] + 1
    return segments[:first], "/".join(segment.key for segment in segments[first:last]), segments[last:]


def _shortest(segments: Segments) -> Segments:
    """A path that a pattern has, where one can be told: a part of any length is as short as may be."""
    head, between, tail = _cut(segments)
    if between == "**":
        return (*head, *tail)
    return (*head, ANY if tail else EMPTY, *tail) if between == WHOLE_PATH else segments


def _taking(route: Route, others: Iterable[Route]) -> Sequence[Route]:
    """The first of others, all of its paths, that take all methods of a route: one by itself, or several together."""
    left, found = route.methods, []
    for other in others:
        if other.methods is None or (route.methods is not None and route.methods <= other.methods):
            return (other,)
        if left is not None and left & other.methods:
            left -= other.methods
            found.append(other)
        if left is not None and not left:
            return found
    return ()
