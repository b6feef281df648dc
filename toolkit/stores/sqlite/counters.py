"""Limits in SQLite: the arithmetic is that of `toolkit.stores.rates`, within a transaction of the counters' file."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from toolkit.stores.checks import check_claims, check_key, check_units, settlements
from toolkit.stores.contracts import Claim, Decision, Reservation
from toolkit.stores.decisions import attempt, decide
from toolkit.stores.rates import GCRA, SECOND, Rate, Sliding, State, Window, expiry, reset, settle
from toolkit.stores.sqlite.view import View

_KINDS: dict[type[Rate], str] = {GCRA: "gcra", Sliding: "sliding", Window: "window"}
_GET = "SELECT a, b, c FROM counter WHERE namespace = ? AND rate = ? AND key = ?"
_SET = """INSERT INTO counter (namespace, rate, key, expiry, a, b, c) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (namespace, rate, key) DO UPDATE SET expiry = excluded.expiry, a = excluded.a, b = excluded.b,
    c = excluded.c"""


class SQLiteCounters(View):
    """The contract `Counters`, and `reserve_now`.

    No commit waits for the disk: a decision takes some 30 µs inline, in the caller's thread. Where another process is
    in the way for longer than a moment, coroutines leave it to a thread; `reserve_now` waits for up to a quarter of a
    second.
    """

    async def reserve(self, claims: Sequence[Claim]) -> Decision:
        return await self._count(partial(self._reserve, check_claims(claims)))

    def reserve_now(self, claims: Sequence[Claim]) -> Decision:
        """As `reserve`, for who cannot await. Raises StoreError if the lock cannot be had within a quarter of a second.

        The first use opens the file and waits for the disk: open the store before.
        """
        return self._count_now(partial(self._reserve, check_claims(claims)))

    async def settle(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        self._owner.opened()
        if entries := settlements(reservation, cost):
            await self._count(partial(self._settle, entries))

    def settle_now(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        """As `settle`, for who cannot await; see `reserve_now`."""
        self._owner.opened()
        if entries := settlements(reservation, cost):
            self._count_now(partial(self._settle, entries))

    async def peek(self, claims: Sequence[Claim]) -> Decision:
        return await self._look(partial(self._peek, check_claims(claims)))

    async def reset(self, claim: Claim, used: int = 0) -> None:
        check_key(claim.key)
        await self._count(partial(self._reset, claim, check_units(used)))

    def _reserve(self, claims: Sequence[Claim], file: sqlite3.Connection) -> Decision:
        now = self._microseconds()
        self._owner.latest(now)
        outcomes, changed = attempt(claims, partial(self._state, file), now)
        for (_, key), (rate, state) in changed.items():
            self._keep(file, rate, key, state)
        self._owner.upkeep.counted(file, now, len(changed))
        return decide(claims, outcomes, now)

    def _settle(self, entries: Sequence[tuple[Claim, State, int]], file: sqlite3.Connection) -> None:
        now = self._owner.latest(self._microseconds())
        for claim, mark, extra in entries:
            state = settle(claim.rate, self._state(file, claim), now, mark, extra)
            if state is not None:
                self._keep(file, claim.rate, claim.key, state)

    def _peek(self, claims: Sequence[Claim], file: sqlite3.Connection) -> Decision:
        now = self._microseconds()
        outcomes, _ = attempt(claims, partial(self._state, file), now)
        return decide(claims, outcomes, now, counted=False)

    def _reset(self, claim: Claim, used: int, file: sqlite3.Connection) -> None:
        state = reset(claim.rate, self._state(file, claim), self._microseconds(), used)
        self._keep(file, claim.rate, claim.key, state)

    def _state(self, file: sqlite3.Connection, claim: Claim) -> State | None:
        row: tuple[int, int, int | None] | None = file.execute(_GET, self._of(claim.rate, claim.key)).fetchone()
        return None if row is None else (row[0], row[1]) if row[2] is None else (row[0], row[1], row[2])

    def _keep(self, file: sqlite3.Connection, rate: Rate, key: str, state: State) -> None:
        c = state[2] if len(state) > 2 else None
        file.execute(_SET, (*self._of(rate, key), expiry(rate, state), state[0], state[1], c))

    def _of(self, rate: Rate, key: str) -> tuple[str, str, str]:
        """Where a counter is. The kind of the rate is part of it: states of one are not for another."""
        return self._namespace, f"{_KINDS[type(rate)]}:{rate.name}", key

    def _microseconds(self) -> int:
        return max(0, int(self._owner.now() * SECOND))
