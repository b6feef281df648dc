"""The servers that tests of stores ask for."""

from collections.abc import Callable

from tests.databases import Postgres, Redis


def test_a_redis_of_ones_own_is_not_the_shared_one(redis_server: Redis, new_redis: Callable[..., Redis]) -> None:
    own, other = new_redis(), new_redis(appendonly=True)
    assert len({own.port, other.port, redis_server.port}) == 3
    own.kill()
    assert (own.runs, other.runs, redis_server.runs) == (False, True, True)


def test_a_postgres_of_ones_own_is_not_the_shared_one(
    postgres_server: Postgres, new_postgres: Callable[..., Postgres]
) -> None:
    own, other = new_postgres(), new_postgres(fsync=True)
    assert len({own.port, other.port, postgres_server.port}) == 3
    own.kill()
    assert (own.runs, other.runs, postgres_server.runs) == (False, True, True)
