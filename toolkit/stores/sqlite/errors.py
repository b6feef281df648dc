"""What SQLite reports, as one sentence to act on.

No file is opened here: to close any descriptor of a database's file would drop this process's locks on it.
"""

import os
import sqlite3
from pathlib import Path

from toolkit.stores.contracts import StoreError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full, or the file has reached its largest size",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a copy",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database, or its beginning is damaged",
    sqlite3.SQLITE_TOOBIG: "the value is larger than this SQLite allows",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_ERROR: "the file holds other tables than this store made",
    sqlite3.SQLITE_CONSTRAINT: "the file is damaged: what it holds contradicts itself",
    sqlite3.SQLITE_SCHEMA: "another program changed the tables",
}


class Busy(StoreError):  # noqa: N818 - who meets it tries again
    """Another connection holds the lock. What was asked was not done, and may be asked again."""


def is_busy(error: sqlite3.Error) -> bool:
    return _code(error) & 0xFF in _BUSY


def undoes_nothing_else(error: sqlite3.Error) -> bool:
    """Whether the connection is as sound as before."""
    return is_busy(error) or _code(error) & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG}


def store_error(error: sqlite3.Error, path: str, url: str) -> StoreError:
    """What to tell of an error."""
    if is_busy(error):
        return Busy("another process or thread keeps the database locked", url)
    return StoreError(_reason(error, path), url)


def _reason(error: sqlite3.Error, path: str) -> str:
    code = _code(error) & 0xFF
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return _unusable(path)
    if code == sqlite3.SQLITE_IOERR:
        return f"the disk failed, or is full ({getattr(error, 'sqlite_errorname', 'SQLITE_IOERR')})"
    return _REASONS.get(code) or f"SQLite refuses: {error}"


def _unusable(path: str) -> str:
    """Why a file can be neither opened nor written."""
    folder = Path(path).parent
    if not folder.exists():
        return f"the folder {folder} does not exist"
    if not folder.is_dir():
        return f"{folder} is no folder"
    if Path(path).is_dir():
        return "it is a folder, not a file"
    if not os.access(folder, os.W_OK):
        return f"the folder {folder} may not be written, and SQLite keeps more files beside the database"
    return "the file may not be read and written by this process"


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", None) or 0
