"""Writes of one process to one file: those that wait together are one transaction, on one thread.

Rules of this file:

- A write is acknowledged once it is committed. Its caller may be gone by then: it is done all the same.
- Each write of a transaction stands or falls alone.
- The thread is a worker of an executor: the interpreter's exit waits for what was accepted, and for nothing else.
"""

import sqlite3
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future as Job
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from toolkit.stores.contracts import StoreError
from toolkit.stores.sqlite.errors import Busy
from toolkit.stores.sqlite.file import File
from toolkit.stores.sqlite.transactions import Work, transact

T = TypeVar("T")

_TOGETHER = 500  # writes in one transaction at most


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    work: Work[Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class Writer:
    """The thread that writes a file.

    Args:
        file: What it writes.
        patience: Seconds to wait for other processes' locks.
        committed: Called in the thread after each transaction.
    """

    def __init__(self, file: File, patience: float, committed: Callable[[], None] = lambda: None) -> None:
        self._file = file
        self._patience = patience
        self._committed = committed
        self._waiting: deque[_Write] = deque()
        self._lock = Lock()
        self._draining = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="toolkit-sqlite")

    async def do(self, work: Work[T]) -> T:
        """What `work` returns, once what it wrote is committed. Raises StoreError."""
        future: Future[T] = get_running_loop().create_future()
        with self._lock:
            self._waiting.append(_Write(work, future))
            start, self._draining = not self._draining, True
        if start:
            self._submit(self._drain)
        return await future

    def soon(self, work: Work[Any]) -> None:
        """Do something with a connection in the thread, outside any transaction. What comes of it is not told."""

        def quietly() -> None:
            with suppress(StoreError):
                self._file.use(work)

        with suppress(StoreError):
            self._submit(quietly)

    def finish(self, last: Callable[[], None]) -> Job[None]:
        """Do what was accepted, then `last` in the thread, which ends then. Nothing may be asked of it any more."""
        finished = self._submit(last)
        self._thread.shutdown(wait=False)
        return finished

    def join(self) -> None:
        """Wait, in another thread, until what was accepted is done."""
        self._thread.shutdown(wait=True)

    def _submit(self, job: Callable[[], None]) -> Job[None]:
        try:
            return self._thread.submit(job)
        except RuntimeError as error:
            raise StoreError("the store is closed, or the interpreter is about to exit", self._file.url) from error

    def _drain(self) -> None:
        while writes := self._next():
            _deliver(zip((write.future for write in writes), self._outcomes(writes), strict=True))

    def _next(self) -> list[_Write]:
        with self._lock:
            count = min(len(self._waiting), _TOGETHER)
            self._draining = count > 0
            return [self._waiting.popleft() for _ in range(count)]

    def _outcomes(self, writes: list[_Write]) -> list[Any]:
        """What each write returned, or why it failed. Where they cannot be committed together, each has its own try."""
        try:
            outcomes = self._file.use(partial(transact, work=partial(_together, writes)), self._patience, look=True)
        except Busy as error:
            return [_Failed(self._waited_for(error)) for _ in writes]
        except StoreError as error:
            return [_Failed(error)] if len(writes) == 1 else [self._outcomes([write])[0] for write in writes]
        except Exception as error:
            return [_Failed(error)] * len(writes)
        self._committed()
        return [self._told(outcome) for outcome in outcomes]

    def _told(self, outcome: Any) -> Any:
        if isinstance(outcome, _Failed) and isinstance(outcome.error, sqlite3.Error):
            return _Failed(self._file.error(outcome.error))
        return outcome

    def _waited_for(self, busy: Busy) -> StoreError:
        error = StoreError(f"{busy.reason}: it was waited for during {self._patience:g} s", busy.url)
        error.__cause__ = busy.__cause__
        return error


def _together(writes: list[_Write], connection: sqlite3.Connection) -> list[Any]:
    if len(writes) == 1:
        return [writes[0].work(connection)]
    return [_apart(write.work, connection) for write in writes]


def _apart(work: Work[Any], connection: sqlite3.Connection) -> Any:
    """What one of several writes returns, or why it failed: then it wrote nothing, and the others are untouched.

    Raises the error if SQLite gave up the whole transaction because of it.
    """
    connection.execute("SAVEPOINT one")
    try:
        outcome = work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO one")
        outcome = _Failed(error)
    connection.execute("RELEASE one")
    return outcome


def _deliver(outcomes: Iterable[tuple[Future[Any], Any]]) -> None:
    """Tell the callers, each in its own loop."""
    loops: dict[AbstractEventLoop, list[tuple[Future[Any], Any]]] = defaultdict(list)
    for future, outcome in outcomes:
        loops[future.get_loop()].append((future, outcome))
    for loop, told in loops.items():
        with suppress(RuntimeError):  # it was closed meanwhile
            loop.call_soon_threadsafe(_set, told)


def _set(told: list[tuple[Future[Any], Any]]) -> None:
    for future, outcome in told:
        if future.done():
            continue  # its caller was cancelled
        if isinstance(outcome, _Failed):
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome)
