"""What keeps the counters' file small: expired rows are deleted, and the write-ahead log is copied, as decisions come.

Rules of this file:

- The sweep keeps pace with whatever comes: each counter written pays for a look at two others, in turn. So the file
  holds what is live and what was written during one round, and no index of expiries has to be kept.
- The copying waits for the disk, and so is left to the thread.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from toolkit.stores.sqlite.transactions import Work

_LOOKS = 2  # at old rows for each that is written
_ROWS = 128  # looked at together
_COMMITS = 500  # between two copies of the write-ahead log
_LARGE = 4000  # pages of it at which writers are kept out while its end is copied, so that it begins anew
_WAIT = 20  # milliseconds to wait for the writers that are to be kept out

_FIRST = ("", "", "")
_NEXT = """SELECT namespace, rate, key, expiry FROM counter WHERE (namespace, rate, key) > (?, ?, ?)
    ORDER BY namespace, rate, key LIMIT ?"""
_DELETE = "DELETE FROM counter WHERE namespace = ? AND rate = ? AND key = ?"


class Upkeep:
    """Of one file. It is told of each write within its transaction, hence by one thread at a time."""

    def __init__(self, later: Callable[[Work[Any]], None]) -> None:
        self._later = later
        self._place = _FIRST
        self._due = 0
        self._commits = 0

    def counted(self, file: sqlite3.Connection, now: int, rows: int) -> None:
        """So many rows were written, at `now` (µs)."""
        self._due += _LOOKS * rows
        if self._due >= _ROWS:
            self._due = 0
            self._sweep(file, now)
        self._commits += 1
        if self._commits >= _COMMITS:
            self._commits = 0
            self._later(copy)

    def _sweep(self, file: sqlite3.Connection, now: int) -> None:
        rows = file.execute(_NEXT, (*self._place, _ROWS)).fetchall()
        self._place = rows[-1][:3] if len(rows) == _ROWS else _FIRST
        file.executemany(_DELETE, [row[:3] for row in rows if row[3] <= now])


def copy(file: sqlite3.Connection) -> None:
    """Copy the write-ahead log into the database. Writers go on meanwhile, until it has grown large.

    It begins anew with the first write that finds it copied whole, which under steady load none does.
    """
    _, pages, _ = file.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages > _LARGE:
        file.execute(f"PRAGMA busy_timeout = {_WAIT}")
        file.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        file.execute("PRAGMA busy_timeout = 0")
