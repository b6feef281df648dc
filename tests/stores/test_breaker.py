"""When a circuit breaker lets calls pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.stores.breaker import Breaker


class Ticks:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(ticks: Ticks, failures: int = 3, cooldown: float = 10.0) -> Breaker:
    breaker = Breaker(failures=failures, cooldown=cooldown, now=ticks)
    for _ in range(failures):
        assert breaker.wait() == 0
        breaker.failed()
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(failures=3, cooldown=10, now=Ticks())
    for outcome in ("failed", "failed", "succeeded", "failed", "failed"):
        getattr(breaker, outcome)()
    assert (breaker.is_open, breaker.wait()) == (False, 0)
    breaker.failed()
    assert (breaker.is_open, breaker.wait()) == (True, 10)


def test_one_probe_passes_in_each_cooldown() -> None:
    ticks = Ticks()
    breaker = opened(ticks)
    ticks.now += 9
    assert breaker.wait() == 1
    ticks.now += 1
    assert [breaker.wait() for _ in range(3)] == [0, 10, 10]
    ticks.now += 10
    assert [breaker.wait() for _ in range(2)] == [0, 10]


def test_a_probe_that_fails_keeps_it_open_for_a_cooldown() -> None:
    ticks = Ticks()
    breaker = opened(ticks)
    ticks.now += 10
    assert breaker.wait() == 0
    ticks.now += 4
    breaker.failed()
    assert breaker.wait() == 10


def test_a_probe_that_succeeds_closes_it() -> None:
    ticks = Ticks()
    breaker = opened(ticks)
    ticks.now += 10
    assert breaker.wait() == 0
    breaker.succeeded()
    assert [breaker.wait() for _ in range(3)] == [0, 0, 0]
    breaker.failed()
    assert not breaker.is_open


def test_a_late_success_closes_it_too() -> None:
    breaker = opened(Ticks())
    breaker.succeeded()
    assert (breaker.is_open, breaker.wait()) == (False, 0)


@pytest.mark.parametrize(("failures", "cooldown"), [(0, 1.0), (-1, 1.0), (1, -0.1)], ids=str)
def test_what_is_no_breaker(failures: int, cooldown: float) -> None:
    with pytest.raises(ValueError, match="breaker"):
        Breaker(failures=failures, cooldown=cooldown)


@given(st.lists(st.sampled_from(["ask", "failed", "succeeded", 1, 4, 10]), max_size=60), st.integers(1, 4))
def test_whatever_happens(steps: list[str | int], failures: int) -> None:
    ticks = Ticks()
    breaker = Breaker(failures=failures, cooldown=10, now=ticks)
    in_a_row, passed_at = 0, -100.0
    for step in steps:
        if isinstance(step, int):
            ticks.now += step
        elif step == "ask":
            wait = breaker.wait()
            assert 0 <= wait <= 10
            assert (in_a_row >= failures) or wait == 0
            if in_a_row >= failures and wait == 0:
                assert ticks.now - passed_at >= 10
                passed_at = ticks.now
        else:
            getattr(breaker, step)()
            in_a_row = in_a_row + 1 if step == "failed" else 0
            passed_at = ticks.now if step == "failed" else -100.0
        assert breaker.is_open is (in_a_row >= failures)
