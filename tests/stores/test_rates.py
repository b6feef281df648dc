"""The arithmetic of limits, against what a counter would hold had refunded requests never come."""

import random
from collections.abc import Callable
from fractions import Fraction
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.stores import GCRA, Rate, Sliding, Verdict, Window
from toolkit.stores.rates import (
    HORIZON,
    HOUR,
    SECOND,
    State,
    expiry,
    live,
    microseconds,
    reserve,
    reset,
    settle,
    verdict,
)

NOW = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND
RATES: list[Rate] = [
    GCRA("g", 6, MINUTE, 4),
    GCRA("g", 7, 1000, 3),
    Sliding("s", 5, MINUTE),
    Sliding("s", 3, 1000),
    Window("w", 5, NOW, NOW + MINUTE),
]
LARGEST: list[Rate] = [
    GCRA("g", 1, 2**50, 3),
    GCRA("g", 1, 36525 * 24 * HOUR, 1),
    GCRA("g", 10**9, 10**9, 10**9),
    Sliding("s", 10**9, 36525 * 24 * HOUR),
    Window("w", 10**9, NOW, NOW + 36525 * 24 * HOUR),
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "settle", "reset"]),
        st.integers(1, 4),
        st.sampled_from([0, 1, 2, 6]),
        st.sampled_from([0, 1, 300, 10**6, 9 * 10**6, 30 * 10**6, MINUTE]),
    ),
    max_size=12,
)
Settle = Callable[[GCRA, State | None, int, State, int], State | None]
Keep = Callable[[GCRA, State | None, int], State | None]

each_rate = pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{type(rate).__name__}-{rate.limit}")


def reached(rate: Rate, steps: list[tuple[str, int, int, int]], now: int = NOW) -> tuple[State | None, int]:
    """The state and the time after some steps: (what, cost, cost in the end, pause before)."""
    state: State | None = None
    marks: list[tuple[State, int]] = []
    for what, cost, final, pause in steps:
        now += pause
        if what == "reserve":
            allowed, state = reserve(rate, state, now, cost)
            marks += [(state, cost)] if allowed and state else []
        elif what == "reset":
            state = reset(rate, state, now, final)
        elif marks:
            mark, reserved = marks.pop(0)
            state = settle(rate, state, now, mark, final - reserved)
        assert state is None or all(0 <= number < 2**53 for number in state)
    return state, now


def over_admission(seed: int, settle: Settle = settle, keep: Keep = live) -> int:
    """By how many µs a GCRA ever falls behind, in one random schedule, the one in which no refunded request came.

    There each request comes, when it came, with what it cost in the end; debt comes when it becomes known.
    """
    chance = random.Random(seed)
    rate = GCRA("g", 1, 1000, chance.choice([1, 2, 3, 5]))
    now, state, worst = 10**6, None, 0
    pending: list[tuple[int, State, int]] = []
    history: list[tuple[int, int]] = []
    for _ in range(chance.choice([6, 10, 16])):
        now += chance.choice([0, 0, 1, chance.randrange(1000), chance.randrange(3000)])
        if pending and chance.random() < 0.5:
            place, mark, cost = pending.pop(chance.randrange(len(pending)))
            final = chance.choice([0, 0, cost - 1, cost, cost + 1])
            state = settle(rate, state, now, mark, final - cost)
            history[place] = history[place][0], min(final, cost)
            history += [(now, 1)] if final > cost else []
        else:
            cost = chance.choice([1, 1, 2])
            allowed, state = reserve(rate, state, now, cost)
            if allowed and state:
                pending.append((len(history), state, cost))
                history.append((now, cost))
        state = keep(rate, state, now)
        worst = max(worst, arrival(history, now) - max(state[0] if state else 0, now))
    return worst


def arrival(history: list[tuple[int, int]], now: int) -> int:
    """The theoretical arrival time after requests (time, cost) at 1000 µs a unit, or now."""
    tat = 0
    for at, cost in history:
        tat = max(tat, at) + cost * 1000 if cost else tat
    return max(tat, now)


@pytest.mark.parametrize("batch", range(3))
def test_refunds_never_over_admit(batch: int) -> None:
    """Together 30,000 random schedules."""
    assert [seed for seed in range(batch * 10_000, (batch + 1) * 10_000) if over_admission(seed) > 0] == []


def give_it_all_back(rate: GCRA, state: State | None, now: int, mark: State, extra: int) -> State | None:
    return (state[0] + extra * rate.interval, 0) if state else None


def give_back_what_is_ahead(rate: GCRA, state: State | None, now: int, mark: State, extra: int) -> State | None:
    back = max(0, min(mark[0] - now, -extra * rate.interval))
    return (state[0] - back if extra < 0 else state[0] + extra * rate.interval, 0) if state else None


def drop_what_has_arrived(rate: GCRA, state: State | None, now: int) -> State | None:
    return state if state and state[0] > now else None


@pytest.mark.parametrize(
    ("wrong", "keep", "seeds"),
    [
        (give_it_all_back, live, range(100)),
        (give_back_what_is_ahead, live, range(1000)),
        (settle, drop_what_has_arrived, range(12_600, 12_700)),
    ],
    ids=["all", "what is ahead", "dropped early"],
)
def test_the_schedules_find_what_over_admits(wrong: Settle, keep: Keep, seeds: range) -> None:
    """One schedule in ten thousand tells a state that is dropped as soon as `tat` has passed."""
    assert max(over_admission(seed, wrong, keep) for seed in seeds) > 0


@each_rate
@settings(max_examples=150)
@given(steps=STEPS, cost=st.integers(1, 3))
def test_retry_after_is_the_first_moment_that_passes(rate: Rate, steps: Any, cost: int) -> None:
    state, now = reached(rate, steps)
    allowed, _ = reserve(rate, state, now, cost)
    told = verdict(rate, state, now, cost, allowed)
    assert (told.retry_after == 0) is allowed
    after = round(told.retry_after * SECOND)
    if not allowed and not isinstance(rate, Window):
        assert not reserve(rate, state, now + after - 1, cost)[0]
        assert reserve(rate, state, now + after, cost)[0]


@each_rate
@settings(max_examples=150)
@given(steps=STEPS)
def test_remaining_is_what_passes_and_reset_is_when_all_is_back(rate: Rate, steps: Any) -> None:
    state, now = reached(rate, steps)
    told = verdict(rate, state, now, 1, True)
    most = rate.burst if isinstance(rate, GCRA) else rate.limit
    assert told.remaining == sum(reserve(rate, state, now, cost)[0] for cost in range(1, most + 1))
    full = now + round(told.reset * SECOND)
    if not isinstance(rate, Window):
        assert verdict(rate, state, full, 1, True)[1:3] == (most, 0)
        assert told.reset == 0 or verdict(rate, state, full - 1, 1, True).reset > 0


@each_rate
@given(steps=STEPS, cost=st.integers(1, 6), used=st.integers(0, 9))
def test_an_expired_state_decides_like_none(rate: Rate, steps: Any, cost: int, used: int) -> None:
    state, now = reached(rate, steps)
    if state is not None:
        now = max(now, expiry(rate, state))
        assert live(rate, state, now) is None
        assert live(rate, state, expiry(rate, state) - 1) == state
        passed, fresh = reserve(rate, None, now, cost)
        assert reserve(rate, state, now, cost) == (passed, fresh if passed else state)
        assert reset(rate, state, now, used) == reset(rate, None, now, used)
        assert verdict(rate, state, now, cost, passed) == verdict(rate, None, now, cost, passed)


@pytest.mark.parametrize("rate", LARGEST, ids=repr)
@given(steps=STEPS, pause=st.sampled_from([0, -NOW, 10**15]))
def test_no_number_passes_2_to_the_53(rate: Rate, steps: Any, pause: int) -> None:
    larger = [(what, cost * 10**8, final * 10**8, wait * 10**6) for what, cost, final, wait in steps]
    state, now = reached(rate, steps + larger)
    told = verdict(rate, state, max(0, now + pause), 10**9, False)
    assert told.remaining >= 0
    assert told.reset >= 0
    assert told.retry_after > 0


@settings(max_examples=200)
@given(steps=STEPS, cost=st.integers(1, 4))
def test_a_sliding_window_admits_no_more_than_its_weighted_sum(steps: Any, cost: int) -> None:
    rate = Sliding("s", 5, MINUTE)
    state, now = reached(rate, steps)
    index, current, previous = state or (0, 0, 0)
    late = now // MINUTE - index
    current, previous = [(current, previous), (0, current), (0, 0)][min(late, 2)]
    exact = current + previous * Fraction(MINUTE - now % MINUTE, MINUTE) + cost
    allowed, _ = reserve(rate, state, now, cost)
    assert not allowed or exact <= rate.limit
    assert allowed or exact + 1 + Fraction(previous, rate.slices) > rate.limit


@pytest.mark.parametrize("rate", [RATES[2], RATES[4]], ids=["sliding", "window"])
@pytest.mark.parametrize(("pause", "back"), [(0, True), (59 * SECOND, True), (61 * SECOND, False)], ids=str)
def test_windows_give_back_exactly(rate: Rate, pause: int, back: bool) -> None:
    _, first = reserve(rate, None, NOW, 3)
    _, second = reserve(rate, first, NOW, 1)
    assert first is not None
    after = settle(rate, second, NOW + pause, first, -3)
    others = reserve(rate, None, NOW, 1)[1]
    cost = 4 if isinstance(rate, Sliding) or back else 1
    assert reserve(rate, after, NOW + pause, cost) == reserve(rate, others, NOW + pause, cost)


def test_a_window_that_is_over_takes_no_refund_into_the_next() -> None:
    this, following = Window("w", 2, NOW, NOW + MINUTE), Window("w", 2, NOW + MINUTE, NOW + 2 * MINUTE)
    _, mark = reserve(this, None, NOW, 1)
    _, state = reserve(following, mark, NOW + MINUTE, 2)
    assert mark is not None
    assert settle(this, state, NOW + MINUTE, mark, -1) == state
    assert settle(this, state, NOW + MINUTE, mark, 5) == state
    assert reserve(this, state, NOW + MINUTE, 1) == (False, state)


def test_late_clocks_get_no_window_for_nothing() -> None:
    rate = Window("w", 2, NOW, NOW + MINUTE)
    state, passed = None, []
    for second in range(0, 5 * 3600, 600):
        allowed, state = reserve(rate, live(rate, state, NOW + second * SECOND), NOW + second * SECOND, 1)
        passed.append(allowed)
    assert sum(passed[:6]) == 2
    assert sum(passed) <= 2 * 5


@pytest.mark.parametrize(
    ("rate", "state", "cost", "told"),
    [
        (RATES[0], None, 1, Verdict(True, 4, 0.0, 0.0)),
        (RATES[0], (NOW + 40 * SECOND, 0), 1, Verdict(False, 0, 40.0, 10.0)),
        (RATES[0], (NOW + 25 * SECOND, 0), 2, Verdict(False, 1, 25.0, 5.0)),
        (RATES[0], (NOW + 90 * SECOND, 0), 1, Verdict(False, 0, 90.0, 60.0)),
        (RATES[0], None, 5, Verdict(False, 4, 0.0, inf)),
        (RATES[2], (NOW // MINUTE, 5, 0), 1, Verdict(False, 0, 120.0, 72.000684)),
        (RATES[2], (NOW // MINUTE - 1, 5, 0), 1, Verdict(False, 0, 60.0, 12.000684)),
        (RATES[2], (NOW // MINUTE, 5, 0), 5, Verdict(False, 0, 120.0, 120.0)),
        (RATES[4], (NOW, NOW + MINUTE, 4), 2, Verdict(False, 1, 60.0, 60.0)),
        (RATES[4], (NOW, NOW + MINUTE, 4), 6, Verdict(False, 1, 60.0, inf)),
    ],
    ids=str,
)
def test_what_is_told(rate: Rate, state: State | None, cost: int, told: Verdict) -> None:
    assert verdict(rate, state, NOW, cost, told.allowed) == told


def test_what_was_refunded_is_counted_modulo_2_to_the_52() -> None:
    rate = GCRA("g", 1, MINUTE, 3)
    state: State | None = (NOW + MINUTE, HORIZON - MINUTE)
    _, state = reserve(rate, state, NOW, 1)
    assert state is not None
    assert settle(rate, state, NOW, state, -1) == (NOW + MINUTE, 1)


def test_microseconds_of_a_clock() -> None:
    assert [microseconds(seconds) for seconds in (1.5, 0, -3.0)] == [1_500_000, 0, 0]


@pytest.mark.parametrize(
    ("rate", "given", "word"),
    [
        (GCRA, ("", 1, MINUTE, 1), "name"),
        (GCRA, ("g", 0, MINUTE, 1), "limit"),
        (GCRA, ("g", 10**9 + 1, MINUTE, 1), "limit"),
        (GCRA, ("g", 1, 999, 1), "period"),
        (GCRA, ("g", 1, 36525 * 24 * HOUR + 1, 1), "period"),
        (GCRA, ("g", 1, MINUTE, 0), "burst"),
        (GCRA, ("g", 1, MINUTE, 10**9), "burst"),
        (GCRA, ("g", 1001, 1000, 1), "limit"),
        (GCRA, ("g", True, MINUTE, 1), "limit"),
        (GCRA, ("g", 1.0, MINUTE, 1), "limit"),
        (GCRA, ("g", 1, float("nan"), 1), "period"),
        (Sliding, ("s", 1, 0), "period"),
        (Sliding, ("x" * 513, 1, MINUTE), "name"),
        (Window, ("w", 1, 10, 10), "period"),
        (Window, ("w", 1, -1, MINUTE), "start"),
        (Window, ("w", 1, 2**53, 2**53 + MINUTE), "start"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:40],
)
def test_what_is_no_rate(rate: Any, given: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        rate(*given)


def test_a_refund_that_lost_count_leaves_nothing_below_now() -> None:
    """After two resets of a rate this slow, 2**52 µs count as given back since the mark."""
    rate = GCRA("g", 1, 36525 * 24 * HOUR, 1)
    _, mark = reserve(rate, None, NOW, 1)
    state = reset(rate, reset(rate, reset(rate, mark, NOW, 0), NOW, 0), NOW, 0)
    assert mark is not None
    assert settle(rate, state, NOW, mark, -1) == state == (NOW, state[1])
