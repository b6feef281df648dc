"""A SQLite store that cannot do its work says why in a sentence, and harms no file."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.stores import GCRA, Claim, StoreError, open_store
from toolkit.stores.contracts import InProcess
from toolkit.stores.sqlite.errors import Busy
from toolkit.stores.sqlite.schema import COUNTERS, VALUES, Schema, prepare

RATE = GCRA("rate", 5, 10**9, 5)
ROOT = Path(__file__).parents[2]

Scene = Callable[[Any], Awaitable[None]]


def with_store(file: Path, scene: Scene, query: str = "") -> None:
    async def run() -> None:
        store = open_store(f"sqlite:///{file}{query}")
        try:
            await scene(store)
        finally:
            await store.close()

    asyncio.run(run())


def refused(file: Path, match: str) -> StoreError:
    """The error of each use of a store on that file."""
    errors: list[StoreError] = []

    async def use(store: InProcess) -> None:
        for attempt in (store.open, lambda: store.get("k"), lambda: store.put("k", b"1"), lambda: store.last("log")):
            with pytest.raises(StoreError, match=match) as told:
                await attempt()
            errors.append(told.value)
        with pytest.raises(StoreError, match=match):
            store.get_now("k")

    with_store(file, use)
    assert errors[-1].url == f"sqlite:///{file}"
    return errors[-1]


async def fill(store: Any) -> None:
    await asyncio.gather(*(store.put(f"k{number}", b"%d" % number * 300, group="g") for number in range(300)))


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing" / "a.db", "the folder .*missing does not exist")
    assert isinstance(error.__cause__, sqlite3.Error)
    (tmp_path / "missing").mkdir()
    with_store(tmp_path / "missing" / "a.db", fill)


def test_a_folder_that_is_made_later(tmp_path: Path) -> None:
    async def use(store: Any) -> None:
        with pytest.raises(StoreError, match="does not exist"):
            await store.put("k", b"1")
        (tmp_path / "later").mkdir()
        await store.put("k", b"1")
        assert (await store.get("k")).value == b"1"

    with_store(tmp_path / "later" / "a.db", use)


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    refused(tmp_path, "it is a folder, not a file")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file" / "a.db", "file is no folder")


UNPRIVILEGED = """
import asyncio, os, sys
from toolkit.stores import StoreError, open_store
import toolkit.stores.sqlite
async def use():
    store = open_store("sqlite:///" + sys.argv[1])
    try:
        await store.put("k", b"2")
    except StoreError as error:
        print(error.reason)
    await store.close()
if os.geteuid() == 0:
    os.setuid(65534)
asyncio.run(use())
"""


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that another user may enter; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("made", "folder", "file", "reason"),
    [
        (True, 0o777, 0o444, "the file may not be read and written by this process"),
        (True, 0o777, 0o000, "the file may not be read and written by this process"),
        (True, 0o555, 0o444, "may not be written, and SQLite keeps more files beside the database"),
        (False, 0o555, 0, "may not be written, and SQLite keeps more files beside the database"),
    ],
    ids=["read-only file", "unreadable file", "read-only file and folder", "read-only folder"],
)
def test_what_may_not_be_written(readable: Path, made: bool, folder: int, file: int, reason: str) -> None:
    database = readable / "a.db"
    if made:
        with_store(database, fill)
        database.chmod(file)
    readable.chmod(folder)
    command = [sys.executable, "-c", UNPRIVILEGED, str(database)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    readable.chmod(0o755)
    assert ran.stderr == ""
    assert ran.stdout.endswith(f"{reason}\n")


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite is told that no file may have more than 60 pages."""
    connect = sqlite3.connect

    def limited(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr("sqlite3.connect", limited)


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    async def use(store: Any) -> None:
        await store.put("before", b"1")
        writes = [store.put(f"large{number}", bytes(200_000)) for number in range(3)]
        writes += [store.put(f"small{number}", b"1") for number in range(20)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [getattr(outcome, "reason", None) for outcome in outcomes[1:3]] == [
            "the disk is full, or the file has reached its largest size"
        ] * 2
        assert outcomes[3:] == [None] * 20
        assert (await store.get("before")).value == b"1"
        assert await store.get("large1") is None
        await store.delete("large0")
        await store.put("large1", bytes(200_000))
        assert (await store.get("small19")).value == b"1"

    with_store(tmp_path / "a.db", use)


LIMITED = """
import asyncio, resource, sys
from toolkit.stores import StoreError, open_store
async def use():
    store = open_store("sqlite:///" + sys.argv[1])
    await store.put("small", b"1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    outcomes = await asyncio.gather(
        store.put("large", bytes(500_000)), store.put("more", b"2"), return_exceptions=True)
    print(outcomes[0].reason, outcomes[1], (await store.get("small")).value, (await store.get("more")).value)
    print(await store.get("large"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.put("large", bytes(500_000))
    await store.close()
asyncio.run(use())
"""


def test_a_file_that_the_system_lets_grow_no_further(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "a.db")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "the disk failed, or is full (SQLITE_IOERR_WRITE) None b'1' b'2'",
        "None",
    ]


def test_a_file_with_a_damaged_middle(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with_store(file, fill)
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(size // 2)
        damaged.write(b"\xff" * (size // 4))
    reasons = set()

    async def use(store: Any) -> None:
        found = 0
        for number in range(300):
            try:
                item = await store.get(f"k{number}")
                found += item is not None and item.value == b"%d" % number * 300
            except StoreError as error:
                reasons.add(error.reason)
        assert 0 < found < 300
        with pytest.raises(StoreError, match="damaged"):
            _ = [key async for key, _ in store.members("g")]
        outcomes = await asyncio.gather(*(store.take(f"k{number}") for number in range(300)), return_exceptions=True)
        reasons.update(outcome.reason for outcome in outcomes if isinstance(outcome, StoreError))

    with_store(file, use)
    assert reasons == {"the file is damaged: restore it from a copy"}


@pytest.mark.parametrize("damage", [b"\xff" * 100, b"not a database, but notes " * 200], ids=["header", "all"])
def test_a_file_that_is_no_database(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "a.db"
    with_store(file, fill)
    with file.open("r+b") as damaged:
        damaged.write(damage)
    before = file.read_bytes()
    refused(file, "no SQLite database, or its beginning is damaged")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE users (name)", "PRAGMA user_version = 3", "PRAGMA application_id = 7"]
)
def test_another_programs_database(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "a.db"
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()
    before = file.read_bytes()
    refused(file, "the file is another program's database")
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.db"]


def test_the_counters_of_a_store_are_no_store(tmp_path: Path) -> None:
    async def count(store: Any) -> None:
        await store.reserve([Claim(RATE, "k")])

    with_store(tmp_path / "a.db", count)
    refused(tmp_path / "a.db-counters", "another program's database")


@pytest.mark.parametrize("suffix", ["", "-counters"])
def test_a_file_of_a_newer_toolkit(tmp_path: Path, suffix: str) -> None:
    async def open_both(store: Any) -> None:
        await store.open()

    with_store(tmp_path / "a.db", open_both)
    with sqlite3.connect(f"{tmp_path}/a.db{suffix}") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()

    async def use(store: Any) -> None:
        with pytest.raises(StoreError, match=r"a newer toolkit made the file \(version 9, this one knows 1\)") as told:
            await store.open()
        assert told.value.url == f"sqlite:///{tmp_path}/a.db{suffix}?poll=1"

    with_store(tmp_path / "a.db", use, "?poll=1")


def test_a_file_of_an_older_toolkit(tmp_path: Path) -> None:
    """Each step is taken once, and all of them or none."""
    first = ["CREATE TABLE a (x)", "INSERT INTO a VALUES (1)"]
    second = ["ALTER TABLE a ADD y", "UPDATE a SET y = 2"]
    path = str(tmp_path / "a.db")
    connection = sqlite3.connect(path, isolation_level=None)
    prepare(connection, Schema(7, [first], 4096), path, "")
    with pytest.raises(sqlite3.OperationalError):
        prepare(connection, Schema(7, [first, second, ["nonsense"]], 4096), path, "")
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    for _ in range(2):
        prepare(connection, Schema(7, [first, second], 4096), path, "")
        assert connection.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]
    with pytest.raises(StoreError, match="newer"):
        prepare(connection, Schema(7, [first], 4096), path, "")
    connection.close()


def test_versions_of_the_files() -> None:
    """A step is never changed, only added: files of before would not have it."""
    assert (len(VALUES.steps), len(COUNTERS.steps)) == (1, 1)
    assert VALUES.application != COUNTERS.application


@pytest.mark.parametrize("put_back", [False, True], ids=["deleted", "replaced"])
def test_a_file_that_is_deleted_while_it_is_open(tmp_path: Path, put_back: bool) -> None:
    file = tmp_path / "a.db"
    with_store(file, fill)
    copy = file.read_bytes()

    async def use(store: Any) -> None:
        await store.put("k", b"1")
        assert (await store.reserve([Claim(RATE, "k")])).allowed
        file.unlink()
        if put_back:
            file.write_bytes(copy)
        with pytest.raises(StoreError, match="was deleted or replaced while it was open"):
            await store.put("k", b"2")
        await asyncio.sleep(0.3)
        for _ in range(2):
            with pytest.raises(StoreError, match="was deleted or replaced"):
                await store.get("k")
        assert file.exists() == put_back
        assert (await store.reserve([Claim(RATE, "k")])).allowed

    with_store(file, use)
    assert not put_back or file.read_bytes() == copy


def test_a_follower_is_told_of_a_deleted_file(tmp_path: Path) -> None:
    async def use(store: Any) -> None:
        await store.append("log", 0, [b"1"])
        follower = store.read("log", 0, follow=True)
        await anext(follower)
        (tmp_path / "a.db").unlink()
        async with asyncio.timeout(20):
            with pytest.raises(StoreError, match="was deleted or replaced"):
                await anext(follower)

    with_store(tmp_path / "a.db", use)


def test_counters_that_stay_locked(tmp_path: Path) -> None:
    """Who can await waits for the time-out, who cannot for a quarter of a second."""

    async def use(store: Any) -> None:
        await store.open()
        other = sqlite3.connect(f"{tmp_path}/a.db-counters", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(Busy, match="locked"):
            store.reserve_now([Claim(RATE, "k")])
        assert 0.2 < time.monotonic() - begun < 5
        with pytest.raises(StoreError, match=r"locked: it was waited for during 0\.4 s"):
            await store.reserve([Claim(RATE, "k")])
        waiting = [asyncio.ensure_future(store.reserve([Claim(RATE, "k")])) for _ in range(7)]
        await asyncio.sleep(0.05)
        other.close()
        assert [decision.allowed for decision in await asyncio.gather(*waiting)] == [True] * 5 + [False] * 2

    with_store(tmp_path / "a.db", use, "?timeout=0.4")


def test_readers_wait_for_who_keeps_them_out(tmp_path: Path) -> None:
    """Only one who has the whole file to itself does."""
    with_store(tmp_path / "a.db", fill)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")

    async def use(store: Any) -> None:
        with pytest.raises(StoreError, match="locked"):
            await store.get("k1")
        waiting = asyncio.ensure_future(store.get("k1"))
        await asyncio.sleep(0.05)
        other.close()
        assert (await waiting).value == b"1" * 300

    with_store(tmp_path / "a.db", use, "?timeout=0.3")


def test_a_place_where_sqlite_cannot_write_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network's file system: the lock-only file system of SQLite has no memory to share either."""
    connect = sqlite3.connect
    monkeypatch.setattr(
        "sqlite3.connect", lambda path, **options: connect(f"file:{path}?vfs=unix-dotfile", uri=True, **options)
    )
    refused(tmp_path / "a.db", "SQLite cannot write ahead here")
