"""What docs/explain.md and the README show is what the command line prints."""

import re
import shlex
from pathlib import Path

import pytest

from toolkit.cli import main

ROOT = Path(__file__).parents[2]
PAGE, README = ((ROOT / name).read_text() for name in ("docs/explain.md", "README.md"))
COMMANDS = re.findall(r"^\$ toolkit ([^\n]+)\n```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILE, IN_README = (
    re.findall(r"^```toml\n(# toolkit\.toml\n.*?)^```$", page, re.MULTILINE | re.DOTALL) for page in (PAGE, README)
)


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


def test_what_the_readme_shows_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = dict(re.findall(r"^```console\n\$ toolkit ([^\n]+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
    [right] = IN_README
    wrong = right.replace("allow_origins", "alow_origins").replace("cors = false", "cros = false")
    for command, told in shown.items():
        Path("toolkit.toml").write_text(wrong if command.startswith("check") else right)
        assert main(shlex.split(command)) == (2 if command.startswith("check") else 0)
        printed = capsys.readouterr()
        assert (command, printed.out + printed.err) == (command, told)
    assert [command.split()[0] for command in shown] == ["check", "explain"]
