"""Who waits for the next event of a log, in one event loop.

While somebody follows, a connection of its own listens. A notification wakes those who wait for its log at once; it may
get lost where connections break or are pooled, so the logs themselves are looked at every `poll` seconds too.
"""

import asyncio
from asyncio import Future, Task, get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from toolkit.stores.contracts import StoreError
from toolkit.stores.postgres.connection import Connection, connect
from toolkit.stores.postgres.settings import Settings


class Seen(NamedTuple):
    """A log as a follower knows it: its id (None if there is none yet) and its last number."""

    id: int | None
    last: int


class Expected:
    """That something happens to a log. `topic` is what notifications call it."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.seen: Seen | None = None
        self._happened: Future[None] = get_running_loop().create_future()

    async def after(self, seen: Seen) -> None:
        """Wait until something happened since this was made, or the log is not what was seen; or for no reason."""
        self.seen = seen
        await self._happened

    def happen(self) -> None:
        if not self._happened.done():
            self._happened.set_result(None)


class Watch:
    """Those who follow. Each enters `following`; then, time after time, `expecting`, in which it reads and may wait."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._expected: set[Expected] = set()
        self._followers = 0
        self._task: Task[None] | None = None

    @contextmanager
    def following(self) -> Iterator[None]:
        self._followers += 1
        if self._task is None or self._task.done():
            self._task = get_running_loop().create_task(self._listen())
        try:
            yield
        finally:
            self._followers -= 1
            if self._followers == 0:
                self._stop()

    @contextmanager
    def expecting(self, topic: str) -> Iterator[Expected]:
        expected = Expected(topic)
        self._expected.add(expected)
        try:
            yield expected
        finally:
            self._expected.discard(expected)

    def close(self) -> Task[None] | None:
        """Wake all, so that they find out. Returns the task that ends then, if there is one."""
        self._wake()
        return self._stop()

    def _stop(self) -> Task[None] | None:
        task, self._task = self._task, None
        if task is not None and not task.get_loop().is_closed():
            task.cancel()
        return task

    async def _listen(self) -> None:
        """While the server cannot be listened to, all are woken now and then: they look themselves, or find out."""
        while True:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    connection = await connect(self._settings)
                try:
                    await self._heed(connection)
                finally:
                    connection.discard()
            except (StoreError, psycopg.Error, TimeoutError):
                self._wake()
                await asyncio.sleep(self._settings.poll)

    async def _heed(self, connection: Connection) -> None:
        schema = self._settings.schema
        async with asyncio.timeout(self._settings.timeout):
            await connection.execute(f"LISTEN {schema}")
        self._wake()
        while True:
            async for notice in connection.notifies(timeout=self._settings.poll):
                self._wake(notice.payload)
            async with asyncio.timeout(self._settings.timeout):
                await self._look(connection)

    async def _look(self, connection: Connection) -> None:
        ids = [expected.seen.id for expected in self._expected if expected.seen and expected.seen.id is not None]
        statement = f"SELECT id, last FROM {self._settings.schema}.log WHERE id = ANY($1::bigint[])"  # noqa: S608
        cursor = await connection.execute(statement, [ids])
        lasts = {id: Seen(id, last) for id, last in await cursor.fetchall()}
        for expected in self._expected:
            if expected.seen and lasts.get(expected.seen.id) != expected.seen:
                expected.happen()

    def _wake(self, topic: str | None = None) -> None:
        for expected in self._expected:
            if topic is None or expected.topic == topic:
                expected.happen()
