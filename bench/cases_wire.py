"""Over the wire: uvicorn with httptools and uvloop, bare, with Starlette's CORS and with ours, under constant load."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from starlette.types import ASGIApp

from bench.cases_cors import LIST, is_right, starlette, toolkit
from bench.drive import Answer, bare
from bench.load import Load
from bench.measure import BARE, OURS, Case, Spent, WrongAnswerError
from bench.peers import peer
from bench.requests import CROSS_ORIGIN, PREFLIGHT, SAME_ORIGIN, Request

GROUP = "wire"
SAMPLE_NS = 20_000_000
APPS: Mapping[str, Callable[[], ASGIApp]] = {
    BARE: lambda: bare,
    OURS: lambda: toolkit(LIST),
    "Starlette": lambda: starlette(LIST),
}
_PATHS = {"no Origin": SAME_ORIGIN, "allowed": CROSS_ORIGIN, "preflight allowed": PREFLIGHT}


class Server:
    """A subject in a process of its own, which ends with this one."""

    def __init__(self, subject: str) -> None:
        command = [sys.executable, "-m", "bench.server", subject]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self._number()

    def cpu(self) -> int:
        """Nanoseconds of CPU time it has spent."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._number()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def cases(closing: ExitStack) -> Iterator[Case]:
    """Each subject on three paths."""
    for module in ("uvicorn", "httptools", "uvloop"):
        peer(module)
    servers = {subject: Server(subject) for subject in APPS}
    for server in servers.values():
        closing.callback(server.close)
    for row, request in _PATHS.items():
        yield from (_case(row, subject, server, request, closing) for subject, server in servers.items())


def _case(row: str, subject: str, server: Server, request: Request, closing: ExitStack) -> Case:
    load = Load(server.port, request.wire())
    closing.callback(load.close)

    async def run(count: int) -> Spent:
        cpu, wall = server.cpu(), time.perf_counter_ns()
        load.run(count)
        wall = time.perf_counter_ns() - wall
        return Spent(server.cpu() - cpu, wall)

    async def check() -> None:
        answer = _parsed(load.answer)
        if subject != BARE and not is_right(answer, request):
            raise WrongAnswerError(subject, row, answer)

    over = None if subject == BARE else BARE
    return Case(GROUP, row, subject, run, check, over=over, chunk=500, sample_ns=SAMPLE_NS)


def _parsed(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(status.split()[1]), headers, body)
