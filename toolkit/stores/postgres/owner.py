"""What all views of a store share: for each event loop its connections, and how a statement is run on one of them.

Rules of this file:

- Each operation is one statement, which is one transaction: done or not done.
- A statement that was undone for sure is tried again. One that may have been done is tried again only if it reads.
- No operation takes longer than `timeout`, whatever it waits for.
- Connections belong to the process and the event loop that made them.
"""

import asyncio
import os
from asyncio import AbstractEventLoop, Task, get_running_loop
from collections.abc import Callable, Sequence
from functools import cache
from random import random
from threading import Lock
from typing import Any

import psycopg

from toolkit.stores.breaker import Breaker
from toolkit.stores.contracts import StoreError
from toolkit.stores.postgres.connection import Connection
from toolkit.stores.postgres.errors import UnreachableError, cause, failed, is_clash, is_missing, spoils
from toolkit.stores.postgres.pool import Pool
from toolkit.stores.postgres.schema import prepare
from toolkit.stores.postgres.settings import Settings
from toolkit.stores.postgres.watch import Watch

Row = tuple[Any, ...]

_TRIES = 20  # of a statement that others were in the way of
_FAILURES, _COOLDOWN = 5, 0.5  # in a row, after which the server is asked once in so many seconds
_PAUSE = 0.005  # seconds between two of them, on average


class Local:
    """What one event loop has open."""

    def __init__(self, settings: Settings) -> None:
        self.pool: Pool = Pool(settings)
        self.watch: Watch = Watch(settings)

    def close(self) -> Task[None] | None:
        """Returns the task that ends then, if there is one."""
        self.pool.close()
        return self.watch.close()


class Owner:
    """A store.

    Args:
        settings: What its URL says.
        clock: Seconds since 1970, or None for the server's own clock.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] | None) -> None:
        self.settings = settings
        self.clock = clock
        self.closed: bool = False
        self.named: Callable[[str], str] = cache(lambda statement: statement.replace("{schema}", settings.schema))
        self._pid = os.getpid()
        self._locals: dict[AbstractEventLoop, Local] = {}
        self._parents: list[dict[AbstractEventLoop, Local]] = []
        self._prepared = False
        self._lock = Lock()
        self._breaker = Breaker(failures=_FAILURES, cooldown=_COOLDOWN)
        self._why = ""

    def require_open(self) -> None:
        if self.closed:
            raise StoreError("the store is closed", self.settings.url)

    def now(self) -> float | None:
        """What statements take for the time; None is the server's."""
        return self.clock() if self.clock else None

    async def run(self, statement: str, values: Sequence[Any] = (), *, reads: bool = False) -> list[Row]:
        """The rows that a statement returns. `reads` says that it may be done twice. Raises StoreError."""
        local = self.local()
        self._require_hope()
        try:
            rows = await self._in_time(local.pool, self.named(statement), values, reads)
        except psycopg.Error as error:
            self._answered(error)
            raise failed(error, self.settings) from cause(error, self.settings)
        except UnreachableError as error:
            self._failed(error.reason)
            raise
        self._breaker.succeeded()
        return rows

    async def open(self) -> None:
        """Connect, and make the tables."""
        await self.run("SELECT 1", reads=True)

    def local(self) -> Local:
        """What the running loop has open. Raises StoreError once the store is closed."""
        self.require_open()
        if self._pid != os.getpid():
            self._after_fork()
        loop = get_running_loop()
        return self._locals.get(loop) or self._added(loop)

    async def close(self) -> None:
        self.closed = True
        if self._pid != os.getpid():
            return
        with self._lock:
            locals, self._locals = self._locals, {}
        own = locals.pop(get_running_loop(), None)
        for loop, local in locals.items():
            if loop.is_closed():
                local.close()
            else:
                loop.call_soon_threadsafe(local.close)
        listening = own.close() if own else None
        if listening:
            await asyncio.wait([listening])

    def _added(self, loop: AbstractEventLoop) -> Local:
        """A loop of its own for each thread, or each call: what those had open that have ended is closed."""
        with self._lock:
            for ended in [other for other in self._locals if other.is_closed()]:
                self._locals.pop(ended).close()
            return self._locals.setdefault(loop, Local(self.settings))

    def _after_fork(self) -> None:
        """The parent's connections are kept, unused: to close them would end them for the parent."""
        self._parents.append(self._locals)
        self._pid, self._locals, self._lock = os.getpid(), {}, Lock()

    def _require_hope(self) -> None:
        """A server that did not answer several times is asked again now and then only."""
        wait = self._breaker.wait()
        if wait:
            raise StoreError(f"{self._why}; it is asked again in {wait:.1f} s", self.settings.url)

    def _failed(self, why: str) -> None:
        self._why = why
        self._breaker.failed()

    def _answered(self, error: psycopg.Error) -> None:
        """An error that the server reports is an answer."""
        if error.sqlstate is None:
            self._failed("the connection was lost")
        else:
            self._breaker.succeeded()

    async def _in_time(self, pool: Pool, statement: str, values: Sequence[Any], reads: bool) -> list[Row]:
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await self._tried(pool, statement, values, reads)
        except TimeoutError as error:
            reason = f"no answer within {self.settings.timeout:g} s"
            self._failed(reason)
            raise StoreError(reason, self.settings.url) from error

    async def _tried(self, pool: Pool, statement: str, values: Sequence[Any], reads: bool) -> list[Row]:
        for tries in range(1, _TRIES):
            try:
                return await self._done(pool, statement, values)
            except psycopg.Error as error:
                if not self._may_try_again(error, tries, reads):
                    raise
                if is_clash(error):
                    await asyncio.sleep(2 * _PAUSE * random())  # noqa: S311 - it keeps others from trying in step
                elif not is_missing(error):
                    pool.forget()
        return await self._done(pool, statement, values)

    def _may_try_again(self, error: psycopg.Error, tries: int, reads: bool) -> bool:
        if is_missing(error):
            self._prepared = False
            return tries == 1
        return is_clash(error) or (reads and tries == 1 and (error.sqlstate is None or spoils(error)))

    async def _done(self, pool: Pool, statement: str, values: Sequence[Any]) -> list[Row]:
        async with pool.lend() as connection:
            try:
                if not self._prepared:
                    await prepare(connection, self.settings)
                    self._prepared = True
                return await _rows(connection, statement, values)
            except psycopg.Error as error:
                if spoils(error):
                    connection.discard()
                raise


async def _rows(connection: Connection, statement: str, values: Sequence[Any]) -> list[Row]:
    cursor = await connection.execute(statement, values, binary=True)
    return await cursor.fetchall() if cursor.description else []
