"""What a type checker makes of options: tests/typing/options.py names every error that must be found."""

import re
from contextlib import chdir
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "typing" / "options.py"
IGNORED = re.compile(r"  # type: ignore\[([\w-]+)\]")
FOUND = re.compile(r"case\.py:(\d+): error: .*\[([\w-]+)\]")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    """Line and code of every error that mypy finds where none is ignored."""
    case = tmp_path_factory.mktemp("typing") / "case.py"
    case.write_text(IGNORED.sub("", CASE.read_text()))
    arguments = ["--strict", "--config-file=", "--follow-imports=silent", f"--cache-dir={case.parent / 'cache'}"]
    with chdir(ROOT):
        report, crash, _ = api.run([*arguments, str(case)])
    assert not crash
    return [(int(line), code) for line, code in FOUND.findall(report)]


def test_mypy_finds_the_errors_named_and_no_others(found: list[tuple[int, str]]) -> None:
    lines = enumerate(CASE.read_text().splitlines(), start=1)
    named = [(number, code) for number, line in lines for code in IGNORED.findall(line)]
    assert len(named) > 8
    assert found == named
