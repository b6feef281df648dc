"""When to sweep: with a write, at most once a second in one process."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

_EVERY = 1.0  # seconds


class Sweeper:
    """Of one table, shared by all views. `now` is a clock that never goes back."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._next = now()
        self._lock = Lock()

    def is_due(self) -> bool:
        """Whether the caller is to sweep now."""
        now = self._now()
        if now < self._next:
            return False
        with self._lock:
            due = now >= self._next
            self._next = max(self._next, now + _EVERY)
            return due
