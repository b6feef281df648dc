"""What the views of one store share, and what one namespace holds.

One lock guards all of it: hooks of WSGI applications run in many threads. Nothing waits while it is held.
"""

import threading
from collections.abc import Callable

from toolkit.stores.contracts import Item, StoreError
from toolkit.stores.memory.events import Events, Waiters
from toolkit.stores.memory.expiries import Expiries
from toolkit.stores.memory.family import Family
from toolkit.stores.rates import Rate


class Shared:
    """One store: its clock, its bounds, its namespaces.

    Attributes:
        used: Bytes that values and events count for, their keys and a constant for each included.
    """

    def __init__(self, now: Callable[[], float], url: str, max_bytes: int, max_keys: int) -> None:
        self.now = now
        self.url = url
        self.max_bytes = max_bytes
        self.max_keys = max_keys
        self.used: int = 0
        self.closed: bool = False
        self.lock: threading.Lock = threading.Lock()
        self.spaces: dict[str, Space] = {}

    def space(self, namespace: str) -> "Space":
        with self.lock:
            return self.spaces.setdefault(namespace, Space())

    def require_open(self) -> None:
        if self.closed:
            raise StoreError("the store is closed", self.url)

    def require_room(self, size: int) -> None:
        if self.used + size > self.max_bytes:
            raise StoreError(f"the store is full: max_bytes={self.max_bytes} are in use", self.url)

    def close(self) -> None:
        with self.lock:
            self.closed = True
            self.used = 0
            for space in self.spaces.values():
                space.clear()


class Space:
    """One namespace."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.expiries: Expiries = Expiries()
        self.group_of: dict[str, str] = {}
        self.groups: dict[str, dict[str, None]] = {}
        self.gcra: dict[str, Family] = {}
        self.families: dict[tuple[type[Rate], str], Family] = {}
        self.logs: dict[str, Events] = {}
        self.waiters: Waiters = Waiters()

    def clear(self) -> None:
        self.items.clear()
        self.expiries.clear()
        self.group_of.clear()
        self.groups.clear()
        self.gcra.clear()
        self.families.clear()
        self.logs.clear()
        self.waiters.wake_all()
