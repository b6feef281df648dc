"""A server program that a test starts, kills, pauses and starts again, and that never outlives the tests."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Any, Self

WAIT_SECONDS = 15
POLL_SECONDS = 0.004
# Below every system's ephemeral ports: while a server is down, no client's own end takes its port.
PORTS = range(20_000, 32_000)
# Told the process id at each start and an empty line at each end. Its input ends when the tests' process does.
WATCHER = """
pid=
while read -r line; do pid=$line; done
if [ "$pid" ]; then
  children=$(cat "/proc/$pid/task/$pid/children")
  kill -CONT $pid $children
  kill "-$1" $pid
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $pid || break; sleep 0.1; done
  kill -KILL $pid $children
fi
rm -rf "$2"
"""


class ServerError(Exception):
    """A server that did not do as told. `log` is what it wrote."""

    def __init__(self, what: str, log: str) -> None:
        self.what, self.log = what, log
        super().__init__(f"{what}; its log ends with:\n{log[-4000:]}")


class ServerProcess(ABC):
    """A server on a port of 127.0.0.1 with its data in a folder: a context manager, or to be told `start` and `stop`.

    A shell watches over it: when the tests' process ends, in whatever way, the shell ends the server with the signal
    `abrupt` and removes the folder. (Linux' parent-death signal would come when the *thread* that started it ends.)
    """

    graceful: signal.Signals
    abrupt: signal.Signals

    def __init__(self, password: str | None, parent: Path | None = None) -> None:
        self.port = free_port()
        self.password = password
        self.folder = Path(tempfile.mkdtemp(prefix="toolkit-", dir=parent))
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = _watch(self.abrupt, self.folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """How a client reaches it over TCP."""

    @property
    @abstractmethod
    def unix_url(self) -> str:
        """How a client reaches it over its socket."""

    @property
    def pid(self) -> int:
        """The process id. Raises RuntimeError if it does not run."""
        return self._running().pid

    @property
    def runs(self) -> bool:
        """Whether its process is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that the server wrote about itself."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start, and wait until it answers. Raises ServerError if it ends instead, or takes too long."""
        if self.runs:
            raise RuntimeError(f"{type(self).__name__} runs already")
        self._prepare()
        self._process = self._spawn()
        _tell(self._watcher, str(self.pid))
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{type(self).__name__} did not start", self.log)
            time.sleep(POLL_SECONDS)

    def shutdown(self) -> None:
        """End it as an administrator would; the data stays for `start`. Raises ServerError if it takes too long."""
        process = self._running()
        self.resume()
        process.send_signal(self.graceful)
        try:
            process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(f"{type(self).__name__} did not shut down", self.log) from None
        self._ended()

    def restart(self) -> None:
        """`shutdown` and `start`."""
        self.shutdown()
        self.start()

    def kill(self) -> None:
        """SIGKILL, to the processes that it started itself too; the data stays for `start`."""
        process, children = self._running(), _children(self.pid)
        process.kill()
        process.wait()
        _signal(children, signal.SIGKILL)
        _wait_until_gone(children)
        self._ended()

    def pause(self) -> None:
        """Stop every process of it where it stands: connections stay open and nothing is answered."""
        _signal([self.pid, *_children(self.pid)], signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        _signal([self.pid, *_children(self.pid)], signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs, and remove its data."""
        try:
            if self.runs:
                self.shutdown()
        finally:
            self._clean()
            _dismiss(self._watcher)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} does not run")
        return self._process

    def _ended(self) -> None:
        self._process = None
        _tell(self._watcher, "")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt at the terminal is for the tests, which then end the server
                **self._identity(),
            )

    def _identity(self) -> dict[str, Any]:
        """Popen's arguments for another user than the tests'."""
        return {}

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data, if there is none yet."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _is_ready(self) -> bool: ...

    @abstractmethod
    def _clean(self) -> None:
        """Remove what a killed server left outside its folder."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on. Raises OSError if there is none."""
    for port in SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"none of 100 ports of {PORTS} is free")


def _watch(abrupt: signal.Signals, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", WATCHER, "watcher", abrupt.name.removeprefix("SIG"), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _tell(watcher: subprocess.Popen[bytes], line: str) -> None:
    assert watcher.stdin is not None
    watcher.stdin.write(f"{line}\n".encode())
    watcher.stdin.flush()


def _dismiss(watcher: subprocess.Popen[bytes]) -> None:
    """The end of its input tells the watcher to remove the folder."""
    watcher.communicate(timeout=WAIT_SECONDS)


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _runs(pid: int) -> bool:
    """Whether there is such a process that is more than a name in the table of processes."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
