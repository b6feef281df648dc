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
    assert good == {
        "file": "good.toml",
        "ok": True,
        "layers": 1,
        "foreign": 0,
        "routes": 1,
        "handlers": 1,
        "problems": [],
    }
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


FOREIGN = """\
[[middleware]]
use = "cors"
allow_origins = ["https://app.example"]

[[middleware]]
use = "local:Fails"
level = 3

[[middleware]]
use = "local:text"

[[middleware]]
use = "starlette.middleware.gzip:GZipMiddleware"
"""
LOCAL = """\
import sys

print("imported")


class Fails:
    def __init__(self, app, level):
        print("set up")
        raise ValueError(f"no level {level}")


class Works:
    def __init__(self, app):
        print("set up")
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


def text(app):
    return "text"
"""


def test_foreign_middleware_that_cannot_be_set_up_is_a_problem_of_its_line(folder: Path) -> None:
    (folder / "local.py").write_text(LOCAL.replace("print", "len"))
    (folder / "foreign.toml").write_text(FOREIGN)
    checked = run("check", "foreign.toml", cwd=folder)

    assert checked.stderr.splitlines() == [
        "foreign.toml:6: middleware[1].use: the set-up of 'local:Fails' failed: ValueError: no level 3",
        "foreign.toml:10: middleware[2].use: the set-up of 'local:text' gave str, not an ASGI application; "
        "write a class or a function that returns one",
    ]
    assert (checked.returncode, checked.stdout) == (2, "")


def test_what_modules_print_is_not_what_was_asked_for(folder: Path) -> None:
    (folder / "local.py").write_text(LOCAL)
    (folder / "works.toml").write_text('[[middleware]]\nuse = "local:Works"\n')
    checked = run("check", "works.toml", "--json", cwd=folder)
    told = run("explain", "works.toml", "GET", "/", "--json", cwd=folder)

    assert json.loads(checked.stdout)["files"][0]["ok"]
    assert json.loads(told.stdout)["answer"]["by"] == "application"
    assert (checked.stderr, told.stderr) == ("imported\nset up\n", "imported\n")


def test_foreign_middleware_is_counted_apart_from_layers(folder: Path) -> None:
    _, cors, *_, gzip = FOREIGN.split("[[middleware]]")
    (folder / "both.toml").write_text(f"[[middleware]]{cors}[[middleware]]{gzip}")
    checked = run("check", "both.toml", cwd=folder)

    assert checked.stdout == "both.toml: fine (1 layer, 1 foreign middleware, 0 routes, 0 handlers)\n"
    assert json.loads(run("check", "both.toml", "--json", cwd=folder).stdout)["files"][0]["foreign"] == 1


@pytest.mark.parametrize("raised", ["Odd", "asyncio.CancelledError", "SystemExit"])
def test_a_module_may_raise_anything(raised: str, folder: Path) -> None:
    (folder / "raising.py").write_text(f"import asyncio\nclass Odd(BaseException): ...\nraise {raised}('no way')\n")
    (folder / "raising.toml").write_text('[[middleware]]\nuse = "raising:Layer"\n\n[unknown]\n')
    checked = run("check", "raising.toml", cwd=folder)

    name = raised.rpartition(".")[2]
    assert f"middleware[0].use: the module 'raising' cannot be imported: {name}: no way\n" in checked.stderr
    assert "raising.toml:4: unknown: " in checked.stderr
    assert checked.returncode == 2
