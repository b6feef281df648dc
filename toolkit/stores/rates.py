"""The arithmetic of limits: pure functions of a rate, a counter's state, the time and a cost.

Rules of this file:

- Times are integer microseconds, costs are whole units, and nothing is ever negative.
- No number passes 2**53, nor does any product on the way: Lua's doubles and PL/pgSQL's bigints decide the same.
  Where there is a division, the quotient is rounded as written, never to the nearest.
- A state is a small tuple of integers; None is fresh. One that has expired decides like None, so that no decision
  depends on when a store sweeps.
- A clock that goes back makes decisions stricter, never looser.
"""

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, assert_never

MILLISECOND = 1_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
CENTURY = 36525 * 24 * HOUR
MOST = 10**9  # of a limit, a burst, a cost
FULL = 10**11  # what a counter of units stops at, however much debt comes in
HORIZON = 2**52  # µs that a theoretical arrival time may lie ahead, and what `refunded` is counted modulo
SLICES = 65536  # that the period of a sliding window has at most

State = tuple[int, ...]
"""GCRA: (tat, refunded). Sliding: (index, current, previous). Window: (start, end, count)."""


@dataclass(frozen=True, slots=True)
class GCRA:
    """The generic cell rate algorithm: `limit` units a `period` (µs), of which `burst` may come at once.

    `name` identifies the family of counters: pool, algorithm and parameters. Raises ValueError for what is out of
    bounds. Its states are (tat, refunded): the theoretical arrival time, and the microseconds given back since the key
    was last idle, modulo 2**52.
    """

    name: str
    limit: int
    period: int
    burst: int
    interval: int = field(init=False, repr=False, compare=False)
    """The emission interval: µs until one unit is back, rounded up."""
    capacity: int = field(init=False, repr=False, compare=False)
    """µs that `burst` units take to come back."""

    def __post_init__(self) -> None:
        _check(self.name, self.limit, self.period)
        _within("burst", self.burst, 1, MOST)
        if self.limit > self.period:
            raise ValueError("limit: more than one unit a microsecond cannot be told apart")
        object.__setattr__(self, "interval", _ceil(self.period, self.limit))
        object.__setattr__(self, "capacity", self.burst * self.interval)
        if self.capacity >= HORIZON:
            raise ValueError("burst: it would take more than 142 years to come back")


@dataclass(frozen=True, slots=True)
class Sliding:
    """A sliding window of two counters: `limit` units in any `period` (µs), taking the last one to be spread evenly.

    Its states are (index, current, previous): the number of the period since 1970, and the units of it and of the one
    before. That one weighs as many slices of the period as are left of the current, rounded up.
    """

    name: str
    limit: int
    period: int
    slice: int = field(init=False, repr=False, compare=False)
    """µs of a slice: a 65536th of the period, rounded up."""
    slices: int = field(init=False, repr=False, compare=False)
    """How many whole ones a period has."""

    def __post_init__(self) -> None:
        _check(self.name, self.limit, self.period)
        object.__setattr__(self, "slice", _ceil(self.period, SLICES))
        object.__setattr__(self, "slices", self.period // self.slice)


@dataclass(frozen=True, slots=True)
class Window:
    """A calendar window that the caller computed: `limit` units from `start` to `end` (µs since 1970).

    Its states are (start, end, count). A stored window that starts later wins, so that a caller whose clock is late
    counts where the others do.
    """

    name: str
    limit: int
    start: int
    end: int

    def __post_init__(self) -> None:
        _check(self.name, self.limit, self.end - self.start)
        _within("start", self.start, 0, 2 * HORIZON - CENTURY - HOUR)


Rate = GCRA | Sliding | Window


class Verdict(NamedTuple):
    """What became of one claim: `remaining` whole units, `reset` and `retry_after` in seconds.

    Attributes:
        allowed: Whether this claim passes by itself; others may have kept it from being counted.
        remaining: Whole units left after this decision.
        reset: Until all units are back, or the next window.
        retry_after: Until this claim could pass: 0 if allowed, inf if its cost is more than can ever pass.
    """

    allowed: bool
    remaining: int
    reset: float
    retry_after: float


def microseconds(seconds: float) -> int:
    """What a clock tells, as these functions take it."""
    return max(0, int(seconds * SECOND))


def reserve(rate: Rate, state: State | None, now: int, cost: int) -> tuple[bool, State | None]:
    """Whether `cost` units (1 or more) pass, and the state then: changed if they do, as it was if not."""
    match rate:
        case GCRA():
            return _reserve_gcra(rate, state, now, cost)
        case Sliding():
            return _reserve_sliding(rate, state, now, cost)
        case Window():
            return _reserve_window(rate, state, now, cost)
        case _:
            assert_never(rate)


def settle(rate: Rate, state: State | None, now: int, mark: State, extra: int) -> State | None:
    """The state when a reservation turns out to cost `extra` units more, which is debt, or less, which gives back.

    `mark` is the state that the reservation left. What is given back never exceeds what the counter would hold had the
    difference never been reserved; for GCRA it may be a little less.
    """
    match rate:
        case GCRA():
            return _settle_gcra(rate, state, now, mark, extra)
        case Sliding():
            return _settle_sliding(rate, state, now, mark, extra)
        case Window():
            return _settle_window(state, now, mark, extra)
        case _:
            assert_never(rate)


def reset(rate: Rate, state: State | None, now: int, used: int) -> State:
    """The state as if `used` units had just been used and nothing before.

    What was reserved before a reset and is given back after it: nothing is, by GCRA and Window. By Sliding it is, since
    its window remains the same.
    """
    match rate:
        case GCRA():
            tat, refunded = live(rate, state, now) or (now, 0)
            seen = refunded + rate.capacity if tat > now or refunded else 0
            return now + span(rate, used), _wrapped(seen)
        case Sliding():
            return _rolled(rate, state, now)[0], used, 0
        case Window():
            start, end, _ = _newest(rate, state, now)
            return start + 1, max(end, now), used
        case _:
            assert_never(rate)


def verdict(rate: Rate, state: State | None, now: int, cost: int, allowed: bool) -> Verdict:
    """What to tell of a claim whose counter is in `state`: after it where it was counted, as it found it otherwise."""
    match rate:
        case GCRA():
            return _verdict_gcra(rate, state, now, cost, allowed)
        case Sliding():
            return _verdict_sliding(rate, state, now, cost, allowed)
        case Window():
            return _verdict_window(rate, state, now, cost, allowed)
        case _:
            assert_never(rate)


def expiry(rate: Rate, state: State) -> int:
    """When (µs) a state may be dropped, for nothing can be told from a fresh one then.

    GCRA: where units were given back, other reservations may still be marked with later times than `tat`, by at most
    the capacity. Window: an hour after its end, for callers whose clocks are late.
    """
    match rate:
        case GCRA():
            return state[0] + (rate.capacity if state[1] else 0)
        case Sliding():
            return (state[0] + 2) * rate.period
        case Window():
            return state[1] + HOUR
        case _:
            assert_never(rate)


def live(rate: Rate, state: State | None, now: int) -> State | None:
    """The state, or None once it has expired."""
    return None if state is None or expiry(rate, state) <= now else state


def _reserve_gcra(rate: GCRA, state: State | None, now: int, cost: int) -> tuple[bool, State | None]:
    tat, refunded = live(rate, state, now) or (now, 0)
    ahead = max(0, tat - now) + span(rate, cost)
    return (True, (now + ahead, refunded)) if ahead <= rate.capacity else (False, state)


def span(rate: GCRA, units: int) -> int:
    """µs that units take to come back, at most 2**52. A capacity is less, so that what costs more never passes."""
    return min(units * rate.interval, HORIZON)


def _settle_gcra(rate: GCRA, state: State | None, now: int, mark: State, extra: int) -> State | None:
    """Refund: of what the mark still has ahead of it, less what others were given back since, at most what it cost.

    Never below `now`, should 2**52 µs have been given back meanwhile, so that they no longer tell.
    """
    current = live(rate, state, now)
    if extra >= 0:
        tat, refunded = current or (now, 0)
        return (now + min(max(0, tat - now) + span(rate, extra), HORIZON), refunded) if extra else state
    if current is None:
        return None
    tat, refunded = current
    ahead = mark[0] - (refunded - mark[1]) % HORIZON - now
    back = max(0, min(ahead, tat - now, span(rate, -extra)))
    return (tat - back, _wrapped(refunded + back)) if back else state


def _wrapped(refunded: int) -> int:
    """Modulo 2**52 and never back to 0, which means that nothing was given back."""
    return max(1, refunded % HORIZON) if refunded else 0


def _verdict_gcra(rate: GCRA, state: State | None, now: int, cost: int, allowed: bool) -> Verdict:
    tat = max(state[0], now) if state else now
    remaining = max(0, now + rate.capacity - tat) // rate.interval
    retry = tat - now + span(rate, cost) - rate.capacity
    return Verdict(allowed, remaining, (tat - now) / SECOND, _retry(allowed, cost > rate.burst, retry))


def _reserve_sliding(rate: Sliding, state: State | None, now: int, cost: int) -> tuple[bool, State | None]:
    index, current, previous, _ = rolled = _rolled(rate, state, now)
    if _used(rate, rolled) + cost > rate.limit:
        return False, state
    return True, (index, current + cost, previous)


def _rolled(rate: Sliding, state: State | None, now: int) -> tuple[int, int, int, int]:
    """(index, current, previous) at `now`, and how many slices are left. An earlier `now` is the window's start."""
    index = now // rate.period
    if state is None or state[0] < index - 1:
        return index, 0, 0, _slices_left(rate, now)
    if state[0] > index:
        return state[0], state[1], state[2], rate.slices
    current, previous = (state[1], state[2]) if state[0] == index else (0, state[1])
    return index, current, previous, _slices_left(rate, now)


def _slices_left(rate: Sliding, now: int) -> int:
    """Rounded up, but never more than a period has, so that the weight is neither too small nor above 1."""
    return min(rate.slices, _ceil(rate.period - now % rate.period, rate.slice))


def _used(rate: Sliding, rolled: tuple[int, int, int, int]) -> int:
    _, current, previous, left = rolled
    return current + _ceil(previous * left, rate.slices)


def _settle_sliding(rate: Sliding, state: State | None, now: int, mark: State, extra: int) -> State | None:
    index, current, previous, _ = _rolled(rate, state, now)
    if index == mark[0]:
        return index, _counted(current + extra), previous
    if index == mark[0] + 1:
        return index, current, _counted(previous + extra)
    return state


def _verdict_sliding(rate: Sliding, state: State | None, now: int, cost: int, allowed: bool) -> Verdict:
    index, current, previous, _ = rolled = _rolled(rate, state, now)
    full = index + 2 if current else index + 1 if previous else 0
    remaining = max(0, rate.limit - _used(rate, rolled))
    retry = 0 if allowed else _room_at(rate, (index, current, previous), cost) - now
    reset = max(0, full * rate.period - now) / SECOND
    return Verdict(allowed, remaining, reset, _retry(allowed, cost > rate.limit, retry))


def _room_at(rate: Sliding, state: State, cost: int) -> int:
    """When (µs) `cost` units pass that do not pass now, if nothing else comes."""
    index, current, previous = state
    free = _weightless(rate, previous, rate.limit - cost - current)
    if free < rate.period:
        return index * rate.period + free
    return (index + 1) * rate.period + _weightless(rate, current, rate.limit - cost)


def _weightless(rate: Sliding, previous: int, room: int) -> int:
    """µs into a window until the previous one takes no more than `room` units; a whole period if it always does."""
    if room >= previous:
        return 0
    return rate.period - max(0, room) * rate.slices // previous * rate.slice if previous else rate.period


def _reserve_window(rate: Window, state: State | None, now: int, cost: int) -> tuple[bool, State | None]:
    """Where the window is over, by this clock, it lasts as long as callers with late clocks keep counting in it."""
    start, end, count = _newest(rate, state, now)
    return (True, (start, max(end, now), count + cost)) if count + cost <= rate.limit else (False, state)


def _newest(rate: Window, state: State | None, now: int) -> State:
    stored = live(rate, state, now)
    return stored if stored and stored[0] >= rate.start else (rate.start, rate.end, 0)


def _settle_window(state: State | None, now: int, mark: State, extra: int) -> State | None:
    if state is None or state[0] != mark[0] or state[1] + HOUR <= now:
        return state
    return state[0], state[1], _counted(state[2] + extra)


def _verdict_window(rate: Window, state: State | None, now: int, cost: int, allowed: bool) -> Verdict:
    _, end, count = _newest(rate, state, now)
    left = max(0, end - now)
    return Verdict(allowed, max(0, rate.limit - count), left / SECOND, _retry(allowed, cost > rate.limit, left))


def _retry(allowed: bool, never: bool, after: int) -> float:
    """Seconds, more than 0 for all that was denied."""
    return 0.0 if allowed else inf if never else max(1, after) / SECOND


def _counted(units: int) -> int:
    return min(max(0, units), FULL)


def _ceil(number: int, by: int) -> int:
    return -(-number // by)


def _check(name: object, limit: int, period: int) -> None:
    if not isinstance(name, str) or not 0 < len(name.encode()) <= 512:
        raise ValueError("name: text of 1 to 512 bytes is needed")
    _within("limit", limit, 1, MOST)
    _within("period", period, MILLISECOND, CENTURY)


def _within(name: str, number: int, least: int, most: int) -> None:
    if type(number) is not int or not least <= number <= most:
        raise ValueError(f"{name}: a whole number from {least} to {most} is needed")
