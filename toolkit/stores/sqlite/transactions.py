"""Transactions: all that is read is of one moment, all that is written is written or nothing."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


def transact(connection: sqlite3.Connection, work: Work[T]) -> T:
    """What `work` returns, once what it wrote is committed. If it raises, nothing was written."""
    connection.execute("BEGIN IMMEDIATE")
    return _ended(connection, work)


def snapshot(connection: sqlite3.Connection, work: Work[T]) -> T:
    """What `work` returns of reads that all see the same."""
    connection.execute("BEGIN")
    return _ended(connection, work)


def _ended(connection: sqlite3.Connection, work: Work[T]) -> T:
    try:
        result = work(connection)
        connection.execute("COMMIT")
        return result
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
