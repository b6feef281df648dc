"""How the places of a configuration lie in one another, whichever way their keys are written."""

import re
from collections.abc import Iterable, Iterator

_KEY = re.compile(r"\['([A-Za-z_][A-Za-z0-9_-]*)'\]")
_END = re.compile(r"[.\[: ]|$")
_ENTRY = re.compile(r"(?:stores|defaults)\.[^.\[: ]+|[^.\[: ]+(?:\[[0-9]+\])?")
_CHANGED = re.compile(r"(?:route\[[0-9]+\]|handler\[[0-9]+\]\.layers)\.([^.\[: ]+)")


def is_under(where: str, place: str) -> bool:
    """Whether `where` is `place` or inside it."""
    where, place = unquoted(where), unquoted(place)
    return where.startswith(place) and where[len(place) : len(place) + 1] in {"", ".", "[", ":", " "}


def around(where: str) -> Iterator[str]:
    """The place itself and all that it lies in, the outermost first."""
    where = unquoted(where)
    return (where[: end.start()] for end in _END.finditer(where) if end.start())


def entry_of(where: str) -> str:
    """The entry of a list, the store, or the defaults of one kind that a place lies in; else its section."""
    match = _ENTRY.match(unquoted(where))
    return match[0] if match else ""


def changed(where: str) -> str:
    """The name of the layer that the place changes, in a route or beside a handler; "" for any other place."""
    match = _CHANGED.match(unquoted(where))
    return match[1] if match else ""


def unquoted(where: str) -> str:
    """The place with each key written the shortest way."""
    return _KEY.sub(r".\1", where) if "['" in where else where


class PlaceSet:
    """Many places, to be asked what lies in one of them."""

    def __init__(self, places: Iterable[str]) -> None:
        self._written = {unquoted(place): place for place in places}
        self._around = {outer for place in self._written for outer in around(place)}

    def holding(self, where: str) -> str | None:
        """The outermost of them that `where` lies in, as it was written."""
        return next((self._written[outer] for outer in around(where) if outer in self._written), None)

    def lie_in(self, where: str) -> bool:
        """Whether one of them lies in `where`."""
        return unquoted(where) in self._around
