"""The tests' own machinery: serving an app over a socket, and a real browser that looks at it."""

import subprocess
import threading
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.servers import PROGRAMS, MissingProgramError, ensure, find, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(f"<title>{request.url.path}</title><p id=sum></p><script>sum.textContent = 20 + 22</script>")


def app(events: list[str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        events.append("startup")
        yield
        events.append("shutdown")

    return Starlette(routes=[Route("/{path:path}", page)], lifespan=lifespan)


def test_an_app_is_served_between_its_startup_and_its_shutdown() -> None:
    events: list[str] = []
    with serve(app(events)) as url:
        assert events == ["startup"]
        with urllib.request.urlopen(f"{url}/hello") as answer:
            assert b"<title>/hello</title>" in answer.read()
    assert events == ["startup", "shutdown"]
    assert "uvicorn" not in {thread.name for thread in threading.enumerate()}


def test_two_apps_are_served_at_once() -> None:
    with serve(app([])) as one, serve(app([])) as other:
        assert one != other
        for url in (one, other):
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200


def test_an_app_that_does_not_start_is_an_error() -> None:
    def broken(app: Starlette) -> AbstractAsyncContextManager[None]:
        raise OSError("no database")

    served = serve(Starlette(lifespan=broken), log_level="critical")
    with pytest.raises(RuntimeError, match="did not start"), served:
        pytest.fail("the block ran")
    assert "uvicorn" not in {thread.name for thread in threading.enumerate()}


def test_a_path_given_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_TEST_CHROMIUM", "/opt/my/chromium")
    assert find("chromium") == Path("/opt/my/chromium")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_missing_program_is_named_with_its_remedies(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(PROGRAMS[name].variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.servers.UNPACKED", tmp_path)
    monkeypatch.setattr("tests.servers.SYSTEM", tmp_path)
    with pytest.raises(MissingProgramError, match=f"{PROGRAMS[name].variable}") as problem:
        find(name)
    assert PROGRAMS[name].package in str(problem.value)


def test_of_several_versions_the_newest_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PROGRAMS["postgresql"].variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.servers.SYSTEM", tmp_path)
    for version in ("9.6", "15", "9.10"):
        binary = tmp_path / PROGRAMS["postgresql"].binary.replace("*", version)
        binary.parent.mkdir(parents=True)
        binary.touch(mode=0o755)
    assert find("postgresql") == tmp_path / "usr/lib/postgresql/15/bin/postgres"


@pytest.mark.parametrize("user", [0, 1000], ids=["root", "somebody"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_service_is_started_by_an_installation(
    name: str, user: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What would start one is unpacked for root too; PostgreSQL is told, while it is installed, to make no cluster."""
    program = PROGRAMS[name]
    installing = refuse_to_install(monkeypatch, tmp_path, user)
    with pytest.raises(MissingProgramError):
        ensure(name)
    assert ("--download-only" in installing[0]) is (user != 0 or program.service)
    assert ("create_main_cluster = false\n" in installing) is (user == 0 and name == "postgresql")
    assert not [path for setting in program.settings if (path := tmp_path / setting).exists()]


def refuse_to_install(monkeypatch: pytest.MonkeyPatch, system: Path, user: int) -> list[str]:
    """Where nothing is installed and no installation works: the command of the attempt, and the settings it finds."""
    seen: list[str] = []

    def run(*command: str) -> None:
        if "install" in command:
            seen.append(" ".join(command))
            seen.extend(path.read_text() for path in system.glob("etc/**/*.conf"))
            raise subprocess.CalledProcessError(100, command)

    monkeypatch.setattr("tests.servers._package_tool", run)
    monkeypatch.setattr("tests.servers._find", lambda program: None)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/apt-get")
    monkeypatch.setattr("os.geteuid", lambda: user)
    for name in ("SYSTEM", "UNPACKED", "CACHE"):
        monkeypatch.setattr(f"tests.servers.{name}", system)
    return seen


@pytest.mark.browser
def test_the_browser_renders_a_page_of_a_served_app(browser: "Browser") -> None:
    with serve(app([])) as url:
        page = browser.new_page()
        page.goto(f"{url}/seen")
        assert page.title() == "/seen"
        assert page.locator("#sum").inner_text() == "42"


@pytest.mark.browser
def test_the_browser_reaches_localhost_names_and_nothing_else(browser: "Browser") -> None:
    with serve(app([])) as url:
        page = browser.new_page()
        page.goto(url.replace("127.0.0.1", "app.localhost"))
        assert page.locator("#sum").inner_text() == "42"
        with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(url.replace("127.0.0.1", "app.example"))


async def test_async_tests_run_beside_browser_tests() -> None:
    with serve(app([])) as url:
        assert url.startswith("http://127.0.0.1:")


SKIPPING = """
import pytest

@pytest.mark.skip(reason="not today")
def test_marked(): ...

@pytest.mark.xfail
def test_expected(): assert False

def test_imperative(): pytest.skip("not here")
"""


def test_a_skipped_test_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makepyfile(SKIPPING)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"failed": 2, "errors": 1}


def test_a_skipped_module_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makepyfile("import pytest; pytest.importorskip('no_such_module', exc_type=ImportError)")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"errors": 1}
