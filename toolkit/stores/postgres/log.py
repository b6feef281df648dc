"""Logs in PostgreSQL. The row of a log is what appends wait for; a notification says that something happened to it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import nullcontext

from toolkit.stores.checks import check_events, check_key, check_number
from toolkit.stores.contracts import StoreError, Trimmed
from toolkit.stores.postgres.owner import Owner
from toolkit.stores.postgres.schema import number_of
from toolkit.stores.postgres.watch import Seen

_APPEND = """
    WITH appended AS ({counted} RETURNING id, last), events AS (
        INSERT INTO {schema}.event (log, number, data)
        SELECT id, $3::bigint + place, data FROM appended, unnest($4::bytea[]) WITH ORDINALITY AS given (data, place)
    )
    SELECT last, pg_notify('{schema}', $5::text) FROM appended
"""
_BEGUN = """
    INSERT INTO {schema}.log (namespace, name, first, last) VALUES ($1, $2, 1, cardinality($4::bytea[]))
    ON CONFLICT (namespace, name) DO NOTHING
"""
_CONTINUED = """
    UPDATE {schema}.log SET last = last + cardinality($4::bytea[])
    WHERE namespace = $1 AND name = $2 AND last = $3::bigint
"""
_APPEND_FIRST = _APPEND.replace("{counted}", _BEGUN)
_APPEND_MORE = _APPEND.replace("{counted}", _CONTINUED)
_LAST = "SELECT last FROM {schema}.log WHERE namespace = $1 AND name = $2"
_TRIM = """
    WITH trimmed AS (
        UPDATE {schema}.log SET first = least($3::bigint, last) + 1
        WHERE namespace = $1 AND name = $2 AND first <= $3::bigint
        RETURNING id, first
    )
    DELETE FROM {schema}.event USING trimmed WHERE log = id AND number < first
"""
_DROP = """
    WITH dropped AS (DELETE FROM {schema}.log WHERE namespace = $1 AND name = $2 RETURNING id)
    SELECT pg_notify('{schema}', $3::text) FROM dropped
"""
# A log, and of its events 100 at most, and 16 MiB unless one alone has more. One row without an event if it has none.
_PAGE = """
    SELECT id, first, last, number, data FROM {schema}.log AS held LEFT JOIN LATERAL (
        SELECT number, data FROM (
            SELECT number, data, sum(octet_length(data)) OVER (ORDER BY number) AS size FROM (
                SELECT number, data FROM {schema}.event WHERE event.log = held.id AND number > $3::bigint
                ORDER BY number LIMIT 100
            ) AS page
        ) AS sized
        WHERE number = $3::bigint + 1 OR size <= 16777216
    ) AS events ON true
    WHERE namespace = $1 AND name = $2 ORDER BY number
"""


class PostgresLog:
    """The contract `Log`."""

    _owner: Owner
    _namespace: str

    async def append(self, name: str, after: int, events: Sequence[bytes]) -> int | None:
        values = [*self._this(name), check_number(after), check_events(events), self._topic(name)]
        rows = await self._owner.run(_APPEND_MORE if after else _APPEND_FIRST, values)
        return rows[0][0] if rows else None

    async def read(self, name: str, since: int, *, follow: bool = False) -> AsyncGenerator[tuple[int, bytes], None]:
        known: int | None = None
        check_key(name, _WHAT)
        last = check_number(since)
        watch = self._owner.local().watch
        with watch.following() if follow else nullcontext():
            while True:
                with watch.expecting(self._topic(name)) as expected:
                    seen, events = await self._page(name, last, known)
                    known = seen.id
                    if follow and not events:
                        await expected.after(seen)
                for last, data in events:
                    yield last, data
                if not follow and last >= seen.last:
                    return

    async def last(self, name: str) -> int:
        rows = await self._owner.run(_LAST, self._this(name), reads=True)
        return rows[0][0] if rows else 0

    async def trim(self, name: str, upto: int) -> None:
        await self._owner.run(_TRIM, [*self._this(name), check_number(upto)])

    async def drop(self, name: str) -> None:
        await self._owner.run(_DROP, [*self._this(name), self._topic(name)])

    async def _page(self, name: str, since: int, known: int | None) -> tuple[Seen, list[tuple[int, bytes]]]:
        """The log, and its next events. Raises StoreError if it is no more the known one, and Trimmed."""
        rows = await self._owner.run(_PAGE, [*self._this(name), since], reads=True)
        id, first, last = rows[0][:3] if rows else (None, 1, 0)
        if known not in {None, id}:
            raise StoreError("the log was dropped while it was read", self._owner.settings.url)
        if since > last:
            raise StoreError(f"the log ends at {last}, before {since}", self._owner.settings.url)
        if since + 1 < first:
            raise Trimmed(first)
        return Seen(id, last), [(number, data) for _, _, _, number, data in rows if number is not None]

    def _this(self, name: str) -> list[object]:
        return [self._namespace, check_key(name, _WHAT).encode()]

    def _topic(self, name: str) -> str:
        """What notifications call a log."""
        return str(number_of("log", self._namespace, name))


_WHAT = "the name of a log"
