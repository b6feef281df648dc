"""A PostgreSQL server that stands still, breaks off, crashes or is away, and a store that goes on after it."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.databases import Postgres
from tests.proxy import Proxy
from tests.stores.postgres_scenes import (
    admin,
    locked,
    new_store,
    recovered,
    schema_of,
    until,
    value_of,
    with_store,
    working,
)
from toolkit.stores import GCRA, Claim, StoreError
from toolkit.stores.postgres import PostgresStore

RATE = GCRA("rate", 3, 10**12, 3)
MASKED = "postgresql://toolkit:***@127.0.0.1"


def proxied(proxy: Proxy) -> str:
    return f"postgresql://toolkit@127.0.0.1:{proxy.port}/postgres"


def terminate(server: Postgres) -> None:
    """End the connections of all others, as an administrator would."""
    with admin(server.url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def test_a_server_that_stands_still(new_postgres: Callable[..., Postgres]) -> None:
    server = new_postgres()

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        server.pause()
        begun = time.monotonic()
        calls = [
            store.get("k"),
            store.put("k", b"2"),
            store.reserve([Claim(RATE, "k")]),
            *(store.get("k") for _ in range(20)),
        ]
        told = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - begun < 8
        assert {str(error).partition(": ")[2] for error in told} <= {
            error.reason for error in told if isinstance(error, StoreError)
        }
        assert all(isinstance(error, StoreError) for error in told)
        with pytest.raises(StoreError, match=r"no answer within 0\.5 s; it is asked again in 0\.\d s"):
            await store.get("k")
        server.resume()
        assert await recovered(lambda: value_of(store)) in {b"1", b"2"}
        await store.put("k", b"3")
        assert await value_of(store) == b"3"

    with_store(server.url, use, timeout=0.5, pool=3)


def test_an_answer_that_is_lost(postgres_server: Postgres) -> None:
    """A write is done, or not, and in neither case done again; a read is."""

    async def use(store: PostgresStore, proxy: Proxy) -> None:
        await store.append("log", 0, [b"1"])
        proxy.drop()
        writing = asyncio.ensure_future(store.append("log", 1, [b"2"]))
        reader = new_store(postgres_server.url, schema=schema_of(store))
        async for number, _ in reader.read("log", 1, follow=True):
            assert number == 2
            break
        proxy.heal()
        with pytest.raises(StoreError, match="whether a write was done is not known"):
            await writing
        assert await store.last("log") == 2
        with locked(postgres_server.url, schema_of(store), "log"):
            reading = asyncio.ensure_future(store.last("log"))
            await until(lambda: working(postgres_server) == 1)
            proxy.reset()
            await until(lambda: working(postgres_server) == 2)
        assert await reading == 2
        assert await reader.last("log") == 2
        await reader.close()

    with Proxy("127.0.0.1", postgres_server.port) as proxy:
        with_store(proxied(proxy), lambda store: use(store, proxy))


@pytest.mark.parametrize("size", [1, 5, 40])
def test_an_answer_that_is_garbled(postgres_server: Postgres, size: int) -> None:
    async def use(store: PostgresStore, proxy: Proxy) -> None:
        await store.put("k", b"1")
        proxy.garble(size)
        with pytest.raises(StoreError):
            await store.put("k", b"2")
        assert await recovered(lambda: value_of(store)) == b"2"

    with Proxy("127.0.0.1", postgres_server.port) as proxy:
        with_store(proxied(proxy), lambda store: use(store, proxy), timeout=3)


def test_connections_that_end_while_nobody_uses_them(new_postgres: Callable[..., Postgres]) -> None:
    server = new_postgres()

    async def use(store: PostgresStore) -> None:
        await asyncio.gather(*(store.put(f"k{number}", b"1") for number in range(5)))
        terminate(server)
        await store.put("k", b"1")
        server.restart()
        await store.put("k", b"2")
        assert await value_of(store) == b"2"

    with_store(server.url, use)


def test_connections_that_end_amid_a_statement(new_postgres: Callable[..., Postgres]) -> None:
    server = new_postgres()

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        with locked(server.url, schema_of(store), "value"):
            reading = asyncio.ensure_future(store.get("k"))
            writing = asyncio.ensure_future(store.put("k", b"2"))
            await until(lambda: working(server) == 2)
            with admin(server.url) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            with pytest.raises(
                StoreError, match="shut down by its administrator; whether a write was done is not known"
            ):
                await writing
            await until(lambda: working(server) == 1)
        item = await reading
        assert item
        assert item.value == b"1"

    with_store(server.url, use)


def test_a_server_that_is_shut_down_and_started(new_postgres: Callable[..., Postgres]) -> None:
    server = new_postgres()

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        server.shutdown()
        for call in (store.get("k"), store.put("k", b"2")):
            with pytest.raises(StoreError, match="the server refuses connections"):
                await call
        server.start()
        assert await value_of(store) == b"1"

    with_store(server.url, use)


def test_what_was_acknowledged_survives_a_crash(new_postgres: Callable[..., Postgres]) -> None:
    """The counters do not: they are empty, and work."""
    server = new_postgres(fsync=True)

    async def use(store: PostgresStore) -> None:
        done: list[int] = []

        async def put(number: int) -> None:
            await store.put(f"k{number}", b"1")
            assert await store.append(f"log{number}", 0, [b"1", b"2"]) == 2
            done.append(number)

        assert (await store.reserve([Claim(RATE, "k", 3)])).allowed
        writing = [asyncio.ensure_future(put(number)) for number in range(100)]
        await until(lambda: len(done) >= 20)
        server.kill()
        await asyncio.gather(*writing, return_exceptions=True)
        server.start()
        assert await recovered(lambda: value_of(store, f"k{done[0]}")) == b"1"
        assert [await value_of(store, f"k{number}") for number in done] == [b"1"] * len(done)
        assert [await store.last(f"log{number}") for number in done] == [2] * len(done)
        decisions = [await store.reserve([Claim(RATE, "k")]) for _ in range(4)]
        assert [decision.allowed for decision in decisions] == [True, True, True, False]

    with_store(server.url, use, pool=4)


def test_an_outage_under_load(postgres_server: Postgres) -> None:
    outage_under_load(postgres_server, 0.7)


@pytest.mark.slow
def test_a_long_outage_under_load(postgres_server: Postgres) -> None:
    outage_under_load(postgres_server, 3)


def outage_under_load(server: Postgres, seconds: float) -> None:
    """While nobody answers errors come at once, or within the time-out; then it goes on as before."""
    slowest, errors = 0.0, 0
    over = asyncio.Event()

    async def put(store: PostgresStore) -> bool:
        nonlocal slowest, errors
        begun = time.monotonic()
        try:
            await store.put("k", b"1")
            return True
        except StoreError:
            errors += 1
            await asyncio.sleep(0.005)
            return False
        finally:
            slowest = max(slowest, time.monotonic() - begun)

    async def load(store: PostgresStore) -> None:
        """Until it works after the outage."""
        while not (over.is_set() and await put(store)):
            await put(store)

    async def use(store: PostgresStore, proxy: Proxy) -> None:
        await store.put("k", b"0")
        loads = [asyncio.ensure_future(load(store)) for _ in range(16)]
        await asyncio.sleep(0.1)
        proxy.refuse()
        await asyncio.sleep(seconds)
        proxy.heal()
        over.set()
        ended = time.monotonic()
        await asyncio.gather(*loads)
        took = time.monotonic() - ended
        print(f"{seconds} s out: {errors} errors, slowest {slowest:.2f} s, all work after {took:.2f} s")
        assert errors > 0
        assert max(slowest, took) < 5

    with Proxy("127.0.0.1", server.port) as proxy:
        with_store(proxied(proxy), lambda store: use(store, proxy), timeout=1)
