"""What a WSGI server iterates and closes: the application's chunks, one at a time, and the end of a request."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from toolkit.engine.bridge import CURRENT, Bridge
from toolkit.engine.environ import Environ

if TYPE_CHECKING:
    from toolkit.engine.wsgi_run import WSGIRun

WHOLE = (list, tuple)

_ALL = -1
"""The place outside every layer."""


def is_whole(iterable: object, environ: Environ) -> bool:
    """Whether nothing of the application runs while it is iterated: a list, or a file that the server sends itself.

    Where no layer has an `error` or `done`, such an iterable reaches the server as it is, else chunk by chunk.
    """
    if isinstance(iterable, WHOLE):
        return True
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(iterable, wrapper)


class Chunks(Iterator[bytes]):
    """What an application returned, iterated and closed where `run_sync` finds its loop."""

    __slots__ = ("_bridge", "_chunks", "_close")

    def __init__(self, chunks: Iterable[bytes], close: Callable[[], object] | None, bridge: Bridge) -> None:
        self._chunks = iter(chunks)
        self._close = close
        self._bridge = bridge

    def __next__(self) -> bytes:
        token = CURRENT.set(self._bridge)
        try:
            return next(self._chunks)
        finally:
            CURRENT.reset(token)

    def close(self) -> None:
        """The server calls it whatever happened; the second time it does nothing."""
        close, self._close = self._close, None
        if close is not None:
            token = CURRENT.set(self._bridge)
            try:
                close()
            finally:
                CURRENT.reset(token)


class Body(Chunks):
    """The chunks of a request whose layers are left when the server closes it."""

    __slots__ = ("_raised", "_run")

    def __init__(self, run: "WSGIRun", chunks: Iterable[bytes]) -> None:
        super().__init__(chunks, self._end, run.bridge)
        self._run = run
        self._raised: BaseException | None = None

    def __next__(self) -> bytes:
        token = CURRENT.set(self._bridge)
        try:
            return next(self._chunks)
        except StopIteration:
            self._run.whole = True
            self._raise(self._run.failure)
            raise
        except BaseException as exc:
            self._run.failure = self._raised = exc
            raise
        finally:
            CURRENT.reset(token)

    def _end(self) -> None:
        self._raise(self._run.leave(_ALL, self._run.failure))

    def _raise(self, failure: BaseException | None) -> None:
        """Raise what the server has not seen yet."""
        if failure is None or failure is self._raised:
            return
        self._raised = failure
        try:
            raise failure
        finally:
            del failure


class SizedBody(Body):
    """The same of a list: where it has a single chunk, servers tell its length."""

    __slots__ = ("_size",)

    def __init__(self, run: "WSGIRun", chunks: list[bytes] | tuple[bytes, ...]) -> None:
        super().__init__(run, chunks)
        self._size = len(chunks)

    def __len__(self) -> int:
        return self._size
