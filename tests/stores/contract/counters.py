"""What every `Counters` does. Star-import it where a fixture `store_factory` returns a `StoreFactory`.

Periods are long, so that a server's own time makes no difference but where a test lets time pass.
"""

import asyncio
from math import inf
from typing import Any

import pytest

from toolkit.stores import GCRA, Claim, Rate, Sliding, StoreError, Verdict, Window

from .clock import BEGIN, Clock, StoreFactory, run
from .counting import DAY, MONTH, TODAY, CounterProgram
from .machines import run_programs
from .values import NO_KEYS, with_store

RATES: list[Rate] = [GCRA("gcra", 3, MONTH, 3), Sliding("sliding", 3, MONTH), Window("window", 3, TODAY, TODAY + MONTH)]

each_rate = pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)


async def admitted(store: Any, *claims: Claim) -> bool:
    decision = await store.reserve(claims)
    assert (decision.reservation is not None) is decision.allowed
    return bool(decision.allowed)


async def left(store: Any, rate: Rate, key: str = "k") -> int:
    verdict = (await store.peek([Claim(rate, key)])).verdicts[0]
    assert isinstance(verdict, Verdict)
    assert verdict.allowed is (verdict.remaining > 0)
    assert (verdict.retry_after > 0) is (not verdict.allowed)
    assert verdict.reset >= 0
    return verdict.remaining


def test_random_programs_on_counters(store_factory: StoreFactory) -> None:
    run_programs(CounterProgram, store_factory)


@each_rate
def test_fifty_at_once_under_a_limit_of_three(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        decisions = await asyncio.gather(*(store.reserve([Claim(rate, "k")]) for _ in range(50)))
        assert sum(decision.allowed for decision in decisions) == 3
        passed = [decision.verdicts[0].remaining for decision in decisions if decision.allowed]
        assert sorted(passed) == [0, 1, 2]
        assert await left(store, rate) == 0
        assert await left(store, rate, "other") == 3

    with_store(store_factory, scene)


@each_rate
def test_all_or_none(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert await admitted(store, Claim(rate, "full", 3))
        decision = await store.reserve([Claim(rate, "k", 2), Claim(rate, "full"), Claim(rate, "last")])
        assert not decision.allowed
        assert decision.reservation is None
        assert [verdict.allowed for verdict in decision.verdicts] == [True, False, True]
        assert [verdict.remaining for verdict in decision.verdicts] == [3, 0, 3]
        assert [await left(store, rate, key) for key in ("k", "full", "last")] == [3, 0, 3]

    with_store(store_factory, scene)


@each_rate
def test_a_key_twice_in_one_call(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert not await admitted(store, Claim(rate, "k", 2), Claim(rate, "k", 2))
        assert await left(store, rate) == 3
        assert await admitted(store, Claim(rate, "k", 2), Claim(rate, "k", 1))
        assert await left(store, rate) == 0

    with_store(store_factory, scene)


@each_rate
def test_a_shadow_denies_nothing(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        shadow = Claim(rate, "shadow", 2, shadow=True)
        first, second = [await store.reserve([shadow, Claim(rate, "k")]) for _ in range(2)]
        assert (first.allowed, second.allowed) == (True, True)
        assert [verdict.allowed for verdict in second.verdicts] == [False, True]
        assert [await left(store, rate, key) for key in ("shadow", "k")] == [1, 1]
        alone = await store.reserve([shadow])
        assert (alone.allowed, alone.verdicts[0].allowed) == (True, False)
        await store.settle(alone.reservation, 0)
        await store.settle(second.reservation, 0)
        assert [await left(store, rate, key) for key in ("shadow", "k")] == [1, 2]
        await store.settle(first.reservation, 0)
        assert await left(store, rate, "shadow") == 3

    with_store(store_factory, scene)


@each_rate
def test_no_claims_pass(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        decision = await store.reserve([])
        assert (decision.allowed, decision.verdicts) == (True, ())
        await store.settle(decision.reservation, 0)

    with_store(store_factory, scene)


@each_rate
def test_a_cost_that_can_never_pass(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for cost in (4, 10**9):
            decision = await store.reserve([Claim(rate, "k", cost)])
            assert decision.verdicts[0] == Verdict(False, 3, decision.verdicts[0].reset, inf)
        assert await left(store, rate) == 3

    with_store(store_factory, scene)


@pytest.mark.parametrize("cost", [0, -1, 10**9 + 1, 1.0, float("nan"), "1"], ids=str)
def test_what_is_no_cost(store_factory: StoreFactory, cost: Any) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for use in (store.reserve, store.peek):
            with pytest.raises((ValueError, TypeError)):
                await use([Claim(RATES[0], "good"), Claim(RATES[0], "k", cost)])
            with pytest.raises((ValueError, TypeError)):
                await use([Claim(RATES[0], "k", cost)])
        assert await left(store, RATES[0], "good") == 3

    with_store(store_factory, scene)


@pytest.mark.parametrize("key", [*NO_KEYS, "k" * 2**20], ids=lambda key: ascii(key)[:20])
def test_what_is_no_key_of_a_counter(store_factory: StoreFactory, key: str) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        claim = Claim(RATES[0], key)
        for call in (store.reserve([claim]), store.peek([claim]), store.reset(claim)):
            with pytest.raises(ValueError, match="key"):
                await call

    with_store(store_factory, scene)


@each_rate
@pytest.mark.parametrize(("cost", "remaining"), [(0, 3), (1, 2), (2, 1), (3, 0), (5, 0)])
def test_what_it_costs_in_the_end(store_factory: StoreFactory, rate: Rate, cost: int, remaining: int) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        decision = await store.reserve([Claim(rate, "k", 2)])
        await store.settle(decision.reservation, cost)
        assert await left(store, rate) == remaining
        with pytest.raises(ValueError, match="once"):
            await store.settle(decision.reservation, cost)
        assert await left(store, rate) == remaining

    with_store(store_factory, scene)


@each_rate
def test_debt_is_paid_off_first(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        first = await store.reserve([Claim(rate, "k")])
        second = await store.reserve([Claim(rate, "k", 2)])
        await store.settle(first.reservation, 2)
        await store.settle(second.reservation, 0)
        assert await left(store, rate) == 1

    with_store(store_factory, scene)


@each_rate
def test_one_cost_for_each_claim(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        decision = await store.reserve([Claim(rate, "a", 2), Claim(rate, "b", 2)])
        for costs in ([1], [1, 1, 1], [-1, 1]):
            with pytest.raises(ValueError, match="cost"):
                await store.settle(decision.reservation, costs)
        await store.settle(decision.reservation, [0, 3])
        assert [await left(store, rate, key) for key in "ab"] == [3, 0]

    with_store(store_factory, scene)


@each_rate
def test_reset(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.reset(Claim(rate, "absent"))
        await store.reset(Claim(rate, "used"), used=2)
        assert [await left(store, rate, key) for key in ("absent", "used")] == [3, 1]
        assert await admitted(store, Claim(rate, "k", 3))
        await store.reset(Claim(rate, "k"))
        assert await left(store, rate) == 3
        await store.reset(Claim(rate, "k"), used=10**9)
        assert await left(store, rate) == 0

    with_store(store_factory, scene)


@pytest.mark.parametrize("rate", [RATES[0], RATES[2]], ids=lambda rate: rate.name)
def test_what_was_reserved_before_a_reset_is_not_given_back_after_it(store_factory: StoreFactory, rate: Rate) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        before = await store.reserve([Claim(rate, "k", 2)])
        await store.reset(Claim(rate, "k"))
        assert await admitted(store, Claim(rate, "k", 3))
        await store.settle(before.reservation, 0)
        assert await left(store, rate) == 0

    with_store(store_factory, scene)


def test_counters_apart(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        names = [GCRA(name, 1, MONTH, 1) for name in ("a", "a:k", "ü\0")]
        claims = [Claim(rate, key) for rate in names for key in ("k", "k:k", "\0")]
        for view in (store, store.at("a"), store.at("a").at("b")):
            for claim in claims:
                assert await admitted(view, claim)
                assert not await admitted(view, claim)
            await view.put("k", b"1")
            assert (await view.get("k")).value == b"1"

    with_store(store_factory, scene)


def test_units_come_back(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        rates: list[Rate] = [GCRA("g", 2, 400_000, 1), Sliding("s", 1, 200_000)]
        for rate in rates:
            assert await admitted(store, Claim(rate, "k"))
            verdict = (await store.reserve([Claim(rate, "k")])).verdicts[0]
            assert 0 < verdict.retry_after <= 0.4
            await clock.advance(verdict.retry_after + 0.00001)
            assert await admitted(store, Claim(rate, "k"))
            await clock.advance(1)
            assert await left(store, rate) == 1

    with_store(store_factory, scene)


def test_the_next_window(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        now = int(clock() * 1_000_000)
        this, following = Window("w", 2, now - DAY, now + DAY), Window("w", 2, now + DAY, now + 2 * DAY)
        late = await store.reserve([Claim(this, "k")])
        assert late.verdicts[0].reset == pytest.approx(86400, abs=10)
        assert await admitted(store, Claim(following, "k"))
        await store.settle(late.reservation, 0)
        assert await left(store, following) == 1
        assert await admitted(store, Claim(this, "k"))  # a late clock: it counts in the window that is stored
        assert await left(store, following) == 0

    with_store(store_factory, scene)


def test_fifty_refunds_at_once(store_factory: StoreFactory) -> None:
    async def attempt(store: Any, number: int) -> bool:
        decision = await store.reserve([Claim(rate, "k") for rate in RATES])
        if decision.allowed and number % 2:
            await store.settle(decision.reservation, 0)
        return bool(decision.allowed and not number % 2)

    async def scene(store: Any, clock: Clock) -> None:
        kept = sum(await asyncio.gather(*(attempt(store, number) for number in range(50))))
        assert kept <= 3
        assert [await left(store, rate) for rate in RATES[1:]] == [3 - kept] * 2
        assert await left(store, RATES[0]) <= 3 - kept

    with_store(store_factory, scene)


@pytest.mark.parametrize("jump", [86400.0, 400 * 86400.0, -3600.0, -400 * 86400.0, -2 * BEGIN], ids=str)
def test_a_clock_that_jumps_and_comes_back(store_factory: StoreFactory, jump: float) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for rate in RATES:
            decision = await store.reserve([Claim(rate, "k", 2)])
            for step in (jump, -jump):
                await clock.advance(0 if clock.real else step)
                assert 0 <= await left(store, rate) <= 3
                passed = sum([await admitted(store, Claim(rate, "k")) for _ in range(5)])
                assert passed <= 3
            await store.settle(decision.reservation, 0)
            assert 0 <= await left(store, rate) <= 2

    with_store(store_factory, scene)


def test_closed_counters_say_so(store_factory: StoreFactory) -> None:
    async def scene() -> None:
        store = store_factory(Clock())
        decision = await store.reserve([Claim(RATES[0], "k")])
        await store.close()
        claim = Claim(RATES[0], "k")
        calls = (store.reserve([claim]), store.peek([claim]), store.reset(claim), store.settle(decision.reservation, 0))
        for call in calls:
            with pytest.raises(StoreError):
                await call

    run(scene())
