"""One database's file, as one process has it open: connections that are lent to whoever reads or writes.

Rules of this file:

- A connection is used by one thread at a time, and never by another process than the one that opened it. There are as
  many as there are threads that used the file at once.
- A process that forks closes its connections first and opens them anew: SQLite's locks belong to the process, and its
  bookkeeping of them would go on to the child, which would then write what the parent deletes.
- A file that is deleted or replaced while it is open is refused from then on: what is written to it would be lost.
"""

import os
import sqlite3
from collections.abc import Callable
from random import random
from threading import Condition
from time import monotonic, sleep
from typing import TypeVar

from toolkit.stores.contracts import StoreError
from toolkit.stores.sqlite.errors import Busy, is_busy, store_error, undoes_nothing_else
from toolkit.stores.sqlite.schema import Schema, prepare
from toolkit.stores.sqlite.transactions import Work

T = TypeVar("T")

_LOOK = 0.25  # seconds between two looks at whether the file is still there
_SHORTEST, _LONGEST = 50e-6, 5e-4  # seconds between two tries for a lock
_WAL_KEPT = 64 * 2**20  # bytes that the write-ahead log keeps on the disk at most, once it was emptied


class File:
    """A file and its connections.

    Args:
        path: Absolute.
        schema: What is in it.
        url: What errors call it.
        synchronous: FULL or NORMAL: whether each commit waits for the disk.
        checkpoint: Pages of the write-ahead log at which the connection that commits copies them; 0 for never.
        patience: Seconds to wait for another process's lock while the file is opened.
    """

    def __init__(
        self, path: str, schema: Schema, url: str, *, synchronous: str, checkpoint: int, patience: float
    ) -> None:
        self.path = path
        self.url = url
        self.ready: bool = False
        self._schema = schema
        self._settings = (
            f"PRAGMA synchronous = {synchronous}",
            f"PRAGMA wal_autocheckpoint = {checkpoint}",
            f"PRAGMA journal_size_limit = {_WAL_KEPT}",
            "PRAGMA cell_size_check = ON",
        )
        self._patience = patience
        self._idle: list[sqlite3.Connection] = []
        self._lent = 0
        self._changed = Condition()
        self._paused = False
        self._closed = False
        self._inode: tuple[int, int] | None = None
        self._looked = 0.0

    def use(self, work: Work[T], patience: float = 0.0, *, look: bool = False) -> T:
        """What `work` returns of a connection; it is tried again for `patience` seconds while others hold the lock.

        `look` makes sure first that the file is still there, which is otherwise done now and then. Raises StoreError,
        and Busy if the lock could not be had.
        """
        connection, sound = self._lend(look), False
        try:
            result = patiently(lambda: work(connection), patience)
            sound = True
            return result
        except sqlite3.Error as error:
            sound = undoes_nothing_else(error)
            raise self.error(error) from error
        finally:
            self._take_back(connection, sound)

    def use_now(self, work: Work[T], patience: float = 0.0) -> T:
        """As `use`, but raises Busy where the file is not open yet."""
        if not self.ready:
            raise Busy("the file is not open yet", self.url)
        return self.use(work, patience)

    def error(self, error: sqlite3.Error) -> StoreError:
        return store_error(error, self.path, self.url)

    @property
    def touched(self) -> bool:
        """Whether there are connections now."""
        return bool(self._idle) or self._lent > 0

    def pause(self, timeout: float) -> None:
        """Close all connections, and lend none until `resume`. Those in use are waited for, for so many seconds."""
        with self._changed:
            self._paused = True
            self._changed.wait_for(lambda: self._lent == 0, timeout)
            self._close_idle()

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def close(self) -> None:
        """Close all connections; those in use when they are given back."""
        with self._changed:
            self._closed = True
            self._close_idle()
            self._changed.notify_all()

    def _lend(self, look: bool) -> sqlite3.Connection:
        with self._changed:
            while self._paused:
                self._changed.wait()
            if self._closed:
                raise StoreError("the store is closed", self.url)
            if look or monotonic() - self._looked > _LOOK:
                self._require_the_same()
            connection = self._idle.pop() if self._idle else self._opened()
            self._lent += 1
            return connection

    def _take_back(self, connection: sqlite3.Connection, sound: bool) -> None:
        with self._changed:
            self._lent -= 1
            if sound and not self._closed and not connection.in_transaction:
                self._idle.append(connection)
            else:
                connection.close()
            self._changed.notify_all()

    def _opened(self) -> sqlite3.Connection:
        try:
            return patiently(self._connect, self._patience)
        except sqlite3.Error as error:
            raise self.error(error) from error

    def _connect(self) -> sqlite3.Connection:
        self._require_the_same()
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            for setting in self._settings:
                connection.execute(setting)
            if not self.ready:
                prepare(connection, self._schema, self.path, self.url)
            self._inode = self._inode or _inode(self.path)
        except BaseException:
            connection.close()
            raise
        self.ready = True
        return connection

    def _require_the_same(self) -> None:
        if self._inode is not None and _inode(self.path) != self._inode:
            self._close_idle()
            raise StoreError("the file was deleted or replaced while it was open: restart what uses it", self.url)
        self._looked = monotonic()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()


def patiently(work: Callable[[], T], patience: float) -> T:
    """What `work` returns; it is tried again for so many seconds while others hold the lock.

    SQLite's own waiting is for a millisecond at least, where a lock is held for a fiftieth of that, and up to 100.
    """
    end = monotonic() + patience
    pause = _SHORTEST
    while True:
        try:
            return work()
        except sqlite3.Error as error:
            if not is_busy(error) or monotonic() + pause > end:
                raise
        sleep(pause * (0.5 + random()))  # noqa: S311 - it only keeps processes from trying in step
        pause = min(2 * pause, _LONGEST)


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
