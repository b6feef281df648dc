"""The Redis store passes the conformance suite."""

from itertools import count
from uuid import uuid4

import pytest

from tests.databases import Redis
from tests.stores.contract import *  # noqa: F403
from tests.stores.contract import Clock, StoreFactory
from toolkit.stores import FullStore, open_store


@pytest.fixture(scope="module")
def store_factory(redis_server: Redis) -> StoreFactory:
    prefix, numbers = uuid4().hex, count()

    def make(clock: Clock) -> FullStore:
        clock.real = True
        return open_store(f"{redis_server.url}?prefix={prefix}.{next(numbers)}&timeout=20", now=clock)

    return make
