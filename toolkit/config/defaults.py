"""Options by kind, for all layers and handlers of that kind that do not give them themselves."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from toolkit.config.ancestry import PlaceSet
from toolkit.config.anchors import anchored
from toolkit.config.kinds import Role
from toolkit.config.references import Resolver
from toolkit.config.sections import Entry
from toolkit.config.stores import Stores
from toolkit.options import Options, Problem, did_you_mean, structure_options
from toolkit.options.suggestions import Suggestions

_OWN: Mapping[Role, tuple[str, ...]] = {"layer": ("use", "name"), "handler": ("use", "path", "layers")}
"""What each entry of a list says for itself."""


class Defaults:
    """The section `defaults`, with all references resolved.

    Args:
        entries: Options by kind, as written.
        known: Every kind that there is; a misspelt one is told, and taken for what it was meant to be.
        doubtful: What may be a kind, for it is written where none could be found.
    """

    def __init__(
        self, entries: Mapping[str, Entry], known: Iterable[str], doubtful: Iterable[str], resolver: Resolver
    ) -> None:
        self._entries: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        known = [*known]
        self._suggestions = Suggestions()
        for kind, entry in entries.items():
            resolved = replace(entry, data=resolver.resolve(entry.data, entry.path))
            if kind in known or kind in doubtful:
                self._entries[kind] = resolved
            else:
                self._misspelt(kind, resolved, [name for name in known if name not in entries], known)

    def _misspelt(self, kind: str, entry: Entry, free: Iterable[str], known: Collection[str]) -> None:
        fix = self._suggestions.of(kind, known)
        self.problems.append(Problem(entry.where, "no layer or handler is of that kind", fix))
        meant = next((name for name in free if fix and did_you_mean(kind, [name]) == fix), None)
        if meant:
            self._entries[meant] = entry

    def of(self, kind: str) -> Mapping[str, Any]:
        """The default options of a kind."""
        return self._entries[kind].data if kind in self._entries else {}

    def reserved(self, kind: str, role: Role) -> Iterator[Problem]:
        """Take out what each entry says for itself: a problem for each."""
        entry = self._entries[kind]
        for name in [name for name in _OWN[role] if name in entry.data]:
            yield Problem(entry.at(name), f"{name!r} cannot be a default", f"give each {role} its own")
        data = {name: value for name, value in entry.data.items() if name not in _OWN[role]}
        self._entries[kind] = replace(entry, data=data)

    def where(self, kind: str) -> str:
        """The place of the default options of a kind; "" if there are none."""
        return self._entries[kind].where if kind in self._entries else ""

    def items(self) -> list[tuple[str, Entry]]:
        """Every kind with its options."""
        return [*self._entries.items()]

    def given(self) -> dict[str, Mapping[str, Any]]:
        """The options by kind."""
        return {kind: entry.data for kind, entry in self._entries.items()}

    def moved(self, problems: Iterable[Problem], kind: str, entry: Entry) -> Iterator[tuple[Problem, bool]]:
        """Problems of an entry, each where the option that it is about was written, and whether that is here."""
        own = {entry.at(option): option for option in self.of(kind) if option not in entry.data}
        places = PlaceSet(own)
        for problem in problems:
            if place := places.holding(problem.where):
                where = self._entries[kind].at(own[place]) + problem.where[len(place) :]
                yield replace(problem, where=where), True
            else:
                yield problem, False


def partial_problems(cls: type[Options], entry: Entry, stores: Stores, base: File) -> Iterator[Problem]:
    """What is wrong with options by themselves, whatever others there are."""
    given = anchored(cls, entry.data, base)
    yield from structure_options(cls, given, entry.where, partial=True)[1]
    yield from stores.problems_of(cls, given, entry.where)
