"""The tables of docs/cors.md say what the layer does."""

import re
from pathlib import Path

import pytest

from toolkit import CORS
from toolkit.options import declared

PAGE = (Path(__file__).parents[2] / "docs/cors.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading, without its head."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_options_and_their_defaults() -> None:
    told = [(codes(row[0])[0], codes(row[1])[0]) for row in rows("## Options")]
    assert told == [(entry.name, repr(getattr(CORS, entry.name))) for entry in declared(CORS) if entry.name != "name"]


@pytest.mark.parametrize("row", rows("### Origins"), ids=lambda row: codes(row[0])[0])
def test_what_patterns_allow(row: list[str]) -> None:
    pattern, allowed, denied = (codes(cell) for cell in row)
    cors = CORS(allow_origins=pattern)
    assert [origin for origin in allowed if not cors.verdict(origin=origin).allowed] == []
    assert [origin for origin in denied if cors.verdict(origin=origin).allowed] == []
