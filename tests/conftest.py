"""Fixtures that every test may ask for, and the rule that no test is skipped."""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.servers import find

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSER_OPTIONS = [
    "--no-sandbox",  # root cannot have one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine can be reached, even if a page names another host.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE *.localhost",
]

# Examples are not timed one by one: a machine under load would fail what is correct.
settings.register_profile("toolkit", deadline=None)
settings.load_profile("toolkit")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; a test that wants trio too parametrises `anyio_backend` itself."""
    return "asyncio"


@pytest.fixture
def browser() -> Iterator["Browser"]:
    """A Chromium of the test's own, for plain `def` tests marked `browser`.

    Playwright's synchronous API keeps an event loop running in this thread for as long as it is open. It is opened and
    closed within one test, which takes about a second, so that async tests do not meet that loop.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  the compatibility runs have no Playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find("chromium"), args=BROWSER_OPTIONS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A test that is skipped, or expected to fail, fails."""
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"Not run for its result: {report.longrepr}"
