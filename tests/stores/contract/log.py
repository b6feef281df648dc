"""What every `Log` does. Star-import it where a fixture `store_factory` returns a `StoreFactory`."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from toolkit.stores import StoreError, Trimmed

from .clock import Clock, StoreFactory
from .machines import LogProgram, run_programs
from .values import KEYS, NO_KEYS, with_store

SOON = 10  # seconds that a follower is waited for


async def events_of(store: Any, name: str, since: int = 0) -> list[tuple[int, bytes]]:
    return [event async for event in store.read(name, since)]


def test_random_programs_on_logs(store_factory: StoreFactory) -> None:
    run_programs(LogProgram, store_factory)


def test_events_are_numbered_from_one(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert await store.last("x") == 0
        assert await store.append("x", 0, [b"1", b""]) == 2
        assert await store.append("x", 2, [b"\0\xff"]) == 3
        assert await events_of(store, "x") == [(1, b"1"), (2, b""), (3, b"\0\xff")]
        assert await events_of(store, "x", 2) == [(3, b"\0\xff")]
        assert await events_of(store, "x", 3) == []
        assert await store.last("x") == 3

    with_store(store_factory, scene)


def test_one_of_many_appends(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for after in range(5):
            event = b"%d" % after
            numbers = await asyncio.gather(*(store.append("x", after, [event]) for _ in range(10)))
            assert sorted(numbers, key=bool) == [None] * 9 + [after + 1]
        assert await events_of(store, "x") == [(number, b"%d" % (number - 1)) for number in range(1, 6)]

    with_store(store_factory, scene)


def test_any_text_names_a_log(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for key in KEYS:
            assert await store.append(key, 0, [key.encode()]) == 1
        for view in (store, store.at("a")):
            held = [[(1, key.encode())] if view is store else [] for key in KEYS]
            assert [await events_of(view, key) for key in KEYS] == held

    with_store(store_factory, scene)


@pytest.mark.parametrize("name", NO_KEYS, ids=ascii)
def test_what_names_no_log(store_factory: StoreFactory, name: str) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        calls = (store.append(name, 0, [b""]), store.last(name), store.trim(name, 1), store.drop(name))
        for call in (*calls, events_of(store, name)):
            with pytest.raises(ValueError, match="name"):
                await call

    with_store(store_factory, scene)


def test_what_cannot_be_appended(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for after, events in ((0, []), (-1, [b"1"]), (0, [b"1", bytes(16 * 2**20 + 1)])):
            with pytest.raises(ValueError, match=r"event|bytes"):
                await store.append("x", after, events)
        with pytest.raises(TypeError):
            await store.append("x", 0, [b"1", "text"])
        assert await store.last("x") == 0

    with_store(store_factory, scene)


def test_what_was_trimmed(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.trim("x", 5)
        await store.append("x", 0, [b"1", b"2", b"3", b"4"])
        await store.trim("x", 2)
        await store.trim("x", 1)
        assert await store.last("x") == 4
        with pytest.raises(Trimmed) as trimmed:
            await events_of(store, "x", 1)
        assert trimmed.value.first == 3
        assert await events_of(store, "x", 2) == [(3, b"3"), (4, b"4")]
        await store.trim("x", 99)
        assert await store.append("x", 4, [b"5"]) == 5
        assert await events_of(store, "x", 4) == [(5, b"5")]

    with_store(store_factory, scene)


def test_what_is_still_to_come(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for since in (1, 2**53 - 1):
            with pytest.raises(StoreError):
                await events_of(store, "x", since)

    with_store(store_factory, scene)


def test_a_dropped_log_begins_again(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.append("x", 0, [b"1", b"2"])
        await store.drop("x")
        await store.drop("x")
        assert await store.last("x") == 0
        assert await store.append("x", 2, [b"3"]) is None
        assert await store.append("x", 0, [b"3"]) == 1

    with_store(store_factory, scene)


def test_followers_see_all_in_order(store_factory: StoreFactory) -> None:
    async def follow(store: Any, since: int) -> list[tuple[int, bytes]]:
        seen = []
        async with aclosing(store.read("x", since, follow=True)) as events:
            async for event in events:
                seen.append(event)
                if event[0] == 40:
                    break
        return seen

    async def scene(store: Any, clock: Clock) -> None:
        await store.append("x", 0, [b"1"])
        followers = [asyncio.ensure_future(follow(store, since)) for since in (0, 0, 1)]
        for after in range(1, 40):
            await store.append("x", after, [b"%d" % (after + 1)])
            await asyncio.sleep(0.001 * (after % 3))
        wanted = [(number, b"%d" % number) for number in range(1, 41)]
        seen = await asyncio.wait_for(asyncio.gather(*followers), SOON)
        assert seen == [wanted, wanted, wanted[1:]]

    with_store(store_factory, scene)


def test_a_follower_waits_for_a_log_to_begin(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        async with aclosing(store.read("x", 0, follow=True)) as events:
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await store.append("x", 0, [b"1"])
            assert await asyncio.wait_for(waiting, SOON) == (1, b"1")

    with_store(store_factory, scene)


def test_a_cancelled_follower_leaves_the_store_sound(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        followers = [asyncio.ensure_future(anext(store.read("x", 0, follow=True))) for _ in range(5)]
        await asyncio.sleep(0.05)
        for follower in followers[1:]:
            follower.cancel()
        ended = await asyncio.gather(*followers[1:], return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 4
        await store.append("x", 0, [b"1"])
        assert await asyncio.wait_for(followers[0], SOON) == (1, b"1")

    with_store(store_factory, scene)


@pytest.mark.parametrize("end", ["drop", "close"])
def test_followers_are_told_of_the_end(store_factory: StoreFactory, end: str) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.append("x", 0, [b"1"])
        follower = asyncio.ensure_future(anext(store.read("x", 1, follow=True)))
        await asyncio.sleep(0.05)
        await (store.drop("x") if end == "drop" else store.close())
        with pytest.raises(StoreError):
            await asyncio.wait_for(follower, SOON)

    with_store(store_factory, scene)
