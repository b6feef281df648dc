"""The plot: what each subject's CORS adds to a request, path by path, under the policy that lists its origins.

SVG by hand, on a card of its own colour, so that it can be read on light and on dark pages.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from bench.cases_cors import GROUP, LISTED
from bench.measure import OURS, Result

ROWS = f"{LISTED}: "
TITLE = "CPU time that CORS adds to a request"
SUBTITLE = "microseconds over the bare application; three origins by name, with credentials; shorter is better"
WIDTH = 860
LABEL, END = 250, 120
BAR, GAP, ROW_GAP, TOP, BOTTOM = 18, 4, 30, 84, 44

_STYLE = """
.card { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .quiet { fill: #59636e }
.ours { fill: #1a7f5a } .peer { fill: #8c96a3 }
@media (prefers-color-scheme: dark) {
.card { fill: #151b23; stroke: #3d444d } .text { fill: #f0f6fc } .quiet { fill: #9198a1 }
.ours { fill: #3fb984 } .peer { fill: #6e7781 } }
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif } .title { font-size: 17px; font-weight: 600 }
.row { font-weight: 600 } .end { text-anchor: end }
"""


def plot(results: Sequence[Result], measured: dict[str, Any]) -> str:
    """An SVG document. A bar that would dwarf the others is cut off and says so by its arrow and its number."""
    listed = [result for result in results if result.group == GROUP and result.row.startswith(ROWS)]
    shown = [result for result in listed if result.added is not None]
    rows = [(row, list(bars)) for row, bars in groupby(shown, lambda result: result.row)]
    longest = _longest(shown)
    height = TOP + BOTTOM + sum(ROW_GAP + len(bars) * (BAR + GAP) for _, bars in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{TITLE}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        _text(24, 36, TITLE, "text title"),
        _text(24, 58, SUBTITLE, "quiet"),
        *_bars(rows, longest),
        _text(24, height - 18, _source(measured), "quiet"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _longest(shown: Sequence[Result]) -> float:
    """The scale's end: bars longer than five times the middle one are cut off there."""
    added = sorted(_added(result) for result in shown)
    if not added:
        return 1.0
    limit = 5 * added[len(added) // 2]
    return max([value for value in added if value <= limit], default=1.0) or 1.0


def _bars(rows: Sequence[tuple[str, Sequence[Result]]], longest: float) -> Iterator[str]:
    y = TOP
    for row, bars in rows:
        yield _text(24, y + BAR - 4, row.removeprefix(ROWS), "text row")
        y += BAR + GAP
        for bar in bars:
            yield from _bar(bar, y, longest)
            y += BAR + GAP
        y += ROW_GAP - BAR - GAP


def _bar(result: Result, y: int, longest: float) -> Iterator[str]:
    kind = "ours" if result.subject == OURS else "peer"
    added, room = _added(result), WIDTH - LABEL - END
    cut = added > longest
    length = max(1.0, room * min(added, longest) / longest)
    yield _text(LABEL - 10, y + BAR - 5, result.subject, "text end")
    yield f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
    if cut:
        x = LABEL + length
        yield f'<path class="{kind}" d="M {x:.1f} {y} l 9 {BAR / 2} l -9 {BAR / 2} z"/>'
    number = f"{(result.added.median if result.added else 0) / 1000:.2f} µs"
    yield _text(LABEL + length + (16 if cut else 6), y + BAR - 5, number, "text")


def _added(result: Result) -> float:
    return max(0.0, result.added.median) if result.added else 0.0


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}">{escape(text)}</text>'


def _source(measured: dict[str, Any]) -> str:
    installed = ", ".join(f"{name} {measured['versions'][name]}" for name in ("starlette", "asgi-cors", "blacksheep"))
    return f"Python {measured['python']}, {measured['at'][:10]}; {installed}"
