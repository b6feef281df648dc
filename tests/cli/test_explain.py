"""`toolkit explain`: requests as people type them, on a terminal, in a pipe, and as JSON."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.running import BAD, GOOD, MODULE, SECONDS, environment, process, run

ORIGIN = ("-H", "Origin: https://app.example")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file and a bad one."""
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD)
    return tmp_path


def test_a_request_is_explained_with_lines(folder: Path) -> None:
    told = run("explain", "good.toml", "GET", "/hello/ann", *ORIGIN, cwd=folder)

    assert (told.returncode, told.stderr) == (0, "")
    assert (
        told.stdout
        == """\
GET /hello/ann
    origin: https://app.example
    no route applies
 │
 1  cors                                        good.toml:1
 │    allow_origins = ["https://app.example"]   good.toml:3
 │  – the origin 'https://app.example' is allowed by 'https://app.example'
 │  – the response carries vary: Origin, access-control-allow-origin: https://app.example
 │
 →  respond answers at /hello/{name}            good.toml:9
      {name} is "ann"
      text = "hello"                            good.toml:12
    – answers 200 with 5 bytes of text/plain; charset=utf-8
"""
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ["GET", "no-slash"], "'no-slash' is no path: it does not begin with '/'; write '/no-slash'", id="path"
        ),
        pytest.param(
            ["GET", "/x#top"],
            "'/x#top' holds a fragment, which is never sent; leave it out, '/x', or write %23",
            id="fragment",
        ),
        pytest.param(["G T", "/"], "'G T' is no method name; such as GET", id="method"),
        pytest.param(["POST", "/", "--ws"], "'POST' opens no WebSocket; a handshake is a GET", id="websocket"),
        pytest.param(["GET", "/", "-H", "a b: c"], "'a b' is no header name", id="header name"),
        pytest.param(["GET", "/", "-H", "a: b\rc"], "the value of a holds control characters", id="header value"),
    ],
)
def test_what_could_not_be_a_request_is_told_in_one_line(arguments: list[str], expected: str, folder: Path) -> None:
    told = run("explain", "good.toml", *arguments, cwd=folder)

    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"toolkit: {expected}\n")


@pytest.mark.parametrize("header", ["Origin", "", ": x", "  : x"])
def test_a_header_without_a_name_or_a_colon_is_wrong_usage(header: str, folder: Path) -> None:
    told = run("explain", "good.toml", "GET", "/", "-H", header, cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"toolkit explain: argument -H: {header!r} is not 'Name: value'\n"


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        pytest.param("/open?a=1&b=/x", "/open", id="query"),
        pytest.param("/a%20b/%C3%BC", "/a b/ü", id="percent-encoded"),
        pytest.param("/ü/日本", "/ü/日本", id="unicode"),
        pytest.param("/%FF", "/\ufffd", id="no UTF-8"),
        pytest.param("/a//b", "/a//b", id="not plain"),
        pytest.param("/%0a%1b[31m", "/\n\x1b[31m", id="control characters"),
        pytest.param("/?", "/", id="empty query"),
        pytest.param("/-H", "/-H", id="like an option"),
    ],
)
def test_odd_paths(path: str, decoded: str, folder: Path) -> None:
    told = run("explain", "good.toml", "GET", path, cwd=folder)
    as_json = run("explain", "good.toml", "GET", path, "--json", cwd=folder)

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"GET {path}\n")
    assert "\x1b" not in told.stdout
    assert json.loads(as_json.stdout)["request"]["path"] == decoded


def test_json_has_all_that_the_text_tells(folder: Path) -> None:
    arguments = ("explain", "good.toml", "GET", "/hello/ann", *ORIGIN, "-H", "X-Y: 1", "-H", "x-y:")
    told = json.loads(run(*arguments, "--json", cwd=folder).stdout)

    assert told["request"] == {
        "method": "GET",
        "target": "/hello/ann",
        "path": "/hello/ann",
        "query": "",
        "headers": [["Origin", "https://app.example"], ["X-Y", "1"], ["x-y", ""]],
        "websocket": False,
    }
    assert told["route"] is None
    assert told["notes"] == [{"text": "no route applies", "where": "", "written": ""}]
    (cors,) = told["elements"]
    says = cors.pop("says")
    assert says[0] == "the origin 'https://app.example' is allowed by 'https://app.example'"
    assert cors == {
        "number": 1,
        "label": "cors",
        "kind": "cors",
        "state": "on",
        "reached": True,
        "answers": False,
        "where": "middleware[0]",
        "written": "good.toml:1",
        "notes": [],
        "options": [
            {
                "name": "allow_origins",
                "value": ["https://app.example"],
                "source": "element",
                "where": "middleware[0].allow_origins",
                "written": "good.toml:3",
            }
        ],
    }
    assert told["answer"] == {
        "by": "handler",
        "label": "respond",
        "where": "handler[0]",
        "written": "good.toml:9",
        "path": "/hello/{name}",
        "params": {"name": "ann"},
        "options": [
            {
                "name": "text",
                "value": "hello",
                "source": "element",
                "where": "handler[0].text",
                "written": "good.toml:12",
            }
        ],
        "says": ["answers 200 with 5 bytes of text/plain; charset=utf-8"],
    }


def test_a_wrong_file_is_told_as_by_check(folder: Path) -> None:
    told = run("explain", "bad.toml", "GET", "/", cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == run("check", "bad.toml", cwd=folder).stderr


def test_what_a_variable_holds_is_not_told(folder: Path) -> None:
    (folder / "good.toml").write_text(
        GOOD.replace('"hello"', '"${GREETING}"').replace("https://app.example", "${SITE}")
    )
    env = environment(GREETING="s3cret words", SITE="https://app.example")
    told = run("explain", "good.toml", "GET", "/hello/ann", "--json", cwd=folder, env=env)

    assert told.returncode == 0
    assert json.loads(told.stdout)["answer"]["options"][0]["value"] == "${GREETING}"
    assert json.loads(told.stdout)["elements"][0]["options"][0]["value"] == ["${SITE}"]
    assert "s3cret" not in told.stdout


QUOTING = """\
[[middleware]]
use = "local:Says"
text = "${TEXT}"

[[route]]
match = "/short"
says.text = "${SHORT}"

[[route]]
match = "/whole"
says = "${WHOLE}"

[[handler]]
path = "/old"
use = "redirect"
to = "/t/${TARGET}"
"""
SAYS = """\
from toolkit import Layer


class Says(Layer):
    text: str

    def explain(self, exchange):
        yield f"it says {self.text}"
"""


def test_no_sentence_tells_what_a_reference_stands_for(folder: Path) -> None:
    (folder / "quoting.toml").write_text(QUOTING)
    (folder / "local.py").write_text(SAYS)
    env = environment(TEXT="words in secret", SHORT="hush", WHOLE='{"text": "db-secret-XYZ"}', TARGET="secret-place")
    told = {path: run("explain", "quoting.toml", "GET", path, cwd=folder, env=env).stdout for path in PATHS}

    for text in told.values():
        assert not any(secret in text for secret in ("words in", "hush", "secret"))
    assert "it says ${TEXT}" in told["/"]
    assert "it says ${SHORT}" in told["/short"]
    assert 'text = "${WHOLE}"' in told["/whole"]
    assert "it says ${WHOLE}" in told["/whole"]
    assert "redirects with 307 to /t/${TARGET}" in told["/old"]


PATHS = ("/", "/short", "/whole", "/old")


def on_terminal(arguments: Sequence[str], cwd: Path, columns: int = 100, /, **env: str) -> str:
    """What a command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    _resize(theirs, columns)
    process = subprocess.Popen(
        [*MODULE, *arguments], cwd=cwd, env=environment(**env), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.wait(SECONDS) == 0
    return written.decode().replace("\r\n", "\n")


def _resize(terminal: int, columns: int) -> None:
    subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=terminal, check=True)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody writes to it any more
        return b""


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("explain", "good.toml", "GET", "/hello/ann", *ORIGIN), id="explain"),
        pytest.param(("explain", "good.toml", "GET", "/open"), id="explain off"),
        pytest.param(("check", "good.toml"), id="check"),
        pytest.param(("kinds",), id="kinds"),
    ],
)
def test_colours_are_for_terminals_and_change_no_text(arguments: tuple[str, ...], folder: Path) -> None:
    coloured = on_terminal(arguments, folder)

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == run(*arguments, cwd=folder).stdout


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_unwanted(variable: str, value: str, folder: Path) -> None:
    arguments = ("explain", "good.toml", "GET", "/hello/ann")

    assert on_terminal(arguments, folder, **{variable: value}) == run(*arguments, cwd=folder).stdout


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_narrow_terminals_are_filled_and_not_overrun(columns: int, folder: Path) -> None:
    shown = on_terminal(("explain", "good.toml", "GET", "/hello/ann", *ORIGIN), folder, columns, NO_COLOR="1")

    widths = [len(line) for line in shown.splitlines()]
    assert columns * 2 // 3 < max(widths) <= columns


def test_a_stream_without_the_signs_gets_plainer_ones(folder: Path) -> None:
    env = environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    told = process("explain", "good.toml", "GET", "/hello/ü", cwd=folder, env=env)

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("GET /hello/\\xfc\n")
    assert "\n |\n >  respond answers at" in told.stdout
