"""What docs/explain.md shows is what `toolkit explain` prints."""

import re
import shlex
from pathlib import Path

import pytest

from toolkit.cli import main

PAGE = (Path(__file__).parents[2] / "docs/explain.md").read_text()
COMMANDS = re.findall(r"^\$ toolkit ([^\n]+)\n```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILE = re.findall(r"^```toml\n(# toolkit\.toml\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toolkit.toml").write_text(FILE[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def test_the_page_has_ten_requests_and_one_file() -> None:
    assert (len(COMMANDS), len(FILE)) == (10, 1)


@pytest.mark.parametrize(("command", "told"), COMMANDS)
def test_what_is_shown_is_printed(command: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (told, "")
