"""Limits in memory. What one GCRA claim takes is written out: it is the path of nearly every request."""

from collections.abc import Sequence

from toolkit.stores.checks import check_claims, check_key, check_units, settlements
from toolkit.stores.contracts import Claim, Decision, Reservation
from toolkit.stores.decisions import attempt, decide
from toolkit.stores.memory.family import TIMES, Family
from toolkit.stores.memory.space import Shared, Space
from toolkit.stores.rates import GCRA, SECOND, Rate, State, Verdict, reset, settle

_new = tuple.__new__  # half the time of a named tuple's own


class MemoryCounters:
    """The contract `Counters`, and `reserve_now`."""

    _shared: Shared
    _space: Space

    async def reserve(self, claims: Sequence[Claim]) -> Decision:
        return self.reserve_now(claims)

    def reserve_now(self, claims: Sequence[Claim]) -> Decision:
        """As `reserve`."""
        if len(claims) == 1:
            decision = self._pass_one(claims)
            if decision is not None:
                return decision
        now = self._microseconds()
        with self._shared.lock:
            claims = self._counted_as(claims, now)
            outcomes, changed = attempt(claims, self._read, now)
            for (_, key), (rate, state) in changed.items():
                self._family(rate).set(key, state, now)
        return decide(claims, outcomes, now)

    async def peek(self, claims: Sequence[Claim]) -> Decision:
        now = self._microseconds()
        with self._shared.lock:
            claims = self._counted_as(claims, now)
            outcomes, _ = attempt(claims, self._read, now)
        return decide(claims, outcomes, now, counted=False)

    async def settle(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        self.settle_now(reservation, cost)

    def settle_now(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        """As `settle`.

        It goes by the latest time that was ever seen: were it to follow a clock back, units that have come back by
        themselves would be given back again.
        """
        now = self._microseconds()
        entries = settlements(reservation, cost)
        with self._shared.lock:
            for claim, mark, extra in entries:
                family = self._family(claim.rate)
                latest = family.seen(now)
                state = settle(claim.rate, family.get(claim.key), latest, mark, extra)
                if state is not None:
                    family.set(claim.key, state, latest)

    async def reset(self, claim: Claim, used: int = 0) -> None:
        now = self._microseconds()
        check_units(used)
        key = check_key(claim.key)
        with self._shared.lock:
            family = self._family(claim.rate)
            family.set(key, reset(claim.rate, family.get(key), now, used), now)

    def _pass_one(self, claims: Sequence[Claim]) -> Decision | None:
        """The decision if it is one claim of a GCRA that passes, of a key that is known and had no refunds; else None.

        The same arithmetic as in `toolkit.stores.rates`.
        """
        rate, key, cost, _ = claims[0]
        if type(rate) is not GCRA or type(cost) is not int or cost < 1:
            return None
        shared = self._shared
        now = int(shared.now() * SECOND)
        interval = rate.interval
        with shared.lock:
            family = self._space.gcra.get(rate.name)
            if family is None:
                return None
            tat = family.counters.get(key, TIMES)
            if tat >= TIMES:
                return None
            ahead = (tat - now if tat > now else 0) + cost * interval
            if ahead > rate.capacity:
                return None
            family.counters[key] = tat = now + ahead
            family.latest = max(family.latest, now)
        verdict = _new(Verdict, (True, (rate.capacity - ahead) // interval, ahead / SECOND, 0.0))
        return _new(Decision, (True, (verdict,), Reservation(claims, ((tat, 0),))))

    def _microseconds(self) -> int:
        self._shared.require_open()
        return max(0, int(self._shared.now() * SECOND))

    def _counted_as(self, claims: Sequence[Claim], now: int) -> list[Claim]:
        """The claims with the keys that they are counted under."""
        return [
            claim._replace(key=self._family(claim.rate).bucket(claim.key, now)) for claim in check_claims(list(claims))
        ]

    def _read(self, claim: Claim) -> State | None:
        return self._family(claim.rate).get(claim.key)

    def _family(self, rate: Rate) -> Family:
        if isinstance(rate, GCRA):
            families, name = self._space.gcra, rate.name
            return families.get(name) or families.setdefault(name, Family(rate, self._shared.max_keys))
        found = self._space.families.get((type(rate), rate.name))
        return found or self._space.families.setdefault((type(rate), rate.name), Family(rate, self._shared.max_keys))
