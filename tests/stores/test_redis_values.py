"""What values leave in Redis: hashes that expire, groups that are swept, and other people's keys."""

import time
from typing import Any

import pytest
from redis import Redis as RawClient

from tests.databases import Redis
from tests.stores.redis_stores import opened, raw
from toolkit.stores import Item, StoreError


def names(client: RawClient, store: Any) -> list[str]:
    found: Any = client.keys(f"{store._loops.settings.prefix}:*")
    return sorted(name.decode().partition(":")[2] for name in found)


async def test_how_keys_are_called(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        await store.put("k", b"1", group="g")
        await store.at("a/b").put("k", b"1")
        await store.at("a").append("x", 0, [b"1"])
        with raw(redis_server) as client:
            assert names(client, store) == [
                "{/a/b}:v:k",
                "{/a}:h:x",
                "{/a}:l:x",
                "{/}:g:g",
                "{/}:v:k",
            ]


async def test_redis_forgets_by_itself(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        end = time.time() + 100
        await store.put("k", b"1", end, group="g")
        await store.put("l", b"1", end + 100, group="g")
        with raw(redis_server) as client:
            lives = [client.pttl(key) for key in (store._keys.value("k"), store._keys.groups + "g")]
            assert [round(float(str(life)) / 1000) for life in lives] == pytest.approx([100, 200], abs=2)
            await store.put("m", b"1", group="g")
            assert client.pttl(store._keys.groups + "g") == -1
            for key in "klm":
                await store.delete(key)
            assert names(client, store) == []


async def test_an_expiry_comes_back_to_the_last_bit(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        for expires in (time.time() + 1 / 3, 4e9 + 0.1, 1e17, 1.7976931348623157e308):
            await store.put("k", b"1", expires)
            assert await store.get("k") == Item(b"1", expires)


async def test_a_group_is_swept_a_hundred_at_a_time(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        group = store._keys.groups + "g"
        with raw(redis_server) as client:
            client.zadd(group, {f"old{number}": 1000 + number for number in range(250)})
            left = []
            for number in range(4):
                await store.put(f"k{number}", b"1", group="g")
                left.append(client.zcard(group))
        assert left == [151, 52, 3, 4]


async def test_members_that_are_gone_leave_the_group(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        for number in range(300):
            await store.put(f"k{number}", b"1", group="g")
        with raw(redis_server) as client:
            client.delete(*(store._keys.value(f"k{number}") for number in range(0, 300, 2)))  # as if evicted
            found = {key async for key, _ in store.members("g")}
            assert found == {f"k{number}" for number in range(1, 300, 2)}
            assert client.zcard(store._keys.groups + "g") == 150


async def test_large_members_come_a_few_at_a_time(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        values = {f"k{number}": bytes([number]) * 700_000 for number in range(7)}
        for key, value in values.items():
            await store.put(key, value, group="g")
        assert {key: item.value async for key, item in store.members("g")} == values


@pytest.mark.parametrize("kind", ["string", "list"])
async def test_other_peoples_data_stays_as_it_is(redis_server: Redis, kind: str) -> None:
    async with opened(redis_server.url, failures=1) as store:
        key, stream = store._keys.value("k"), store._keys.log("k")[0]
        with raw(redis_server) as client:
            for name in (key, stream):
                client.set(name, "theirs") if kind == "string" else client.lpush(name, "theirs")
            calls = (
                store.get("k"),
                store.put("k", b"1", group="g"),
                store.touch("k", None),
                store.replace("k", None, b"1"),
                store.replace("k", b"1", b"2"),
                store.take("k"),
                store.delete("k"),
                store.append("k", 0, [b"1"]),
            )
            for call in calls:
                with pytest.raises(StoreError, match="somebody else's data"):
                    await call
            assert {client.type(name) for name in (key, stream)} == {kind.encode()}
        assert await store.get("other") is None
        assert await store.last("k") == 0
