"""The command line: in this process, and as people run it, with real streams and a status of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from importlib import invalidate_caches
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from toolkit.cli import main

T = TypeVar("T")

MODULE = (sys.executable, "-m", "toolkit")
SCRIPT = (str(Path(sys.executable).with_name("toolkit")),)
SECONDS = 40  # a machine under load is slow; nothing waits so long where all is well

GOOD = """\
[[middleware]]
use = "cors"
allow_origins = ["https://app.example"]

[[route]]
match = "GET /open"
cors = false

[[handler]]
path = "/hello/{name}"
use = "respond"
text = "hello"
"""
BAD = """\
[[middleware]]
use = "cors"
alow_origins = ["https://app.example"]
allow_origins = ["https://app.example"]
max_age = "soon"
"""


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what changes how output looks, and with `changes`."""
    hidden = {"NO_COLOR", "COLUMNS", "LINES", "TOOLKIT_DEBUG", "PYTHONPATH", "TERM", "WEB_CONCURRENCY", "FORCE_COLOR"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "TERM": "xterm", **changes}


def run(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process, of which nothing is left changed."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2))
    with _inside(cwd, env or environment(COLUMNS="100")), redirect_stdout(out), redirect_stderr(err):
        try:
            status: Any = main(arguments)
        except SystemExit as ended:
            status = ended.code
    return subprocess.CompletedProcess(arguments, status, *map(_written, (out, err)))


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def _inside(folder: Path, env: dict[str, str]) -> Iterator[None]:
    """As in a new process: in this folder, with this environment, and with none of its modules imported."""
    before, known, path = dict(os.environ), set(sys.modules), [*sys.path]
    try:
        with chdir(folder):
            os.environ.clear()
            os.environ.update(env)
            invalidate_caches()
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = path
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(folder)):
                del sys.modules[name]


def process(
    *arguments: str, cwd: Path, command: tuple[str, ...] = MODULE, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a process of its own."""
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def until(found: Callable[[], T | None], what: str) -> T:
    """What `found` returns once it returns something. Raises AssertionError when it takes too long."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        result = found()
        if result is not None:
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited too long: {what}")


class Served:
    """A `toolkit serve` process on a free port of 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it has written to its streams."""
        return self._log.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Where it listens, once it says so."""
        return until(self._url, f"the server to listen; its log:\n{self.log}")

    def get(self, path: str) -> tuple[int, str]:
        """The status and the body that a path is answered with, once somebody answers."""
        return until(lambda: self._answer(path), f"an answer to {path}; the log:\n{self.log}")

    def shows(self, text: str, since: Path | None = None) -> str:
        """The log, once it holds `text`; `since` is a file whose change leads to it."""
        log = _touching(since, lambda: self.log if text in self.log else None)
        return until(log, f"{text!r} in the log:\n{self.log}")

    def answers(self, path: str, expected: tuple[int, str], since: Path | None = None) -> None:
        """Wait until a path is answered so; `since` is a file whose change leads to it."""
        found = _touching(since, lambda: True if self._answer(path) == expected else None)
        until(found, f"{expected} from {path}; the log:\n{self.log}")

    def ends(self, by: signal.Signals) -> int:
        """Send it a signal, and wait for its status."""
        self.process.send_signal(by)
        return self.process.wait(SECONDS)

    def _url(self) -> str | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}; its log:\n{self.log}")
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log)
        return found[0] if found else None

    def _answer(self, path: str) -> tuple[int, str] | None:
        try:
            with urlopen(f"{self.url}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except HTTPError as refused:
            with refused:
                return refused.code, ""
        except (URLError, ConnectionError, TimeoutError):  # it is just being started again
            return None


def _touching(file: Path | None, found: Callable[[], T | None]) -> Callable[[], T | None]:
    """`found`, touching a file every few seconds: a reloader overlooks what changed before its first look around."""
    touched = time.monotonic()

    def look() -> T | None:
        nonlocal touched
        if file is not None and time.monotonic() - touched > 5:
            touched = time.monotonic()
            file.touch()
        return found()

    return look


@contextmanager
def serving(*arguments: str, cwd: Path, **options: Any) -> Iterator[Served]:
    """`toolkit serve` with these arguments while the block runs; whatever happens, nothing of it is left."""
    log = Path(tempfile.mkdtemp(dir=cwd)) / "log"
    command = [*MODULE, "serve", *arguments, "--port", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(**options),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield Served(process, log)
    finally:
        _end_all(process)


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started, which are all of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(SECONDS)


def is_alive(pid: int) -> bool:
    """Whether a process runs, and is not merely waited for."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
