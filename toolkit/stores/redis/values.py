"""Bytes by key in Redis."""

from collections.abc import AsyncIterator, Sequence
from math import floor
from typing import Any, NamedTuple

from toolkit.stores.checks import check_expires, check_group, check_key, check_value
from toolkit.stores.contracts import Item
from toolkit.stores.redis.keys import Keys
from toolkit.stores.redis.loops import Loops
from toolkit.stores.redis.scripts import VALUES

_SCANNED = 100  # names that are looked for in one step
_FARTHEST = 2**43  # seconds; Redis knows no later end, and what ends then is kept as if for ever


class RedisValues:
    """The contract `Store`. What has expired is decided by the server's clock."""

    _loops: Loops
    _keys: Keys

    async def get(self, key: str) -> Item | None:
        name = self._keys.value(check_key(key))
        local = await self._loops.local()
        return await local.client.ask("HMGET", name, "v", "e", read=_item, again=True)

    async def put(self, key: str, value: bytes, expires: float | None = None, *, group: str | None = None) -> None:
        check_key(key)
        await self._done("put", key, check_value(value), *_end(expires), *_given(group))

    async def touch(self, key: str, expires: float | None) -> bool:
        check_key(key)
        return await self._done("touch", key, *_end(expires))

    async def replace(
        self, key: str, old: bytes | None, new: bytes, expires: float | None = None, *, group: str | None = None
    ) -> bool:
        check_key(key)
        check_value(new)
        end, entered = _end(expires), _given(group)
        if old is None:
            return await self._done("insert", key, new, *end, *entered)
        return await self._done("replace", key, new, *end, check_value(old))

    async def take(self, key: str) -> Item | None:
        check_key(key)
        local = await self._loops.local()
        return await local.client.run(VALUES, (self._keys.value(key),), self._words("take", key), _item)

    async def delete(self, key: str) -> bool:
        check_key(key)
        return await self._done("delete", key)

    async def members(self, group: str) -> AsyncIterator[tuple[str, Item]]:
        """A group is gone through as Redis does, which may show a name twice: those are remembered meanwhile."""
        check_key(group, "a group")
        seen: set[bytes] = set()
        cursor = b"0"
        while True:
            local = await self._loops.local()
            name = self._keys.groups + group
            cursor, names = await local.client.ask("ZSCAN", name, cursor, "COUNT", _SCANNED, read=_scanned, again=True)
            new = [name for name in dict.fromkeys(names) if name not in seen]
            seen.update(new)
            while new:
                page = await self._members_among(group, new[:_SCANNED])
                for member in page.members:
                    yield member
                new = new[page.looked_at :]
            if cursor == b"0":
                return

    async def _members_among(self, group: str, names: Sequence[bytes]) -> "_Page":
        local = await self._loops.local()
        words = (*self._words("members", group), self._keys.values, *names)
        return await local.client.run(VALUES, (self._keys.groups + group,), words, _page, again=True)

    async def _done(self, what: str, key: str, *words: Any) -> bool:
        local = await self._loops.local()
        return await local.client.run(VALUES, (self._keys.value(key),), (*self._words(what, key), *words), _is_one)

    def _words(self, what: str, name: str) -> tuple[str, str, str]:
        return what, self._keys.groups, name


class _Page(NamedTuple):
    """The members among the first so many names."""

    looked_at: int
    members: list[tuple[str, Item]]


def _end(expires: float | None) -> tuple[str, str]:
    """The expiry as it is kept, and the last millisecond in which the key is there: at `expires` it no longer is."""
    end = check_expires(expires)
    if end is None:
        return "", ""
    return repr(end), str(max(1, floor(min(end, _FARTHEST) * 1000) - 1 if end > 0 else 1))


def _given(group: str | None) -> tuple[str, ...]:
    return () if check_group(group) is None else (group or "",)


def _item(reply: Sequence[bytes | None]) -> Item | None:
    value, expires = reply
    return None if value is None else _made(value, expires or b"")


def _made(value: bytes, expires: bytes) -> Item:
    return Item(value, float(expires) if expires else None)


def _is_one(reply: int) -> bool:
    return {0: False, 1: True}[reply]


def _scanned(reply: tuple[bytes, list[bytes]]) -> tuple[bytes, list[bytes]]:
    """Where to go on, and names; with each comes its score."""
    cursor, found = reply
    return cursor, found[::2]


def _page(reply: list[Any]) -> _Page:
    looked_at, *found = reply
    rows = zip(found[::3], found[1::3], found[2::3], strict=True)
    return _Page(int(looked_at), [(key.decode(), _made(value, expires)) for key, value, expires in rows])
