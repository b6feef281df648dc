"""One segment of a path pattern or a path template, and which of two takes more.

Rule: a claim that one takes all that the other takes is never wrong. What would be slow to find out is not claimed.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from starlette.convertors import CONVERTOR_TYPES

__all__ = ["ANY", "EMPTY", "FRESH", "PARAMETER", "WHOLE_PATH", "Segment", "of_pattern", "of_template", "samples_around"]

PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([A-Za-z_][A-Za-z0-9_]*))?\}")
FRESH = "\0"  # a symbol that no pattern holds: it fits nothing but a wildcard
WHOLE_PATH = "{path}"
"""The key of a `path` parameter that is a whole segment: it takes one segment or more."""
_WITHIN = frozenset({"str", "int", "float", "uuid"})  # kinds that are never empty, and without '/'
_NARROWER = {("float", "int")}


class Segment(NamedTuple):
    """What stands between two slashes.

    `key` is the same for two that take the same. `sample` is a text that it takes, with FRESH for each wildcard.
    `literals` stand around the wildcards, each of which takes `least` characters or more; `kind` is what all of them
    take: "" where there is none, "str" for any text, else as a parameter says; "several" where it may hold a '/'.
    """

    key: str
    sample: str
    literals: tuple[str, ...]
    kind: str
    least: int = 1

    def covers(self, other: "Segment") -> bool:
        """Whether this takes every text that `other` takes."""
        if self.key == other.key:
            return True
        if self.kind == "" or other.kind == "several":
            return False
        if self.kind in _WITHIN and self.kind != "str":
            return self._covers_as_kind(other)
        return self.kind == "str" and _laid_over(self.literals, other.sample, self.least)

    def _covers_as_kind(self, other: "Segment") -> bool:
        if len(self.literals) != 2:
            return False
        if other.kind:
            return self.literals == other.literals and (self.kind, other.kind) in _NARROWER
        begin, end = self.literals
        text = other.sample[len(begin) : len(other.sample) - len(end)]
        return other.sample == f"{begin}{text}{end}" and _reads(self.kind, text)


ANY = Segment("*", FRESH, ("", ""), "str")
EMPTY = Segment("", "", ("",), "")
_REST = Segment("**", FRESH, ("", ""), "several", 0)
_WHOLE = {"*": ANY, "**": _REST, "": EMPTY}


def of_pattern(text: str) -> Segment:
    """A segment of a path pattern. A lone `*` takes one character or more, within text it may take none."""
    if known := _WHOLE.get(text):
        return known
    literals = tuple(text.split("*"))
    return Segment(text, text.replace("*", FRESH), literals, "str" if literals[1:] else "", 0)


def of_template(text: str) -> Segment:
    """A segment of a path template."""
    if "{" not in text:
        return Segment(text, text, (text,), "")
    pieces = PARAMETER.split(text)
    literals, kinds = tuple(pieces[::3]), [kind or "str" for kind in pieces[2::3]]
    if literals == ("", "") and kinds == ["str"]:
        return ANY
    key = PARAMETER.sub(lambda found: f"{{{found[2] or 'str'}}}", text)
    return Segment(key, FRESH.join(literals), literals, _common(kinds))


def samples_around(
    before: tuple[str, ...], after: tuple[str, ...], least: int, head: int, tail: int
) -> Iterator[tuple[str, ...]]:
    """Paths with `least` segments or more between two parts, which may end in a slash where nothing comes after.

    They are enough for a pattern with `head` segments before its `**` and `tail` after it: in a longer path it would
    meet the same ones again.
    """
    most = max(2, head - len(before), tail - len(after), head + tail - len(before) - len(after))
    for count in range(most + 1):
        gap = (FRESH,) * count
        if count >= least:
            yield (*before, *gap, *after)
        if not after:
            yield (*before, *gap, "")


def _common(kinds: Sequence[str]) -> str:
    if not _WITHIN.issuperset(kinds):
        return "several"
    return kinds[0] if len(set(kinds)) == 1 else "mixed"


def _laid_over(literals: Sequence[str], text: str, least: int) -> bool:
    """Whether wildcards between these literals can take the rest of a text: each as early as may be is enough."""
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return False
    place = len(literals[0])
    for literal in literals[1:-1]:
        found = text.find(literal, place + least)
        if found < 0:
            return False
        place = found + len(literal)
    return place + least <= len(text) - len(literals[-1])


def _reads(kind: str, text: str) -> bool:
    convertor = CONVERTOR_TYPES[kind]
    if re.fullmatch(convertor.regex, text) is None:
        return False
    try:
        convertor.convert(text)
    except ValueError:  # a number of more digits than Python reads
        return False
    return True
