"""The forms that a value may have in a message, and how they are found there, whatever their case.

Rule: finding costs what the message is long, however many values there are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from toolkit.options import MISSING, Reference, show

LONG = 8  # characters from which on a value is no word that a message has by chance

_QUOTES = ("'", '"')
_HEAD = 4  # characters by which forms are looked up
_SHORTEST = 4  # characters of a value: fewer may stand anywhere by chance


class Found(NamedTuple):
    """A form in a text: where it stands, what is written in its place, and whether it stands there letter by letter."""

    start: int
    end: int
    written: str
    exact: bool


class Forms:
    """Texts to be found in others, each with what is to be written in its place.

    Args:
        bare: Find the shortest of them also where they stand without quotes.
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._forms: dict[str, tuple[str, str]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._heads: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._forms)

    def add(self, value: Any, written: str) -> None:
        """All forms of a value."""
        for form in _forms(value):
            folded = form.casefold()
            if folded and folded not in self._forms:
                self._forms[folded] = (written, form)
                self._lengths.setdefault(folded[:_HEAD], set()).add(len(folded))
                self._heads.add(len(folded[:_HEAD]))

    def longest(self, text: "Folded", start: int) -> Found | None:
        """The longest form that the text has from `start` on."""
        heads = {text.folded[start : start + size] for size in self._heads}
        lengths = {length for head in heads for length in self._lengths.get(head, ()) if length <= text.size - start}
        for length in sorted(lengths, reverse=True):
            form = self._forms.get(text.folded[start : start + length])
            if form and self._is_meant(text, start, start + length):
                written, original = form
                return Found(start, start + length, written, text.original(start, start + length) == original)
        return None

    def _is_meant(self, text: "Folded", start: int, end: int) -> bool:
        if end - start >= LONG:
            return True
        return text.is_bounded(start, end) and (self._bare or end - start >= _SHORTEST or text.is_quoted(start, end))


class Folded:
    """A text in which forms are looked for without regard to case."""

    def __init__(self, text: str) -> None:
        folded = [char.casefold() for char in text]
        self.folded: str = "".join(folded)
        self.size: int = len(self.folded)
        self._text = text
        self._origin = [index for index, char in enumerate(folded) for _ in char] + [len(text)]

    def original(self, start: int, end: int) -> str:
        """What stands at a stretch of `folded`."""
        return self._text[self._origin[start] : self._origin[end - 1] + 1] if end > start else ""

    def is_bounded(self, start: int, end: int) -> bool:
        """Whether the stretch is no part of a longer word or number."""
        first, last = self.folded[start], self.folded[end - 1]
        before, after = self.folded[start - 1 : start], self.folded[end : end + 1]
        begins = not (_is_word(first) and (_is_word(before) or before == "."))
        return begins and not (_is_word(last) and _is_word(after))

    def is_quoted(self, start: int, end: int) -> bool:
        """Whether nothing else stands between the quotes around the stretch."""
        before, after = self.folded[max(start - 1, 0) : start], self.folded[end : end + 1]
        return before == after and before in _QUOTES

    def replaced(self, several: Iterable[Forms]) -> tuple[str, list[str], bool]:
        """The text with all forms replaced, what is left of it between them, and whether all stood letter by letter.

        Quotes around a whole form go with it.
        """
        made, left, exact, end = [], [], True, 0
        for found in self._found([forms for forms in several if forms]):
            start, stop = self._with_quotes(found)
            start = max(start, end)
            made += [self.original(end, start), found.written]
            left.append(self.folded[end:start])
            exact, end = exact and found.exact, stop
        rest = self.original(end, self.size)
        return "".join([*made, rest]), [*left, self.folded[end:]], exact

    def _found(self, several: list[Forms]) -> Iterator[Found]:
        start = 0
        while several and start < self.size:
            at = [found for forms in several if (found := forms.longest(self, start))]
            best = max(at, key=lambda found: found.end, default=None)
            if best:
                yield best
            start = best.end if best else start + 1

    def _with_quotes(self, found: Found) -> tuple[int, int]:
        quoted = self.is_quoted(found.start, found.end)
        return (found.start - 1, found.end + 1) if quoted else (found.start, found.end)


class Pieces:
    """All that is long enough in some values to give them away."""

    def __init__(self) -> None:
        self._pieces: dict[int, dict[str, str]] = {}

    def add(self, value: Any, written: str) -> None:
        """All pieces of a value. Schemes of URLs are no secrets."""
        bare = value.partition("://")[2] or value if isinstance(value, str) else str(value)
        for text in {bare.casefold(), repr(bare)[1:-1].casefold()}:
            size = min(len(text), LONG)
            if size >= _SHORTEST:
                known = self._pieces.setdefault(size, {})
                known.update((text[start : start + size], written) for start in range(len(text) - size + 1))

    def quoted(self, texts: Iterable[str]) -> str:
        """What is written for a value of which a text holds a piece; "" if there is none."""
        for text in texts:
            for size, known in self._pieces.items():
                for start in range(len(text) - size + 1):
                    if written := known.get(text[start : start + size]):
                        return written
        return ""


def leaves(value: str) -> Iterator[Any]:
    """What messages may show of a value that is taken for what it means: a list, and all that is in it."""
    meant = Reference(value).meant
    if isinstance(meant, (list, dict)):
        yield meant
    pending = [meant]
    while pending:
        one = pending.pop()
        if isinstance(one, Mapping):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
        elif one not in ("", None, True, False, MISSING):
            yield one


def _forms(value: Any) -> Iterator[str]:
    """How a message may show a value: bare, as Python or JSON write it between quotes, or cut short."""
    if not isinstance(value, str):
        yield show(value)
        return
    yield value
    yield value.strip()
    if not (value.isascii() and value.isprintable()) or any(char in value for char in "'\"\\"):
        yield repr(value)[1:-1]
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
    if len(short := show(value)) < len(value) + 2:
        yield short[1:-1]


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
