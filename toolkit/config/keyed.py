"""Routes by their match and handlers by their path, in written order."""

from typing import Any

from toolkit.config.sections import Entry, plain, respelt
from toolkit.options import MISSING, Problem

_WANTED = {"match": "'/path' or 'METHOD /path'", "path": "a path such as '/files/{path:path}'"}
_HIDDEN = {
    "match": "never matches: {!r} comes first and takes all of its requests",
    "path": "never answers: {!r} comes first and takes all of its paths",
}
_FIX = "remove one"


class Keyed:
    """The entries of a list by the key that tells them apart, `match` or `path`.

    One whose key is wrong stands under a key that nothing else has, so that the rest of it is checked.

    Attributes:
        values: What each entry became, by key.
        places: The places of the entries, in the same order.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self.values: dict[str, Any] = {}
        self.places: list[str] = []
        self._wrong: set[str] = set()

    def take(self, entry: Entry, problems: list[Problem]) -> tuple[str, dict[str, Any]]:
        """The key of an entry, and all that is beside it; what is wrong with the key is added to `problems`."""
        fits = _is_path if self._key == "path" else _is_text
        value, data = respelt(entry, self._key, fits, problems)
        key = self._read(value, entry, problems)
        if key is None:
            key = f"{len(self.places)}-of-unknown-{self._key}"  # no path: nothing is told of what it would match
            self._wrong.add(entry.where)
        self.values[key] = None
        self.places.append(entry.where)
        return key, data

    def concerns_key(self, problem: Problem) -> bool:
        """Whether a problem is about a key that is not the one that was written."""
        return problem.where in self._wrong

    def _read(self, value: Any, entry: Entry, problems: list[Problem]) -> str | None:
        wanted = _WANTED[self._key]
        if value is MISSING:
            problems.append(Problem(entry.at(self._key), "missing", f"give {wanted}"))
            return None
        key = plain(value, entry.at(self._key), wanted, problems)
        if key in self.values:
            problems.append(Problem(entry.where, _HIDDEN[self._key].format(key), _FIX))
            return None
        return key


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/")
