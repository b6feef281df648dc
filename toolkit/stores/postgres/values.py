"""Bytes by key in PostgreSQL."""

from collections.abc import AsyncGenerator
from contextlib import suppress

from toolkit.stores.checks import check_expires, check_key, check_value
from toolkit.stores.contracts import Item, StoreError
from toolkit.stores.postgres.owner import Owner
from toolkit.stores.postgres.sweeper import Sweeper


def _filled(statement: str, time: str = "$3") -> str:
    """`time` is the parameter that the time is, or null for the server's."""
    live = "namespace = $1 AND key = $2 AND (expires IS NULL OR expires > {time})"
    now = f"coalesce({time}::float8, extract(epoch FROM clock_timestamp())::float8)"
    return statement.replace("{live}", live).replace("{time}", now)


_GET = _filled("SELECT data, expires FROM {schema}.value WHERE {live}")
_PUT = """
    INSERT INTO {schema}.value (namespace, key, data, expires, "group") VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (namespace, key) DO UPDATE
    SET data = excluded.data, expires = excluded.expires, "group" = excluded."group"
"""
_TOUCH = _filled("UPDATE {schema}.value SET expires = $4 WHERE {live} RETURNING 1")
_REPLACE = _filled("UPDATE {schema}.value SET data = $4, expires = $5 WHERE {live} AND data = $6 RETURNING 1")
_INSERT = _filled("""
    INSERT INTO {schema}.value AS held (namespace, key, data, expires, "group") VALUES ($1, $2, $4, $5, $6)
    ON CONFLICT (namespace, key) DO UPDATE
    SET data = excluded.data, expires = excluded.expires, "group" = excluded."group"
    WHERE held.expires <= {time} RETURNING 1
""")
_TAKE = _filled("DELETE FROM {schema}.value WHERE {live} RETURNING data, expires")
_DELETE = _filled("DELETE FROM {schema}.value WHERE {live} RETURNING 1")
# In the order of the keys, so that none comes twice: 100 at most, and 16 MiB of values unless one alone has more.
_MEMBERS = _filled("""
    SELECT key, data, expires, count FROM (
        SELECT *, count(*) OVER () AS count, row_number() OVER sorted AS row,
            sum(octet_length(data)) OVER sorted AS size
        FROM (
            SELECT key, data, expires FROM {schema}.value
            WHERE namespace = $1 AND "group" = $2 AND key > $4 AND (expires IS NULL OR expires > {time})
            ORDER BY key LIMIT 100
        ) AS page
        WINDOW sorted AS (ORDER BY key)
    ) AS counted
    WHERE row = 1 OR size <= 16777216 ORDER BY key
""")
_SWEEP = _filled(
    """
    DELETE FROM {schema}.value WHERE (namespace, key) IN (
        SELECT namespace, key FROM {schema}.value WHERE expires <= (SELECT {time})
        LIMIT 100 FOR UPDATE SKIP LOCKED
    )
""",
    time="$1",
)


class PostgresValues:
    """The contract `Store`."""

    _owner: Owner
    _namespace: str
    _sweeper: Sweeper

    async def get(self, key: str) -> Item | None:
        rows = await self._owner.run(_GET, self._live(key), reads=True)
        return Item(*rows[0]) if rows else None

    async def put(self, key: str, value: bytes, expires: float | None = None, *, group: str | None = None) -> None:
        check_value(value)
        values = [self._namespace, _bytes(key), value, check_expires(expires), _group(group)]
        await self._owner.run(_PUT, values)
        if self._sweeper.is_due():
            with suppress(StoreError):
                await self._owner.run(_SWEEP, [self._owner.now()])

    async def touch(self, key: str, expires: float | None) -> bool:
        return bool(await self._owner.run(_TOUCH, [*self._live(key), check_expires(expires)]))

    async def replace(
        self, key: str, old: bytes | None, new: bytes, expires: float | None = None, *, group: str | None = None
    ) -> bool:
        values = [*self._live(key), check_value(new), check_expires(expires)]
        held = _group(group)
        if old is None:
            return bool(await self._owner.run(_INSERT, [*values, held]))
        return bool(await self._owner.run(_REPLACE, [*values, old]))

    async def take(self, key: str) -> Item | None:
        rows = await self._owner.run(_TAKE, self._live(key))
        return Item(*rows[0]) if rows else None

    async def delete(self, key: str) -> bool:
        return bool(await self._owner.run(_DELETE, self._live(key)))

    async def members(self, group: str) -> AsyncGenerator[tuple[str, Item], None]:
        last, of = b"", _bytes(group, "a group")
        while True:
            values = [self._namespace, of, self._owner.now(), last]
            rows = await self._owner.run(_MEMBERS, values, reads=True)
            for key, data, expires, _ in rows:
                yield key.decode(), Item(data, expires)
            if not rows or rows[0][3] == len(rows) < 100:
                return
            last = rows[-1][0]

    def _live(self, key: str) -> list[object]:
        """What the first three parameters are of statements on a key that has not expired."""
        return [self._namespace, _bytes(key), self._owner.now()]


def _bytes(key: str, what: str = "a key") -> bytes:
    return check_key(key, what).encode()


def _group(group: str | None) -> bytes | None:
    return None if group is None else _bytes(group, "a group")
