"""What the memory store does beyond the contract: bounds, sweeps, threads, and calls that never wait."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from sys import getsizeof

import pytest

from toolkit.stores import GCRA, Claim, Item, Rate, Sliding, StoreError, Window
from toolkit.stores.contracts import Decision
from toolkit.stores.memory import MemoryStore
from toolkit.stores.memory.expiries import Expiries
from toolkit.stores.memory.family import Family
from toolkit.stores.rates import reserve
from toolkit.stores.urls import parse_url

HOUR = 3600 * 10**6
LIMIT = GCRA("limit", 3, HOUR, 3)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def memory(options: str = "", clock: Clock | None = None) -> MemoryStore:
    return MemoryStore(parse_url(f"memory:{options}"), now=clock or Clock())


def family(store: MemoryStore, rate: Rate) -> Family:
    space = store._space
    return space.gcra[rate.name] if isinstance(rate, GCRA) else space.families[type(rate), rate.name]


def hit(store: MemoryStore, key: str, rate: Rate = LIMIT) -> Decision:
    return store.reserve_now([Claim(rate, key)])


async def test_calls_that_never_wait() -> None:
    store = memory()
    assert store.get_now("k") is None
    await store.put("k", b"1", 1_800_000_001)
    assert store.get_now("k") == Item(b"1", 1_800_000_001.0)
    assert [hit(store, "k").allowed for _ in range(4)] == [True, True, True, False]
    with pytest.raises(ValueError, match="key"):
        store.get_now("")
    await store.close()
    for call in (lambda: store.get_now("k"), lambda: hit(store, "k")):
        with pytest.raises(StoreError, match="closed"):
            call()


async def test_values_are_bounded() -> None:
    clock = Clock()
    store = memory("?max_bytes=10000", clock)
    await store.put("old", bytes(4000), clock.now + 1)
    await store.at("a").put("k", bytes(4000))
    with pytest.raises(StoreError, match=r"^memory:\?max_bytes=10000: the store is full: max_bytes=10000 are in use$"):
        await store.put("k", bytes(4000))
    with pytest.raises(StoreError, match="full"):
        await store.append("x", 0, [bytes(4000)])
    assert await store.get("k") is None
    assert await store.replace("old", bytes(4000), b"shorter", clock.now + 1)
    await store.put("k", bytes(4000))
    clock.now += 32
    await store.put("other", bytes(100))
    await store.delete("k")
    assert await store.append("x", 0, [bytes(4000)]) == 1
    await store.drop("x")
    await store.put("k", bytes(4000))
    await store.delete("k")
    await store.delete("other")
    await store.at("a").delete("k")
    assert store._shared.used == 0


async def test_what_has_expired_is_swept_by_what_is_written() -> None:
    clock = Clock()
    store = memory("", clock)
    for number in range(500):
        await store.put(f"k{number}", b"1", clock.now + number % 7, group="g")
    clock.now += 60
    for number in range(250):
        await store.put(f"new{number}", b"1")
    assert len(store._space.items) == 250
    assert store._space.group_of == {}
    assert store._space.groups == {}


def test_expiries_forget_what_moved() -> None:
    expiries = Expiries()
    for second in range(0, 160, 16):
        expiries.add("k", second)
        expiries.discard("k", second)
    expiries.discard("k", 7)
    expiries.add("k", 1000)
    assert expiries.due(1007) is None
    assert expiries.due(1008) == "k"
    assert expiries._order == [1000 // 16]


@pytest.mark.parametrize(
    "rate", [LIMIT, Sliding("s", 3, HOUR), Window("w", 3, 0, 2 * 10**15)], ids=lambda rate: rate.name
)
def test_new_keys_share_a_counter_where_there_is_no_room(rate: Rate) -> None:
    store = memory("?max_keys=100")
    for number in range(100):
        assert hit(store, f"k{number}", rate).allowed
    assert [hit(store, f"new{number}", rate).allowed for number in range(5)] == [True] * 3 + [False] * 2
    assert [hit(store, "k7", rate).allowed for _ in range(3)] == [True, True, False]
    assert len(family(store, rate).counters) == 101


async def test_what_was_counted_in_the_shared_counter_is_given_back_to_it() -> None:
    clock = Clock()
    store = memory("?max_keys=1", clock)
    hit(store, "k")
    decisions = [hit(store, "new") for _ in range(3)]
    several = store.reserve_now([Claim(LIMIT, "new"), Claim(LIMIT, "k", 1, True)])
    assert not several.allowed
    assert decisions[2].reservation is not None
    await store.settle(decisions[2].reservation, 0)
    assert [hit(store, "another").allowed for _ in range(2)] == [True, False]


def test_counters_that_have_expired_make_room() -> None:
    clock = Clock()
    store = memory("?max_keys=100", clock)
    for number in range(100):
        hit(store, f"k{number}")
    clock.now += 7200
    assert all(hit(store, f"new{number}").verdicts[0].remaining == 2 for number in range(90))
    assert "" not in family(store, LIMIT).counters


async def test_debt_is_never_evicted() -> None:
    store = memory("?max_keys=50")
    for number in range(50):
        await store.reset(Claim(LIMIT, f"debtor{number}"), used=30)
    for number in range(10_000):
        hit(store, f"new{number}")
    assert not any(hit(store, f"debtor{number}").allowed for number in range(50))
    assert len(family(store, LIMIT).counters) == 51


def test_each_key_is_in_the_ring_once() -> None:
    clock = Clock()
    store = memory("", clock)
    for number in range(5000):
        clock.now += 60
        hit(store, f"k{number % 300}")
        assert len(family(store, LIMIT).ring) == len(family(store, LIMIT).counters) <= 300
    assert sorted(family(store, LIMIT).ring) == sorted(family(store, LIMIT).counters)


async def test_a_clock_that_goes_back_gives_back_no_more() -> None:
    """A unit that came back by itself is not given back again by a clock that shows an earlier time."""
    clock = Clock()
    store = memory("", clock)
    first = hit(store, "k")
    clock.now += 1200  # the unit has come back
    assert [hit(store, "k").allowed for _ in range(4)] == [True, True, True, False]
    clock.now -= 1200
    assert first.reservation is not None
    await store.settle(first.reservation, 0)
    clock.now += 1200
    assert not hit(store, "k").allowed


def test_many_threads_count_as_one() -> None:
    store = memory()
    rate = GCRA("threads", 500, HOUR, 500)
    window = Window("window", 4000, 1_800_000_000 * 10**6, 1_900_000_000 * 10**6)
    with ThreadPoolExecutor(8) as pool:
        claims = [[Claim(rate, "k")], [Claim(rate, "k"), Claim(window, "k")]]
        decisions = list(pool.map(lambda number: store.reserve_now(claims[number % 2]), range(4000)))
    assert sum(decision.allowed for decision in decisions) == 500
    assert store.reserve_now([Claim(rate, "other")]).verdicts[0].remaining == 499


def test_a_follower_is_woken_from_another_loop() -> None:
    store = memory()

    async def follow() -> tuple[int, bytes]:
        return await asyncio.wait_for(anext(store.read("x", 0, follow=True)), 10)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lambda: asyncio.run(follow()))
        while not store._space.waiters._futures:
            pass
        asyncio.run(store.append("x", 0, [b"1"]))
        assert reading.result(10) == (1, b"1")


async def test_followers_that_left_are_forgotten() -> None:
    store = memory()
    follower = asyncio.ensure_future(anext(store.read("x", 0, follow=True)))
    await asyncio.sleep(0)
    assert store._space.waiters._futures
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    assert store._space.waiters._futures == {}


def test_repr() -> None:
    assert repr(memory().at("a").at("b")) == "<MemoryStore memory: namespace='a/b'>"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "refunds", "megabytes"),
    [
        (LIMIT, False, 150),
        (LIMIT, True, 250),
        (Sliding("s", 3, HOUR), False, 250),
        (Window("w", 3, 1_799_999_999 * 10**6, 1_800_086_400 * 10**6), False, 250),
    ],
    ids=["GCRA", "GCRA with refunds", "Sliding", "Window"],
)
def test_a_million_keys(rate: Rate, refunds: bool, megabytes: int) -> None:
    """Their memory, keys included. The allocator rounds up to 16 bytes."""
    counted = Family(rate, 1_000_000)
    for number in range(1_000_000):
        now = 1_800_000_000 * 10**6 + number
        _, state = reserve(rate, None, now, 1)
        assert state is not None
        key = f"{number >> 16}.{number >> 8 & 255}.0.{number & 255}"
        counted.set(key, (state[0], number + 1) if refunds else state, now)
    used = getsizeof(counted.counters) + getsizeof(counted.ring)
    used += sum((getsizeof(one) + 15) // 16 * 16 for pair in counted.counters.items() for one in pair)
    assert len(counted.counters) == len(counted.ring) == 1_000_000
    assert used < megabytes * 10**6
