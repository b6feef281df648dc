"""The SQLite store passes the conformance suite."""

import tempfile
from collections.abc import Iterator
from itertools import count

import pytest

from tests.databases import MEMORY
from tests.stores.contract import *  # noqa: F403
from tests.stores.contract import Clock, StoreFactory
from toolkit.stores import FullStore, open_store


@pytest.fixture(scope="module")
def store_factory() -> Iterator[StoreFactory]:
    """Files in memory where there is room: none of these tests is about the disk."""
    numbers = count()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:

        def make(clock: Clock) -> FullStore:
            return open_store(f"sqlite:///{folder}/{next(numbers)}.db", now=clock)

        yield make
