"""`toolkit serve --reload`: a change of the file or of the code is served, and a broken one waits for its mending."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import GOOD, serving

APP = """\
from starlette.responses import PlainTextResponse


async def app(scope, receive, send):
    if scope["type"] == "http":
        await PlainTextResponse("{}")(scope, receive, send)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file below it and an application."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "site.toml").write_text(GOOD)
    (tmp_path / "shop.py").write_text(APP.format("first"))
    return tmp_path


def test_a_change_of_the_file_or_of_the_code_is_served(folder: Path) -> None:
    with serving("conf/site.toml", "--app", "shop:app", "--reload", cwd=folder) as server:
        server.answers("/hello/ann", (200, "hello"))
        server.answers("/", (200, "first"))

        (folder / "conf" / "site.toml").write_text(GOOD.replace('"hello"', '"good day"'))
        server.answers("/hello/ann", (200, "good day"), folder / "conf" / "site.toml")

        (folder / "shop.py").write_text(APP.format("second"))
        server.answers("/", (200, "second"), folder / "shop.py")

        assert server.ends(by=signal.SIGINT) == 0
        assert "Traceback" not in server.log


def test_a_file_that_is_replaced_as_editors_do_is_served(folder: Path) -> None:
    with serving("conf/site.toml", "--reload", cwd=folder) as server:
        server.answers("/hello/ann", (200, "hello"))

        (folder / "conf" / "next").write_text(GOOD.replace('"hello"', '"good day"'))
        (folder / "conf" / "next").replace(folder / "conf" / "site.toml")
        server.answers("/hello/ann", (200, "good day"), folder / "conf" / "site.toml")


def test_a_broken_file_is_told_and_served_once_it_is_mended(folder: Path) -> None:
    with serving("conf/site.toml", "--reload", cwd=folder) as server:
        server.answers("/hello/ann", (200, "hello"))

        (folder / "conf" / "site.toml").write_text(GOOD.replace("allow_origins", "alow_origins"))
        log = server.shows(
            "conf/site.toml:3: middleware[0].alow_origins: unknown option; did you mean", folder / "conf" / "site.toml"
        )
        assert "Traceback" not in log

        (folder / "conf" / "site.toml").write_text(GOOD.replace('"hello"', '"mended"'))
        server.answers("/hello/ann", (200, "mended"), folder / "conf" / "site.toml")


def test_broken_code_is_told_and_served_once_it_is_mended(folder: Path) -> None:
    with serving("conf/site.toml", "--app", "shop:app", "--reload", cwd=folder) as server:
        server.answers("/", (200, "first"))

        (folder / "shop.py").write_text("import nowhere_at_all\n")
        log = server.shows(
            "toolkit: --app shop:app: the module 'shop' cannot be imported: ModuleNotFoundError", folder / "shop.py"
        )
        assert "Traceback" not in log

        (folder / "shop.py").write_text(APP.format("mended"))
        server.answers("/", (200, "mended"), folder / "shop.py")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda by: by.name)
def test_however_it_ends_nothing_is_left_of_it(by: signal.Signals, folder: Path, tmp_path_factory: Any) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    with serving("conf/site.toml", "--reload", cwd=folder, TMPDIR=str(temporary)) as server:
        server.answers("/hello/ann", (200, "hello"))

        assert server.ends(by=by) in {0, 1}
        assert [*temporary.iterdir()] == []
        assert "Traceback" not in server.log
