"""The store of one process: nothing survives it, and no other process sees it."""

from toolkit.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
