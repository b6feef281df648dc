"""The counters of one rate: a dictionary of small integers, swept as it grows.

Rules of this file:

- A state is packed into one integer, which costs 32 to 48 bytes instead of the 100 or more of a tuple.
- The ring holds every key once. Each new key looks at two old ones and drops those that have expired, so that the
  sweep keeps pace with whatever comes, and takes no longer for a million keys than for one.
- What is live is never dropped. Where there is no room, new keys share one bucket, whose key is "".
"""

from collections import deque

from toolkit.stores.checks import check_key
from toolkit.stores.rates import GCRA, Rate, Sliding, State, expiry

OVERFLOW = ""
_TIME = 53  # bits of a time or of what was refunded
_UNITS = 37  # bits of a count
TIMES = 1 << _TIME
"""From here on a packed GCRA state holds refunds."""

_LOOKS = 2  # at old keys for each new one
_SEARCH = 16  # old keys that are looked at where there is no room


class Family:
    """The counters of one rate in one namespace; at most `max_keys`."""

    __slots__ = ("counters", "latest", "max_keys", "rate", "ring")

    def __init__(self, rate: Rate, max_keys: int) -> None:
        self.rate: Rate = rate
        self.max_keys: int = max_keys
        self.counters: dict[str, int] = {}
        self.ring: deque[str] = deque()
        self.latest: int = 0

    def seen(self, now: int) -> int:
        """The latest time (µs) that was ever told, this one included."""
        self.latest = max(self.latest, now)
        return self.latest

    def bucket(self, key: str, now: int) -> str:
        """The key under which a key is counted: itself, or the bucket of those that find no room."""
        self.seen(now)
        if key in self.counters or len(self.counters) < self.max_keys:
            return key
        self.sweep(now, _SEARCH)
        return key if len(self.counters) < self.max_keys else OVERFLOW

    def enter(self, key: str, now: int) -> int:
        """Make place for a new key that is about to be written at `now`; -1 if there is none."""
        check_key(key)
        if len(self.counters) >= self.max_keys:
            return -1
        self.sweep(now, _LOOKS)
        self.ring.append(key)
        self.counters[key] = now
        return now

    def get(self, key: str) -> State | None:
        packed = self.counters.get(key)
        return None if packed is None else unpack(self.rate, packed)

    def set(self, key: str, state: State, now: int) -> None:
        """Write a state. Whoever is new in the dictionary enters the ring."""
        if key not in self.counters:
            self.sweep(now, _LOOKS)
            self.ring.append(key)
        self.counters[key] = pack(self.rate, state)

    def sweep(self, now: int, looks: int) -> None:
        counters, ring, rate = self.counters, self.ring, self.rate
        for _ in range(min(looks, len(ring))):
            key = ring.popleft()
            if expiry(rate, unpack(rate, counters[key])) <= now:
                del counters[key]
            else:
                ring.append(key)


def pack(rate: Rate, state: State) -> int:
    if isinstance(rate, GCRA):
        tat, refunded = state
        return refunded << _TIME | tat
    first, second, third = state
    return (first << (_UNITS if isinstance(rate, Sliding) else _TIME) | second) << _UNITS | third


def unpack_gcra(rate: GCRA, packed: int, now: int) -> State:
    """The state without what was refunded before it expired."""
    state = unpack(rate, packed)
    return state if expiry(rate, state) > now else (state[0], 0)


def unpack(rate: Rate, packed: int) -> State:
    if isinstance(rate, GCRA):
        return packed & (TIMES - 1), packed >> _TIME
    rest, third = packed >> _UNITS, packed & ((1 << _UNITS) - 1)
    bits = _UNITS if isinstance(rate, Sliding) else _TIME
    return rest >> bits, rest & ((1 << bits) - 1), third
