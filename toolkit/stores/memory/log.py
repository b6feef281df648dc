"""Logs in memory."""

from collections.abc import AsyncIterator, Sequence

from toolkit.stores.checks import check_events, check_key, check_number
from toolkit.stores.contracts import StoreError, Trimmed
from toolkit.stores.memory.events import Events, size
from toolkit.stores.memory.space import Shared, Space


class MemoryLog:
    """The contract `Log`."""

    _shared: Shared
    _space: Space

    async def append(self, name: str, after: int, events: Sequence[bytes]) -> int | None:
        _check_name(name)
        check_number(after)
        held = check_events(events)
        shared, space = self._shared, self._space
        with shared.lock:
            shared.require_open()
            log = space.logs.get(name) or Events()
            if log.last != after:
                return None
            shared.require_room(size(held))
            shared.used += size(held)
            log.held += held
            space.logs[name] = log
            space.waiters.wake(name)
            return log.last

    async def read(self, name: str, since: int, *, follow: bool = False) -> AsyncIterator[tuple[int, bytes]]:
        _check_name(name)
        number = check_number(since) + 1
        log = self._space.logs.get(name)
        while True:
            with self._shared.lock:
                log = self._same(name, log)
                event = _event(log, number, self._shared.url)
                future = self._space.waiters.add(name) if event is None and follow else None
            if event is not None:
                yield number, event
                number += 1
            elif future is None:
                return
            else:
                try:
                    await future
                finally:
                    with self._shared.lock:
                        self._space.waiters.discard(name, future)

    async def last(self, name: str) -> int:
        _check_name(name)
        self._shared.require_open()
        log = self._space.logs.get(name)
        return log.last if log else 0

    async def trim(self, name: str, upto: int) -> None:
        _check_name(name)
        check_number(upto)
        with self._shared.lock:
            self._shared.require_open()
            log = self._space.logs.get(name)
            self._shared.used -= log.trim(upto) if log else 0

    async def drop(self, name: str) -> None:
        _check_name(name)
        with self._shared.lock:
            self._shared.require_open()
            log = self._space.logs.pop(name, None)
            self._shared.used -= size(log.held) if log else 0
            self._space.waiters.wake(name)

    def _same(self, name: str, log: Events | None) -> Events | None:
        """The log as it is now. Raises StoreError if another, or none, has taken the place of one."""
        self._shared.require_open()
        found = self._space.logs.get(name)
        if log is not None and found is not log:
            raise StoreError("the log was dropped while it was read", self._shared.url)
        return found


def _event(log: Events | None, number: int, url: str) -> bytes | None:
    """The event with that number, or None if it is still to come."""
    last = log.last if log else 0
    if number > last + 1:
        raise StoreError(f"the log ends at {last}, before {number - 1}", url)
    if log and number < log.first:
        raise Trimmed(log.first)
    return log.at(number) if log and number <= last else None


def _check_name(name: str) -> None:
    check_key(name, "the name of a log")
