"""Real Redis and PostgreSQL servers for the tests of stores, started by the first test that asks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.databases import Postgres, Redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis that all tests of this process share: they keep to names of their own, and leave it running."""
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL that all tests of this process share: they keep to names of their own, and leave it running."""
    with Postgres() as server:
        yield server


@pytest.fixture
def new_redis() -> Iterator[Callable[..., Redis]]:
    """Starts a Redis for this test alone, to kill, pause or restart; takes the options of `Redis`."""
    with ExitStack() as servers:

        def start(**options: Any) -> Redis:
            return servers.enter_context(Redis(**options))

        yield start


@pytest.fixture
def new_postgres() -> Iterator[Callable[..., Postgres]]:
    """Starts a PostgreSQL for this test alone, to kill, pause or restart; takes the options of `Postgres`."""
    with ExitStack() as servers:

        def start(**options: Any) -> Postgres:
            return servers.enter_context(Postgres(**options))

        yield start
