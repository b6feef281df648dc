"""Who waits for news of which log, told by Redis over one connection of its own.

A message is a wake-up and nothing more. Where the connection breaks, all who wait are told, for they may have missed
one. A connection that is silent is asked for a sign of life.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis import exceptions as driver

from toolkit.stores.contracts import StoreError
from toolkit.stores.redis import errors
from toolkit.stores.redis.settings import Settings


class Bell:
    """Rings when something was published."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._failure: StoreError | None = None

    def still(self) -> None:
        """Forget that it rang."""
        if self._failure is None:
            self._rung.clear()

    async def wait(self) -> None:
        """Until it rings; at once if it has. Raises StoreError where nobody listens for it any more."""
        await self._rung.wait()
        if self._failure is not None:
            raise errors.another(self._failure)

    def ring(self) -> None:
        self._rung.set()

    def fail(self, failure: StoreError) -> None:
        self._failure = failure
        self._rung.set()


class Channel:
    """The bells of one channel; `confirmed` rings when Redis listens for them."""

    def __init__(self) -> None:
        self.bells: set[Bell] = set()
        self.confirmed: Bell = Bell()
        self.is_confirmed = False


class Line:
    """One connection, and the channels that it listens to. It is made, used until it breaks, and not mended."""

    def __init__(self, settings: Settings) -> None:
        self.failure: StoreError | None = None
        self._settings = settings
        self._connection = settings.connection()
        self._channels: dict[bytes, Channel] = {}

    async def open(self) -> None:
        try:
            await self._connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._connection.disconnect(nowait=True)
            raise

    async def hear(self) -> None:
        """Ring the bells until the connection breaks."""
        try:
            await self._hear()
        except Exception as error:  # the driver's, and those of its parser where bytes are garbled
            await self.end(errors.store_error(error, self._settings.url))

    async def end(self, failure: StoreError) -> None:
        """Close, and tell all who wait."""
        if self.failure is None:
            self.failure = failure
            for channel in self._channels.values():
                for bell in (channel.confirmed, *channel.bells):
                    bell.fail(failure)
            await self._connection.disconnect(nowait=True)

    async def enter(self, name: bytes, bell: Bell) -> None:
        """Returns when Redis listens: what is published from then on rings the bell."""
        if self.failure is not None:
            raise errors.another(self.failure)
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel()
            await self._say("SUBSCRIBE", name)
        channel.bells.add(bell)
        await channel.confirmed.wait()

    async def leave(self, name: bytes, bell: Bell) -> None:
        channel = self._channels.get(name)
        if channel is not None:
            channel.bells.discard(bell)
            await self._drop_unused(name, channel)

    async def _hear(self) -> None:
        asked = False
        while self.failure is None:
            reply = await self._connection.read_response(timeout=self._settings.timeout)
            if reply is not None:
                asked = False
                await self._told(reply)
            elif asked:
                raise driver.TimeoutError("no sign of life")
            else:
                asked = True
                await self._say("PING")

    async def _told(self, reply: Any) -> None:
        kind, name = reply[:2] if isinstance(reply, list) else (b"", b"")  # to a PING, while nobody listens
        channel = self._channels.get(name)
        if channel is None:
            return
        if kind == b"message":
            for bell in channel.bells:
                bell.ring()
        elif kind == b"subscribe":
            channel.is_confirmed = True
            channel.confirmed.ring()
            await self._drop_unused(name, channel)

    async def _drop_unused(self, name: bytes, channel: Channel) -> None:
        """Only once it is confirmed, so that no late confirmation is taken for that of a channel entered again."""
        if channel.is_confirmed and not channel.bells and self.failure is None:
            del self._channels[name]
            await self._say("UNSUBSCRIBE", name)

    async def _say(self, *words: str | bytes) -> None:
        """Where that fails, whoever hears on the connection finds out."""
        with suppress(driver.RedisError, OSError):
            await self._connection.send_command(*words)


class Bells:
    """The line of one event loop: a new one where the last is broken."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._closed = False
        self._line: Line | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._dialling = asyncio.Lock()

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[Bell]:
        """A bell that misses nothing that is published from here on. Raises StoreError."""
        name, bell = channel.encode(), Bell()
        try:
            line = await self._entered(name, bell)
        except (TimeoutError, driver.RedisError, OSError) as error:
            failure = errors.store_error(error, self._settings.url)
        else:
            try:
                yield bell
            finally:
                await line.leave(name, bell)
            return
        raise failure

    async def close(self) -> None:
        self._closed = True
        if self._line is not None:
            await self._line.end(errors.closed(self._settings.url.masked))
        if self._hearing is not None:
            self._hearing.cancel()

    async def _entered(self, name: bytes, bell: Bell) -> Line:
        async with asyncio.timeout(self._settings.timeout):
            line = await self._dialled()
            try:
                await line.enter(name, bell)
            except BaseException:
                await line.leave(name, bell)
                raise
            return line

    async def _dialled(self) -> Line:
        async with self._dialling:
            if self._closed:
                raise errors.closed(self._settings.url.masked)
            if self._line is None or self._line.failure is not None:
                line = Line(self._settings)
                await line.open()
                self._line, self._hearing = line, asyncio.ensure_future(line.hear())
            return self._line
