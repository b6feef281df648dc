"""Six processes on one Redis store."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.databases import Redis
from tests.stores.redis_programs import ADDITIONS, BACK, KEYS, LIMIT, RATES
from tests.stores.redis_stores import opened
from toolkit.stores import Claim, open_store

ROOT = Path(__file__).parents[2]
PROCESSES = 6


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prefix() -> str:
    return uuid4().hex


@pytest.fixture(scope="module")
def printed(redis_server: Redis, prefix: str) -> list[Any]:
    """What each of six processes printed that did the same at the same time."""
    url = f"{redis_server.url}?prefix={prefix}&timeout=30"
    asyncio.run(fill(url))
    command = [sys.executable, "-W", "error", "-m", "tests.stores.redis_programs", url]
    begin = str(time.time() + 1.5)
    processes = [
        subprocess.Popen([*command, str(number), begin], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    lines = [process.communicate(timeout=100)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    return [json.loads(line) for line in lines]


async def fill(url: str) -> None:
    store = open_store(url)
    for key in range(KEYS):
        await store.put(str(key), b"1")
    await store.close()


def test_exactly_one_process_takes(printed: list[Any]) -> None:
    assert sorted(int(key) for one in printed for key in one["take"]) == list(range(KEYS))


async def test_no_process_undoes_anothers_change(printed: list[Any], redis_server: Redis, prefix: str) -> None:
    async with opened(redis_server.url, prefix=prefix) as store:
        item = await store.get("n")
        events = [event async for event in store.read("log", 0)]
    assert item is not None
    assert int(item.value) == PROCESSES * ADDITIONS
    assert [number for number, _ in events] == list(range(1, PROCESSES * ADDITIONS + 1))
    appended = [b"%d" % number for number in range(PROCESSES) for _ in range(ADDITIONS)]
    assert sorted(event for _, event in events) == appended
    assert sum(one["add"] for one in printed) > 0  # they were in each other's way


async def test_processes_together_keep_limits(printed: list[Any], redis_server: Redis, prefix: str) -> None:
    passed = [one["limit"] for one in printed]
    for name in (*(rate.name for rate in RATES), "all"):
        assert sum(one[name] for one in passed) == LIMIT
    kept = sum(one["back"] for one in passed)
    async with opened(redis_server.url, prefix=prefix) as store:
        left = (await store.peek([Claim(BACK, "k")])).verdicts[0].remaining
    assert 0 < kept <= LIMIT
    assert left == LIMIT - kept
