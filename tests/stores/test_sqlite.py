"""The SQLite store passes the conformance suite."""

from itertools import count

import pytest

from tests.stores.contract import *  # noqa: F403
from tests.stores.contract import Clock, StoreFactory
from toolkit.stores import FullStore, open_store


@pytest.fixture(scope="module")
def store_factory(tmp_path_factory: pytest.TempPathFactory) -> StoreFactory:
    folder = tmp_path_factory.mktemp("sqlite")
    numbers = count()

    def make(clock: Clock) -> FullStore:
        return open_store(f"sqlite:///{folder}/{next(numbers)}.db?synchronous=normal", now=clock)

    return make
