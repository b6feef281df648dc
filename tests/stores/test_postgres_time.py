"""Where no clock is given the PostgreSQL store goes by the server's: what of the conformance suite turns on time."""

import pytest

from tests.databases import Postgres
from tests.stores.contract import Clock, StoreFactory
from tests.stores.contract.counters import test_the_next_window, test_units_come_back
from tests.stores.contract.values import test_an_expiry_in_the_past_makes_a_key_absent as test_expiries_in_the_past
from tests.stores.contract.values import test_expiries_far_away, test_what_has_expired_is_absent
from tests.stores.contract.values import test_touch_changes_the_expiry_alone as test_touch_changes_the_expiry
from tests.stores.postgres_scenes import new_store
from toolkit.stores import FullStore

__all__ = [
    "test_expiries_far_away",
    "test_expiries_in_the_past",
    "test_the_next_window",
    "test_touch_changes_the_expiry",
    "test_units_come_back",
    "test_what_has_expired_is_absent",
]


@pytest.fixture
def store_factory(postgres_server: Postgres) -> StoreFactory:
    def make(clock: Clock) -> FullStore:
        clock.real = True
        return new_store(postgres_server.url)

    return make
