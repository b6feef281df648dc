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
from tests.stores.postgres_scenes import (
    locked,
    new_schema,
    new_store,
    recovered,
    schema_of,
    until,
    value_of,
    with_store,
    working,
)
from toolkit.options import ConfigError
from toolkit.stores import GCRA, Claim, StoreError
from toolkit.stores.postgres import PostgresStore
from toolkit.stores.postgres.errors import unreachable
from toolkit.stores.postgres.settings import read_settings
from toolkit.stores.urls import parse_url

RATE = GCRA("rate", 3, 10**12, 3)
MASKED = "postgresql://toolkit:***@127.0.0.1"


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


def test_a_server_that_refuses_connections() -> None:
    begun = time.monotonic()
    error = refused(f"postgresql://toolkit:secret@127.0.0.1:{free_port()}/x", "the server refuses connections")
    assert time.monotonic() - begun < 5
    assert error.url.startswith(MASKED)
    assert isinstance(error.__cause__, psycopg.OperationalError)


def test_a_socket_that_is_not_there() -> None:
    refused("postgresql:///postgres?host=/nowhere", "there is no such socket")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('server at "x" failed: could not translate host name "x" to address', "no server of that name is known"),
        ("[Errno -2] Name or service not known", "no server of that name is known"),
        ("FATAL:  no pg_hba.conf entry for host", "the server's pg_hba.conf lets nobody in from here"),
        ("FATAL:  remaining connection slots are reserved", "the server has no connection left for this role"),
        (
            'FATAL:  too many connections for database "x"',
            "the server has no connection left for this role or database",
        ),
        ("FATAL:  the database system is starting up", "the server is starting or shutting down"),
        (
            "failed: something new\n\tof a later version, hunter2",
            "no connection can be made: something new of a later version, ***",
        ),
    ],
)
def test_what_libpq_tells(text: str, reason: str) -> None:
    settings = read_settings(parse_url("postgresql://toolkit:hunter2@127.0.0.1/x"))
    assert unreachable(psycopg.OperationalError(text), settings).reason == reason


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
