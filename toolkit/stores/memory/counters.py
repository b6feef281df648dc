"""Limits in memory. What one GCRA claim takes is written out: it is the path of nearly every request."""

from collections.abc import Sequence

from toolkit.stores.checks import check_claims, check_key, check_units, settlements
from toolkit.stores.contracts import Claim, Decision, Reservation
from toolkit.stores.decisions import attempt, decide
from toolkit.stores.memory.family import TIMES, Family, unpack_gcra
from toolkit.stores.memory.space import Shared, Space
from toolkit.stores.rates import GCRA, SECOND, Rate, State, Verdict, microseconds, reserve, reset, settle, verdict

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
            return self._one_gcra(claims) or self._one(claims[0])
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

    def _one_gcra(self, claims: Sequence[Claim]) -> Decision | None:
        """The decision on one claim of a GCRA, without the steps that only others need; None if it needs them.

        Others are shadow claims, keys that find no room, and what is refused. The arithmetic is that of
        `toolkit.stores.rates`.
        """
        rate, key, cost, shadow = claims[0]
        if type(rate) is not GCRA or shadow or type(cost) is not int or not 0 < cost <= rate.burst:
            return None
        shared = self._shared
        now = int(shared.now() * SECOND)
        with shared.lock:
            family = self._space.gcra.get(rate.name)
            if family is None or now < 0:
                return None
            tat = family.counters.get(key) or family.enter(key, now)
            if tat < 0:
                return None
            refunded = 0
            if tat >= TIMES:
                tat, refunded = unpack_gcra(rate, tat, now)
            held = tat - now if tat > now else 0
            ahead = held + cost * rate.interval
            if ahead > rate.capacity:
                return _denied(rate, held, ahead)
            tat = now + ahead
            family.counters[key] = tat if refunded == 0 else refunded * TIMES | tat
            if now > family.latest:  # noqa: PLR1730 - max() takes four times as long
                family.latest = now
        told = _new(Verdict, (True, (rate.capacity - ahead) // rate.interval, ahead / SECOND, 0.0))
        return _new(Decision, (True, (told,), Reservation(claims, ((tat, refunded),))))

    def _one(self, claim: Claim) -> Decision:
        check_claims([claim])
        rate, key, cost, shadow = claim
        now = self._microseconds()
        with self._shared.lock:
            family = self._family(rate)
            counted_as = family.bucket(key, now)
            allowed, state = reserve(rate, family.get(counted_as), now, cost)
            if allowed and state is not None:
                family.set(counted_as, state, now)
        told = verdict(rate, state, now, cost, allowed)
        claim = claim if counted_as is key else claim._replace(key=counted_as)
        reservation = Reservation((claim,), (state if allowed else None,)) if allowed or shadow else None
        return Decision(allowed or shadow, (told,), reservation)

    def _microseconds(self) -> int:
        self._shared.require_open()
        return microseconds(self._shared.now())

    def _counted_as(self, claims: Sequence[Claim], now: int) -> list[Claim]:
        """The claims with the keys that they are counted under."""
        keys = [self._family(claim.rate).bucket(claim.key, now) for claim in check_claims(claims)]
        return [claim if claim.key == key else claim._replace(key=key) for claim, key in zip(claims, keys, strict=True)]

    def _read(self, claim: Claim) -> State | None:
        return self._family(claim.rate).get(claim.key)

    def _family(self, rate: Rate) -> Family:
        if isinstance(rate, GCRA):
            families, name = self._space.gcra, rate.name
            return families.get(name) or families.setdefault(name, Family(rate, self._shared.max_keys))
        found = self._space.families.get((type(rate), rate.name))
        return found or self._space.families.setdefault((type(rate), rate.name), Family(rate, self._shared.max_keys))


def _denied(rate: GCRA, held: int, ahead: int) -> Decision:
    remaining = max(0, rate.capacity - held) // rate.interval
    told = _new(Verdict, (False, remaining, held / SECOND, (ahead - rate.capacity) / SECOND))
    return _new(Decision, (False, (told,), None))
