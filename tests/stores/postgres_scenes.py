"""What the tests of the PostgreSQL store share: stores for one test, in schemas of their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg

from tests.databases import Postgres
from toolkit.stores import StoreError, open_store
from toolkit.stores.postgres import PostgresStore

Scene = Callable[[PostgresStore], Awaitable[None]]

PATIENCE = 30  # seconds that is waited for what comes in milliseconds on an idle machine


def new_schema() -> str:
    return f"test_{uuid4().hex[:16]}"


def new_store(url: str, **options: object) -> PostgresStore:
    """A store with much patience and tables of its own, if the options do not say otherwise."""
    query = "&".join(
        f"{name}={value}" for name, value in {"timeout": PATIENCE, "schema": new_schema(), **options}.items()
    )
    store = open_store(f"{url}{'&' if '?' in url else '?'}{query}")
    assert isinstance(store, PostgresStore)
    return store


def with_store(url: str, scene: Scene, **options: object) -> None:
    async def run() -> None:
        store = new_store(url, **options)
        try:
            await scene(store)
        finally:
            await store.close()

    asyncio.run(run())


def schema_of(store: PostgresStore) -> str:
    return store._owner.settings.schema


@contextmanager
def admin(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the store; each statement is a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def locked(url: str, schema: str, table: str) -> Iterator[None]:
    """Whoever uses the table waits until the block ends."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {schema}.{table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens in the server."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def recovered(call: Callable[[], Awaitable[Any]]) -> Any:
    """What a call returns once the store works again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return await call()
        except StoreError:
            assert time.monotonic() < end
            await asyncio.sleep(0.02)


async def value_of(store: PostgresStore, key: str = "k") -> bytes | None:
    item = await store.get(key)
    return item and item.value


def working(server: Postgres) -> int:
    """How many statements run or wait in the server, beside the one that asks."""
    with admin(server.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
        ).fetchone()
    assert row is not None
    return int(row[0]) - 1
