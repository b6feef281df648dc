"""A circuit breaker: who does not answer is left alone for a while, so that nobody waits for what will not come.

It only counts and tells the time; who asks a server does so like this:

    wait = breaker.wait()
    if wait:
        raise StoreError(f"it is asked again in {wait:.1f} s")
    try:
        answer = await ...          # within a time-out
    except Unreachable:
        breaker.failed()
        raise
    breaker.succeeded()             # an answer that is an error is an answer

What is cancelled tells nothing: neither method is called.
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed while it works. Open after `failures` in a row: then one call in each `cooldown` passes, as a probe.

    A probe that succeeds closes it. It may be used from many threads.

    Args:
        failures: How many in a row open it, 1 or more.
        cooldown: Seconds from a failure to the next probe, and between two probes.
        now: A clock that never goes back, in seconds.
    """

    def __init__(self, *, failures: int = 5, cooldown: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        if failures < 1 or cooldown < 0:
            raise ValueError("a breaker needs 1 failure or more, and no negative cooldown")
        self._failures = failures
        self._cooldown = cooldown
        self._now = now
        self._lock = threading.Lock()
        self._count = 0
        self._probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._probe_at is not None

    def wait(self) -> float:
        """Seconds until it is worth asking again: 0 to go ahead now. While it is open, 0 is told once a cooldown."""
        if not self.is_open:
            return 0.0
        with self._lock:
            now = self._now()
            probe_at = now if self._probe_at is None else self._probe_at
            if now < probe_at:
                return probe_at - now
            if self.is_open:
                self._probe_at = now + self._cooldown
            return 0.0

    def succeeded(self) -> None:
        if self._count:
            with self._lock:
                self._count = 0
                self._probe_at = None

    def failed(self) -> None:
        with self._lock:
            self._count += 1
            if self._count >= self._failures:
                self._probe_at = self._now() + self._cooldown
