"""One PostgreSQL store in several event loops, threads and processes, and who follows its logs."""

import asyncio
import gc
import os
import threading
import warnings
from contextlib import aclosing

import pytest

from tests.databases import Postgres
from tests.proxy import Proxy
from tests.stores.postgres_scenes import (
    PATIENCE,
    admin,
    new_store,
    schema_of,
    until,
    value_of,
    with_store,
)
from toolkit.stores import StoreError
from toolkit.stores.postgres import PostgresStore


def listeners(server: Postgres) -> list[int]:
    with admin(server.url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' OR query LIKE 'SELECT id, last FROM %'"
        ).fetchall()
    return [pid for (pid,) in rows]


def append_silently(server: Postgres, schema: str, name: str) -> None:
    with admin(server.url) as connection:
        connection.execute(
            f"INSERT INTO {schema}.log (namespace, name, first, last) VALUES ('', '{name}', 1, 1)"
            " ON CONFLICT (namespace, name) DO UPDATE SET last = log.last + 1"
        )
        connection.execute(f"INSERT INTO {schema}.event SELECT id, last, 'e' FROM {schema}.log WHERE name = '{name}'")


async def next_of(follower: asyncio.Future[tuple[int, bytes]]) -> tuple[int, bytes]:
    return await asyncio.wait_for(follower, PATIENCE)


def test_one_loop_after_another(postgres_server: Postgres) -> None:
    store = new_store(postgres_server.url)
    for number in range(4):
        asyncio.run(store.put(f"k{number}", b"1"))
    assert [asyncio.run(value_of(store, f"k{number}")) for number in range(4)] == [b"1"] * 4
    assert len(store._owner._locals) == 1
    asyncio.run(store.close())
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(store.get("k"))


def test_many_loops_at_once(postgres_server: Postgres) -> None:
    store = new_store(postgres_server.url, pool=2)
    wrong: list[object] = []

    async def use(name: int) -> None:
        for number in range(30):
            await asyncio.gather(*(store.put(f"{name}-{key}", b"%d" % number) for key in range(3)))
            values = [await value_of(store, f"{name}-{key}") for key in range(3)]
            wrong.extend(value for value in values if value != b"%d" % number)

    threads = [threading.Thread(target=asyncio.run, args=[use(name)]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    asyncio.run(store.close())


def test_it_is_closed_in_one_loop_and_used_in_another(postgres_server: Postgres) -> None:
    store = new_store(postgres_server.url)
    follows, told = threading.Event(), []

    async def follow() -> None:
        await store.append("log", 0, [b"1"])
        events = store.read("log", 0, follow=True)
        assert await anext(events) == (1, b"1")
        follows.set()
        with pytest.raises(StoreError, match="closed") as error:
            await anext(events)
        told.append(error.value)

    thread = threading.Thread(target=asyncio.run, args=[follow()])
    thread.start()
    assert follows.wait(PATIENCE)
    asyncio.run(store.close())
    thread.join(PATIENCE)
    assert len(told) == 1


def test_nobody_closes_it(postgres_server: Postgres) -> None:
    """Its connections end with it, without a warning."""

    async def use() -> str:
        store = new_store(postgres_server.url)
        await asyncio.gather(*(store.put(f"k{number}", b"1") for number in range(5)))
        follower = asyncio.ensure_future(anext(store.read("log", 0, follow=True)))
        await until(lambda: listeners(postgres_server))
        follower.cancel()
        return schema_of(store)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(use())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    asyncio.run(until(lambda: not listeners(postgres_server)))


def test_a_fork_while_it_is_open(postgres_server: Postgres) -> None:
    """Both go on, each with connections of its own; to close the child's ends nothing of the parent."""
    store = new_store(postgres_server.url)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.put("k", b"1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads
        child = os.fork()
    if not child:
        code = 1
        try:
            assert asyncio.run(value_of(store)) == b"1"
            asyncio.run(store.put("k", b"2"))
            asyncio.run(store.close())
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ((_, connection),) = store._owner._locals[loop].pool._idle
    assert connection.is_alive()
    assert loop.run_until_complete(value_of(store)) == b"2"
    loop.run_until_complete(store.close())
    loop.close()


def test_a_notification_wakes_at_once(postgres_server: Postgres) -> None:
    """Long before the next look; and other logs' followers sleep on."""

    async def use(store: PostgresStore) -> None:
        other = new_store(postgres_server.url, schema=schema_of(store))
        await other.append("x", 0, [b"0"])
        async with (
            aclosing(store.read("x", 1, follow=True)) as events,
            aclosing(store.read("y", 0, follow=True)) as none,
        ):
            waiting, idle = asyncio.ensure_future(anext(events)), asyncio.ensure_future(anext(none))
            await until(lambda: len(listeners(postgres_server)) == 1)
            for number in range(1, 4):
                await other.append("x", number, [b"%d" % number])
                assert await next_of(waiting) == (number + 1, b"%d" % number)
                waiting = asyncio.ensure_future(anext(events))
            assert not idle.done()
            for future in (waiting, idle):
                future.cancel()
            await asyncio.gather(waiting, idle, return_exceptions=True)
        await other.close()
        await until(lambda: listeners(postgres_server) == [])

    with_store(postgres_server.url, use, poll=600)


def test_without_notifications_the_logs_are_looked_at(postgres_server: Postgres) -> None:
    async def use(store: PostgresStore) -> None:
        await store.append("x", 0, [b"1"])
        for name, since in (("x", 1), ("y", 0)):
            async with aclosing(store.read(name, since, follow=True)) as events:
                waiting = asyncio.ensure_future(anext(events))
                await until(lambda: listeners(postgres_server))
                await asyncio.sleep(0.1)
                append_silently(postgres_server, schema_of(store), name)
                assert await next_of(waiting) == (since + 1, b"e")

    with_store(postgres_server.url, use, poll=0.05)


def test_a_listening_connection_that_ends(postgres_server: Postgres) -> None:
    async def use(store: PostgresStore) -> None:
        async with aclosing(store.read("x", 0, follow=True)) as events:
            for number in range(3):
                waiting = asyncio.ensure_future(anext(events))
                await until(lambda: listeners(postgres_server))
                with admin(postgres_server.url) as connection:
                    for pid in listeners(postgres_server):
                        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                await store.append("x", number, [b"1"])
                assert await next_of(waiting) == (number + 1, b"1")

    with_store(postgres_server.url, use, poll=0.05)


def test_followers_are_told_of_an_outage(postgres_server: Postgres) -> None:
    """Whoever follows finds out, and goes on from the number that it had."""

    async def use(store: PostgresStore, proxy: Proxy) -> None:
        await store.append("x", 0, [b"1"])
        waiting = asyncio.ensure_future(anext(store.read("x", 1, follow=True)))
        await until(lambda: listeners(postgres_server))
        proxy.refuse()
        with pytest.raises(StoreError, match="refuses connections"):
            await next_of(waiting)
        proxy.heal()
        assert await store.append("x", 1, [b"2"]) == 2
        async with aclosing(store.read("x", 1, follow=True)) as events:
            assert await asyncio.wait_for(anext(events), PATIENCE) == (2, b"2")

    with Proxy("127.0.0.1", postgres_server.port) as proxy:
        url = f"postgresql://toolkit@127.0.0.1:{proxy.port}/postgres"
        with_store(url, lambda store: use(store, proxy), poll=0.05)


def test_a_log_of_many_and_large_events(postgres_server: Postgres) -> None:
    """It comes in pages, none of which is larger than an event may be."""

    async def use(store: PostgresStore) -> None:
        large = [bytes(9 * 2**20), b"small", bytes(9 * 2**20), b"last"]
        await store.append("x", 0, large)
        assert [event async for event in store.read("x", 0)] == list(enumerate(large, 1))
        await store.append("y", 0, [b"%d" % number for number in range(1, 351)])
        assert [event async for event in store.read("y", 0)] == [(n, b"%d" % n) for n in range(1, 351)]
        for number, value in enumerate(large):
            await store.put(f"k{number}", value, group="g")
        assert [item.value async for _, item in store.members("g")] == large

    with_store(postgres_server.url, use)
