"""Connections of one event loop, lent to one call at a time.

psycopg_pool is not used: it tells nobody why no connection can be made, waits before it tries again once the server is
back, and has tasks that must be ended before their event loop is. Here who asks connects, and is told what is wrong.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from toolkit.stores.contracts import StoreError
from toolkit.stores.postgres.connection import Connection, connect
from toolkit.stores.postgres.settings import Settings

_UNUSED = 300.0  # seconds after which a connection that nobody needed is closed


class Pool:
    """At most `settings.pool` connections. The one that was used last is lent first, so that the others grow old."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[tuple[float, Connection]] = []
        self._room = Semaphore(settings.pool)
        self._closed = False

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """A connection that was alive a moment ago. Raises StoreError if there is none to be had."""
        async with self._room:
            if self._closed:
                raise StoreError("the store is closed", self._settings.url)
            connection = self._taken() or await connect(self._settings)
            try:
                yield connection
            finally:
                self._take_back(connection)

    def forget(self) -> None:
        """Close what is idle: the server may be another one by now."""
        while self._idle:
            self._idle.pop()[1].discard()

    def close(self) -> None:
        """Close what is idle now, and the others when they are given back."""
        self._closed = True
        self.forget()

    def _taken(self) -> Connection | None:
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_alive():
                return connection
            connection.discard()
        return None

    def _take_back(self, connection: Connection) -> None:
        if self._closed or not connection.is_idle:
            connection.discard()
            return
        now = monotonic()
        self._idle.append((now, connection))
        if now - self._idle[0][0] > _UNUSED:
            self._idle.pop(0)[1].discard()
