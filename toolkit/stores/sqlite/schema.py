"""The tables of a file: made where there are none, brought up to date where they are older, refused otherwise."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from toolkit.stores.contracts import StoreError
from toolkit.stores.sqlite.transactions import snapshot, transact

APPLICATION_VALUES = 0x746B5641  # "tkVA"
APPLICATION_COUNTERS = 0x746B434F  # "tkCO"


@dataclass(frozen=True, slots=True)
class Schema:
    """What is in a file. Step n (a sequence of statements) leads from version n to n + 1; none is ever changed.

    `application` is what tells the file from other programs' databases.
    """

    application: int
    steps: Sequence[Sequence[str]]
    page: int


VALUES = Schema(
    application=APPLICATION_VALUES,
    page=4096,
    steps=[
        [
            """CREATE TABLE item (
                id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, key TEXT NOT NULL, members TEXT,
                expires REAL, value BLOB NOT NULL, UNIQUE (namespace, key))""",
            "CREATE INDEX item_members ON item (namespace, members, key) WHERE members IS NOT NULL",
            "CREATE INDEX item_expires ON item (expires) WHERE expires IS NOT NULL",
            # AUTOINCREMENT: a log that is dropped and begun again has another id, by which its readers tell.
            """CREATE TABLE log (
                id INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, name TEXT NOT NULL,
                first INTEGER NOT NULL, last INTEGER NOT NULL, UNIQUE (namespace, name))""",
            """CREATE TABLE event (
                log INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
                PRIMARY KEY (log, number)) WITHOUT ROWID""",
        ]
    ],
)
COUNTERS = Schema(
    application=APPLICATION_COUNTERS,
    page=1024,  # each decision writes one page: a small one takes half the time of 4096 bytes
    steps=[
        [
            """CREATE TABLE counter (
                namespace TEXT NOT NULL, rate TEXT NOT NULL, key TEXT NOT NULL,
                a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER, expiry INTEGER NOT NULL,
                PRIMARY KEY (namespace, rate, key)) WITHOUT ROWID"""
        ]
    ],
)


def prepare(connection: sqlite3.Connection, schema: Schema, path: str, url: str) -> None:
    """Make the tables or bring them up to date.

    Raises StoreError for what must not be touched, sqlite3.Error if another process is in the way or the file cannot
    be used.
    """
    # Other processes may make the tables meanwhile: what is looked at has to be of one moment.
    known = snapshot(connection, lambda file: _known(file, schema, url))
    if not known:
        with suppress(OSError):
            os.chmod(path, 0o600)  # it will hold sessions; the files beside it get the same mode
        connection.execute(f"PRAGMA page_size = {schema.page}")
    _write_ahead(connection, url)
    # A file that may not be written refuses it.
    transact(connection, lambda file: _bring_up_to_date(file, schema, url))


def _bring_up_to_date(connection: sqlite3.Connection, schema: Schema, url: str) -> None:
    """Within a transaction, since another process may have done so meanwhile."""
    version = _version(connection) if _known(connection, schema, url) else 0
    if version == len(schema.steps):
        return
    for step in schema.steps[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.application}")
    connection.execute(f"PRAGMA user_version = {len(schema.steps)}")


def _known(connection: sqlite3.Connection, schema: Schema, url: str) -> bool:
    """Whether the file is such a store's: False if it is empty. Raises StoreError for any other."""
    application, version = _pragma(connection, "application_id"), _version(connection)
    if application == schema.application:
        if version > len(schema.steps):
            reason = f"a newer toolkit made the file (version {version}, this one knows {len(schema.steps)})"
            raise StoreError(reason, url)
        return True
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application or version or tables:
        raise StoreError("the file is another program's database", url)
    return False


def _write_ahead(connection: sqlite3.Connection, url: str) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError("SQLite cannot write ahead here; a network's file system has no memory to share", url)


def _version(connection: sqlite3.Connection) -> int:
    return _pragma(connection, "user_version")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
