"""The tables and functions: made at the first use, brought up to date by steps, never taken back."""

from hashlib import blake2b
from importlib.resources import files
from typing import Any

from toolkit.stores.contracts import StoreError
from toolkit.stores.postgres.connection import Connection
from toolkit.stores.postgres.settings import Settings

STEPS = (("1-tables.sql", "2-rates.sql", "3-counting.sql"),)
"""For each version the files that lead to it from the one before. What was released is not changed any more."""

_SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = $1"
# to_regclass() goes by what the server's process remembers, which may be older than the lock that was waited for
_TABLE = (
    "SELECT 1 FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid WHERE nspname = $1 AND relname = $2"
)


def number_of(*names: str) -> int:
    """A number of 64 bits for some names, the same in every process: of an advisory lock."""
    sizes = ",".join(str(len(name)) for name in names)
    return int.from_bytes(blake2b("\0".join((sizes, *names)).encode(), digest_size=8).digest(), signed=True)


async def prepare(connection: Connection, settings: Settings) -> None:
    """Make what is missing. Processes that do so at once wait for one another.

    Raises StoreError if a newer toolkit made the tables, psycopg.Error if the role may not make them.
    """
    if await _version(connection, settings) == len(STEPS):
        return
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # to see what was waited for
        await connection.execute("SELECT pg_advisory_xact_lock($1)", [number_of("schema", settings.schema)])
        version = await _version(connection, settings)
        if version == 0:
            await _make_schema(connection, settings.schema)
        for step in STEPS[version:]:
            for name in step:
                await connection.execute(_sql(name, settings.schema))
        if version < len(STEPS):
            await connection.execute(f"DELETE FROM {settings.schema}.version")  # noqa: S608 - a checked identifier
            await connection.execute(f"INSERT INTO {settings.schema}.version VALUES ($1)", [len(STEPS)])  # noqa: S608


async def _version(connection: Connection, settings: Settings) -> int:
    """0 if there is nothing yet."""
    if await _first(connection, _TABLE, settings.schema, "version") is None:
        return 0
    version = await _first(connection, f"SELECT version FROM {settings.schema}.version") or 0  # noqa: S608
    if version > len(STEPS):
        reason = f"a newer toolkit made the tables (version {version}, this one knows {len(STEPS)})"
        raise StoreError(reason, settings.url)
    return version


async def _make_schema(connection: Connection, schema: str) -> None:
    """IF NOT EXISTS would ask for the right to create it even where it exists."""
    if await _first(connection, _SCHEMA, schema) is None:
        await connection.execute(f"CREATE SCHEMA {schema}")
    await connection.execute(f"CREATE TABLE {schema}.version (version integer NOT NULL)")


async def _first(connection: Connection, statement: str, *values: str) -> Any:
    """The first value of the first row, or None."""
    row = await (await connection.execute(statement, values or None)).fetchone()
    return row and row[0]


def _sql(name: str, schema: str) -> str:
    return files(__package__).joinpath("sql", name).read_text(encoding="utf-8").replace("{schema}", schema)
