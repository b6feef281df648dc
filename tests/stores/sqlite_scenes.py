"""What tests of the SQLite store have in common."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.stores.sqlite import SQLiteStore

Scene = Callable[[SQLiteStore], Awaitable[None]]


def with_store(folder: Path, scene: Scene, query: str = "", now: Callable[[], float] = time.time) -> None:
    """Play a scene with the store `a.db` in a folder, and close it."""

    async def run() -> None:
        store = SQLiteStore(f"sqlite:///{folder}/a.db{query}", now=now)
        try:
            await scene(store)
        finally:
            await store.close()

    asyncio.run(run())


def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is executed on all connections made from here on."""
    connect = sqlite3.connect
    seen: list[str] = []

    def listening(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr("sqlite3.connect", listening)
    return seen
