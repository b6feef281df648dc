"""How a view of the store reads and writes: inline where nobody is in the way, else in the thread that writes."""

from functools import partial
from typing import TypeVar

from toolkit.stores.sqlite.errors import Busy
from toolkit.stores.sqlite.file import File
from toolkit.stores.sqlite.process import Owner
from toolkit.stores.sqlite.transactions import Work, snapshot, transact
from toolkit.stores.sqlite.writer import Writer

T = TypeVar("T")

_MOMENT = 0.001  # seconds that a coroutine waits inline for the counters, which others hold for some 20 µs at a time
_NOW = 0.25  # seconds that a caller waits who cannot await


class View:
    """A namespace of a store."""

    _owner: Owner
    _namespace: str

    async def _read(self, work: Work[T]) -> T:
        """What one query of values or logs returns."""
        opened = self._owner.opened()
        return await _inline(opened.values, opened.writer, work, work)

    async def _read_together(self, work: Work[T]) -> T:
        """What several queries return that all see the same."""
        opened = self._owner.opened()
        return await _inline(opened.values, opened.writer, partial(snapshot, work=work), work)

    def _read_now(self, work: Work[T]) -> T:
        return self._owner.opened().values.use(work, _NOW)

    async def _write(self, work: Work[T]) -> T:
        """What a write of values or logs returns, once it is on the disk."""
        return await self._owner.opened().writer.do(work)

    async def _look(self, work: Work[T]) -> T:
        """What several queries of the counters return that all see the same."""
        opened = self._owner.opened()
        return await _inline(opened.counters, opened.counting, partial(snapshot, work=work), work)

    async def _count(self, work: Work[T]) -> T:
        """What a transaction of the counters returns."""
        opened = self._owner.opened()
        return await _inline(opened.counters, opened.counting, partial(transact, work=work), work, _MOMENT)

    def _count_now(self, work: Work[T]) -> T:
        return self._owner.opened().counters.use(partial(transact, work=work), _NOW)


async def _inline(file: File, writer: Writer, inline: Work[T], work: Work[T], patience: float = 0.0) -> T:
    try:
        return file.use_now(inline, patience)
    except Busy:
        return await writer.do(work)
