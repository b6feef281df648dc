"""Commands to Redis from one event loop.

Rules of this file:

- A connection that is kept has read the whole answer to all that was sent. One whose call was cancelled, timed out or
  failed is closed, so that no call ever reads what was meant for another.
- Each call ends within the time-out, waiting for a connection included.
- Only what may be done twice is sent twice, and only where a kept connection turns out to be dead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from redis import exceptions as driver

from toolkit.stores.breaker import Breaker
from toolkit.stores.contracts import StoreError
from toolkit.stores.redis import errors
from toolkit.stores.redis.scripts import Script
from toolkit.stores.redis.settings import RedisConnection, Settings

T = TypeVar("T")
Read = Callable[[Any], T]


class Client:
    """The connections of one event loop."""

    def __init__(self, settings: Settings, breaker: Breaker) -> None:
        self.url: str = settings.url.masked
        self.closed: bool = False
        self._settings = settings
        self._breaker = breaker
        self._idle: list[RedisConnection] = []
        self._slots = asyncio.Semaphore(settings.pool)

    async def close(self) -> None:
        """Close what is idle now, and the others when their calls have ended."""
        self.closed = True
        await self._close_idle()

    async def ask(self, *words: Any, read: Read[T], again: bool = False) -> T:
        """What `read` makes of the answer to one command. `again` says that it may be sent twice."""
        return await self._bounded(lambda: self._exchange(words, read, again))

    async def run(
        self, script: Script, keys: tuple[str, ...], words: tuple[Any, ...], read: Read[T], again: bool = False
    ) -> T:
        """What `read` makes of what a script returns. Redis gets to know the script where it does not yet."""
        return await self._bounded(lambda: self._evaluate(script, (len(keys), *keys, *words), read, again))

    async def _bounded(self, work: Callable[[], Awaitable[T]]) -> T:
        """Within the time-out, unless the breaker is open. What the driver raises becomes a StoreError."""
        self._admit()
        has_slot = False
        try:
            async with asyncio.timeout(self._settings.timeout), self._slots:
                has_slot = True
                answer = await work()
        except Exception as error:  # the driver's, and those of its parser and of `read` where bytes are garbled
            failure = self._failure(error, has_slot)
        else:
            self._breaker.succeeded()
            return answer
        raise failure

    def _admit(self) -> None:
        if self.closed:
            raise errors.closed(self.url)
        wait = self._breaker.wait()
        if wait:
            raise StoreError(f"it did not answer lately, and is asked again in {wait:.1f} s", self.url)

    def _failure(self, error: Exception, has_slot: bool) -> StoreError:
        if not has_slot:
            reason = f"none of {self._settings.pool} connections was free within {self._settings.timeout:g} s"
            return errors.store_error(error, self._settings.url, reason)
        if errors.is_answer(error):
            self._breaker.succeeded()
        else:
            self._breaker.failed()
        return errors.store_error(error, self._settings.url)

    async def _evaluate(self, script: Script, words: tuple[Any, ...], read: Read[T], again: bool) -> T:
        try:
            return await self._exchange(("EVALSHA", script.sha, *words), read, again)
        except driver.NoScriptError:
            return await self._exchange(("EVAL", script.text, *words), read, again)

    async def _exchange(self, words: tuple[Any, ...], read: Read[T], again: bool) -> T:
        while self._idle:
            connection = self._idle.pop()
            if await is_stale(connection):
                await connection.disconnect(nowait=True)
                continue
            try:
                return await self._exchange_on(connection, words, read)
            except driver.ConnectionError:
                await self._close_idle()  # what ended one has probably ended all
                if not again:
                    raise
        return await self._exchange_on(self._settings.connection(), words, read)

    async def _exchange_on(self, connection: RedisConnection, words: tuple[Any, ...], read: Read[T]) -> T:
        keep = False
        try:
            await connection.send_command(*words)
            answer = read(await connection.read_response())
            keep = True
            return answer
        except driver.ResponseError:
            keep = connection.is_connected
            raise
        finally:
            if keep and not self.closed:
                self._idle.append(connection)
            else:
                await connection.disconnect(nowait=True)

    async def _close_idle(self) -> None:
        while self._idle:
            with suppress(driver.RedisError, OSError):
                await self._idle.pop().disconnect(nowait=True)


async def is_stale(connection: RedisConnection) -> bool:
    """Whether a kept connection was closed meanwhile, or has something to read that nobody asked for."""
    look = getattr(connection, "can_read", None) or connection.can_read_destructive  # redis-py before 8
    try:
        return cast("bool", await look())
    except (driver.RedisError, OSError):
        return True
