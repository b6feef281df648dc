"""One log in memory, and who waits for it."""

import asyncio
from collections.abc import Sequence

OVERHEAD = 64  # bytes that an event takes beside its own


class Events:
    """The events from number `first` on."""

    def __init__(self) -> None:
        self.first: int = 1
        self.held: list[bytes] = []

    @property
    def last(self) -> int:
        return self.first + len(self.held) - 1

    def at(self, number: int) -> bytes:
        return self.held[number - self.first]

    def trim(self, upto: int) -> int:
        """Forget the events up to a number, and return what they counted for."""
        count = max(0, min(upto - self.first + 1, len(self.held)))
        freed = size(self.held[:count])
        del self.held[:count]
        self.first += count
        return freed


class Waiters:
    """Who waits for the next event of a name, on whatever loop."""

    def __init__(self) -> None:
        self._futures: dict[str, set[asyncio.Future[None]]] = {}

    def add(self, name: str) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._futures.setdefault(name, set()).add(future)
        return future

    def discard(self, name: str, future: asyncio.Future[None]) -> None:
        futures = self._futures.get(name, set())
        futures.discard(future)
        if not futures:
            self._futures.pop(name, None)

    def wake(self, name: str) -> None:
        for future in self._futures.pop(name, ()):
            loop = future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_done, future)

    def wake_all(self) -> None:
        for name in list(self._futures):
            self.wake(name)


def size(events: Sequence[bytes]) -> int:
    return sum(len(event) + OVERHEAD for event in events)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
