"""What is told of all that was found to be wrong with a configuration.

Rules of this file:

- One mistake is one problem. What only follows from another mistake, or repeats it, is left out.
- Problems stand in the order of the lines. After a thousand nobody reads on: the rest is counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from toolkit.config.ancestry import PlaceSet
from toolkit.config.masking import Mask
from toolkit.config.places import FilePlaces
from toolkit.config.references import Resolver
from toolkit.options import Problem

_MOST = 1000  # problems of one file that are told


class Telling(NamedTuple):
    """Turns what was found into what is told.

    Attributes:
        places: Where everything stands.
        resolver: What the references stand for, and what is wrong with them.
        settled: Places of which everything is told already.
        mask: Takes out what references stand for.
    """

    places: FilePlaces
    resolver: Resolver
    settled: Iterable[str]
    mask: Mask

    def told(self, problems: Iterable[Problem]) -> list[Problem]:
        """Every problem once, in the order of the lines, without what references stand for."""
        settled = PlaceSet([*self.resolver.unresolved, *self.settled])
        found = [one for one in dict.fromkeys(problems) if not _is_consequence(one, settled)]
        document = self.places.document
        own = dict.fromkeys([*document.problems, *map(self.places.located, self.resolver.problems)])
        by_line = document.told([*map(self.places.located, found), *own])
        distinct = dict.fromkeys(one if one in own else self._masked(one) for one in by_line[:_MOST])
        return [*distinct, *_rest(by_line[_MOST:], document.name)]

    def _masked(self, problem: Problem) -> Problem:
        instead = self.resolver.instead(self.places.document.value(problem.where))
        return self.mask.masked(replace(problem, fix=instead or problem.fix))


def _rest(problems: Sequence[Problem], file: str) -> list[Problem]:
    return [Problem("", f"and {len(problems):,} more", file=file)] if problems else []


def _is_consequence(problem: Problem, settled: PlaceSet) -> bool:
    """Whether a problem is about a value whose place or whose reference is wrong, which is told already."""
    shows = "${" in problem.reason or "${" in problem.fix
    return settled.holding(problem.where) is not None or (shows and settled.lie_in(problem.where))
