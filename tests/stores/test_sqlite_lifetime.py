"""How a SQLite store begins and ends: options, files, forks, and the end without a close."""

import asyncio
import gc
import os
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from tests.stores.sqlite_scenes import with_store
from toolkit.options import ConfigError
from toolkit.stores import GCRA, Claim, open_store
from toolkit.stores.sqlite import SQLiteStore

ROOT = Path(__file__).parents[2]
RATE = GCRA("rate", 1000, 10**9, 1000)


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


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    async def scene(store: SQLiteStore) -> None:
        await store.open()
        await store.put("k", b"1")
        await store.reserve([Claim(RATE, "k")])
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
        assert len(modes) == 6
        assert set(modes.values()) == {0o600}

    with_store(tmp_path, scene)


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
