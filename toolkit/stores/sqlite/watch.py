"""Who waits for the next event of a log. Other processes' commits are seen by looking for them, one's own at once.

While somebody waits, each event loop looks at `PRAGMA data_version` every so many seconds. Only when that has changed
does it look which of the logs have, and wakes who waits for those.
"""

import sqlite3
from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from toolkit.stores.contracts import StoreError
from toolkit.stores.sqlite.errors import Busy
from toolkit.stores.sqlite.file import File

_IDS = 500  # in one query


class Seen(NamedTuple):
    """A log as a reader knows it: its id (None if there is none yet) and its last number."""

    id: int | None
    last: int


class Watches:
    """Those who wait, in all event loops of a process."""

    def __init__(self, file: File, every: float) -> None:
        self._file = file
        self._every = every
        self._watches: dict[AbstractEventLoop, _Watch] = {}
        self._lock = Lock()

    async def changed(self, seen: Seen) -> None:
        """Wait until a log is no longer what was seen of it; it may be a false alarm."""
        loop = get_running_loop()
        with self._lock:
            watch = self._watches.get(loop)
            if watch is None:
                watch = self._watches[loop] = _Watch(self._file, self._every, loop, self._forget)
        await watch.changed(seen)

    def wake(self) -> None:
        """There was a commit, or the store is closed. From any thread."""
        with self._lock:
            for loop in list(self._watches):
                try:
                    loop.call_soon_threadsafe(self._watches[loop].look_closely)
                except RuntimeError:  # it was closed
                    del self._watches[loop]

    def _forget(self, loop: AbstractEventLoop) -> None:
        with self._lock:
            self._watches.pop(loop, None)


class _Watch:
    """Those who wait in one loop."""

    def __init__(
        self, file: File, every: float, loop: AbstractEventLoop, forget: Callable[[AbstractEventLoop], None]
    ) -> None:
        self._waiting: dict[Future[None], Seen] = {}
        self._file = file
        self._every = every
        self._loop = loop
        self._forget = forget
        self._timer: TimerHandle | None = None
        self._version: tuple[sqlite3.Connection, int] | None = None

    async def changed(self, seen: Seen) -> None:
        future: Future[None] = self._loop.create_future()
        self._waiting[future] = seen
        self._version = None  # something may have changed since it was seen
        self._timer = self._timer or self._loop.call_later(self._every, self._tick)
        try:
            await future
        finally:
            del self._waiting[future]

    def look_closely(self) -> None:
        """After a commit of this process, which its own connection's version does not tell of."""
        self._version = None
        self._look()

    def _look(self) -> None:
        """Wake those whose logs have changed; all of them if the file cannot be read, so that they find out."""
        try:
            changed = self._file.use_now(self._changed)
        except Busy:
            return
        except StoreError:
            changed = list(self._waiting)
        for future in changed:
            if not future.done():
                future.set_result(None)

    def _tick(self) -> None:
        self._timer = None
        if self._waiting:
            self._look()
            self._timer = self._loop.call_later(self._every, self._tick)
        else:
            self._forget(self._loop)

    def _changed(self, connection: sqlite3.Connection) -> list[Future[None]]:
        """The version is one connection's own count of the commits of others."""
        version = connection, connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return []
        self._version = version
        ids = [seen.id for seen in self._waiting.values() if seen.id is not None]
        found = {log: Seen(log, last) for log, last in _lasts(connection, ids)}
        return [future for future, seen in self._waiting.items() if seen.id is None or found.get(seen.id) != seen]


def _lasts(connection: sqlite3.Connection, ids: list[int]) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    for start in range(0, len(ids), _IDS):
        some = ids[start : start + _IDS]
        marks = ",".join("?" * len(some))
        rows += connection.execute(f"SELECT id, last FROM log WHERE id IN ({marks})", some)  # noqa: S608 - marks only
    return rows
