"""Bytes by key in SQLite."""

import sqlite3
from collections.abc import AsyncIterator
from functools import partial

from toolkit.stores.checks import check_expires, check_group, check_key, check_value
from toolkit.stores.contracts import Item
from toolkit.stores.sqlite.view import View

_SWEPT = 100  # expired items at most
_EVERY = 1.0  # seconds between two sweeps at least
_PAGE = 100  # members, or _BYTES of their values, in one query
_BYTES = 2**20

_GET = "SELECT value, expires FROM item WHERE namespace = ? AND key = ? AND (expires IS NULL OR expires > ?)"
_PUT = """INSERT INTO item (namespace, key, members, expires, value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (namespace, key) DO UPDATE SET members = excluded.members, expires = excluded.expires,
    value = excluded.value"""
_SET = "UPDATE item SET value = ?, expires = ? WHERE namespace = ? AND key = ?"
_TOUCH = "UPDATE item SET expires = ? WHERE namespace = ? AND key = ? AND (expires IS NULL OR expires > ?)"
_DELETE = "DELETE FROM item WHERE namespace = ? AND key = ?"
_DELETE_LIVE = "DELETE FROM item WHERE namespace = ? AND key = ? AND (expires IS NULL OR expires > ?)"
_SWEEP = "DELETE FROM item WHERE id IN (SELECT id FROM item WHERE expires <= ? ORDER BY expires LIMIT ?)"
# In the order of keys: whatever is written meanwhile, none comes twice.
_MEMBERS = """SELECT key, value, expires FROM item
    WHERE namespace = ? AND members = ? AND key > ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?"""


class SQLiteValues(View):
    """The contract `Store`, and `get_now`."""

    async def get(self, key: str) -> Item | None:
        return await self._read(partial(self._item, check_key(key)))

    def get_now(self, key: str) -> Item | None:
        """As `get`, for who cannot await. It waits a quarter of a second at most for another process's lock."""
        return self._read_now(partial(self._item, check_key(key)))

    async def put(self, key: str, value: bytes, expires: float | None = None, *, group: str | None = None) -> None:
        made = Item(check_value(value), check_expires(expires))
        await self._write(partial(self._put, check_key(key), made, check_group(group)))

    async def touch(self, key: str, expires: float | None) -> bool:
        row = check_expires(expires), self._namespace, check_key(key)
        return await self._write(lambda file: file.execute(_TOUCH, (*row, self._owner.now())).rowcount > 0)

    async def replace(
        self, key: str, old: bytes | None, new: bytes, expires: float | None = None, *, group: str | None = None
    ) -> bool:
        made = Item(check_value(new), check_expires(expires))
        return await self._write(partial(self._replace, check_key(key), old, made, check_group(group)))

    async def take(self, key: str) -> Item | None:
        return await self._write(partial(self._take, check_key(key)))

    async def delete(self, key: str) -> bool:
        row = self._namespace, check_key(key)
        return await self._write(lambda file: file.execute(_DELETE_LIVE, (*row, self._owner.now())).rowcount > 0)

    async def members(self, group: str) -> AsyncIterator[tuple[str, Item]]:
        check_key(group, "a group")
        key = ""
        while found := await self._read(partial(self._members, group, key)):
            for key, item in found:
                yield key, item

    def _item(self, key: str, file: sqlite3.Connection) -> Item | None:
        row = file.execute(_GET, (self._namespace, key, self._owner.now())).fetchone()
        return Item(*row) if row else None

    def _put(self, key: str, made: Item, group: str | None, file: sqlite3.Connection) -> None:
        self._sweep(file)
        file.execute(_PUT, (self._namespace, key, group, made.expires, made.value))

    def _replace(self, key: str, old: bytes | None, made: Item, group: str | None, file: sqlite3.Connection) -> bool:
        item = self._item(key, file)
        if (item and item.value) != old:
            return False
        if old is None:
            self._put(key, made, group, file)
        else:
            file.execute(_SET, (made.value, made.expires, self._namespace, key))
        return True

    def _take(self, key: str, file: sqlite3.Connection) -> Item | None:
        item = self._item(key, file)
        if item:
            file.execute(_DELETE, (self._namespace, key))
        return item

    def _members(self, group: str, after: str, file: sqlite3.Connection) -> list[tuple[str, Item]]:
        row = self._namespace, group, after, self._owner.now(), _PAGE
        found: list[tuple[str, Item]] = []
        size = 0
        for key, value, expires in file.execute(_MEMBERS, row):
            found.append((key, Item(value, expires)))
            size += len(value)
            if size > _BYTES:
                break
        return found

    def _sweep(self, file: sqlite3.Connection) -> None:
        now = self._owner.now()
        if abs(now - self._owner.swept) >= _EVERY:
            self._owner.swept = now
            file.execute(_SWEEP, (now, _SWEPT))
