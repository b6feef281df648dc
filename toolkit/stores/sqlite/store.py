"""The three contracts in SQLite."""

import os
import time
from collections.abc import Callable
from typing import Self

from toolkit.stores.checks import namespace_within
from toolkit.stores.sqlite.counters import SQLiteCounters
from toolkit.stores.sqlite.log import SQLiteLog
from toolkit.stores.sqlite.process import Owner, Settings
from toolkit.stores.sqlite.values import SQLiteValues
from toolkit.stores.urls import ParsedURL, one_of, parse_url, seconds

_OPTIONS = {"timeout": seconds, "synchronous": one_of("full", "normal"), "poll": seconds}


class SQLiteStore(SQLiteValues, SQLiteCounters, SQLiteLog):
    """Values, counters and logs in a file, which the threads, event loops and processes of one machine share.

    Args:
        url: `sqlite:///relative.db` or `sqlite:////absolute.db`, with the options `timeout` (5 s: how long to wait for
            other processes' locks), `synchronous` (`full`: what is acknowledged survives a failure of power; `normal`:
            it survives the end of any process, and a failure of power may cost the last writes) and `poll` (50 ms: how
            often those who follow a log look for what other processes appended).
        now: The clock, in seconds since 1970.

    Raises ConfigError for any other option. The folder has to exist, the file is made with the first use.
    """

    def __init__(self, url: ParsedURL | str, *, now: Callable[[], float] = time.time) -> None:
        parsed = parse_url(url) if isinstance(url, str) else url
        options = {"timeout": 5.0, "synchronous": "full", "poll": 0.05, **parsed.options(_OPTIONS)}
        self._namespace = ""
        self._owner = Owner(Settings(os.path.abspath(parsed.path), parsed.masked, **options), now)

    def at(self, namespace: str) -> Self:
        view = object.__new__(type(self))
        view._namespace = namespace_within(self._namespace, namespace)
        view._owner = self._owner
        return view

    async def open(self) -> None:
        await self._write(lambda file: None)
        await self._look(lambda file: None)

    async def close(self) -> None:
        await self._owner.close()

    def __repr__(self) -> str:
        return f"<SQLiteStore {self._owner.settings.url} namespace={self._namespace!r}>"
