"""Redis stores for tests: each with keys of its own on a server that others use too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from redis import Redis as RawClient

from tests.databases import Redis
from toolkit.stores import open_store
from toolkit.stores.redis import RedisStore

PATIENT = {"timeout": 30}


def made(url: str, **options: Any) -> RedisStore:
    options = {"prefix": uuid4().hex, **PATIENT, **options}
    separator = "&" if "?" in url else "?"
    store = open_store(url + separator + "&".join(f"{name}={value}" for name, value in options.items()))
    assert isinstance(store, RedisStore)
    return store


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[RedisStore]:
    """A store that is open, and closed at the end."""
    store = made(url, **options)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def raw(server: Redis) -> RawClient:
    """A client to look behind the store with."""
    return RawClient(port=server.port, password=server.password, protocol=2)
