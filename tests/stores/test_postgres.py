"""The PostgreSQL store passes the conformance suite, by a clock of the tests' own."""

import psycopg
import pytest

from tests.databases import Postgres
from tests.stores.contract import *  # noqa: F403
from tests.stores.contract import Clock, StoreFactory
from toolkit.stores import FullStore, open_store


@pytest.fixture(scope="module")
def store_factory(postgres_server: Postgres) -> StoreFactory:
    with psycopg.connect(postgres_server.url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA IF EXISTS contract CASCADE")

    def make(clock: Clock) -> FullStore:
        with psycopg.connect(postgres_server.url, autocommit=True) as admin:
            if admin.execute("SELECT to_regclass('contract.log')").fetchone() != (None,):
                admin.execute("DELETE FROM contract.value; DELETE FROM contract.counter; DELETE FROM contract.log")
        return open_store(f"{postgres_server.url}?schema=contract", now=clock)

    return make
