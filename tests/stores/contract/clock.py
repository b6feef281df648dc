"""The time that a conformance test goes by, and how a store under test is made."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN = 4_000_000_000.0  # later than any server's own time, so that windows of these days are not over there


class Clock:
    """Seconds since 1970, moved by hand.

    The factory of a store that goes by a server's time sets `real`: then it is this machine's time, tests wait for it
    to pass, and what depends on more than a few seconds is looked at less closely.
    """

    def __init__(self) -> None:
        self.real = False
        self._now = BEGIN

    def __call__(self) -> float:
        return time.time() if self.real else self._now

    async def advance(self, seconds: float) -> None:
        """Let time pass, or go back where the clock is moved by hand."""
        if self.real:
            await asyncio.sleep(max(0.0, seconds))
        else:
            self._now += seconds


StoreFactory = Callable[[Clock], Any]
"""Makes a store that is empty and goes by the clock. It is called many times; the suite closes each store."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The suite needs no plugin for asynchronous tests."""
    return asyncio.run(coroutine)
