"""Logs in Redis, on streams."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from toolkit.stores.checks import check_events, check_key, check_number
from toolkit.stores.contracts import StoreError, Trimmed
from toolkit.stores.redis.keys import Keys
from toolkit.stores.redis.loops import Loops
from toolkit.stores.redis.scripts import LOG


class RedisLog:
    """The contract `Log`."""

    _loops: Loops
    _keys: Keys

    async def append(self, name: str, after: int, events: Sequence[bytes]) -> int | None:
        return await self._run("append", name, check_number(after), *check_events(events))

    async def read(self, name: str, since: int, *, follow: bool = False) -> AsyncIterator[tuple[int, bytes]]:
        """A follower hears of an outage by StoreError, and may read on from the last number that it got."""
        keys = self._keys.log(_checked(name))
        reader = _Reader(check_number(since), self._loops.settings.url.masked)
        local = await self._loops.local()
        if not follow:
            while not reader.is_at_the_end:
                for event in reader.accept(await self._events_after(name, reader.number)):
                    yield event
            return
        async with local.bells.listen(keys[0]) as bell:
            while True:
                bell.still()
                for event in reader.accept(await self._events_after(name, reader.number)):
                    yield event
                if reader.is_at_the_end:
                    await bell.wait()

    async def last(self, name: str) -> int:
        head = self._keys.log(_checked(name))[1]
        local = await self._loops.local()
        return await local.client.ask("HGET", head, "last", read=_number, again=True)

    async def trim(self, name: str, upto: int) -> None:
        await self._run("trim", name, check_number(upto))

    async def drop(self, name: str) -> None:
        await self._run("drop", name)

    async def _run(self, what: str, name: str, *words: Any) -> int | None:
        keys = self._keys.log(_checked(name))
        local = await self._loops.local()
        return await local.client.run(LOG, keys, (what, *words), _number_or_none)

    async def _events_after(self, name: str, since: int) -> "_Page":
        local = await self._loops.local()
        return await local.client.run(LOG, self._keys.log(name), ("read", since), _page, again=True)


class _Page(NamedTuple):
    """Events from number `first` on; `begun` tells this log from one of the same name before or after it."""

    begun: bytes
    last: int
    first: int
    events: list[bytes]


class _Reader:
    """Where a reader is: the number of the last event it got, and in which log."""

    def __init__(self, since: int, url: str) -> None:
        self.number = since
        self.is_at_the_end = False
        self._begun = b""
        self._url = url

    def accept(self, page: _Page) -> list[tuple[int, bytes]]:
        """The events of a page with their numbers. Raises Trimmed or StoreError where it does not go on from here."""
        if self._begun and page.begun != self._begun:
            raise StoreError("the log was dropped while it was read", self._url)
        if self.number > page.last:
            raise StoreError(f"the log ends at {page.last}, before {self.number}", self._url)
        if self.number < page.last and page.first != self.number + 1:
            raise Trimmed(page.first)
        self._begun = page.begun
        numbered = list(enumerate(page.events, page.first))
        self.number += len(numbered)
        self.is_at_the_end = self.number == page.last
        return numbered


def _checked(name: str) -> str:
    return check_key(name, "the name of a log")


def _number(reply: bytes | None) -> int:
    return int(reply or 0)


def _number_or_none(reply: int | None) -> int | None:
    return None if reply is None else int(reply)


def _page(reply: list[bytes]) -> _Page:
    begun, last, first, *events = reply
    return _Page(begun, int(last), int(first), events)
