"""One store in many tasks, threads, event loops and processes; calls that are cancelled."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.databases import Redis
from tests.stores.redis_stores import made, opened, raw
from toolkit.stores import GCRA, Claim, Item, StoreError

ROOT = Path(__file__).parents[2]
RATE = GCRA("g", 1000, 86_400_000_000, 1000)

FORKED = """
import asyncio, os, sys, time
from toolkit.stores import open_store

store = open_store(sys.argv[1])

async def use(name, times):
    for number in range(times):
        await store.put(name, b"%d" % number)
        assert (await store.get(name)).value == b"%d" % number
        await asyncio.sleep(0)

async def parent():
    await asyncio.gather(*(use(f"before{number}", 5) for number in range(8)))
    child = os.fork()
    if not child:
        threading_is_not_inherited()
    await asyncio.gather(*(use(f"parent{number}", 50) for number in range(8)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    await asyncio.gather(*(use(f"after{number}", 5) for number in range(8)))
    await store.close()

def threading_is_not_inherited():
    asyncio.set_event_loop(None)
    asyncio._set_running_loop(None)
    asyncio.run(child())
    os._exit(0)

async def child():
    await asyncio.gather(*(use(f"child{number}", 50) for number in range(8)))
    await store.close()

asyncio.run(parent())
"""


async def test_no_cancelled_call_leaves_its_answer_to_another(redis_server: Redis) -> None:
    """As redis-py did in its issue 2624."""
    random = Random(2624)

    async def ask(store: Any, number: int) -> int:
        call = asyncio.ensure_future(store.get(f"k{number % 50}"))
        for _ in range(random.randrange(12)):
            await asyncio.sleep(0 if random.random() < 0.7 else 0.0003)
        call.cancel()
        try:
            assert await call == Item(b"%d" % (number % 50), None)
        except asyncio.CancelledError:
            return 0
        return 1

    async with opened(redis_server.url, pool=5) as store:
        await asyncio.gather(*(store.put(f"k{number}", b"%d" % number) for number in range(50)))
        answered = 0
        for start in range(0, 3000, 50):
            answered += sum(await asyncio.gather(*(ask(store, start + number) for number in range(50))))
        assert 100 < answered < 2900
        for number in range(50):
            assert await store.get(f"k{number}") == Item(b"%d" % number, None)


async def test_cancelled_calls_of_all_kinds(redis_server: Redis) -> None:
    random = Random(1)
    async with opened(redis_server.url, pool=3) as store:
        await store.put("value", b"value")
        await store.append("log", 0, [b"event"])
        for _ in range(150):
            calls: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(call)
                for call in (
                    store.get("value"),
                    store.put("other", b"1"),
                    store.last("log"),
                    store.reserve([Claim(RATE, "k")]),
                    store.touch("value", None),
                    anext(store.read("log", 1, follow=True)),
                )
            ]
            await asyncio.sleep(random.random() / 200)
            for call in calls:
                call.cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            for answer, wanted in zip(answers, (Item(b"value", None), None, 1, None, True, None), strict=True):
                assert isinstance(answer, asyncio.CancelledError) or wanted is None or answer == wanted
        assert await store.get("value") == Item(b"value", None)
        assert await store.last("log") == 1


async def test_calls_wait_for_a_connection(redis_server: Redis) -> None:
    async with opened(redis_server.url, pool=2) as store:
        before = clients(redis_server)
        await asyncio.gather(*(store.put(f"k{number}", b"1") for number in range(300)))
        assert clients(redis_server) - before <= 1


async def test_no_connection_is_free_in_time(redis_server: Redis) -> None:
    async with opened(redis_server.url, pool=1, timeout=0.3, failures=1) as store:
        local = await store._loops.local()
        async with local.client._slots:
            with pytest.raises(StoreError, match=r"none of 1 connections was free within 0\.3 s"):
                await store.get("k")
        assert await store.get("k") is None  # the server is not to blame: the breaker stays closed


def test_one_store_in_loops_one_after_another(redis_server: Redis) -> None:
    store = made(redis_server.url)
    before = clients(redis_server)
    for number in range(3):
        asyncio.run(store.put("k", b"%d" % number))
        item = asyncio.run(store.get("k"))
        assert item == Item(b"%d" % number, None)
    assert clients(redis_server) == before
    asyncio.run(store.close())
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(store.get("k"))


def test_one_store_in_loops_of_many_threads(redis_server: Redis) -> None:
    store = made(redis_server.url)
    failures: list[BaseException] = []

    async def use(name: str) -> None:
        for number in range(100):
            await store.put(name, b"%d" % number)
            assert await store.get(name) == Item(b"%d" % number, None)
            await store.reserve([Claim(RATE, "k")])

    def run(number: int) -> None:
        try:
            asyncio.run(use(f"k{number}"))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert asyncio.run(store.peek([Claim(RATE, "k")])).verdicts[0].remaining == 600
    asyncio.run(store.close())


def test_to_close_a_store_closes_it_in_other_threads(redis_server: Redis) -> None:
    store, opens, may_end = made(redis_server.url), threading.Event(), threading.Event()
    followed: list[str] = []

    async def follow() -> None:
        waiting = asyncio.ensure_future(anext(store.read("log", 0, follow=True)))
        for _ in range(3000):
            if clients_listening(redis_server, store):
                break
            await asyncio.sleep(0.01)
        opens.set()
        with pytest.raises(StoreError) as told:
            await asyncio.wait_for(waiting, 30)
        followed.append(told.value.reason)
        may_end.wait(30)

    thread = threading.Thread(target=asyncio.run, args=(follow(),))
    thread.start()
    assert opens.wait(30)
    asyncio.run(store.close())
    may_end.set()
    thread.join()
    assert followed == ["the store is closed"]


def clients_listening(server: Redis, store: Any) -> bool:
    with raw(server) as client:
        found: Any = client.pubsub_channels(f"{store._loops.settings.prefix}*")
        return bool(found)


def clients(server: Redis) -> int:
    with raw(server) as client:
        info: Any = client.info("clients")
        return int(info["connected_clients"])


async def test_a_child_that_goes_on_in_its_parents_loop(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(redis_server.url) as store:
        await store.put("k", b"1")
        parents = await store._loops.local()
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            assert await store._loops.local() is not parents
            assert await store.get("k") == Item(b"1", None)
            await store._loops._locals[asyncio.get_running_loop()].close()
        assert await parents.client.ask("GET", "other", read=repr) == "None"
        await parents.close()


async def test_a_kept_connection_that_was_closed_is_not_used(new_redis: Any) -> None:
    server = new_redis(appendonly=True)
    async with opened(server.url) as store:
        for number in range(3):
            await asyncio.gather(*(store.put(f"k{key}", b"%d" % number) for key in range(5)))
            server.restart()
            await asyncio.sleep(0.05)  # until the loop has seen it
            await store.put("k0", b"%d" % (number + 1))
            assert (await store.reserve([Claim(RATE, "k")])).allowed


def test_parent_and_child_after_a_fork(redis_server: Redis) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED, f"{redis_server.url}?prefix=forked&timeout=30"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ran.stderr, ran.returncode) == ("", 0)
