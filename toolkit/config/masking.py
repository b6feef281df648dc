"""What a reference stands for is in no message: the reference stands there as it was written.

Rules of this file:

- A value is masked wherever a message shows it, in any case. A short one is only where the message is about the entry
  that it stands in, or is the name of a layer: elsewhere it is a coincidence. The shortest, such as "5", are only where
  the message quotes them, or is about their place.
- Where a piece of a value is left after that in a message about its entry, the reason is not shown at all. Elsewhere
  a piece is a coincidence.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.config.ancestry import PlaceSet, around, changed, entry_of, unquoted
from toolkit.config.forms import LONG, Folded, Forms, Pieces, leaves
from toolkit.config.references import Resolved
from toolkit.options import Problem

_QUOTED = re.compile(r"'([^'\n]{3,})'|\"([^\"\n]{3,})\"")
_NAME = re.compile(r"middleware\[[0-9]+\]\.name")
_PIECED = 1 << 20  # characters of the values of one entry of which pieces are looked for


class Mask:
    """What the references of one configuration stand for, to be taken out of what is told of it.

    Args:
        resolved: Every value that had a reference.
        beside: By entry, others whose values are as good as its own, such as the defaults of its kind.
        labels: The entries of layers by their names.
    """

    def __init__(
        self,
        resolved: Iterable[Resolved],
        beside: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._beside = beside or {}
        self._labels = labels or {}
        self._places = PlaceSet(one.where for one in resolved)
        self._by_entry: dict[str, list[Resolved]] = {}
        self._at: dict[str, list[Resolved]] = {}
        self._inside: dict[str, list[Resolved]] = {}
        self._everywhere = Forms(bare=True)
        for one in resolved:
            self._take(one)
        self._near: dict[tuple[str, ...], _Near] = {}

    def masked(self, problem: Problem) -> Problem:
        """The problem without anything that references stand for."""
        near, touching = self._about(problem.where), [*self._touching(problem.where)]
        where = self._places.holding(problem.where) or problem.where
        reason, hidden, _ = self._without(problem.reason, near, touching)
        fix, unshown, exact = self._without(problem.fix, near, touching)
        if hidden:
            hushed = f"it is refused, for a reason that is not shown because it quotes what {hidden} stands for"
            return replace(problem, where=where, reason=hushed, fix="")
        return replace(problem, where=where, reason=reason, fix="" if unshown or not exact else fix)

    def sentence(self, text: str, where: str) -> str:
        """What is told about the place `where`, without anything that references stand for."""
        shown, hidden, _ = self._without(text, self._about(where), [*self._touching(where)])
        return f"a sentence is not shown because it quotes what {hidden} stands for" if hidden else shown

    def _take(self, one: Resolved) -> None:
        place = unquoted(one.where)
        self._by_entry.setdefault(entry_of(place), []).append(one)
        self._at.setdefault(place, []).append(one)
        for outer in around(place):
            self._inside.setdefault(outer, []).append(one)
        is_name = _NAME.fullmatch(place) is not None
        for value, written in _values(one):
            if is_name or (isinstance(value, str) and len(value) >= LONG):
                self._everywhere.add(value, written)

    def _about(self, where: str) -> "_Near":
        """The values of the entries that a message at this place is about."""
        own = entry_of(where)
        layer = self._labels.get(changed(where), "")
        entries = tuple(dict.fromkeys([own, self._beside.get(own, ""), layer, self._beside.get(layer, "")]))
        if entries not in self._near:  # what is told of one entry is told together
            self._near = {entries: _Near([one for entry in entries for one in self._by_entry.get(entry, ())])}
        return self._near[entries]

    def _touching(self, where: str) -> Iterator[Resolved]:
        """What is told of a `use` may quote any option of its entry."""
        where = unquoted(where).removesuffix(".use")
        for outer in around(where):
            yield from self._at.get(outer, ())
        yield from self._inside.get(where, ())

    def _without(self, text: str, near: "_Near", touching: Sequence[Resolved]) -> tuple[str, str, bool]:
        """The text without the values, the reference of which a piece is left, and whether no letter was another."""
        at_hand = Forms(bare=True)
        for one in touching:
            for value, written in _values(one):
                at_hand.add(value, written)
        made, left, exact = Folded(text).replaced([at_hand, near.forms, self._everywhere])
        return made, near.quoted(left) or _quoted("\n".join(left), touching), exact


class _Near:
    """The values of an entry, ready to be found."""

    def __init__(self, resolved: Sequence[Resolved]) -> None:
        self.forms = Forms(bare=False)
        self._pieces = Pieces()
        distinct = {(one.written, one.value): one for one in resolved}
        pairs = dict.fromkeys((one.value, one.written) for one in distinct.values())
        self._all = _written(resolved) if sum(len(value) for value, _ in pairs) > _PIECED else ""
        for one in distinct.values():
            for value, written in _values(one):
                self.forms.add(value, written)
            for value, written in () if self._all else _parts(one):
                self._pieces.add(value, written)

    def quoted(self, texts: Iterable[str]) -> str:
        """The reference of which a text holds a piece; where there is too much to look for, all of them."""
        return self._all or self._pieces.quoted(texts)


def _written(resolved: Iterable[Resolved]) -> str:
    return ", ".join(dict.fromkeys(name for one in resolved for name, _ in one.taken))


def _values(one: Resolved) -> Iterator[tuple[Any, str]]:
    yield one.value, one.written
    for name, value in one.taken:
        yield value, name
        for leaf in leaves(value):
            if leaf != value:
                yield leaf, name


def _parts(one: Resolved) -> Iterator[tuple[Any, str]]:
    """What references stand for; of what means a list, or a mapping, all that is in it."""
    for name, value in one.taken:
        inner = [leaf for leaf in leaves(value) if isinstance(leaf, (str, int, float))]
        yield from ((leaf, name) for leaf in inner or [value])


def _quoted(text: str, resolved: Iterable[Resolved]) -> str:
    """The reference of a value in which something stands that a message quotes."""
    words = [(match[1] or match[2]).casefold() for match in _QUOTED.finditer(text)]
    for one in resolved if words else ():
        for name, value in one.taken:
            if any(word in value.casefold() for word in words):
                return name
    return ""
