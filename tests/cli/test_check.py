"""`toolkit check`: a line for each file that is fine, and a line for each problem."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.running import BAD, GOOD, run

PROBLEMS = [
    "bad.toml:3: middleware[0].alow_origins: unknown option; did you mean 'allow_origins'?",
    "bad.toml:5: middleware[0].max_age: 'soon' is",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file and a bad one."""
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD)
    return tmp_path


def test_files_that_are_fine(folder: Path) -> None:
    (folder / "small.json").write_text('{"provides": ["user"]}')
    checked = run("check", "good.toml", "small.json", cwd=folder)

    assert checked.stdout == (
        "good.toml: fine (1 layer, 1 route, 1 handler)\nsmall.json: fine (0 layers, 0 routes, 0 handlers)\n"
    )
    assert (checked.stderr, checked.returncode) == ("", 0)


def test_a_name_cannot_give_orders_to_a_terminal(folder: Path) -> None:
    (folder / "a\x1b[31m\n.json").write_text('{"provides": []}')
    checked = run("check", "a\x1b[31m\n.json", cwd=folder)

    assert checked.stdout == "a\\x1b[31m\\n.json: fine (0 layers, 0 routes, 0 handlers)\n"


def test_every_problem_is_one_line_and_no_file_hides_another(folder: Path) -> None:
    checked = run("check", "bad.toml", "good.toml", "missing.toml", cwd=folder)

    *of_bad, of_missing = checked.stderr.splitlines()
    assert [line.startswith(problem) for line, problem in zip(of_bad, PROBLEMS, strict=True)] == [True, True]
    assert of_missing.startswith("missing.toml")
    assert checked.stdout.startswith("good.toml: fine")
    assert checked.returncode == 2


def test_json_has_everything(folder: Path) -> None:
    checked = run("check", "--json", "bad.toml", "good.toml", cwd=folder)

    bad, good = json.loads(checked.stdout)["files"]
    assert good == {"file": "good.toml", "ok": True, "layers": 1, "routes": 1, "handlers": 1, "problems": []}
    assert (bad["file"], bad["ok"], bad["layers"]) == ("bad.toml", False, None)
    assert bad["problems"][0] == {
        "file": "bad.toml",
        "line": 3,
        "where": "middleware[0].alow_origins",
        "reason": "unknown option",
        "fix": "did you mean 'allow_origins'?",
    }
    assert (checked.stderr, checked.returncode) == ("", 2)


def wrong_file(folder: Path, how: str) -> str:
    """A file that cannot be read as one, by its name."""
    path = folder / f"{how}.toml"
    if how == "folder":
        path.mkdir()
    elif how == "binary":
        path.write_bytes(bytes(range(256)))
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "looping":
        path.symlink_to(path)
    elif how == "raising module":
        (folder / "raising.py").write_text("raise SystemExit('no\\nway')\n")
        path.write_text('[[middleware]]\nuse = "raising:Layer"\n')
    elif how == "odd\nname\x1b[31m":
        path.write_text("x = 1\n")
    return path.name


@pytest.mark.parametrize(
    "how", ["folder", "binary", "fifo", "looping", "raising module", "missing", "odd\nname\x1b[31m"]
)
def test_whatever_a_file_is_its_problem_is_one_line(how: str, folder: Path) -> None:
    checked = run("check", wrong_file(folder, how), cwd=folder)

    assert (checked.returncode, checked.stdout) == (2, "")
    assert checked.stderr.count("\n") == 1
    assert checked.stderr.removesuffix("\n").isprintable()
    assert "Traceback" not in checked.stderr


def test_a_file_that_nobody_may_read_is_told(folder: Path) -> None:
    (folder / "closed.toml").write_text(GOOD)
    (folder / "closed.toml").chmod(0)
    checked = run("check", "closed.toml", cwd=folder)

    if os.geteuid() == 0:  # root may read everything
        assert checked.returncode == 0
    else:
        assert (checked.returncode, checked.stderr.count("\n")) == (2, 1)


def test_a_name_that_is_no_text_is_told_escaped(folder: Path) -> None:
    checked = run("check", os.fsdecode(b"caf\xe9.toml"), cwd=folder)

    assert checked.returncode == 2
    assert "\\udce9" in checked.stderr
