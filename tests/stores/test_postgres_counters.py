"""What the functions in PostgreSQL decide is what `toolkit.stores.rates` decides, bit by bit."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.databases import Postgres
from tests.stores.postgres_scenes import new_schema
from toolkit.stores import GCRA, Claim, Rate, Reservation, Sliding, Window
from toolkit.stores.decisions import attempt, decide
from toolkit.stores.postgres import PostgresStore
from toolkit.stores.postgres.counters import _parameters
from toolkit.stores.rates import CENTURY, FULL, HORIZON, HOUR, State, expiry, microseconds, reserve, reset, settle
from toolkit.stores.urls import parse_url

BEGIN = 1_800_000_000 * 10**6
MOST = 10**9


class Server(NamedTuple):
    """A store by a clock that the test sets (µs), its loop, and a connection beside it."""

    store: PostgresStore
    clock: list[int]
    runner: asyncio.Runner
    connection: psycopg.Connection[Any]
    schema: str

    def call(self, function: str, *arguments: Any) -> Any:
        marks = ", ".join("%s::bigint[]" if isinstance(one, list) or one is None else "%s::bigint" for one in arguments)
        row = self.connection.execute(f"SELECT {self.schema}.{function}({marks})", arguments).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module")
def server(postgres_server: Postgres) -> Iterator[Server]:
    schema, clock = new_schema(), [BEGIN]
    url = parse_url(f"{postgres_server.url}?schema={schema}&timeout=30")
    store = PostgresStore(url, now=lambda: clock[0] / 10**6)
    with asyncio.Runner() as runner, psycopg.connect(postgres_server.url, autocommit=True) as connection:
        runner.run(store.open())
        yield Server(store, clock, runner, connection, schema)
        runner.run(store.close())


def whole(least: int, most: int) -> st.SearchStrategy[int]:
    """Numbers of every magnitude, and both ends."""
    return st.one_of(st.integers(least, most), st.integers(least, min(most, least + 5)), st.just(most))


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    period = draw(st.sampled_from([1000, 1001, 65_537, 10**6, 999_983, 3600 * 10**6, CENTURY]) | whole(1000, CENTURY))
    kind = draw(st.sampled_from([GCRA, Sliding, Window]))
    if kind is GCRA:
        limit = draw(whole(1, min(MOST, period)))
        burst = draw(whole(1, min(MOST, (HORIZON - 1) // -(-period // limit))))
        return GCRA("g", limit, period, burst)
    if kind is Sliding:
        return Sliding("s", draw(whole(1, MOST)), period)
    start = max(0, BEGIN - draw(st.integers(-period, 2 * period)))
    return Window("w", draw(whole(1, MOST)), start, start + period)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rate, State | None, int, State]:
    """A rate, a state that it may have left some time ago, the time, and a mark."""
    rate, now = draw(rates()), BEGIN + draw(st.integers(-HOUR, HOUR))

    def state() -> State:
        if isinstance(rate, GCRA):
            tat = max(0, now + draw(st.integers(-rate.capacity, rate.capacity) | whole(0, HORIZON)))
            return tat, draw(st.just(0) | whole(0, HORIZON - 1))
        if isinstance(rate, Sliding):
            return now // rate.period + draw(st.integers(-3, 2)), draw(whole(0, FULL)), draw(whole(0, FULL))
        start = max(0, rate.start + draw(st.integers(-2, 2)))
        return start, rate.end + draw(st.integers(-HOUR, HOUR)), draw(whole(0, FULL))

    return rate, draw(st.none() | st.builds(state)), now, state()


def plain(state: State | None) -> list[int] | None:
    return None if state is None else list(state)


@settings(max_examples=200)
@given(case=cases(), cost=whole(1, MOST), used=whole(0, MOST), extra=whole(-MOST, MOST))
def test_each_function(
    server: Server, case: tuple[Rate, State | None, int, State], cost: int, used: int, extra: int
) -> None:
    rate, state, now, mark = case
    numbers = list(_parameters(rate))
    allowed, left = reserve(rate, state, now, cost)
    assert server.call("claimed", numbers, plain(state), now, cost) == (plain(left) if allowed else None)
    settled = server.call("settled", numbers, plain(state), now, [*mark, 0][:3], extra)
    assert settled == plain(settle(rate, state, now, mark, extra))
    assert server.call("cleared", numbers, plain(state), now, used) == plain(reset(rate, state, now, used))
    assert server.call("expiry", numbers, list(mark)) == expiry(rate, mark)


def test_the_time_is_the_servers_if_none_is_given(server: Server) -> None:
    row = server.connection.execute(
        f"SELECT {server.schema}.time(5), {server.schema}.time(NULL),"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    ).fetchone()
    assert row is not None
    assert row[0] == 5
    assert 0 <= row[2] - row[1] < 10**6


RATES: list[Rate] = [
    GCRA("g", 3, 10**6, 3),
    GCRA("h", 1000, 10**6, 5),
    GCRA("name", 7, 10**6, 2),
    Sliding("name", 5, 10**6),
    Sliding("s", 2, 1000),
    Window("w", 4, BEGIN, BEGIN + 10**6),
    Window("w", 4, BEGIN + 10**6, BEGIN + 3 * 10**6),
    Window("name", 4, BEGIN, BEGIN + 10**6),
]
CLAIMS = st.lists(
    st.builds(Claim, st.sampled_from(RATES), st.sampled_from(["k", "l"]), st.integers(1, 4), st.booleans()),
    min_size=1,
    max_size=5,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), CLAIMS),
        st.tuples(st.just("settle"), st.lists(st.integers(0, 6), min_size=5, max_size=5)),
        st.tuples(st.just("reset"), CLAIMS.map(lambda claims: claims[0])),
        st.tuples(st.just("wait"), st.sampled_from([1, 999, 10**5, 333_334, 10**6, 5 * 10**6, 4 * HOUR, -1, -(10**6)])),
    ),
    max_size=25,
)


Counter = tuple[type[Rate], str, str]


class Model:
    """The same claims on the server and on the pure functions, and when each counter was written last."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.states: dict[Counter, State] = {}
        self.seen: dict[Counter, int] = {}
        self.reserved: list[Reservation] = []

    @property
    def now(self) -> int:
        return microseconds(self.server.clock[0] / 10**6)

    def reserve(self, claims: list[Claim]) -> None:
        outcomes, changed = attempt([apart(claim) for claim in claims], self.read, self.now)
        peeked = decide(claims, outcomes, self.now, counted=False)
        assert self.server.runner.run(self.server.store.peek(claims)) == peeked
        wanted = decide(claims, outcomes, self.now)
        decision = self.server.runner.run(self.server.store.reserve(claims))
        assert decision[:2] == wanted[:2]
        for (_, key), (rate, state) in changed.items():
            self.write(Claim(rate, key), state, self.now)
        if decision.reservation and wanted.reservation:
            assert decision.reservation.marks == wanted.reservation.marks
            self.reserved.append(decision.reservation)

    def settle(self, costs: list[int]) -> None:
        if not self.reserved:
            return
        reservation = self.reserved.pop(len(self.reserved) // 2)
        costs = costs[: len(reservation.claims)]
        self.server.runner.run(self.server.store.settle(reservation, costs))
        for claim, mark, cost in zip(map(apart, reservation.claims), reservation.marks, costs, strict=True):
            if mark is not None and cost != claim.cost:
                latest = max(self.now, self.seen.get(counter_of(claim), 0))
                settled = settle(claim.rate, self.read(claim), latest, mark, cost - claim.cost)
                if settled is not None:
                    self.write(claim, settled, latest)

    def reset(self, claim: Claim) -> None:
        self.server.runner.run(self.server.store.reset(claim, claim.cost))
        own = apart(claim)
        self.write(own, reset(own.rate, self.read(own), self.now, own.cost), self.now)

    def wait(self, microseconds: int) -> None:
        self.server.clock[0] += microseconds

    def read(self, claim: Claim) -> State | None:
        return self.states.get(counter_of(claim))

    def write(self, claim: Claim, state: State, now: int) -> None:
        counter = counter_of(claim)
        self.states[counter], self.seen[counter] = state, max(now, self.seen.get(counter, 0))


def counter_of(claim: Claim) -> Counter:
    return type(claim.rate), claim.rate.name, claim.key


def apart(claim: Claim) -> Claim:
    """Where names alone tell counters apart, as for `attempt`."""
    return claim._replace(rate=replace(claim.rate, name=f"{type(claim.rate).__name__}-{claim.rate.name}"))


@settings(max_examples=120)
@given(steps=STEPS)
def test_random_schedules(server: Server, steps: list[tuple[str, Any]]) -> None:
    server.clock[0] = BEGIN
    server.connection.execute(f"TRUNCATE {server.schema}.counter")
    model = Model(server)
    for step, what in steps:
        getattr(model, step)(what)
