"""How one process writes to a SQLite store: together, in order, to the end, from whatever thread."""

import asyncio
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.stores.sqlite_scenes import traced, with_store
from toolkit.stores import GCRA, Claim, Item, StoreError
from toolkit.stores.sqlite import SQLiteStore

RATE = GCRA("rate", 1000, 10**9, 1000)


def test_writes_that_wait_together_are_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = traced(monkeypatch)

    async def scene(store: SQLiteStore) -> None:
        await store.open()
        statements.clear()
        await asyncio.gather(*(store.put(f"k{number}", b"1") for number in range(300)))
        assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") < 30
        assert all([await store.get(f"k{number}") == Item(b"1", None) for number in range(300)])

    with_store(tmp_path, scene)


@pytest.mark.parametrize("alone", [False, True])
def test_one_that_fails_does_not_take_the_others(tmp_path: Path, alone: bool) -> None:
    async def scene(store: SQLiteStore) -> None:
        def fail(file: sqlite3.Connection) -> None:
            file.execute("DELETE FROM item")
            raise LookupError("a mistake")

        await store.put("k", b"1")
        before = [] if alone else [store.put(f"a{number}", b"1") for number in range(5)]
        after = [] if alone else [store.put(f"b{number}", b"1") for number in range(5)]
        outcomes = await asyncio.gather(*before, store._write(fail), *after, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes if outcome] == ["a mistake"]
        for key in ["k"] if alone else ["k", "a0", "a4", "b0", "b4"]:
            assert await store.get(key) == Item(b"1", None)

    with_store(tmp_path, scene)


def test_one_that_undoes_the_transaction_does_not_take_the_others(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        def undo(file: sqlite3.Connection) -> None:
            file.execute("ROLLBACK")
            raise sqlite3.OperationalError("undone")

        writes = [store.put("a", b"1"), store._write(undo), store.put("b", b"1"), store.append("log", 0, [b"1"])]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), StoreError, type(None), int]
        assert await store.get("a") == await store.get("b") == Item(b"1", None)

    with_store(tmp_path, scene)


def test_a_write_is_acknowledged_once_it_is_committed(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(store.put("k", b"1"))
        await asyncio.sleep(0.05)
        assert not writing.done()
        assert await store.get("k") is None
        other.close()
        await writing
        assert store.get_now("k") == Item(b"1", None)

    with_store(tmp_path, scene)


def test_a_caller_who_is_cancelled_stops_no_write(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        writes = [asyncio.ensure_future(store.put(f"k{number}", b"1")) for number in range(40)]
        await asyncio.sleep(0)
        for write in writes[::2]:
            write.cancel()
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes[1::2]} == {type(None)}
        await store.put("last", b"1")
        assert all([await store.get(f"k{number}") for number in range(40)])

    with_store(tmp_path, scene)


def test_close_waits_for_what_was_accepted(tmp_path: Path) -> None:
    async def write(store: SQLiteStore) -> None:
        writes = [asyncio.ensure_future(store.put(f"k{number}", b"1")) for number in range(100)]
        claims = [asyncio.ensure_future(store.reserve([Claim(RATE, "k")])) for number in range(10)]
        await asyncio.sleep(0)
        await asyncio.gather(store.close(), store.close(), store.at("a").close())
        with pytest.raises(StoreError, match="closed"):
            await store.put("later", b"1")
        assert await asyncio.gather(*writes) == [None] * 100
        assert all(decision.allowed for decision in await asyncio.gather(*claims))

    async def look(store: SQLiteStore) -> None:
        assert all([await store.get(f"k{number}") for number in range(100)])

    with_store(tmp_path, write)
    assert sorted(os.listdir(tmp_path)) == ["a.db", "a.db-counters"]
    with_store(tmp_path, look)


def test_close_waits_for_counters_that_others_hold(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        other = sqlite3.connect(tmp_path / "a.db-counters", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        claims = [asyncio.ensure_future(store.reserve([Claim(RATE, "k")])) for _ in range(3)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(store.close())
        await asyncio.sleep(0.1)
        assert not closing.done()
        other.close()
        await closing
        assert all(decision.allowed for decision in await asyncio.gather(*claims))

    with_store(tmp_path, scene)


def test_a_process_forks_only_when_its_connections_are_closed(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        file = store._owner.opened().values
        begun = threading.Event()

        def write(connection: sqlite3.Connection) -> None:
            begun.set()
            threading.Event().wait(0.2)

        writing = asyncio.ensure_future(store._write(write))
        await asyncio.to_thread(begun.wait)
        connections = [file.touched]
        file.pause(20)
        connections.append(file.touched)
        assert connections == [True, False]
        reading = asyncio.ensure_future(asyncio.to_thread(store.get_now, "k"))
        await asyncio.sleep(0.05)
        assert not reading.done()
        file.resume()
        assert await reading is None
        await writing

    with_store(tmp_path, scene)


def test_close_goes_on_when_its_caller_is_cancelled(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        writing = asyncio.ensure_future(store.put("k", b"1"))
        closing = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
        closing.cancel()
        await store.close()
        assert closing.cancelled()
        await writing
        assert os.listdir(tmp_path) == ["a.db"]

    with_store(tmp_path, scene)


def test_many_threads_and_loops_use_one_store(tmp_path: Path) -> None:
    store = SQLiteStore(f"sqlite:///{tmp_path}/a.db?synchronous=normal")
    allowed: list[bool] = []

    async def work(name: str) -> None:
        for number in range(30):
            await asyncio.gather(*(store.put(f"{name}-{number}-{part}", b"1") for part in range(3)))
            assert store.get_now(f"{name}-{number}-2") == Item(b"1", None)
            allowed.append((await store.reserve([Claim(GCRA("r", 100, 10**12, 100), "k")])).allowed)
            allowed.append(store.reserve_now([Claim(GCRA("r", 100, 10**12, 100), "k")]).allowed)

    threads = [threading.Thread(target=lambda name: asyncio.run(work(name)), args=(f"t{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(allowed), sum(allowed)) == (300, 100)
    asyncio.run(store.close())


def test_a_loop_that_ends_stops_no_write_of_others(tmp_path: Path) -> None:
    store = SQLiteStore(f"sqlite:///{tmp_path}/a.db")

    async def leave() -> None:
        await store.open()
        for number in range(20):
            asyncio.ensure_future(store.put(f"k{number}", b"1"))  # noqa: RUF006 - nobody waits for them
        await asyncio.sleep(0)

    async def look() -> None:
        await store.put("k", b"1")
        assert all([await store.get(f"k{number}") for number in range(20)])
        await store.close()

    asyncio.run(leave())
    asyncio.run(look())
