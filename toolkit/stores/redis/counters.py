"""Limits in Redis, decided there by a script."""

from collections.abc import Sequence
from typing import Any

from toolkit.stores.checks import check_claims, check_key, check_units, settlements
from toolkit.stores.contracts import Claim, Decision, Reservation
from toolkit.stores.decisions import decide
from toolkit.stores.redis.batch import Answer, Entry
from toolkit.stores.redis.keys import Keys
from toolkit.stores.redis.loops import Loops


class RedisCounters:
    """The contract `Counters`. Times are the server's."""

    _loops: Loops
    _keys: Keys
    _namespace: str

    async def reserve(self, claims: Sequence[Claim]) -> Decision:
        held = tuple(check_claims(claims))
        now, outcomes = await self._ask("reserve", [self._claimed(claim) for claim in held])
        return decide(held, outcomes, now)

    async def peek(self, claims: Sequence[Claim]) -> Decision:
        held = tuple(check_claims(claims))
        now, outcomes = await self._ask("peek", [self._claimed(claim) for claim in held])
        return decide(held, outcomes, now, counted=False)

    async def settle(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        self._loops.require_open()
        entries = settlements(reservation, cost)
        await self._ask("settle", [self._entry(claim, mark=mark, extra=extra) for claim, mark, extra in entries])

    async def reset(self, claim: Claim, used: int = 0) -> None:
        check_key(claim.key)
        check_units(used)
        await self._ask("reset", [self._entry(claim, used=used)])

    async def _ask(self, name: str, entries: Sequence[Entry]) -> Answer:
        local = await self._loops.local()
        return await local.batch(self._namespace).ask(name, entries) if entries else Answer(0, [])

    def _claimed(self, claim: Claim) -> Entry:
        return self._entry(claim, cost=claim.cost, shadow=claim.shadow)

    def _entry(self, claim: Claim, **details: Any) -> Entry:
        return Entry(self._keys.counter(claim.rate, claim.key), claim.rate, details)
