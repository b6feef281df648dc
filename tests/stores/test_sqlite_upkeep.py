"""What a SQLite store does beside: it sweeps, copies its write-ahead log, follows logs, and reads in parts."""

import asyncio
from pathlib import Path

import pytest

from tests.stores.sqlite_scenes import traced, with_store
from toolkit.stores import GCRA, Claim, StoreError
from toolkit.stores.sqlite import SQLiteStore
from toolkit.stores.sqlite.upkeep import copy

RATE = GCRA("rate", 1000, 10**9, 1000)


def test_expired_values_are_swept_a_hundred_a_second(tmp_path: Path) -> None:
    now = [1000.0]

    async def scene(store: SQLiteStore) -> None:
        async def count() -> int:
            return await store._read(lambda file: int(file.execute("SELECT count(*) FROM item").fetchone()[0]))

        await store.put("forever", b"1")
        await asyncio.gather(*(store.put(f"k{number}", b"1", 1001.0 + number) for number in range(250)))
        now[0] = 2000.0
        for left in (152, 152):
            await store.put("forever", b"1")
            assert await count() == left - 1
        now[0] += 1
        await store.put("new", b"1")
        assert await count() == 52
        now[0] += 1
        assert await store.replace("newer", None, b"1")
        assert await count() == 3

    with_store(tmp_path, scene, now=lambda: now[0])


def test_expired_counters_are_swept_as_others_come(tmp_path: Path) -> None:
    now = [1000.0]
    rate = GCRA("short", 1, 10**6, 1)

    async def scene(store: SQLiteStore) -> None:
        most = 0
        for number in range(3000):
            now[0] += 0.01
            assert store.reserve_now([Claim(rate, f"k{number}")]).allowed
            if number % 100 == 0:
                rows = await store._look(lambda file: file.execute("SELECT count(*) FROM counter").fetchone())
                most = max(most, rows[0])
        assert most < 700  # of which 100 are live

    with_store(tmp_path, scene, now=lambda: now[0])


def test_the_write_ahead_log_of_the_counters_stays_small(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        for number in range(12_000):
            store.reserve_now([Claim(RATE, f"k{number % 3000}")])
        log = tmp_path / "a.db-counters-wal"
        assert log.stat().st_size < 8 * 2**20
        await store._owner.opened().counting.do(lambda file: None)  # after all that was left to the thread
        store._owner.opened().counters.use(copy)
        assert (tmp_path / "a.db-counters").stat().st_size > 100_000

    with_store(tmp_path, scene)


def test_followers_wait_without_working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = traced(monkeypatch)

    async def scene(store: SQLiteStore) -> None:
        seen: list[int] = []

        async def follow(name: str) -> None:
            async for number, _ in store.read(name, 0, follow=True):
                seen.append(number)

        await store.append("log", 0, [b"1"])
        tasks = [asyncio.ensure_future(follow("log")) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert seen == [1] * 20
        statements.clear()
        await asyncio.sleep(0.5)
        assert 3 < len([one for one in statements if "data_version" in one]) <= 11
        assert len(statements) <= 14
        assert await store.append("log", 1, [b"2"]) == 2
        await asyncio.sleep(0.02)  # sooner than it would be looked for
        assert seen == [1] * 20 + [2] * 20
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.1)
        statements.clear()
        await asyncio.sleep(0.15)
        assert statements == []

    with_store(tmp_path, scene)


def test_a_commit_wakes_only_who_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = traced(monkeypatch)

    async def scene(store: SQLiteStore) -> None:
        async def follow(name: str) -> list[int]:
            return [number async for number, _ in store.read(name, 0, follow=True)]

        for name in ("a", "b"):
            await store.append(name, 0, [b"1"])
        tasks = [asyncio.ensure_future(follow(name)) for name in "ab" * 10]
        await asyncio.sleep(0.1)
        statements.clear()
        await store.append("a", 1, [b"2"])
        await asyncio.sleep(0.2)
        pages = [one for one in statements if one.startswith("SELECT number, data")]
        assert 20 <= len(pages) <= 22  # ten followers find one event, and then none
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with_store(tmp_path, scene)


@pytest.mark.parametrize("large", [False, True])
def test_long_groups_and_logs_come_in_parts(tmp_path: Path, large: bool) -> None:
    async def scene(store: SQLiteStore) -> None:
        value = bytes(300_000 if large else 1)
        count = 12 if large else 250
        await asyncio.gather(*(store.put(f"k{number:03}", value, group="g") for number in range(count)))
        assert [key async for key, _ in store.members("g")] == [f"k{number:03}" for number in range(count)]
        assert await store.append("log", 0, [value] * count) == count
        assert [number async for number, _ in store.read("log", 0)] == list(range(1, count + 1))
        file = store._owner.opened().values
        page = file.use(lambda connection: store._page("log", 0, connection))
        members = file.use(lambda connection: store._members("g", "", connection))
        assert len(page.events) == len(members) == (4 if large else 100)

    with_store(tmp_path, scene, "?synchronous=normal")


def test_readers_tell_a_log_from_the_one_that_took_its_place(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.append("log", 0, [b"old"])
        reader = store.read("log", 0, follow=True)
        assert await anext(reader) == (1, b"old")
        await store.drop("log")
        await store.append("log", 0, [b"new", b"new"])
        with pytest.raises(StoreError, match="dropped while it was read"):
            await anext(reader)

    with_store(tmp_path, scene)


def test_what_is_given_back_goes_by_the_latest_time(tmp_path: Path) -> None:
    """Of 20 s that were reserved, 15 had come back by themselves before the clock was put back."""
    now = [1000.0]
    rate = GCRA("ten seconds", 1, 10 * 10**6, 4)

    async def scene(store: SQLiteStore) -> None:
        first = await store.reserve([Claim(rate, "k", 2)])
        now[0] = 1015.0
        await store.reserve([Claim(rate, "k")])
        now[0] = 1000.0
        assert first.reservation
        await store.settle(first.reservation, 0)
        now[0] = 1015.0
        assert (await store.peek([Claim(rate, "k")])).verdicts[0].reset == 10

    with_store(tmp_path, scene, now=lambda: now[0])
