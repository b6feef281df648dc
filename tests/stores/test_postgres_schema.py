"""The tables and functions of a PostgreSQL store: who makes them, and when they are refused."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import Postgres
from tests.stores.postgres_scenes import admin, new_schema, new_store, schema_of, value_of, with_store
from toolkit.options import ConfigError
from toolkit.stores import GCRA, Claim, StoreError, open_store
from toolkit.stores.postgres import PostgresStore, schema
from toolkit.stores.postgres.schema import STEPS, number_of
from toolkit.stores.postgres.sweeper import Sweeper
from toolkit.stores.urls import parse_url

RATE = GCRA("rate", 3, 10**12, 3)
GRANTS = """
    GRANT USAGE ON SCHEMA {schema} TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
"""


def one(url: str, statement: str) -> object:
    with admin(url) as connection:
        row = connection.execute(statement).fetchone()
    return row and row[0]


def test_many_make_the_tables_at_once(postgres_server: Postgres) -> None:
    async def use() -> None:
        name = new_schema()
        stores = [new_store(postgres_server.url, schema=name) for _ in range(8)]
        await asyncio.gather(*(store.put(f"k{number}", b"1") for number, store in enumerate(stores)))
        assert [await value_of(stores[0], f"k{number}") for number in range(8)] == [b"1"] * 8
        for store in stores:
            await store.close()
        assert one(postgres_server.url, f"SELECT array_agg(version) FROM {name}.version") == [len(STEPS)]

    asyncio.run(use())


def test_tables_of_a_newer_toolkit(postgres_server: Postgres) -> None:
    name = new_schema()

    async def use(store: PostgresStore) -> None:
        for call in (store.open(), store.get("k"), store.put("k", b"2")):
            with pytest.raises(StoreError, match=r"a newer toolkit made the tables \(version 99, this one knows 1\)"):
                await call

    with_store(postgres_server.url, lambda store: store.put("k", b"1"), schema=name)
    with admin(postgres_server.url) as connection:
        connection.execute(f"UPDATE {name}.version SET version = 99")
    with_store(postgres_server.url, use, schema=name)
    assert one(postgres_server.url, f"SELECT data FROM {name}.value") == b"1"


def test_tables_of_an_older_toolkit(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the steps that are missing are gone; if one fails, none is."""
    name = new_schema()
    with_store(postgres_server.url, lambda store: store.put("k", b"1"), schema=name)
    files = {"next.sql": "CREATE TABLE {schema}.more (number int);", "wrong.sql": "SELECT nonsense"}
    made = schema._sql

    def sql(file: str, name: str) -> str:
        return files[file].replace("{schema}", name) if file in files else made(file, name)

    async def use(store: PostgresStore) -> None:
        with pytest.raises(StoreError, match="nonsense"):
            await store.get("k")
        monkeypatch.setattr(schema, "STEPS", (*STEPS, ("next.sql",)))
        assert await value_of(store) == b"1"

    monkeypatch.setattr(schema, "_sql", sql)
    monkeypatch.setattr(schema, "STEPS", (*STEPS, ("next.sql",), ("wrong.sql",)))
    with_store(postgres_server.url, use, schema=name)
    assert one(postgres_server.url, f"SELECT version FROM {name}.version") == 2
    assert one(postgres_server.url, f"SELECT count(*) FROM {name}.more") == 0


def test_tables_that_are_dropped_meanwhile(postgres_server: Postgres) -> None:
    async def use(store: PostgresStore) -> None:
        for call in (lambda: store.get("k"), lambda: store.put("k", b"1"), lambda: store.reserve([Claim(RATE, "k")])):
            await call()
            with admin(postgres_server.url) as connection:
                connection.execute(f"DROP SCHEMA {schema_of(store)} CASCADE")
            await call()

    with_store(postgres_server.url, use)


def test_a_role_that_may_not_make_tables(postgres_server: Postgres) -> None:
    """It may use what another role made, with the rights that the manual names."""
    name, role = new_schema(), new_schema()
    url = postgres_server.url.replace("toolkit@", f"{role}@")

    async def use(store: PostgresStore) -> None:
        await store.put("k", b"1")
        assert (await store.reserve([Claim(RATE, "k")])).allowed
        assert await store.append("log", 0, [b"1"]) == 1
        await store.drop("log")

    async def fail(store: PostgresStore) -> None:
        with pytest.raises(StoreError, match=r"the role may not do this: permission denied .* see docs/stores\.md"):
            await store.put("k", b"1")

    with admin(postgres_server.url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
    with_store(url, fail, schema=name)
    with_store(postgres_server.url, PostgresStore.open, schema=name)
    with_store(url, fail, schema=name)
    with admin(postgres_server.url) as connection:
        connection.execute(GRANTS.format(schema=name, role=role))
    with_store(url, use, schema=name)


def test_a_role_that_owns_a_schema(postgres_server: Postgres) -> None:
    """It needs no right to create schemas."""
    name, role = new_schema(), new_schema()
    with admin(postgres_server.url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN; CREATE SCHEMA {name} AUTHORIZATION {role}")
    url = postgres_server.url.replace("toolkit@", f"{role}@")
    with_store(url, lambda store: store.put("k", b"1"), schema=name)


def test_it_is_swept_once_a_second() -> None:
    now = 5.0
    sweeper = Sweeper(lambda: now)
    assert [sweeper.is_due(), sweeper.is_due()] == [True, False]
    now = 5.99
    assert not sweeper.is_due()
    now = 6.0
    assert [sweeper.is_due(), sweeper.is_due()] == [True, False]
    now = 100.0
    assert [sweeper.is_due(), sweeper.is_due()] == [True, False]


@pytest.mark.parametrize("clock", [time.time, lambda: 2e9], ids=["the server's time", "a clock"])
def test_what_is_swept(postgres_server: Postgres, clock: Callable[[], float]) -> None:
    """With a write, 100 rows that have expired."""
    name = new_schema()

    async def write(rows: int) -> None:
        store = PostgresStore(parse_url(f"{postgres_server.url}?schema={name}&timeout=30"), now=clock)
        await store.put("k", b"1", clock() + 600)
        await store.reserve([Claim(RATE, "k")])
        for table in ("value", "counter"):
            assert one(postgres_server.url, f"SELECT count(*) FROM {name}.{table}") == rows
        await store.close()

    asyncio.run(write(1))
    with admin(postgres_server.url) as connection:
        ids = "FROM generate_series(1, 150) AS id"
        connection.execute(f"INSERT INTO {name}.value SELECT '', int4send(id), '', 1.5e9 {ids}")
        connection.execute(f"INSERT INTO {name}.counter SELECT '', 0, '', int4send(id), '{{1,0,null}}', 1, 1 {ids}")
    for rows in (51, 1, 1):
        asyncio.run(write(rows))


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("schema=Toolkit", "a schema's name"),
        ("schema=pg_x", "a schema's name"),
        ("schema=a;drop", "a schema's name"),
        ("prepare=maybe", "none of"),
        ("pool=0", "whole number"),
        ("timeout=x", "timeout"),
        ("tiemout=1", "timeout"),
        ("client_encoding=latin1", "unknown option"),
    ],
)
def test_what_is_no_option(query: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        open_store(f"postgresql://localhost/x?{query}")


def test_an_option_that_libpq_refuses(postgres_server: Postgres) -> None:
    async def use(store: PostgresStore) -> None:
        with pytest.raises(StoreError, match='no connection can be made: invalid sslmode value: "maybe"'):
            await store.get("k")

    with_store(f"{postgres_server.url}?sslmode=maybe", use)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_schemes(postgres_server: Postgres, scheme: str) -> None:
    url = postgres_server.url.replace("postgresql:", f"{scheme}:")
    with_store(url, lambda store: store.put("k", b"1"), prepare="yes")
    with_store(postgres_server.unix_url, lambda store: store.put("k", b"1"))


def test_numbers_of_locks_tell_names_apart() -> None:
    names = [("a", "b"), ("ab", ""), ("", "ab"), ("a\0b",), ("a", "\0b"), ("b", "a"), ("ä", "b")]
    assert len({number_of(*each) for each in names}) == len(names)
    assert number_of("toolkit", "ü") == number_of("toolkit", "ü")
    assert all(-(2**63) <= number_of(*each) < 2**63 for each in names)
