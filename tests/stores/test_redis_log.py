"""Logs on streams, and who follows them."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from tests.databases import Redis
from tests.proxy import Proxy
from tests.stores.redis_stores import opened, raw
from toolkit.stores import StoreError, Trimmed
from toolkit.stores.redis.bells import Bell, Line
from toolkit.stores.redis.settings import settings
from toolkit.stores.urls import parse_url

SOON = 30


async def numbers(store: Any, name: str, upto: int, since: int = 0) -> list[int]:
    """The numbers of the events that a follower sees, up to one."""
    seen = []
    async with asyncio.timeout(SOON), aclosing(store.read(name, since, follow=True)) as events:
        async for number, event in events:
            assert event == b"%d" % number
            seen.append(number)
            if number == upto:
                break
    return seen


def subscriptions(server: Redis, store: Any) -> int:
    with raw(server) as client:
        found: Any = client.pubsub_channels(f"{store._loops.settings.prefix}*")
        return len(found)


async def until(condition: Any) -> None:
    for _ in range(SOON * 100):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it took too long")


async def test_events_are_on_a_stream(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        await store.append("x", 0, [b"1", b"2"])
        with raw(redis_server) as client:
            found: Any = client.xrange(store._keys.log("x")[0])
        assert found == [(b"1-0", {b"d": b"1"}), (b"2-0", {b"d": b"2"})]


async def test_many_and_large_events(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        events = [b"%d" % number for number in range(1, 20_001)]
        assert await store.append("many", 0, events) == 20_000
        assert [event async for _, event in store.read("many", 0)] == events
        large = [bytes([number]) * 900_000 for number in range(5)]
        assert await store.append("large", 0, large) == 5
        assert [event async for _, event in store.read("large", 1)] == large[1:]


async def test_what_was_evicted_is_as_if_it_were_trimmed(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        for name in ("stream", "head"):
            await store.append(name, 0, [b"1", b"2"])
        with raw(redis_server) as client:
            client.delete(store._keys.log("stream")[0], store._keys.log("head")[1])
        assert await store.last("stream") == 2
        with pytest.raises(Trimmed) as trimmed:
            await anext(store.read("stream", 0))
        assert trimmed.value.first == 3
        assert await store.append("stream", 2, [b"3"]) == 3
        assert [one async for one in store.read("stream", 2)] == [(3, b"3")]
        assert await store.last("head") == 0
        assert await store.append("head", 0, [b"new"]) == 1
        assert [one async for one in store.read("head", 0)] == [(1, b"new")]


async def test_followers_of_one_loop_share_a_connection(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        await store.append("x", 0, [b"1"])
        followers = [asyncio.ensure_future(numbers(store, name, 3)) for name in ("x", "y", "x", "y", "x")]
        await until(lambda: subscriptions(redis_server, store) == 2)
        with raw(redis_server) as client:
            counts: Any = client.pubsub_numsub(*(store._keys.log(name)[0] for name in "xy"))
            assert [count for _, count in counts] == [1, 1]
        for after in range(3):
            await store.append("x", after, [b"%d" % (after + 1)])
            await store.append("y", after, [b"%d" % (after + 1)])
        assert await asyncio.gather(*followers) == [[1, 2, 3]] * 5
        await until(lambda: subscriptions(redis_server, store) == 0)


async def test_to_leave_and_come_back(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        for turn in range(40):
            follower = asyncio.ensure_future(anext(store.read("x", turn, follow=True)))
            await asyncio.sleep(0.0005 * (turn % 5))
            if turn % 2:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)
                follower = asyncio.ensure_future(anext(store.read("x", turn, follow=True)))
            await store.append("x", turn, [b"1"])
            assert await asyncio.wait_for(follower, SOON) == (turn + 1, b"1")


@pytest.mark.parametrize("end", ["trim", "drop", "again", "flush"])
async def test_followers_hear_what_became_of_the_log(new_redis: Any, end: str) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        await store.append("x", 0, [b"1"])
        reading: Any = store.read("x", 0, follow=True)
        async with aclosing(reading) as events:
            assert await anext(events) == (1, b"1")
            if end == "flush":
                with raw(server) as client:
                    client.flushall()
            elif end == "trim":
                await store.append("x", 1, [b"2"])
                await store.trim("x", 2)
            else:
                await store.drop("x")
            if end in {"again", "flush"}:
                await store.append("x", 0, [b"1", b"2"])
            with pytest.raises(Trimmed if end == "trim" else StoreError):
                await asyncio.wait_for(anext(events), SOON)


@pytest.mark.parametrize("how", ["reset", "refuse", "garble"])
async def test_followers_hear_of_an_outage_and_may_go_on(redis_server: Redis, how: str) -> None:
    with Proxy("127.0.0.1", redis_server.port) as proxy:
        async with opened(f"redis://127.0.0.1:{proxy.port}", cooldown=0.01) as store:
            follower = asyncio.ensure_future(numbers(store, "x", 1))
            await until(lambda: subscriptions(redis_server, store) == 1)
            proxy.garble(4) if how == "garble" else getattr(proxy, how)()
            if how == "garble":
                with raw(redis_server) as client:
                    client.publish(store._keys.log("x")[0], "")
            with pytest.raises(StoreError):
                await follower
            proxy.heal()
            follower = asyncio.ensure_future(numbers(store, "x", 1))
            await append_in_the_end(store)
            assert await follower == [1]


async def append_in_the_end(store: Any) -> None:
    """Connections that the proxy reset are found out one after another."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                await store.append("x", 0, [b"1"])
                return
            except StoreError:
                await asyncio.sleep(0.02)


class Wire:
    """A connection that notes what is said."""

    is_connected = True

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    async def send_command(self, *words: Any) -> None:
        self.said.append(words)


async def test_a_channel_is_left_only_once_it_was_confirmed() -> None:
    line = Line(settings(parse_url("redis://")))
    wire: Any = Wire()
    line._connection = wire
    for _ in range(2):  # the second enters before the first was confirmed
        entering = asyncio.ensure_future(line.enter(b"x", bell := Bell()))
        await asyncio.sleep(0)
        entering.cancel()
        await line.leave(b"x", bell)
    assert wire.said == [("SUBSCRIBE", b"x")]
    await line._told([b"subscribe", b"x", 1])
    assert wire.said == [("SUBSCRIBE", b"x"), ("UNSUBSCRIBE", b"x")]
    await line._told([b"message", b"x", b"late"])


@pytest.mark.slow
async def test_a_silent_connection_is_found_out(redis_server: Redis) -> None:
    with Proxy("127.0.0.1", redis_server.port) as proxy:
        async with opened(f"redis://127.0.0.1:{proxy.port}", timeout=1) as store:
            follower = asyncio.ensure_future(numbers(store, "x", 1))
            await until(lambda: subscriptions(redis_server, store) == 1)
            await asyncio.sleep(1.5)  # a sign of life was asked for, and came
            assert not follower.done()
            proxy.hang()
            with pytest.raises(StoreError):
                await follower
