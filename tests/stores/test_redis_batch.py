"""Calls of one turn of the event loop are one command, and each is all or none by itself."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.databases import Redis
from tests.stores.redis_stores import opened, raw
from toolkit.stores import GCRA, Claim, Decision, Rate, Sliding, StoreError, Window
from toolkit.stores.redis.errors import FOREIGN

DAY = 86_400_000_000
RATES: list[Rate] = [GCRA("g", 10, 30 * DAY, 10), Sliding("s", 10, 30 * DAY), Window("w", 10, 0, 30_000 * DAY)]

each_rate = pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)


async def together(*calls: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


def scripts_run(server: Redis) -> int:
    with raw(server) as client:
        stats: Any = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "eval"))


@pytest.mark.parametrize(("calls", "commands"), [(1, 1), (64, 1), (256, 1), (257, 2), (1000, 4)])
async def test_how_many_commands_calls_take(new_redis: Any, calls: int, commands: int) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        await store.peek([Claim(RATES[0], "k")])
        before = scripts_run(server)
        decisions = await together(*(store.reserve([Claim(RATES[0], "k")]) for _ in range(calls)))
        assert scripts_run(server) - before == commands
    assert sum(decision.allowed for decision in decisions) == min(calls, 10)


@each_rate
async def test_each_call_is_all_or_none(redis_server: Redis, rate: Rate) -> None:
    async with opened(redis_server.url) as store:
        decisions: list[Decision] = await together(
            store.reserve([Claim(rate, "a", 6)]),
            store.reserve([Claim(rate, "b", 1), Claim(rate, "a", 5)]),
            store.reserve([Claim(rate, "a", 5, shadow=True), Claim(rate, "b", 2)]),
            store.reserve([Claim(rate, "a", 2), Claim(rate, "a", 2)]),
            store.peek([Claim(rate, "a", 1), Claim(rate, "b", 1)]),
        )
    assert [decision.allowed for decision in decisions] == [True, False, True, True, False]
    remaining = [[verdict.remaining for verdict in decision.verdicts] for decision in decisions]
    assert remaining == [[4], [10, 4], [4, 8], [2, 0], [0, 8]]


async def test_one_foreign_key_fails_its_own_call_alone(redis_server: Redis) -> None:
    async with opened(redis_server.url) as store:
        good, bad, odd = (Claim(RATES[0], key) for key in ("good", "bad", "odd"))
        with raw(redis_server) as client:
            client.lpush(store._keys.counter(bad.rate, bad.key), "x")
            client.set(store._keys.counter(odd.rate, odd.key), "no state")
        answers = await together(
            store.reserve([good]), store.reserve([good, bad]), store.reset(odd), store.reserve([good, good])
        )
        left = (await store.peek([good])).verdicts[0].remaining
    assert [type(answer) for answer in answers] == [Decision, StoreError, StoreError, Decision]
    assert [str(answer).endswith(FOREIGN) for answer in answers] == [False, True, True, False]
    assert left == 7


async def test_where_the_command_fails_each_call_has_an_error_of_its_own(new_redis: Any) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        server.kill()
        failures = await together(*(store.reserve([Claim(RATES[0], "k")]) for _ in range(20)))
        assert {type(failure) for failure in failures} == {StoreError}
        assert len({id(failure) for failure in failures}) == 20
        server.start()
        assert (await store.reserve([Claim(RATES[0], "k")])).allowed


@each_rate
async def test_who_is_cancelled_hurts_nobody_and_gets_it_back(redis_server: Redis, rate: Rate) -> None:
    async with opened(redis_server.url) as store:
        for turns in range(60):
            calls = [asyncio.ensure_future(store.reserve([Claim(rate, f"k{turns}", 2)])) for _ in range(3)]
            for _ in range(turns % 12):
                await asyncio.sleep(0.00002 * turns)
            calls[1].cancel()
            answers = await together(*calls)
            kept = sum(isinstance(answer, Decision) for answer in answers)
            assert kept >= 2
            assert await remaining(store, Claim(rate, f"k{turns}"), 10 - 2 * kept) == 10 - 2 * kept


async def remaining(store: Any, claim: Claim, wanted: int) -> int:
    """What is left, once it is as it should be, or after a while."""
    for _ in range(200):
        left: int = (await store.peek([claim])).verdicts[0].remaining
        if left == wanted:
            break
        await asyncio.sleep(0.005)
    return left


async def test_views_of_one_namespace_share_a_command(new_redis: Any) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        await store.peek([Claim(RATES[0], "k")])
        before = scripts_run(server)
        views = [store.at("a"), store.at("a"), store.at("b")]
        await together(*(view.reserve([Claim(RATES[0], "k", 4)]) for view in views))
        assert scripts_run(server) - before == 2
        left = [(await view.peek([Claim(RATES[0], "k")])).verdicts[0].remaining for view in views]
    assert left == [2, 2, 6]
