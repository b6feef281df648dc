"""The three contracts in memory."""

import time
from collections.abc import Callable
from typing import Self

from toolkit.stores.checks import namespace_within
from toolkit.stores.memory.counters import MemoryCounters
from toolkit.stores.memory.log import MemoryLog
from toolkit.stores.memory.space import Shared
from toolkit.stores.memory.values import MemoryValues
from toolkit.stores.urls import ParsedURL, whole

_URL = ParsedURL("memory", "memory:", text="memory:")
_OPTIONS = {"max_bytes": whole, "max_keys": whole}


class MemoryStore(MemoryValues, MemoryCounters, MemoryLog):
    """Values, counters and logs of one process. Safe to use from many threads and event loops.

    Args:
        url: `memory:`, with the options `max_bytes` (of all values and events, with their keys and some bytes more for
            each: 256 MiB; StoreError beyond) and `max_keys` (of each rate in each namespace: 1,000,000; new keys share
            one counter beyond).
        now: The clock, in seconds since 1970.
    """

    def __init__(self, url: ParsedURL = _URL, *, now: Callable[[], float] = time.time) -> None:
        options = {"max_bytes": 256 * 2**20, "max_keys": 1_000_000, **url.options(_OPTIONS)}
        self._namespace = ""
        self._shared = Shared(now, url.masked, **options)
        self._space = self._shared.space("")

    def at(self, namespace: str) -> Self:
        view = object.__new__(type(self))
        view._namespace = namespace_within(self._namespace, namespace)
        view._shared = self._shared
        view._space = self._shared.space(view._namespace)
        return view

    async def open(self) -> None:
        self._shared.require_open()

    async def close(self) -> None:
        self._shared.close()

    def __repr__(self) -> str:
        return f"<MemoryStore {self._shared.url} namespace={self._namespace!r}>"
