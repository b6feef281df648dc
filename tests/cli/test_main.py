"""The command line as a whole: its status, its streams, and that nothing ends in a traceback."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import BAD, GOOD, MODULE, SCRIPT, SECONDS, environment, process, until
from toolkit import __version__
from toolkit.cli import main
from toolkit.cli.guard import guarded

RAISING = """\
from collections.abc import Iterable

from toolkit import Layer


class Slow(Layer):
    def explain(self, exchange: object) -> Iterable[str]:
        import time

        open("started", "w").close()
        time.sleep(60)
        return ()


class Chatty(Layer):
    def explain(self, exchange: object) -> Iterable[str]:
        return [f"sentence {number} " * 200 for number in range(50)]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file, a bad one and a module."""
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD)
    (tmp_path / "local.py").write_text(RAISING)
    for name in ("Slow", "Chatty"):
        (tmp_path / f"{name.lower()}.toml").write_text(f'[[middleware]]\nuse = "local:{name}"\n')
    return tmp_path


@pytest.mark.parametrize("command", [pytest.param(MODULE, id="module"), pytest.param(SCRIPT, id="script")])
def test_both_spellings_are_one_command(command: tuple[str, ...], folder: Path) -> None:
    version = process("--version", cwd=folder, command=command)
    good = process("check", "good.toml", cwd=folder, command=command)
    bad = process("check", "bad.toml", cwd=folder, command=command)
    local = process("explain", "chatty.toml", "GET", "/", cwd=folder, command=command)

    assert (version.stdout, version.stderr, version.returncode) == (f"toolkit {__version__}\n", "", 0)
    assert (good.returncode, good.stderr) == (0, "")
    assert (bad.returncode, bad.stdout, len(bad.stderr.splitlines())) == (2, "", 2)
    assert (local.returncode, local.stderr) == (0, "")  # a module of the current folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], "toolkit: the following arguments are required: COMMAND", id="no command"),
        pytest.param(["chek"], "toolkit: argument COMMAND: invalid choice: 'chek'", id="unknown command"),
        pytest.param(["check"], "toolkit check: the following arguments are required: FILE", id="no file"),
        pytest.param(["check", "x", "--jsn"], "toolkit check: unrecognized arguments: --jsn", id="unknown option"),
        pytest.param(["check", "x", "--js"], "toolkit check: unrecognized arguments: --js", id="no abbreviations"),
        pytest.param(["explain", "x", "GET"], "toolkit explain: the following arguments are required", id="no path"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert err.startswith(expected)
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["", "check", "explain", "serve", "schema", "kinds"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: toolkit {command}".rstrip())


def unforeseen() -> int:
    raise RuntimeError("first line\nsecond line")


def test_what_is_not_foreseen_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(unforeseen) == 1
    assert capsys.readouterr().err == (
        "toolkit: it failed unexpectedly: RuntimeError: first line (TOOLKIT_DEBUG=1 shows where)\n"
    )


class Odd(BaseException):
    """No Exception."""


@pytest.mark.parametrize("error", [Odd("no way"), asyncio.CancelledError("no way"), GeneratorExit("no way")])
def test_what_is_no_exception_is_told_alike(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    def raising() -> int:
        raise error

    assert guarded(raising) == 1
    assert f"it failed unexpectedly: {type(error).__name__}: no way" in capsys.readouterr().err


def test_its_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_DEBUG", "1")
    with pytest.raises(RuntimeError, match="first line"):
        guarded(unforeseen)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("explain", "chatty.toml", "GET", "/"), id="text"),
        pytest.param(("explain", "chatty.toml", "GET", "/", "--json"), id="json"),
        pytest.param(("schema",), id="schema"),
    ],
)
def test_a_reader_that_leaves_early_is_no_failure(arguments: tuple[str, ...], folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        ended = subprocess.run(
            [*MODULE, *arguments],
            cwd=folder,
            env=environment(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (141, b"")


def test_ctrl_c_ends_a_command_quietly(folder: Path) -> None:
    running = subprocess.Popen(
        [*MODULE, "explain", "slow.toml", "GET", "/"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: True if (folder / "started").exists() else None, "its first line of Python")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=SECONDS)

    assert (running.returncode, out, err) == (130, b"", b"")


def test_a_folder_that_was_removed_does_not_matter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    gone = tmp_path_factory.mktemp("gone")
    script = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    command = ("sh", "-c", script, "sh", *SCRIPT)
    ended = process("check", str(folder / "good.toml"), cwd=folder, command=command)

    assert (ended.returncode, ended.stderr) == (0, "")
