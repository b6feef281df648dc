"""How one process writes to a SQLite store: together, in order, to the end, from whatever thread, and across forks."""

import asyncio
import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.options import ConfigError
from toolkit.stores import GCRA, Claim, Item, StoreError, open_store
from toolkit.stores.sqlite import SQLiteStore
from toolkit.stores.sqlite.upkeep import copy

ROOT = Path(__file__).parents[2]
RATE = GCRA("rate", 1000, 10**9, 1000)

Scene = Callable[[SQLiteStore], Awaitable[None]]


def with_store(folder: Path, scene: Scene, query: str = "", now: Callable[[], float] = time.time) -> None:
    async def run() -> None:
        store = SQLiteStore(f"sqlite:///{folder}/a.db{query}", now=now)
        try:
            await scene(store)
        finally:
            await store.close()

    asyncio.run(run())


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is executed on all connections made from here on."""
    connect = sqlite3.connect
    seen: list[str] = []

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr("sqlite3.connect", traced)
    return seen


def test_writes_that_wait_together_are_one_transaction(tmp_path: Path, statements: list[str]) -> None:
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


FORKS = """
import asyncio, os, sys, threading, time
from toolkit.stores import StoreError, open_store
from toolkit.stores.sqlite.file import File
store = open_store("sqlite:///" + sys.argv[1])
begun = threading.Event()

async def write_on():
    for turn in range(100):
        await asyncio.gather(*(store.put(f"{turn}-{number}", b"1") for number in range(5)))
        begun.set()

async def in_child():
    try:
        await store.put("child", b"1")
        os.read(pipe, 1)  # the parent has closed the store: it must not have deleted what the child goes on to write
        await store.put("later", b"1")
        print("wrote", (await store.get("0-0")).value)
    except StoreError as error:
        print(error.reason)
    await store.close()

async def look():
    again = open_store("sqlite:///" + sys.argv[1])
    names = ["child", "later", *(f"{turn}-{number}" for turn in range(100) for number in range(5))]
    print([name for name in names if not await again.get(name)])
    await again.close()

pipe, end = os.pipe()
thread = threading.Thread(target=asyncio.run, args=(write_on(),))
thread.start()
begun.wait()
if sys.argv[2] == "without":  # as a server does that forks in C
    File.pause = lambda *_: None
child = os.fork()
if not child:
    asyncio.run(in_child())
    sys.stdout.flush()
    os._exit(0)
thread.join()
asyncio.run(store.close())
os.write(end, b"1")
os.waitpid(child, 0)
asyncio.run(look())
"""


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        ("with", ["wrote b'1'", "[]"]),
        (
            "without",
            [
                "it was open when this process was forked off, and cannot be used here: open it after the fork",
                "['child', 'later']",
            ],
        ),
    ],
)
def test_a_store_that_is_open_in_a_process_that_forks(tmp_path: Path, hooks: str, said: list[str]) -> None:
    """The child begins anew if the parent could close its files; else it is refused, since it would lose writes."""
    options = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # Python warns of threads that a fork ends
    command = [sys.executable, *options, "-c", FORKS, f"{tmp_path}/a.db", hooks]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == said


def test_a_store_that_nobody_closed(tmp_path: Path) -> None:
    """It leaves no connection, hence no warning, and no file but its own."""

    async def leave() -> None:
        store = SQLiteStore(f"sqlite:///{tmp_path}/a.db")
        await store.put("k", b"1")
        assert (await store.reserve([Claim(RATE, "k")])).allowed

    with warnings.catch_warnings(record=True) as warned:
        asyncio.run(leave())
        for _ in range(100):
            gc.collect()
            if len(os.listdir(tmp_path)) == 2:
                break
            time.sleep(0.02)
    assert warned == []
    assert sorted(os.listdir(tmp_path)) == ["a.db", "a.db-counters"]


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        await store.put("k", b"1")
        await store.reserve([Claim(RATE, "k")])
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
        assert len(modes) == 6
        assert set(modes.values()) == {0o600}

    with_store(tmp_path, scene)


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


def test_followers_wait_without_working(tmp_path: Path, statements: list[str]) -> None:
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


def test_a_commit_wakes_only_who_waits_for_it(tmp_path: Path, statements: list[str]) -> None:
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
        assert len(page.events) == (4 if large else 100)

    with_store(tmp_path, scene, "?synchronous=normal")


@pytest.mark.parametrize(
    ("query", "level", "wait"),
    [("", 2, 5.0), ("?synchronous=normal&timeout=500ms&poll=1", 1, 0.5)],
    ids=["plain", "set"],
)
def test_options(tmp_path: Path, query: str, level: int, wait: float) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        opened = store._owner.opened()
        assert opened.values.use(lambda file: file.execute("PRAGMA synchronous").fetchone()) == (level,)
        assert opened.counters.use(lambda file: file.execute("PRAGMA synchronous").fetchone()) == (1,)
        assert opened.values.use(lambda file: file.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
        assert store._owner.settings.timeout == wait

    with_store(tmp_path, scene, query)


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("timeot=1", "timeout"),
        ("synchronous=off", "none of full, normal"),
        ("timeout=0", "timeout"),
        ("poll=x", "poll"),
    ],
)
def test_options_that_are_refused(query: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        open_store(f"sqlite:///a.db?{query}")


def test_a_relative_file_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore("sqlite:///a.db")
    monkeypatch.chdir(tmp_path / "other")

    async def use() -> None:
        await store.put("k", b"1")
        await store.close()

    asyncio.run(use())
    assert (tmp_path / "a.db").exists()
    assert repr(store.at("x")) == "<SQLiteStore sqlite:///a.db namespace='x'>"
