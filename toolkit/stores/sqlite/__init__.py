"""The store in a file: it survives crashes, and the processes of one machine share it."""

from toolkit.stores.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
