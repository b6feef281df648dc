"""The store in PostgreSQL: it survives crashes, and the processes of many machines share it."""

from toolkit.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
