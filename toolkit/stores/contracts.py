"""What a store is: bytes by key, counters, and a log. One object per URL has all three.

Rules for every store:

- What is missing or has expired is None or False, never an error. StoreError is for a store that is broken.
- Each operation is atomic, across processes too where the store is shared.
- `at(namespace)` is a view: it shares connections, and what it holds is seen by no other namespace.
- A store opens itself at its first use. After `close` every use raises StoreError.
- Wrong arguments are ValueError or TypeError (see `toolkit.stores.checks`), and change nothing.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol, Self

from toolkit.stores.rates import Rate, State, Verdict


class Item(NamedTuple):
    """A value and when it expires: seconds since 1970, or None for never."""

    value: bytes
    expires: float | None


class Claim(NamedTuple):
    """`cost` units of `rate` for `key`. What a `shadow` claim decides denies nothing."""

    rate: Rate
    key: str
    cost: int = 1
    shadow: bool = False


class Reservation:
    """What was counted, for `settle`: the claims, and the state that each left (None: it was not counted)."""

    __slots__ = ("claims", "marks", "settled")

    def __init__(self, claims: Sequence[Claim], marks: Sequence[State | None]) -> None:
        self.claims: Sequence[Claim] = claims
        self.marks: Sequence[State | None] = marks
        self.settled: bool = False


class Decision(NamedTuple):
    """Whether all claims but the shadow ones pass, one verdict for each claim, and what was counted if they pass."""

    allowed: bool
    verdicts: tuple[Verdict, ...]
    reservation: Reservation | None


class StoreError(Exception):
    """The store is broken: unreachable, too slow, full, corrupted, closed.

    `reason` is one sentence without credentials, `url` the store's URL with its password masked.
    """

    def __init__(self, reason: str, url: str = "") -> None:
        super().__init__(reason, url)
        self.reason = reason
        self.url = url

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}" if self.url else self.reason


class Trimmed(Exception):  # noqa: N818 - it is no failure of the store
    """What a reader asked for was trimmed away; `first` is the number of the first event that is left to come."""

    def __init__(self, first: int) -> None:
        super().__init__(first)
        self.first = first

    def __str__(self) -> str:
        return f"the log begins at {self.first}"


class Opens(Protocol):
    """What all three contracts share."""

    def at(self, namespace: str) -> Self:
        """A view of a namespace within this one: [a-z0-9_-]{1,64}, or several joined by `/`."""
        ...

    async def open(self) -> None:
        """Connect now rather than at the first use. To open twice does nothing."""
        ...

    async def close(self) -> None:
        """Close the whole store, whichever view is asked. To close twice does nothing."""
        ...


class Store(Opens, Protocol):
    """Bytes by key.

    Keys and groups are text of 1 to 512 bytes of UTF-8, values at most 16 MiB. `expires` is in seconds since 1970; one
    that has passed makes the key absent.
    """

    async def get(self, key: str) -> Item | None: ...

    async def put(self, key: str, value: bytes, expires: float | None = None, *, group: str | None = None) -> None:
        """Set the value, its expiry and its group, whatever they were."""
        ...

    async def touch(self, key: str, expires: float | None) -> bool:
        """Change the expiry alone. False if the key is absent."""
        ...

    async def replace(
        self, key: str, old: bytes | None, new: bytes, expires: float | None = None, *, group: str | None = None
    ) -> bool:
        """Set the value and its expiry if the value is `old` (None: if the key is absent); it keeps its group.

        `group` is used only where `old` is None.
        """
        ...

    async def take(self, key: str) -> Item | None:
        """Get and delete: exactly one caller gets it."""
        ...

    async def delete(self, key: str) -> bool:
        """Whether there was something to delete."""
        ...

    def members(self, group: str) -> AsyncIterator[tuple[str, Item]]:
        """What a group holds, in any order. What changes meanwhile may be missed; no key comes twice."""
        ...


class Counters(Opens, Protocol):
    """Limits, counted where the data is: each call is one round trip."""

    async def reserve(self, claims: Sequence[Claim]) -> Decision:
        """Count all claims or none: one that is denied, and is no shadow, leaves all uncounted.

        Claims are tried in order, each on what those before it left. A shadow claim that is denied is not counted.
        """
        ...

    async def settle(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        """Say what it cost in the end: 0 gives all back, less a part, more is debt. Never counts in a later window.

        One cost for all claims, or one for each. Raises ValueError the second time.
        """
        ...

    async def peek(self, claims: Sequence[Claim]) -> Decision:
        """As `reserve`, but nothing is counted: the verdicts tell of the counters as they are."""
        ...

    async def reset(self, claim: Claim, used: int = 0) -> None:
        """As if `used` units had just been used, and nothing before."""
        ...


class Log(Opens, Protocol):
    """Events in order, numbered 1, 2, 3 … within each name."""

    async def append(self, name: str, after: int, events: Sequence[bytes]) -> int | None:
        """Append all or none, and return the new last number; None if `after` is not the last."""
        ...

    def read(self, name: str, since: int, *, follow: bool = False) -> AsyncIterator[tuple[int, bytes]]:
        """Events with numbers above `since`, without gaps; with `follow` it waits for more, until closed.

        Raises Trimmed if the next one was trimmed away, StoreError if `since` is beyond the last, or if the log was
        dropped meanwhile.
        """
        ...

    async def last(self, name: str) -> int:
        """The last number, 0 if there is none."""
        ...

    async def trim(self, name: str, upto: int) -> None:
        """Forget the events up to that number. The last number stays."""
        ...

    async def drop(self, name: str) -> None:
        """Forget the log: numbers begin again."""
        ...


class FullStore(Store, Counters, Log, Protocol):
    """All three contracts: what `open_store` returns."""


class InProcess(FullStore, Protocol):
    """A store that can answer without waiting."""

    def get_now(self, key: str) -> Item | None: ...

    def reserve_now(self, claims: Sequence[Claim]) -> Decision: ...
