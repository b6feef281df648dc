"""What a process has open of a store, and how it gets through forks and to its end."""

import asyncio
import os
import sqlite3
import weakref
from collections.abc import Callable
from concurrent.futures import Future as Job
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from threading import Lock

from toolkit.stores.contracts import StoreError
from toolkit.stores.sqlite.file import File
from toolkit.stores.sqlite.schema import COUNTERS, VALUES
from toolkit.stores.sqlite.upkeep import Upkeep
from toolkit.stores.sqlite.watch import Watches
from toolkit.stores.sqlite.writer import Writer

_PAGES = 1000  # of the write-ahead log until they are copied


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a store: the file's absolute path, its URL as it may be shown, and the options of the URL."""

    path: str
    url: str
    synchronous: str
    timeout: float
    poll: float


class Opened:
    """The two files, a thread to write each, and who follows the logs.

    The counters are in a file of their own, `<path>-counters`: no commit there waits for the disk, nor for the commits
    of values. They survive the end of any process; a failure of power may cost the last ones, never the file.
    """

    def __init__(self, settings: Settings) -> None:
        self.pid: int = os.getpid()
        path, url, patience = settings.path, settings.url, settings.timeout
        self.values: File = File(
            path, VALUES, url, synchronous=settings.synchronous, checkpoint=_PAGES, patience=patience
        )
        self.counters: File = File(
            path + "-counters", COUNTERS, _beside(url), synchronous="NORMAL", checkpoint=0, patience=patience
        )
        self.watches: Watches = Watches(self.values, settings.poll)
        self.writer: Writer = Writer(self.values, patience, self.watches.wake)
        self.counting: Writer = Writer(self.counters, patience)
        self.upkeep: Upkeep = Upkeep(self.counting.soon)
        self._closing: Job[None] | None = None
        self._lock = Lock()
        _mind_forks(self, patience)
        weakref.finalize(self, _close_quietly, self.pid, [self.values, self.counters])

    @property
    def touched(self) -> bool:
        return self.values.touched or self.counters.touched

    async def close(self) -> None:
        """Wait for what was accepted. Who is cancelled meanwhile does not stop it."""
        with self._lock:
            if self._closing is None:
                self._closing = self.writer.finish(self._close)
        await asyncio.shield(asyncio.wrap_future(self._closing))

    def _close(self) -> None:
        self.counting.join()
        self.values.close()
        self.counters.close()
        self.watches.wake()


class Owner:
    """What all views of a store share: what this process has open, until the store is closed."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self.settings = settings
        self.now = now
        self.swept: float = -inf
        self._latest = 0
        self._opened = Opened(settings)
        self._closed = False

    def opened(self) -> Opened:
        """Raises StoreError once the store is closed, and in a process that was forked off while it was open."""
        if self._closed:
            raise StoreError("the store is closed", self.settings.url)
        if self._opened.pid != os.getpid():
            self._after_fork()
        return self._opened

    @property
    def upkeep(self) -> Upkeep:
        """That of the process; also for what was accepted before the store was closed."""
        return self._opened.upkeep

    def latest(self, now: int) -> int:
        """The latest time (µs) that this process ever counted at, this one included.

        What is given back goes by it: by a clock that was put back, units that have come back by themselves would be
        given back again.
        """
        self._latest = max(self._latest, now)
        return self._latest

    async def close(self) -> None:
        self._closed = True
        if self._opened.pid == os.getpid():
            await self._opened.close()

    def _after_fork(self) -> None:
        """Begin anew. Two threads may do so at once: one of them finds nothing to have been opened."""
        if self._opened.touched:
            reason = "it was open when this process was forked off, and cannot be used here: open it after the fork"
            raise StoreError(reason, self.settings.url)
        self._opened = Opened(self.settings)


def _beside(url: str) -> str:
    """The URL as errors of the counters' file show it."""
    file, mark, query = url.partition("?")
    return f"{file}-counters{mark}{query}"


def _mind_forks(opened: Opened, patience: float) -> None:
    """Have the files closed while the process forks. What is collected is minded no more."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(opened)

    def files() -> list[File]:
        found = reference()
        return [found.values, found.counters] if found and found.pid == os.getpid() else []

    def before() -> None:
        for file in files():
            file.pause(patience + 1)

    def after() -> None:
        for file in files():
            file.resume()

    os.register_at_fork(before=before, after_in_parent=after)


def _close_quietly(pid: int, files: list[File]) -> None:
    """For a store that nobody closed. SQLite's connections are left alone in any other process."""
    if pid == os.getpid():
        with suppress(sqlite3.Error):
            for file in files:
                file.close()
