"""A PostgreSQL store that cannot do its work says why in a sentence, in time, and works again afterwards."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.databases import Postgres
from tests.processes import free_port
from tests.proxy import Proxy
from tests.stores.postgres_scenes import (
    admin,
    locked,
    new_schema,
    new_store,
    recovered,
    schema_of,
    until,
    value_of,
    with_store,
)
from toolkit.options import ConfigError
from toolkit.stores import GCRA, Claim, StoreError
from toolkit.stores.postgres import PostgresStore

RATE = GCRA("rate", 3, 10**12, 3)
MASKED = "postgresql://toolkit:***@127.0.0.1"


def proxied(proxy: Proxy) -> str:
    return f"postgresql://toolkit@127.0.0.1:{proxy.port}/postgres"


def refused(url: str, match: str, **options: object) -> StoreError:
    """The error of each use of a store with that URL."""
    errors: list[StoreError] = []

    async def use(store: PostgresStore) -> None:
        for attempt in (store.open, lambda: store.get("k"), lambda: store.put("k", b"1"), lambda: store.last("log")):
            with pytest.raises(StoreError, match=match) as told:
                await attempt()
            errors.append(told.value)

    with_store(url, use, **options)
    return errors[-1]


def working(server: Postgres) -> int:
    """How many statements run or wait in the server, beside the one that asks."""
    with admin(server.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
        ).fetchone()
    assert row is not None
    return int(row[0]) - 1


def terminate(server: Postgres) -> None:
    """End the connections of all others, as an administrator would."""
    with admin(server.url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def test_a_server_that_refuses_connections() -> None:
    begun = time.monotonic()
    error = refused(f"postgresql://toolkit:secret@127.0.0.1:{free_port()}/x", "the server refuses connections")
    assert time.monotonic() - begun < 5
    assert error.url.startswith(MASKED)
    assert isinstance(error.__cause__, psycopg.OperationalError)


def test_a_socket_that_is_not_there() -> None:
    refused("postgresql:///postgres?host=/nowhere", "there is no such socket")


def test_a_host_of_no_known_name() -> None:
    refused("postgresql://toolkit@nowhere.invalid/postgres", "no server of that name is known")


def test_a_wrong_password_is_told_nobody(
    new_postgres: Callable[..., Postgres], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = new_postgres(password="right/@:p")
    with_store(server.url, lambda store: store.put("k", b"1"))
    url = f"postgresql://toolkit:wr0ng%2Fp@127.0.0.1:{server.port}/postgres"
    error: BaseException | None = refused(url, "refuses the password, or knows no such user")
    assert error is not None
    refused(url.replace(":wr0ng%2Fp", ""), "the server asks for a password")
    store = new_store(url)
    told = [caplog.text, repr(store), repr(store._owner.settings), str(error), repr(error), repr(error.__cause__)]
    assert not any("wr0ng" in text for text in told)
    assert "***" in str(error)


def test_a_password_that_libpq_cannot_send() -> None:
    """It would take what stands before the NUL, and forget the database."""
    with pytest.raises(ConfigError, match=r"U\+0000") as told:
        new_store("postgresql://toolkit:sec%00ret@127.0.0.1/postgres")
    assert "sec" not in str(told.value)


@pytest.mark.parametrize("password", ["a%20b%27c", "%zz", "%25%F0"], ids=ascii)
def test_a_password_of_any_characters(postgres_server: Postgres, password: str) -> None:
    url = f"postgresql://toolkit:{password}@127.0.0.1:{postgres_server.port}/postgres"
    with_store(url, lambda store: store.put("k", b"1"))


def test_a_missing_database(postgres_server: Postgres) -> None:
    refused(postgres_server.url.replace("/postgres", "/missing"), "there is no such database")


def test_a_server_that_takes_no_writes(postgres_server: Postgres) -> None:
    schema, read_only = new_schema(), "-c%20default_transaction_read_only=on"

    async def use(store: PostgresStore) -> None:
        for call in (
            store.put("k", b"2"),
            store.take("k"),
            store.append("log", 0, [b"1"]),
            store.reset(Claim(RATE, "k")),
        ):
            with pytest.raises(StoreError, match="takes no writes"):
                await call
        with pytest.raises(StoreError, match="takes no writes"):
            await store.reserve([Claim(RATE, "k")])
        assert await value_of(store) == b"1"
        assert (await store.peek([Claim(RATE, "k")])).allowed

    refused(postgres_server.url, "takes no writes", schema=schema, options=read_only)
    with_store(postgres_server.url, lambda store: store.put("k", b"1"), schema=schema)
    with_store(postgres_server.url, use, schema=schema, options=read_only)


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


def test_more_connections_than_the_server_has(new_postgres: Callable[..., Postgres]) -> None:
    server = new_postgres(settings={"max_connections": "4", "superuser_reserved_connections": "0"})

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        others = [await psycopg.AsyncConnection.connect(server.url) for _ in range(3)]
        told = await asyncio.gather(*(store.get("k") for _ in range(20)), return_exceptions=True)
        assert any(isinstance(one, StoreError) and "no connection left" in one.reason for one in told)
        for other in others:
            await other.close()
        assert await recovered(lambda: value_of(store)) == b"1"

    with_store(server.url, use, pool=2)


def test_a_server_that_does_not_answer_is_left_alone_for_a_while() -> None:
    async def use(store: PostgresStore) -> None:
        for _ in range(5):
            with pytest.raises(StoreError, match=r"refuses connections$"):
                await store.get("k")
        with pytest.raises(StoreError, match=r"the server refuses connections; it is asked again in 0\.\d s"):
            await store.get("k")

    with_store(f"postgresql://toolkit@127.0.0.1:{free_port()}/x", use)


def test_a_lock_that_others_hold(postgres_server: Postgres) -> None:
    """The server gives up too: nothing is written later."""

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        with locked(postgres_server.url, schema_of(store), "value"):
            begun = time.monotonic()
            with pytest.raises(StoreError, match=r"no answer within|took too long"):
                await store.put("k", b"2")
            assert 0.2 < time.monotonic() - begun < 5
            await until(lambda: working(postgres_server) == 0)
        assert await value_of(store) == b"1"

    with_store(postgres_server.url, use, timeout=0.3)


def test_a_cancelled_call_waits_for_nothing(postgres_server: Postgres) -> None:
    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        with locked(postgres_server.url, schema_of(store), "value"):
            calls = [asyncio.ensure_future(store.get("k")) for _ in range(8)]
            await until(lambda: working(postgres_server) >= 2)
            begun = time.monotonic()
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert time.monotonic() - begun < 2
            assert {type(one) for one in ended} == {asyncio.CancelledError}
        assert await asyncio.gather(*(value_of(store) for _ in range(8))) == [b"1"] * 8

    with_store(postgres_server.url, use, pool=2)


def test_stricter_transactions_are_tried_again(postgres_server: Postgres) -> None:
    """Behind a pooler the isolation may be another one."""

    async def use(store: PostgresStore) -> None:
        decisions = await asyncio.gather(*(store.reserve([Claim(RATE, "k"), Claim(RATE, "l")]) for _ in range(20)))
        assert sum(decision.allowed for decision in decisions) == 3
        await asyncio.gather(*(store.put("k", b"1") for _ in range(20)))
        taken = await asyncio.gather(*(store.take("k") for _ in range(20)))
        assert len([item for item in taken if item]) == 1

    with_store(postgres_server.url, use, options="-c%20default_transaction_isolation=serializable", pool=6)


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


def test_a_driver_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("toolkit.stores.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"asgi-toolkit\[postgres\]"):
        new_store("postgresql://localhost/x")


def test_a_pooler_that_refuses_settings(postgres_server: Postgres) -> None:
    """As PgBouncer does: a client may not set the session's options."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = await reader.readexactly(4)
        startup = await reader.readexactly(int.from_bytes(size) - 4)
        if b"\0options\0" in startup:
            refusal = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
            writer.write(b"E" + (len(refusal) + 4).to_bytes(4) + refusal)
            writer.close()
            return
        back, onward = await asyncio.open_connection("127.0.0.1", postgres_server.port)
        onward.write(size + startup)
        await asyncio.gather(relay(reader, onward), relay(back, writer))

    async def use() -> None:
        async with await asyncio.start_server(accept, "127.0.0.1", 0) as pooler:
            port = pooler.sockets[0].getsockname()[1]
            store = new_store(f"postgresql://toolkit@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable")
            await store.put("k", b"1")
            assert await value_of(store) == b"1"
            assert (await store.reserve([Claim(RATE, "k", 3)])).allowed
            await store.close()
            await asyncio.sleep(0.05)

    asyncio.run(use())
