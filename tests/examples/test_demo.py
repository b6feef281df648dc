"""The demo as people run it, and that it does not look away."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from starlette.applications import Starlette

from examples.demo import __main__ as demo
from examples.demo.client import Answer, request
from examples.demo.report import Report
from examples.demo.scenes import SCENES
from examples.demo.server import listen, serve
from examples.demo.stage import Stage, Wanted
from examples.shop.app import create_app

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.demo"]
SECONDS = 60


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_every_scene_comes_out_as_expected() -> None:
    done = run()
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert " 0 not." in done.stdout.splitlines()[-1]
    assert "WRONG" not in done.stdout
    assert [scene.TITLE for scene in SCENES if f"\n{scene.TITLE}\n" not in done.stdout] == []


def test_a_pipe_gets_plain_text_in_any_encoding() -> None:
    done = run(PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\033" not in done.stdout


def test_a_reader_may_stop_reading() -> None:
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 1


def test_ctrl_c_ends_it_at_once() -> None:
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=SECONDS)
    assert (running.returncode, err) == (demo.INTERRUPTED, "")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["colour", "plain"])
def test_a_terminal_gets_colours_unless_it_says_no(
    environment: Mapping[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal, open(theirs, "w") as out:
        report = Report(out)
        report.scene("Title", "About")
        assert (b"\033[1mTitle" in terminal.read(100)) is coloured


def test_a_shop_without_protection_fails_the_expectations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "app", create_app())
    assert demo.main([]) == 1
    told = capsys.readouterr().out
    assert "WRONG: expected 204" in told
    assert "WRONG: expected https://www.shop.example" in told


@pytest.mark.parametrize(
    ("wanted", "failed"),
    [
        (Wanted(404, {"content-type": "text/plain; charset=utf-8", "vary": None}, "Not"), 0),
        (Wanted(200), 1),
        (Wanted(404, {"content-type": "text/html", "vary": "Origin"}), 2),
        (Wanted(404, {"content-type": None}, "Found it"), 2),
    ],
    ids=["all as wanted", "status", "headers", "a header too many and the body"],
)
def test_each_expectation_counts(wanted: Wanted, failed: int) -> None:
    report = Report(StringIO())
    with serve(Starlette(), listen()) as url:
        answer = Stage(url, report).http("Nothing is here.", "GET /", {}, wanted)
    assert isinstance(answer, Answer)
    assert report.failed == failed


def test_serve_stays_until_it_is_interrupted() -> None:
    with subprocess.Popen(
        [*COMMAND, "--serve"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        address = next(line.split()[1] for line in running.stdout if line.startswith("  page "))
        assert request("GET", address, {}).status == 200
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=SECONDS)
    assert running.returncode == 0
    assert "GET / " in out
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_named() -> None:
    with closing(listen()) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert done.returncode == 2
    assert f"port {port}: Address already in use" in done.stderr
