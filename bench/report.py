"""The results as a table for people and as JSON for programs."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from bench.measure import SAMPLE_NS, SEED, Figure, Result
from bench.peers import versions

FORMAT = 1
_CELL = 11
_HEADINGS = ("median", "±", "added", "±", "× ours", "fastest", "added")
_ON_WIRE = ("requests/s", "±")


def machine(rounds: int) -> dict[str, Any]:
    """Where, when and with what the run was made."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "rounds": rounds,
        "sample_ns": SAMPLE_NS,
        "seed": SEED,
        "versions": versions(),
    }


def as_json(results: Sequence[Result], measured: dict[str, Any]) -> dict[str, Any]:
    """All that was found out. `format` changes when a key changes its meaning."""
    return {"format": FORMAT, "unit": "ns", "measured": measured, "results": [asdict(result) for result in results]}


def table(results: Sequence[Result], measured: dict[str, Any]) -> str:
    """All groups, each row with its subjects."""
    return "\n".join(_lines(results, measured))


def _lines(results: Sequence[Result], measured: dict[str, Any]) -> Iterator[str]:
    width = max(len(result.subject) for result in results) + 2
    load = " ".join(str(one) for one in measured["load"])
    yield f"Python {measured['python']}, {measured['cpus']} CPUs, load {load}, {measured['rounds']} rounds"
    yield "CPU time of a request in nanoseconds; ± is the distance between the quartiles"
    for group, in_group in groupby(results, lambda result: result.group):
        yield ""
        headings = _HEADINGS + (_ON_WIRE if group == "wire" else ())
        yield f"{group:<{width}}" + "".join(f"{heading:>{_CELL}}" for heading in headings)
        for row, in_row in groupby(in_group, lambda result: result.row):
            yield row
            for result in in_row:
                yield f"  {result.subject:<{width - 2}}" + "".join(f"{cell:>{_CELL}}" for cell in _cells(result))


def _cells(result: Result) -> Iterator[str]:
    yield f"{result.cpu.median:,.0f}"
    yield _share(result.cpu)
    yield f"{result.added.median:,.0f}" if result.added else ""
    yield _share(result.added) if result.added else ""
    yield f"{result.ratio:.2f}" if result.ratio is not None else ""
    yield f"{result.cpu.minimum:,.0f}"
    yield f"{result.added.minimum:,.0f}" if result.added else ""
    if result.group == "wire":
        yield f"{1e9 / result.wall.median:,.0f}"
        yield _share(result.wall)


def _share(figure: Figure) -> str:
    return f"{figure.spread / abs(figure.median):.1%}" if figure.median else ""
