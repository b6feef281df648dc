"""What a reference stands for is in no message: the reference stands there as it was written.

Rules of this file:

- A value is masked wherever a message shows it. A short one, such as "5", is only where the message is about its place:
  elsewhere it is a coincidence.
- Where a piece of a value is left after that, the reason is not shown at all.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from toolkit.config.references import Resolved
from toolkit.options import MISSING, Problem, Reference, show
from toolkit.options.secret import quotes

_KEY = re.compile(r"\['([A-Za-z_][A-Za-z0-9_-]*)'\]")
_TELLING = 8  # characters from which on a value is masked everywhere
_COINCIDENCE = 4  # characters up to which a piece of a word is no piece of the value


def masked(problem: Problem, resolved: Sequence[Resolved]) -> Problem:
    """The problem without anything that references stand for."""
    distinct = {(one.written, one.value, one.where if len(one.value) < _TELLING else ""): one for one in resolved}
    about = [one for one in distinct.values() if len(one.value) >= _TELLING or _touches(problem.where, one.where)]
    if not about:
        return problem
    where = next((one.where for one in resolved if is_under(problem.where, one.where)), problem.where)
    reason = _masked(problem.reason, about)
    written = ", ".join(dict.fromkeys(name for one in about for name, _ in one.taken))
    hushed = f"it is refused, for a reason that is not shown because it quotes what {written} stands for"
    fix = _masked(problem.fix, about)
    return replace(problem, where=where, reason=hushed if reason is None else reason, fix=fix or "")


def is_under(where: str, place: str) -> bool:
    """Whether `where` is `place` or inside it, however their keys are written."""
    where, place = _unquoted(where), _unquoted(place)
    return where.startswith(place) and where[len(place) : len(place) + 1] in {"", ".", "[", ":", " "}


def _unquoted(where: str) -> str:
    return _KEY.sub(r".\1", where) if "['" in where else where


def _touches(where: str, place: str) -> bool:
    """What is told of a `use` may quote any option of its entry, as a factory does that fails."""
    where = where.removesuffix(".use")
    return is_under(where, place) or is_under(place, where)


def _masked(text: str, resolved: Iterable[Resolved]) -> str | None:
    """The text with each value replaced as it was written; None if pieces of one are left."""
    written: list[str] = []
    for value, name in sorted(_values(resolved), key=lambda pair: -len(str(pair[0]))):
        for form in _forms(value):
            if form in text:  # of many values few are quoted
                text = re.sub(_bounded(form), f"\0{len(written)}\0", text)
        written.append(name)
    if any(_is_quoted(value, text) for value, _ in _values(resolved)):
        return None
    return re.sub("\0([0-9]+)\0", lambda match: written[int(match[1])], text)


def _values(resolved: Iterable[Resolved]) -> Iterator[tuple[Any, str]]:
    for one in resolved:
        yield one.value, one.written
        for name, value in one.taken:
            yield value, name
            meant = Reference(value).meant
            yield from ((leaf, name) for leaf in _leaves(meant) if meant is not MISSING)


def _leaves(value: Any) -> Iterator[Any]:
    """The value, and everything in it, as messages may show it."""
    if value in ("", None, True, False):
        return
    yield value
    if isinstance(value, (list, dict)):
        for inner in [*value, *(value.values() if isinstance(value, dict) else ())]:
            yield from _leaves(inner)


def _forms(value: Any) -> Iterator[str]:
    """How a message may show a value: as Python or JSON write it, cut short, or bare."""
    quoted = {show(value), repr(value), json.dumps(value)}
    yield from sorted(quoted, key=len, reverse=True)
    if isinstance(value, str):
        yield value


def _bounded(text: str) -> str:
    before = r"(?<![\w.])" if text[:1].isalnum() else ""
    after = r"(?![\w])" if text[-1:].isalnum() else ""
    return before + re.escape(text) + after


def _is_quoted(value: Any, text: str) -> bool:
    """Schemes of URLs are no secrets."""
    bare = value.partition("://")[2] or value if isinstance(value, str) else str(value)
    return len(bare) >= _COINCIDENCE and quotes(bare, text)
