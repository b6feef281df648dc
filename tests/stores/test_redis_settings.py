"""What a URL of Redis says, and what it may not say."""

import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from tests.databases import Redis
from tests.stores.redis_stores import opened
from toolkit.options import ConfigError
from toolkit.stores import Item, open_store
from toolkit.stores.redis.scripts import COUNTERS, LOG, VALUES
from toolkit.stores.redis.settings import settings
from toolkit.stores.urls import parse_url

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("url", "kind", "pieces"),
    [
        ("redis://", Connection, [("host", "localhost"), ("port", 6379), ("db", 0)]),
        ("redis://:secret@cache:7000/3", Connection, [("host", "cache"), ("port", 7000), ("db", 3)]),
        ("redis://[::1]?db=4", Connection, [("host", "::1"), ("port", 6379), ("db", 4)]),
        ("rediss://cache", SSLConnection, [("host", "cache"), ("port", 6379), ("db", 0)]),
        ("unix:///run/redis.sock?db=2", UnixDomainSocketConnection, [("path", "/run/redis.sock"), ("db", 2)]),
    ],
)
def test_where_it_connects_to(url: str, kind: type, pieces: list[tuple[str, object]]) -> None:
    connection = settings(parse_url(url)).connection()
    assert type(connection) is kind
    assert list(connection.repr_pieces()) == pieces


def test_its_options() -> None:
    chosen = settings(parse_url("redis://h?pool=3&timeout=500ms&prefix=a.b&failures=2&cooldown=0.5&ca=/ca.pem"))
    assert (chosen.pool, chosen.timeout, chosen.prefix, chosen.failures, chosen.cooldown, chosen.ca) == (
        (3, 0.5, "a.b", 2, 0.5, "/ca.pem")
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://h?pol=3", "did you mean 'pool'"),
        ("redis://h?pool=0", "whole number from 1"),
        ("redis://h?timeout=0", "not more than 0"),
        ("redis://h?timeout=soon", "store.timeout"),
        ("redis://h?prefix=a{b}", "letters, digits"),
        ("redis://h?prefix=", "letters, digits"),
        ("redis://h?db=x", "number of a database"),
        ("redis://h?ca=", "no file"),
        ("redis://h/0?db=1", "given twice"),
        ("redis://h/one", "number of a database"),
        ("redis://h/1/2", "number of a database"),
        ("redis://h?password=hunter2", "unknown option"),
    ],
)
def test_what_is_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        open_store(url)
    assert says in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("way", ["tcp", "unix"])
async def test_ways_to_the_server(redis_server: Redis, way: str) -> None:
    async with opened(redis_server.url if way == "tcp" else redis_server.unix_url) as store:
        await store.put("k", b"1")
        assert await store.get("k") == Item(b"1", None)


async def test_databases_and_prefixes_are_apart(redis_server: Redis) -> None:
    third = redis_server.url.replace("/0", "/3")
    async with opened(redis_server.url, prefix="same") as store, opened(third, prefix="same") as other:
        await store.put("k", b"1")
        assert await other.get("k") is None
        async with opened(redis_server.url, prefix="other") as another:
            assert await another.get("k") is None
        assert await store.delete("k")


def test_a_missing_driver_is_named_with_its_extra() -> None:
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from toolkit.options import ConfigError\n"
        "from toolkit.stores import open_store\n"
        "try:\n    open_store('redis://:hunter2@h')\n"
        "except ConfigError as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "needs redis, which is not installed" in ran.stdout
    assert "pip install 'asgi-toolkit[redis]'" in ran.stdout
    assert "hunter2" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("script", [COUNTERS, LOG, VALUES], ids=["counters", "log", "values"])
def test_scripts_come_with_the_package(script: tuple[str, str]) -> None:
    text, sha = script
    assert "KEYS[1]" in text or "KEYS[key]" in text
    assert len(sha) == 40
