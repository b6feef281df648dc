"""The memory store passes the conformance suite."""

import pytest

from tests.stores.contract import *  # noqa: F403
from tests.stores.contract import Clock, StoreFactory
from toolkit.stores import FullStore, open_store


@pytest.fixture(scope="module")
def store_factory() -> StoreFactory:
    def make(clock: Clock) -> FullStore:
        return open_store("memory:", now=clock)

    return make
