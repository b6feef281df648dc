"""Limits in PostgreSQL: each call is one function there, whose arithmetic is that of `toolkit.stores.rates`."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import assert_never

from toolkit.stores.checks import check_claims, check_key, check_units, settlements
from toolkit.stores.contracts import Claim, Decision, Reservation, StoreError
from toolkit.stores.decisions import Outcome, decide
from toolkit.stores.postgres.owner import Owner
from toolkit.stores.postgres.schema import number_of
from toolkit.stores.postgres.sweeper import Sweeper
from toolkit.stores.rates import GCRA, Rate, Sliding, State, Window, microseconds

_RESERVE = """
    SELECT {schema}.reserve($1::text, $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::boolean, $10::bigint)
"""
_SETTLE = """
    SELECT {schema}.settle($1::text, $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint)
"""
_RESET = "SELECT {schema}.reset($1::text, $2::bytea, $3::bytea, $4::bigint, $5::bigint[], $6::bigint, $7::bigint)"
_SWEEP = """
    DELETE FROM {schema}.counter WHERE (namespace, kind, name, key) IN (
        SELECT namespace, kind, name, key FROM {schema}.counter WHERE due <= (SELECT {schema}.time($1) / 67108864)
        LIMIT 100 FOR UPDATE SKIP LOCKED
    )
"""
_KINDS = {GCRA: "0", Sliding: "1", Window: "2"}
_TOLD = 7  # numbers for each claim


class PostgresCounters:
    """The contract `Counters`."""

    _owner: Owner
    _namespace: str
    _counter_sweeper: Sweeper

    async def reserve(self, claims: Sequence[Claim]) -> Decision:
        decision = await self._decide(claims, counted=True)
        if self._counter_sweeper.is_due():
            with suppress(StoreError):
                await self._owner.run(_SWEEP, [self._microseconds()])
        return decision

    async def peek(self, claims: Sequence[Claim]) -> Decision:
        return await self._decide(claims, counted=False)

    async def settle(self, reservation: Reservation, cost: int | Sequence[int]) -> None:
        self._owner.require_open()
        entries = settlements(reservation, cost)
        if not entries:
            return
        values = [
            self._namespace,
            *_counters([claim for claim, _, _ in entries], self._namespace),
            _rates(claim.rate for claim, _, _ in entries),
            _numbers(number for _, mark, _ in entries for number in (*mark, 0)[:3]),
            _numbers(extra for _, _, extra in entries),
            self._microseconds(),
        ]
        await self._owner.run(_SETTLE, values)

    async def reset(self, claim: Claim, used: int = 0) -> None:
        check_units(used)
        name, key = claim.rate.name.encode(), check_key(claim.key).encode()
        number = _lock(claim, self._namespace)
        values = [self._namespace, name, key, number, _rates([claim.rate]), used, self._microseconds()]
        await self._owner.run(_RESET, values)

    async def _decide(self, claims: Sequence[Claim], *, counted: bool) -> Decision:
        self._owner.require_open()
        if not check_claims(claims):
            return decide(claims, [], 0, counted=counted)
        distinct: dict[tuple[str, str, str], int] = {}
        which = [distinct.setdefault(_identity(claim), len(distinct) + 1) for claim in claims]
        firsts = [claims[which.index(number)] for number in range(1, len(distinct) + 1)]
        values = [
            self._namespace,
            *_counters(firsts, self._namespace),
            _numbers(which),
            _rates(claim.rate for claim in claims),
            _numbers(claim.cost for claim in claims),
            _numbers(int(claim.shadow) for claim in claims),
            counted,
            self._microseconds(),
        ]
        [[told]] = await self._owner.run(_RESERVE, values, reads=not counted)
        return decide(claims, _outcomes(claims, told), told[0], counted=counted)

    def _microseconds(self) -> int | None:
        now = self._owner.now()
        return None if now is None else microseconds(now)


def _outcomes(claims: Sequence[Claim], told: list[int | None]) -> list[Outcome]:
    """Of each claim: whether it passes, the state that it found, and the one that it left."""
    outcomes = []
    for number, claim in enumerate(claims):
        at = 1 + _TOLD * number
        outcomes.append(
            Outcome(told[at] == 1, _state(claim.rate, told[at + 1 : at + 4]), _state(claim.rate, told[at + 4 : at + 7]))
        )
    return outcomes


def _state(rate: Rate, numbers: Sequence[int | None]) -> State | None:
    size = 2 if isinstance(rate, GCRA) else 3
    return None if numbers[0] is None else tuple(number or 0 for number in numbers[:size])


def _identity(claim: Claim) -> tuple[str, str, str]:
    return _KINDS[type(claim.rate)], claim.rate.name, claim.key


def _counters(claims: Sequence[Claim], namespace: str) -> tuple[str, str, str]:
    """As arrays: the names, the keys, and the numbers to lock in their order."""
    locks = sorted({_lock(claim, namespace) for claim in claims})
    return _bytes(claim.rate.name for claim in claims), _bytes(claim.key for claim in claims), _numbers(locks)


def _lock(claim: Claim, namespace: str) -> int:
    return number_of(namespace, *_identity(claim))


def _rates(rates: Iterable[Rate]) -> str:
    """As an array of five numbers each."""
    return _numbers(number for rate in rates for number in _parameters(rate))


def _parameters(rate: Rate) -> tuple[int, int, int, int, int]:
    match rate:
        case GCRA():
            return 0, rate.interval, rate.capacity, 0, 0
        case Sliding():
            return 1, rate.period, rate.limit, rate.slice, rate.slices
        case Window():
            return 2, rate.start, rate.end, rate.limit, 0
        case _:
            assert_never(rate)


def _numbers(numbers: Iterable[int]) -> str:
    """PostgreSQL's text of an array: it is read there, and takes a tenth of the time of psycopg's lists."""
    return f"{{{','.join(map(str, numbers))}}}"


def _bytes(texts: Iterable[str]) -> str:
    return "{" + ",".join(f'"\\\\x{text.encode().hex()}"' for text in texts) + "}"
