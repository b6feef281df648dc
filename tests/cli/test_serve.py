"""`toolkit serve`: what it serves, what it refuses to start, and how it ends."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.running import BAD, GOOD, Served, environment, is_alive, process, run, serving, until

APP = """\
import os

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def home(request):
    return PlainTextResponse("home")


async def pid(request):
    return PlainTextResponse(str(os.getpid()))


app = Starlette(routes=[Route("/", home), Route("/pid", pid)])


def make():
    return app


def fail():
    raise LookupError("no\\nsettings")


def odd():
    import asyncio

    raise asyncio.CancelledError


async def echo(scope, receive, send):
    pass


class Fails:
    def __init__(self, app):
        raise ValueError("no")


def wsgi(environ, start_response):
    return []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file, a bad one and an application."""
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD)
    (tmp_path / "bare.toml").write_text('provides = ["user"]\n')
    (tmp_path / "foreign.toml").write_text('[[middleware]]\nuse = "shop:Fails"\n')
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "broken.py").write_text("import nowhere_at_all\n")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "deep.py").write_text(APP)
    return tmp_path


def test_the_handlers_of_a_file_are_a_whole_application(folder: Path) -> None:
    with serving("good.toml", cwd=folder) as server:
        assert server.get("/hello/ann") == (200, "hello")
        assert server.get("/elsewhere")[0] == 404
        assert server.ends(by=signal.SIGINT) == 0
        assert "Traceback" not in server.log


def test_an_application_behind_a_file(folder: Path) -> None:
    with serving("--app", "shop:app", "good.toml", cwd=folder) as server:
        assert server.get("/hello/ann") == (200, "hello")
        assert server.get("/") == (200, "home")
        assert server.ends(by=signal.SIGTERM) in {0, -signal.SIGTERM}
        assert "Traceback" not in server.log


def test_options_of_uvicorn_stand_anywhere(folder: Path) -> None:
    options = ("--log-level", "info", "--app-dir", "below", "good.toml", "--factory", "--app=deep:make")
    with serving(*options, "--header", "x-y:z", cwd=folder) as server:
        assert server.get("/") == (200, "home")


DOTENV = """\
import os


def load_dotenv(dotenv_path):
    with open(dotenv_path) as lines:
        os.environ.update(line.strip().split("=") for line in lines)
"""


def test_variables_may_come_from_a_file_of_them(folder: Path) -> None:
    (folder / "dotenv.py").write_text(DOTENV)
    (folder / "local.env").write_text("GREETING=welcome\n")
    (folder / "good.toml").write_text(GOOD.replace('"hello"', '"${GREETING}"'))
    with serving("good.toml", "--env-file", "local.env", cwd=folder) as server:
        assert server.get("/hello/ann") == (200, "welcome")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param("local.env", "toolkit: serve: --env-file needs python-dotenv: pip install", id="no dotenv"),
        pytest.param("missing.env", "toolkit: serve: Invalid value for '--env-file'", id="no file"),
    ],
)
def test_a_file_of_variables_that_cannot_be_read_is_told(file: str, expected: str, folder: Path) -> None:
    (folder / "dotenv.py").write_text("raise ImportError('not installed')\n")
    (folder / "local.env").write_text("")
    told = run("serve", "good.toml", "--env-file", file, "--port", "0", cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(expected)
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ["good.toml", "--app", "nowhere:app"], "--app nowhere:app: the module 'nowhere' cannot be", id="module"
        ),
        pytest.param(
            ["good.toml", "--app", "broken:app"], "--app broken:app: the module 'broken' cannot be", id="import"
        ),
        pytest.param(
            ["good.toml", "--app", "shop:ap"], "--app shop:ap: the module 'shop' has no 'ap'; did you", id="name"
        ),
        pytest.param(
            ["good.toml", "shop:app"],
            "serve: one FILE is served, and 'shop:app' stands beside it; write --app shop:app\n",
            id="application beside the file",
        ),
        pytest.param(
            ["good.toml", "bad.toml"],
            "serve: one FILE is served, and 'bad.toml' stands beside it; an application is given by --app module:app\n",
            id="two files",
        ),
        pytest.param(
            ["good.toml", "--app", "shop.py"],
            "--app shop.py: that is a file; write --app shop:app\n",
            id="a module's file",
        ),
        pytest.param(
            ["good.toml", "--app", "below/deep.py:app"],
            "--app below/deep.py:app: that is a file; write --app below.deep:app\n",
            id="a file and a name",
        ),
        pytest.param(
            ["good.toml", "--app", "shop:echo", "--factory"],
            "--app shop:echo: it is an application, not a factory; leave out --factory\n",
            id="no factory",
        ),
        pytest.param(
            ["good.toml", "--app", "shop:odd", "--factory"],
            "--app shop:odd: its factory failed: CancelledError\n",
            id="factory that raises no exception",
        ),
        pytest.param(
            ["foreign.toml", "--app", "shop:app"],
            "foreign.toml:2: middleware[0].use: the set-up of 'shop:Fails' failed: ValueError: no\n",
            id="foreign middleware",
        ),
        pytest.param(
            ["good.toml", "--port", "99999"], "serve: --port 99999: a port is a number from 0 to 65535\n", id="port"
        ),
        pytest.param(
            ["good.toml", "--ssl-certfile", "none.pem"],
            "serve: --ssl-certfile none.pem: there is no such file\n",
            id="no certificate",
        ),
        pytest.param(
            ["good.toml", "--ssl-keyfile", "none.pem"],
            "serve: --ssl-keyfile none.pem: there is no such file\n",
            id="no key",
        ),
        pytest.param(
            ["good.toml", "--ssl-keyfile", "shop.py"],
            "serve: --ssl-keyfile needs --ssl-certfile\n",
            id="a key without a certificate",
        ),
        pytest.param(
            ["good.toml", "--ssl-certfile", "shop.py"],
            "serve: --ssl-certfile shop.py: it cannot be used: ",
            id="no certificate in it",
        ),
        pytest.param(["good.toml", "--app", "shop"], "--app shop: 'shop' is not a dotted path; write", id="form"),
        pytest.param(
            ["good.toml", "--app", "shop:fail", "--factory"],
            "--app shop:fail: its factory failed: LookupError: no\n",
            id="factory",
        ),
        pytest.param(["good.toml", "--app", "os:sep"], "--app os:sep: '/' is no ASGI application; ", id="no app"),
        pytest.param(["good.toml", "--app", "shop:make"], "--app shop:make: <function make at ", id="forgot --factory"),
        pytest.param(["good.toml", "--app", "shop:wsgi"], "--app shop:wsgi: <function wsgi at ", id="WSGI"),
        pytest.param(
            ["good.toml", "--app", "shop:Starlette"], "--app shop:Starlette: Starlette is a class", id="class"
        ),
        pytest.param(["bare.toml"], "bare.toml has no handlers, so there is nothing to serve", id="nothing to serve"),
        pytest.param([], "serve: the configuration FILE is missing: toolkit serve FILE\n", id="no file"),
        pytest.param(["good.toml", "--prot", "80"], "serve: No such option", id="unknown option"),
        pytest.param(["good.toml", "--workers", "x"], "serve: Invalid value for '--workers'", id="wrong value"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(arguments: list[str], expected: str, folder: Path) -> None:
    told = run("serve", "--port", "0", *arguments, cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.removeprefix("toolkit: ").startswith(expected)
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize("more", [[], ["--reload"], ["--workers", "2"]], ids=["one", "reload", "workers"])
def test_a_broken_file_is_not_served(more: list[str], folder: Path) -> None:
    told = run("serve", "bad.toml", *more, "--port", "0", cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == run("check", "bad.toml", cwd=folder).stderr


@pytest.mark.parametrize("more", [[], ["--workers", "2"]], ids=["one", "workers"])
def test_a_port_in_use_is_told_in_a_sentence(more: list[str], folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = run("serve", "good.toml", *more, "--port", port, cwd=folder)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"toolkit: serve: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["--uds", "/nonexist/s"], "/nonexist/s: there is no folder '/nonexist'", id="no folder"),
        pytest.param(["--uds", "shop.py"], "shop.py: it is there already, and no socket", id="no socket"),
        pytest.param(["--uds", "s" * 120], f"{'s' * 120}: the path of a socket has at most 103 bytes", id="long"),
        pytest.param(["--fd", "99"], "the file descriptor 99: Bad file descriptor", id="descriptor"),
    ],
)
def test_a_socket_that_cannot_be_is_told_in_a_sentence(arguments: list[str], expected: str, folder: Path) -> None:
    told = run("serve", "good.toml", *arguments, cwd=folder)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("toolkit: serve: cannot listen on ")
    assert told.stderr.endswith(f"{expected}\n")


def test_a_host_that_does_not_exist_is_told_in_a_sentence(folder: Path) -> None:
    told = run("serve", "good.toml", "--host", "no.such.host.invalid", "--port", "0", cwd=folder)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("toolkit: serve: cannot listen on no.such.host.invalid:0: ")
    assert told.stderr.count("\n") == 1


def test_without_uvicorn_the_extra_is_named(folder: Path) -> None:
    (folder / "uvicorn.py").write_text("raise ImportError('not installed')\n")
    told = process("serve", "good.toml", cwd=folder)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "toolkit: serve: uvicorn is not installed: pip install 'asgi-toolkit[serve]'\n"


def test_its_version_is_uvicorns(folder: Path) -> None:
    told = run("serve", "--version", cwd=folder)

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Running uvicorn")


def test_a_factory_is_served_with_factory(folder: Path) -> None:
    told = run("serve", "good.toml", "--app", "shop:make", "--port", "0", cwd=folder)

    assert told.stderr.endswith(" is no ASGI application; add --factory if it makes one\n")


def two_workers(server: Served) -> set[int]:
    """The processes that answer, once two have."""
    found: set[int] = set()

    def both() -> set[int] | None:
        found.add(int(server.get("/pid")[1]))
        return found if len(found) == 2 else None

    return until(both, "a second worker")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=lambda by: by.name)
def test_workers_are_processes_of_their_own_and_all_end(by: signal.Signals, folder: Path) -> None:
    with serving("good.toml", "--app", "shop:app", "--workers", "2", cwd=folder) as server:
        workers = two_workers(server)
        assert server.process.pid not in workers
        assert server.get("/hello/ann") == (200, "hello")

        assert server.ends(by=by) == 0
        assert not any(map(is_alive, workers))
        assert "Traceback" not in server.log


def test_ctrl_c_on_a_terminal_reaches_all_processes_and_shows_no_traceback(folder: Path) -> None:
    with serving("good.toml", "--app", "shop:app", "--workers", "2", cwd=folder) as server:
        workers = two_workers(server)
        os.killpg(server.process.pid, signal.SIGINT)

        assert server.process.wait(40) == 0
        assert not any(map(is_alive, workers))
        assert "Traceback" not in server.log


def test_reading_what_to_serve_leaves_nothing_of_an_earlier_command(folder: Path) -> None:
    env = environment(TOOLKIT_SERVE_APP="shop:fail", TOOLKIT_SERVE_MADE_BY_APP="1")
    changes = {name: value for name, value in env.items() if name.startswith("TOOLKIT_SERVE")}
    with serving("good.toml", cwd=folder, **changes) as server:
        assert server.get("/hello/ann") == (200, "hello")
