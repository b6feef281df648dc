"""The three contracts in PostgreSQL."""

import time
from collections.abc import Callable
from typing import Self

from toolkit.stores.checks import namespace_within
from toolkit.stores.postgres.counters import PostgresCounters
from toolkit.stores.postgres.log import PostgresLog
from toolkit.stores.postgres.owner import Owner
from toolkit.stores.postgres.settings import read_settings
from toolkit.stores.postgres.sweeper import Sweeper
from toolkit.stores.postgres.values import PostgresValues
from toolkit.stores.urls import ParsedURL


class PostgresStore(PostgresValues, PostgresCounters, PostgresLog):
    """Values, counters and logs that many machines share. Safe to use from many threads, event loops and processes.

    Args:
        url: `postgresql://user:password@host:port/database`, or `postgres://`. Options: `timeout` (seconds that an
            operation may take: 5), `pool` (connections of one event loop: 10), `poll` (seconds between two looks at
            followed logs: 1), `schema` (where the tables are: toolkit), `prepare` (`yes` prepares statements: not
            behind a PgBouncer that does not know them). libpq's own, such as `sslmode`, are passed on.
        now: A clock, in seconds since 1970, instead of the server's; `time.time` means the server's.

    Raises ConfigError for a wrong URL.
    """

    def __init__(self, url: ParsedURL, *, now: Callable[[], float] = time.time) -> None:
        self._owner = Owner(read_settings(url), None if now is time.time else now)
        self._namespace = ""
        self._sweeper = Sweeper()
        self._counter_sweeper = Sweeper()

    def at(self, namespace: str) -> Self:
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._namespace = namespace_within(self._namespace, namespace)
        return view

    async def open(self) -> None:
        await self._owner.open()

    async def close(self) -> None:
        await self._owner.close()

    def __repr__(self) -> str:
        return f"<PostgresStore {self._owner.settings.url} namespace={self._namespace!r}>"
