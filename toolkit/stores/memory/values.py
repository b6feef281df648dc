"""Bytes by key in memory."""

from collections.abc import AsyncIterator

from toolkit.stores.checks import check_expires, check_group, check_key, check_value
from toolkit.stores.contracts import Item
from toolkit.stores.memory.space import Shared, Space

_OVERHEAD = 256  # bytes that an entry takes beside its key and its value
_SWEPT = 2  # expired entries for each one written
_SWEPT_FOR_ROOM = 100


class MemoryValues:
    """The contract `Store`, and `get_now`."""

    _shared: Shared
    _space: Space

    async def get(self, key: str) -> Item | None:
        return self.get_now(key)

    def get_now(self, key: str) -> Item | None:
        """As `get`."""
        item = self._space.items.get(key)
        if item is None:
            check_key(key)
            self._shared.require_open()
            return None
        return item if item.expires is None or item.expires > self._shared.now() else None

    async def put(self, key: str, value: bytes, expires: float | None = None, *, group: str | None = None) -> None:
        item = Item(check_value(value), check_expires(expires))
        check_key(key)
        check_group(group)
        with self._shared.lock:
            self._write(key, item)
            self._enter(key, group)

    async def touch(self, key: str, expires: float | None) -> bool:
        check_key(key)
        expires = check_expires(expires)
        with self._shared.lock:
            item = self._live(key)
            if item is not None:
                self._expire(key, item.expires, expires)
                self._space.items[key] = Item(item.value, expires)
            return item is not None

    async def replace(
        self, key: str, old: bytes | None, new: bytes, expires: float | None = None, *, group: str | None = None
    ) -> bool:
        made = Item(check_value(new), check_expires(expires))
        check_key(key)
        check_group(group)
        with self._shared.lock:
            item = self._live(key)
            if (item and item.value) != old:
                return False
            self._write(key, made)
            if old is None:
                self._enter(key, group)
            return True

    async def take(self, key: str) -> Item | None:
        check_key(key)
        with self._shared.lock:
            item = self._live(key)
            if item is not None:
                self._forget(key, item)
            return item

    async def delete(self, key: str) -> bool:
        return await self.take(key) is not None

    async def members(self, group: str) -> AsyncIterator[tuple[str, Item]]:
        check_key(group, "a group")
        self._shared.require_open()
        with self._shared.lock:
            keys = list(self._space.groups.get(group, ()))
        for key in keys:
            item = self.get_now(key)
            if item is not None and self._space.group_of.get(key) == group:
                yield key, item

    def _live(self, key: str) -> Item | None:
        self._shared.require_open()
        item = self._space.items.get(key)
        return item if item is None or item.expires is None or item.expires > self._shared.now() else None

    def _write(self, key: str, item: Item) -> None:
        """Set the value and its expiry; it keeps the group that the key had. Raises StoreError if there is no room."""
        self._shared.require_open()
        self._sweep(_SWEPT)
        before = self._space.items.get(key)
        size = len(item.value) - len(before.value) if before else _size(key, item)
        if self._shared.used + size > self._shared.max_bytes and size > 0:
            size = self._room(key, item)
        self._space.items[key] = item
        self._shared.used += size
        self._expire(key, before.expires if before else None, item.expires)

    def _room(self, key: str, item: Item) -> int:
        """What the entry takes more than now, once more has been swept."""
        self._sweep(_SWEPT_FOR_ROOM)
        before = self._space.items.get(key)
        size = len(item.value) - len(before.value) if before else _size(key, item)
        self._shared.require_room(size)
        return size

    def _enter(self, key: str, group: str | None) -> None:
        """Leave the group of before and enter this one."""
        groups, group_of = self._space.groups, self._space.group_of
        before = group_of.pop(key, None)
        if before is not None:
            groups[before].pop(key, None)
            if not groups[before]:
                del groups[before]
        if group is not None:
            group_of[key] = group
            groups.setdefault(group, {})[key] = None

    def _expire(self, key: str, before: float | None, after: float | None) -> None:
        if before is not None:
            self._space.expiries.discard(key, before)
        if after is not None:
            self._space.expiries.add(key, after)

    def _forget(self, key: str, item: Item) -> None:
        del self._space.items[key]
        self._shared.used -= _size(key, item)
        self._expire(key, item.expires, None)
        self._enter(key, None)

    def _sweep(self, most: int) -> None:
        now = self._shared.now()
        for _ in range(most):
            key = self._space.expiries.due(now)
            if key is None:
                return
            self._forget(key, self._space.items[key])


def _size(key: str, item: Item) -> int:
    return len(key) + len(item.value) + _OVERHEAD
