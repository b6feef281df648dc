"""Logs in SQLite."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import NamedTuple

from toolkit.stores.checks import check_events, check_key, check_number
from toolkit.stores.contracts import StoreError, Trimmed
from toolkit.stores.sqlite.view import View
from toolkit.stores.sqlite.watch import Seen

_PAGE = 100  # events, or _BYTES of them, in one query
_BYTES = 2**20

_LOG = "SELECT id, first, last FROM log WHERE namespace = ? AND name = ?"
_NEW = "INSERT INTO log (namespace, name, first, last) VALUES (?, ?, 1, 0)"
_LAST = "UPDATE log SET last = ? WHERE id = ?"
_FIRST = "UPDATE log SET first = ? WHERE id = ?"
_DROP = "DELETE FROM log WHERE id = ?"
_ADD = "INSERT INTO event (log, number, data) VALUES (?, ?, ?)"
_EVENTS = "SELECT number, data FROM event WHERE log = ? AND number > ? ORDER BY number LIMIT ?"
_FORGET = "DELETE FROM event WHERE log = ? AND number <= ?"


class _Row(NamedTuple):
    """A log as it is stored; its id is None if there is none."""

    id: int | None
    first: int
    last: int


class _Page(NamedTuple):
    """The log, and the next of its events."""

    log: _Row
    events: list[tuple[int, bytes]]


class SQLiteLog(View):
    """The contract `Log`."""

    async def append(self, name: str, after: int, events: Sequence[bytes]) -> int | None:
        return await self._write(partial(self._append, _name(name), check_number(after), check_events(events)))

    async def read(self, name: str, since: int, *, follow: bool = False) -> AsyncIterator[tuple[int, bytes]]:
        _name(name)
        seen = check_number(since)
        known = None
        while True:
            log, events = await self._read_together(partial(self._page, name, seen))
            known = self._same(known, log)
            self._require_next(log, seen)
            for seen, event in events:
                yield seen, event
            if not events and not follow:
                return
            if not events:
                await self._owner.opened().watches.changed(Seen(log.id, log.last))

    async def last(self, name: str) -> int:
        return (await self._read(partial(self._log, _name(name)))).last

    async def trim(self, name: str, upto: int) -> None:
        await self._write(partial(self._trim, _name(name), check_number(upto)))

    async def drop(self, name: str) -> None:
        await self._write(partial(self._drop, _name(name)))

    def _append(self, name: str, after: int, events: list[bytes], file: sqlite3.Connection) -> int | None:
        log = self._log(name, file)
        if log.last != after:
            return None
        id = log.id or file.execute(_NEW, (self._namespace, name)).lastrowid
        file.executemany(_ADD, ((id, number, event) for number, event in enumerate(events, after + 1)))
        file.execute(_LAST, (after + len(events), id))
        return after + len(events)

    def _trim(self, name: str, upto: int, file: sqlite3.Connection) -> None:
        log = self._log(name, file)
        if upto >= log.first:
            file.execute(_FIRST, (min(upto, log.last) + 1, log.id))
            file.execute(_FORGET, (log.id, upto))

    def _drop(self, name: str, file: sqlite3.Connection) -> None:
        log = self._log(name, file)
        file.execute(_FORGET, (log.id, log.last))
        file.execute(_DROP, (log.id,))

    def _page(self, name: str, since: int, file: sqlite3.Connection) -> _Page:
        log = self._log(name, file)
        events: list[tuple[int, bytes]] = []
        size = 0
        for number, data in file.execute(_EVENTS, (log.id, since, _PAGE)):
            events.append((number, data))
            size += len(data)
            if size > _BYTES:
                break
        return _Page(log, events)

    def _log(self, name: str, file: sqlite3.Connection) -> _Row:
        row = file.execute(_LOG, (self._namespace, name)).fetchone()
        return _Row(*row) if row else _Row(None, 1, 0)

    def _same(self, known: int | None, log: _Row) -> int | None:
        """The log's id. Raises StoreError if another, or none, has taken the place of the known one."""
        if known is not None and log.id != known:
            raise StoreError("the log was dropped while it was read", self._owner.settings.url)
        return log.id

    def _require_next(self, log: _Row, since: int) -> None:
        if since > log.last:
            raise StoreError(f"the log ends at {log.last}, before {since}", self._owner.settings.url)
        if since + 1 < log.first:
            raise Trimmed(log.first)


def _name(name: str) -> str:
    return check_key(name, "the name of a log")
