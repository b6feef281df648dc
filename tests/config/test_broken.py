"""Files with mistakes, and the line that each mistake gets: beside it in the file, or for JSON in a text beside it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import toolkit
from toolkit import ConfigError

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(path for path in BROKEN.iterdir() if path.suffix in {".toml", ".yaml", ".json"})
ENVIRON = {"BROKEN_AGE": "sesame-street", "SHORT": "7"}
EXPECTED = re.compile(r"# expect: (.*?)(?= # expect: |$)")


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules that the files name."""
    monkeypatch.syspath_prepend(str(BROKEN))
    yield
    for name in [name for name in sys.modules if name.startswith("broken_")]:
        del sys.modules[name]


def told(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(path, environ=ENVIRON)
    return [str(problem) for problem in caught.value.problems]


def expected(path: Path) -> list[tuple[int, str]]:
    """Line and beginning of every problem."""
    if path.suffix == ".json":
        lines = path.with_suffix(".txt").read_text().splitlines()
        return [(int(line), text) for line, _, text in (row.partition(" ") for row in lines)]
    lines = path.read_text().splitlines()
    return [(number, text) for number, line in enumerate(lines, start=1) for text in EXPECTED.findall(line)]


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_each_mistake_gets_one_line(path: Path) -> None:
    found = told(path)
    wanted = [f"{path}:{line}: {text}" for line, text in expected(path)]
    assert len(wanted) > 0
    assert sorted(_cut(found, wanted)) == sorted(wanted)
    assert len(found) == len(wanted)


def _cut(found: list[str], wanted: list[str]) -> list[str]:
    """Each problem cut to the beginning that is expected of one; whole, where none is."""
    return [next((begun for begun in wanted if line.startswith(begun)), line) for line in found]


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_problems_are_single_lines_in_the_order_of_the_file(path: Path) -> None:
    found = told(path)
    lines = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in found]
    assert lines == sorted(lines)
    assert not any("\n" in line or "sesame" in line for line in found)


def test_twenty_mistakes_are_twenty_lines() -> None:
    assert len(told(BROKEN / "twenty.toml")) == 20
