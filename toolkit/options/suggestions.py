"""Suggestions for many misspelt words at once, in bounded time."""

from collections.abc import Collection

from toolkit.options.problems import did_you_mean

_MOST = 10_000  # comparisons of two words, each some ten microseconds


class Suggestions:
    """Gives `did_you_mean` until that has taken long enough: nobody reads so far."""

    def __init__(self) -> None:
        self._left = _MOST

    @property
    def exhausted(self) -> bool:
        """Whether nothing is suggested any more."""
        return self._left <= 0

    def of(self, word: str, known: Collection[str]) -> str:
        """The fix for a misspelt word; "" if no known word is near, or too many were looked for before."""
        if self.exhausted:
            return ""
        self._left -= len(known) or 1
        return did_you_mean(word, known)
