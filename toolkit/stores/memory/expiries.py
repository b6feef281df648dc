"""Which keys have expired, without looking at the others."""

from heapq import heappop, heappush

_SPAN = 16  # seconds of keys that are kept together


class Expiries:
    """Keys by the time they expire, to be swept a few at a time."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[str, None]] = {}
        self._order: list[int] = []

    def add(self, key: str, expires: float) -> None:
        number = int(expires // _SPAN)
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = {}
            heappush(self._order, number)
        bucket[key] = None

    def discard(self, key: str, expires: float) -> None:
        """An emptied bucket waits for its time, or for its turn to be the first."""
        bucket = self._buckets.get(int(expires // _SPAN))
        if bucket is not None:
            bucket.pop(key, None)

    def due(self, now: float) -> str | None:
        """Some key that expired before the present span of seconds."""
        while self._order and not self._buckets[self._order[0]]:
            del self._buckets[heappop(self._order)]
        if not self._order or self._order[0] >= now // _SPAN:
            return None
        return next(iter(self._buckets[self._order[0]]))

    def clear(self) -> None:
        self._buckets.clear()
        self._order.clear()
