"""From threads that may not await to a loop that may: what a hook, or a WSGI application, has to wait for runs there.

Rules of this file:

- One bridge has one event loop, in a daemon thread, made on first use. A forked process makes its own.
- The loop of the process that forked stays referenced in its child: closing it there would disturb the parent's.
- What is awaited sees the caller's context variables, and what it raises reaches the caller, whatever it is.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_Outcome = tuple[Any, BaseException | None]


class _Running(NamedTuple):
    """A loop in its thread."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    stop: Callable[[], None]


class Bridge:
    """A way to run awaitables from any thread but the loop's own."""

    def __init__(self) -> None:
        self._loops: dict[int, _Running] = {}
        self._locks: dict[int, threading.Lock] = {}

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for an awaitable. Raises what it raises; RuntimeError where the loop would have to wait for itself."""
        running = self._running()
        if running.thread is threading.current_thread():
            raise refused(awaitable, "the bridge's own loop cannot wait for what it has to run: use await there")
        call = _Call(awaitable)
        try:
            result, failure = asyncio.run_coroutine_threadsafe(call.outcome(), running.loop).result()
        except BaseException:  # the caller was interrupted, wherever it was
            with suppress(RuntimeError):  # the loop has been closed, and with it what ran there
                running.loop.call_soon_threadsafe(call.cancel)
            raise
        try:
            if failure is not None:
                raise failure
            return result  # type: ignore[no-any-return]
        finally:
            del failure

    def close(self) -> None:
        """Stop the loop, cancelling what still runs there, and wait for its thread. The next use makes another."""
        with self._lock():
            running = self._loops.pop(os.getpid(), None)
        if running is not None:
            running.loop.call_soon_threadsafe(running.stop)
            running.thread.join()

    def _running(self) -> _Running:
        running = self._loops.get(os.getpid())
        if running is None:
            with self._lock():
                running = self._loops.get(os.getpid()) or _start()
                self._loops[os.getpid()] = running
        return running

    def _lock(self) -> threading.Lock:
        """One lock a process: a fork may have copied another's while it was held."""
        return self._locks.setdefault(os.getpid(), threading.Lock())


CURRENT: ContextVar[Bridge] = ContextVar("toolkit.bridge")
"""The bridge of the `.wsgi()` application whose request is under way."""

_OUTSIDE = Bridge()


def run_sync(awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable in code that cannot await, such as a Flask or Django view.

    Within a request it runs on the loop of that `.wsgi()` application, where its async hooks and stores run too;
    outside any request on a loop kept for that. It sees the caller's context variables. Raises what the awaitable
    raises, and RuntimeError in the thread of a running loop.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return CURRENT.get(_OUTSIDE).run(awaitable)
    raise refused(awaitable, "run_sync() would stop the event loop that runs in this thread: use await there")


def refused(awaitable: Awaitable[Any], why: str) -> RuntimeError:
    """The error to raise for what will not be awaited."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
    return RuntimeError(why)


class _Call:
    """An awaitable on its way to a loop. It can be cancelled in the loop's thread before and after it has begun."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False

    async def outcome(self) -> _Outcome:
        """A result or a failure: as a failure of its own, the task would end the loop (KeyboardInterrupt)."""
        self._task = asyncio.current_task()
        if self._cancelled:
            return None, refused(self._awaitable, "the caller was interrupted before this began")
        try:
            return await self._awaitable, None
        except BaseException as exc:
            return None, exc

    def cancel(self) -> None:
        """Let it end: nobody waits for it any more."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()


def _start() -> _Running:
    started: Future[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = Future()
    thread = threading.Thread(target=_serve, args=(started,), name="toolkit-bridge", daemon=True)
    thread.start()
    loop, stop = started.result()
    return _Running(loop, thread, stop)


def _serve(started: "Future[tuple[asyncio.AbstractEventLoop, Callable[[], None]]]") -> None:
    async def until_stopped() -> None:
        stop = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), stop.set))
        await stop.wait()

    try:
        asyncio.run(until_stopped())
    except BaseException as exc:
        if started.done():
            raise
        started.set_exception(exc)
