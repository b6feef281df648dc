"""What a store has in each event loop: what asyncio makes belongs to the loop that it was made on.

It ends with its loop. A process that was forked makes its own, and leaves its parent's alone.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress

from toolkit.stores.breaker import Breaker
from toolkit.stores.redis import errors
from toolkit.stores.redis.batch import Batch
from toolkit.stores.redis.bells import Bells
from toolkit.stores.redis.client import Client
from toolkit.stores.redis.settings import Settings


class Local:
    """What one event loop of one process has. Make it with `opened`.

    Attributes:
        client: For commands.
        bells: For who waits for events.
        batches: For counters: one of each namespace.
    """

    def __init__(self, settings: Settings, breaker: Breaker) -> None:
        self.process: int = os.getpid()
        self.client: Client = Client(settings, breaker)
        self.bells: Bells = Bells(settings)
        self.batches: dict[str, Batch] = {}
        self._life = self._live()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def opened(cls, settings: Settings, breaker: Breaker) -> "Local":
        local = cls(settings, breaker)
        await anext(local._life)
        return local

    @property
    def usable(self) -> bool:
        return not self.client.closed and self.process == os.getpid()

    def batch(self, namespace: str) -> Batch:
        return self.batches.get(namespace) or self.batches.setdefault(namespace, Batch(self.client))

    async def close(self) -> None:
        await self._life.aclose()

    def close_soon(self) -> None:
        self._closing = asyncio.ensure_future(self.close())

    async def _live(self) -> AsyncGenerator[None, None]:
        """A loop that ends closes the generators that are left on it, and so this closes the connections in time."""
        try:
            yield
        finally:
            await self.client.close()
            await self.bells.close()


class Loops:
    """One store in all event loops. It may be used from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._breaker = Breaker(failures=settings.failures, cooldown=settings.cooldown)
        self._closed = False
        self._locals: dict[asyncio.AbstractEventLoop, Local] = {}
        self._inherited: list[Local] = []
        self._lock = threading.Lock()

    async def local(self) -> Local:
        """What the running loop has. Raises StoreError once the store is closed."""
        self.require_open()
        loop = asyncio.get_running_loop()
        local = self._locals.get(loop)
        if local is None or not local.usable:
            local = await Local.opened(self.settings, self._breaker)
            with self._lock:
                self._forget_ended()
                self._keep_inherited(loop)
                self._locals[loop] = local
        return local

    def require_open(self) -> None:
        if self._closed:
            raise errors.closed(self.settings.url.masked)

    async def close(self) -> None:
        """Close what this loop has now, and have other threads' loops do the same."""
        self._closed = True
        for loop, local in list(self._locals.items()):
            if loop is asyncio.get_running_loop():
                await local.close()
            elif local.process == os.getpid():  # to end a parent's connections is not a child's to do
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(local.close_soon)

    def _keep_inherited(self, loop: asyncio.AbstractEventLoop) -> None:
        """A child that goes on in the loop of its parent: to let go of its connections would end the parent's."""
        local = self._locals.get(loop)
        if local is not None and local.process != os.getpid():
            self._inherited.append(local)

    def _forget_ended(self) -> None:
        for loop in [loop for loop in self._locals if loop.is_closed()]:
            del self._locals[loop]
