"""The three contracts in Redis."""

import time
from collections.abc import Callable
from typing import Self

from toolkit.stores.checks import namespace_within
from toolkit.stores.redis.counters import RedisCounters
from toolkit.stores.redis.keys import Keys
from toolkit.stores.redis.log import RedisLog
from toolkit.stores.redis.loops import Loops
from toolkit.stores.redis.settings import settings
from toolkit.stores.redis.values import RedisValues
from toolkit.stores.urls import ParsedURL


class RedisStore(RedisValues, RedisCounters, RedisLog):
    """Values, counters and logs that processes and machines share. Safe to use from many threads and event loops.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with the options `db`, `pool` (connections of each event loop:
            20), `timeout` (of each call: 2 s), `prefix` (of all keys: toolkit), `failures` and `cooldown` (of the
            circuit breaker: 5 in a row, 1 s) and `ca` (a file of certificates to trust).
        now: Not used: what expires, and when, is decided by the server's clock, which all share.
    """

    def __init__(self, url: ParsedURL, *, now: Callable[[], float] = time.time) -> None:
        self._namespace = ""
        self._loops = Loops(settings(url))
        self._keys = Keys(self._loops.settings.prefix, "")

    def at(self, namespace: str) -> Self:
        view = object.__new__(type(self))
        view._namespace = namespace_within(self._namespace, namespace)
        view._loops = self._loops
        view._keys = Keys(self._loops.settings.prefix, view._namespace)
        return view

    async def open(self) -> None:
        """Make sure that the server answers. Raises StoreError."""
        local = await self._loops.local()
        await local.client.ask("PING", read=bytes, again=True)

    async def close(self) -> None:
        await self._loops.close()

    def __repr__(self) -> str:
        return f"<RedisStore {self._loops.settings.url.masked} namespace={self._namespace!r}>"
