"""An explanation as text: the way in, drawn from the request down to who answers.

Rules of this file:

- A line is pieces, each a role and what is said. Colours hang on the roles elsewhere; the text is the same without.
- What stands on the right is where a thing was written. Where a line has no room for it, it stands below.
- Nothing that a terminal would obey is passed on: what cannot be printed is escaped.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from toolkit.engine.explain.parts import Answer, Element, Note
from toolkit.engine.explain.request import Request
from toolkit.engine.explain.settings import Place, Setting
from toolkit.options import MISSING

Line = tuple[tuple[str, str], ...]

NARROWEST, WIDEST = 40, 110
_LEAST = 34  # columns that the left side needs beside where things were written
_GAP = 3


class _Row(NamedTuple):
    """One line before it is laid out: `gutter` leads it, `text` may be cut where it is a setting, else it wraps."""

    gutter: str
    role: str
    text: str
    where: str = ""
    cut: Setting | None = None
    led: str = ""
    """What stands for the gutter where the row goes on."""


def lines_of(
    request: Request, notes: Iterable[Note], elements: Sequence[Element], answer: Answer, width: int
) -> list[Line]:
    """The whole explanation in lines of at most `width` columns, as far as single words allow."""
    width = min(max(width, NARROWEST), WIDEST)
    rows = [*_head(request, notes), *(row for element in elements for row in _element(element)), *_answered(answer)]
    places = max((len(row.where) for row in rows), default=0)
    room = width - places - _GAP
    if room < _LEAST:
        return [line for row in rows for line in _stacked(row, width)]
    lefts = [len(_left(row, room)) for row in rows if row.where]
    column = max((left for left in lefts if left <= room), default=0) + _GAP
    return [line for row in rows for line in _beside(row, column, width)]


# What is said


def _head(request: Request, notes: Iterable[Note]) -> Iterator[_Row]:
    opened = "  (WebSocket handshake)" if request.websocket else ""
    yield _Row("", "request", f"{request.method} {request.target}{opened}")
    for name, value in request.headers:
        yield _Row("    ", "header", f"{name.lower()}: {value}")
    if request.path != request.target.partition("?")[0]:
        yield _Row("    ", "note", f"the path is decoded: {request.path}")
    for note in notes:
        yield _Row("    ", "note", note.text, _where(note.place))


def _element(element: Element) -> Iterator[_Row]:
    idle = not element.reached or element.state in {"off", "silent"}
    line = " ┊  " if not element.reached else " │  "
    yield _Row(line.rstrip(), "gutter", "")
    kind = f" ({element.kind})" if element.kind not in {"", element.label} else ""
    yield _Row(
        f"{element.number:>2}  ", "idle" if idle else "label", element.label + kind, _where(element.place), led=line
    )
    for note in element.notes:
        yield _Row(line, element.state if element.reached else "idle", note.text, _where(note.place), led=line)
    for setting in () if idle else element.settings:
        yield _setting(setting, f"{line}  ")
    for sentence in element.says:
        yield _Row(f"{line}– ", "says", sentence, led=f"{line}  ")


def _setting(setting: Setting, line: str) -> _Row:
    return _Row(line, "setting", _assigned(setting, None), _source(setting), setting, led=line)


def _answered(answer: Answer) -> Iterator[_Row]:
    yield _Row(" ┊" if answer.by == "layer" else " │", "gutter", "")
    if answer.by == "layer":
        yield _Row(" ←  ", "answer", f"{answer.label} answers; nothing further in is reached", led="    ")
    elif answer.by == "handler":
        yield _Row(" →  ", "answer", f"{answer.label} answers at {answer.path}", _where(answer.place), led="    ")
    else:
        yield _Row(" →  ", "answer", f"the wrapped application{answer.because}", led="    ")
    for name, value in answer.params:
        yield _Row("      ", "setting", f"{{{name}}} is {_json(value)}", led="      ")
    for setting in answer.settings:
        yield _setting(setting, "      ")
    for sentence in answer.says:
        yield _Row("    – ", "says", sentence, led="      ")


def _where(place: Place | None) -> str:
    return str(place) if place else ""


def _source(setting: Setting) -> str:
    """Where an option was written; of what was written in Python, whether with its element, which stands above."""
    if setting.source == "element":
        return setting.place.written
    return f"{setting.source}, {setting.place.written}" if setting.place.written else setting.source


# How it is laid out


def _beside(row: _Row, column: int, width: int) -> Iterator[Line]:
    """Where it was written stands in a column of its own."""
    left = _left(row, column - _GAP if row.where else width)
    if not row.where and row.cut is None:
        yield from _wrapped(row, width)
    elif not row.where or max(len(left) + _GAP, column) + len(row.where) <= width:
        yield _line(row, left, row.where and f"{'':{max(column - len(left), _GAP)}}{row.where}")
    else:
        first, *rest = _wrapped(row, column - _GAP)
        used = sum(len(text) for _, text in first)
        yield (*first, ("where", f"{'':{column - used}}{row.where}"))
        yield from rest


def _stacked(row: _Row, width: int) -> Iterator[Line]:
    """Where it was written stands on the line below."""
    if row.cut is not None:
        yield _line(row, _left(row, width))
    else:
        yield from _wrapped(row, width)
    if row.where:
        led = row.led or row.gutter
        yield (("gutter", led), ("where", f"  {visible(row.where)}"))


def _left(row: _Row, room: int) -> str:
    """The row as one line; a setting is cut to fit."""
    text = row.text if row.cut is None else _assigned(row.cut, room - len(row.gutter))
    return f"{row.gutter}{visible(text)}"


def _line(row: _Row, left: str, where: str = "") -> Line:
    pieces = [("number" if row.gutter.strip().isdigit() else "gutter", row.gutter), (row.role, left[len(row.gutter) :])]
    return tuple((role, text) for role, text in [*pieces, ("where", visible(where))] if text)


def _wrapped(row: _Row, width: int) -> Iterator[Line]:
    room = max(width - len(row.gutter), 12)
    parts = textwrap.wrap(visible(row.text), room, break_on_hyphens=False) or [""]
    yield _line(row, f"{row.gutter}{parts[0]}".rstrip() if parts[0] else row.gutter)
    for part in parts[1:]:
        led = row.led or row.gutter
        yield (("gutter", led), (row.role, part))


# Values


def _assigned(setting: Setting, room: int | None) -> str:
    """`name = value`, and what a route replaced; within `room` columns if it is given."""
    if room is not None and len(whole := visible(_assigned(setting, None))) <= room:
        return whole
    name = f"{setting.name} = "
    old = "" if setting.instead_of is MISSING else f"  (instead of {shortened(setting.instead_of, _half(room, name))})"
    return f"{name}{shortened(setting.value, None if room is None else room - len(name) - len(old))}{old}"


def _half(room: int | None, name: str) -> int | None:
    return None if room is None else (room - len(name)) // 2 - len("  (instead of )")


def shortened(value: Any, room: int | None) -> str:
    """JSON of a value in about so many columns: of a list the first members, of text the beginning."""
    text = visible(_json(value))
    if room is None or len(text) <= room:
        return text
    if isinstance(value, list) and len(value) > 1:
        for kept in range(len(value) - 1, 0, -1):
            short = f"{_json(value[:kept])[:-1]}, … {len(value) - kept} more]"
            if len(short) <= room:
                return visible(short)
    return f"{text[: max(room - 1, 8)]}…"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def visible(text: str) -> str:
    """Text with everything escaped that a terminal would not print."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
