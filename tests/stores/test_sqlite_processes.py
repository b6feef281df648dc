"""Several processes on one SQLite store, and what is left when one is killed."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.stores.sqlite_programs import LIMIT, ROUNDS
from toolkit.stores import StoreError, open_store

START = [sys.executable, "-W", "error", "-m", "tests.stores.sqlite_programs"]
ROOT = Path(__file__).parents[2]


def result_of(program: str, file: Path) -> Any:
    ran = subprocess.run(
        [*START, program, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


def test_processes_make_the_files_together(tmp_path: Path) -> None:
    assert result_of("begin", tmp_path / "a.db") == [[["1", True]] * 6] * 10


def test_exactly_one_process_takes(tmp_path: Path) -> None:
    taken = result_of("take", tmp_path / "a.db")
    assert sorted(key for one in taken for key in one) == sorted(str(number) for number in range(60))


def test_no_process_undoes_anothers_replacement(tmp_path: Path) -> None:
    total, events = result_of("replace", tmp_path / "a.db")
    assert total == "90"
    assert [number for number, _ in events] == list(range(1, 91))
    assert sorted(event for _, event in events) == sorted("012345" * 15)


def test_processes_together_keep_a_limit(tmp_path: Path) -> None:
    passed, left = result_of("limits", tmp_path / "a.db")
    for name in ("burst", "spread", "window", "all"):
        assert sum(one[name] for one in passed) == LIMIT
    kept = sum(one["back"] for one in passed)
    assert 0 < kept <= LIMIT
    assert left == LIMIT - kept


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    acknowledged = result_of("crash", tmp_path / "a.db")
    assert len(acknowledged) == ROUNDS
    assert all(acknowledged)


def test_followers_see_what_another_process_appends(tmp_path: Path) -> None:
    async def follow() -> list[int]:
        store = open_store(f"sqlite:///{tmp_path}/a.db")
        numbers = []
        async with asyncio.timeout(60):
            async for number, event in store.read("log", 0, follow=True):
                assert event == b"%d" % (number - 1)
                numbers.append(number)
                if number == 10:
                    break
        await store.close()
        return numbers

    with subprocess.Popen([*START, "append", str(tmp_path / "a.db")], cwd=ROOT) as process:
        assert asyncio.run(follow()) == list(range(1, 11))
    assert process.returncode == 0


@contextmanager
def holding(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process keeps the file locked until its input ends."""
    with subprocess.Popen([*START, "hold", str(file)], cwd=ROOT, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_a_lock_that_another_process_keeps(tmp_path: Path) -> None:
    async def use() -> None:
        store = open_store(f"sqlite:///{tmp_path}/a.db?timeout=0.2")
        await store.put("k", b"1")
        with holding(tmp_path / "a.db") as process:
            begun = time.monotonic()
            with pytest.raises(StoreError, match=r"keeps the database locked: it was waited for during 0\.2 s") as told:
                await store.put("k", b"2")
            assert time.monotonic() - begun >= 0.19
            assert told.value.__cause__ is not None
            item = await store.get("k")  # who reads waits for no one who writes
            waiting = asyncio.ensure_future(store.put("k", b"3"))
            await asyncio.sleep(0)
            process.communicate()
        await waiting
        assert item
        assert item.value == b"1"
        assert (await store.get("k")) != item
        await store.close()

    asyncio.run(use())


def test_the_interpreter_ends_without_a_close(tmp_path: Path) -> None:
    """It waits for what was accepted, even if its callers were cancelled, and for nothing else."""
    begun = time.monotonic()
    assert result_of("leave", tmp_path / "a.db") is None
    assert time.monotonic() - begun < 20

    async def look() -> list[bytes | None]:
        store = open_store(f"sqlite:///{tmp_path}/a.db")
        items = [await store.get(key) for key in "abc"]
        await store.close()
        return [item and item.value for item in items]

    assert asyncio.run(look()) == [b"1", b"1", b"1"]
