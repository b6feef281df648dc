"""Redis decides as `toolkit.stores.rates` does, to the last bit."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis as RawClient

from tests.databases import Redis
from tests.stores.redis_stores import raw
from toolkit.stores import GCRA, Claim, Rate, Sliding, Window
from toolkit.stores.decisions import Outcome, attempt, passes
from toolkit.stores.rates import CENTURY, HOUR, MOST, State, expiry, reset, settle
from toolkit.stores.redis.batch import Entry, pack, unpack
from toolkit.stores.redis.scripts import COUNTERS

BEGIN = 1_800_000_000_000_000
LATEST = 2**52 - 1  # in the year 2112: later, a time and a capacity together may pass 2**53
DAY = 24 * HOUR
SIZES = st.sampled_from([1, 2, 3, 7, 10, 1000, 99_999, 10**9])
PERIODS = st.sampled_from([1000, 1001, 65_537, 333_333, 10**6, 60 * 10**6, HOUR, 24 * HOUR + 1, CENTURY])
COSTS = st.sampled_from([1, 1, 1, 2, 3, 10, 500, MOST])
JUMPS = st.sampled_from([0, 0, 1, 999, 1000, 50_001, 10**6, HOUR, 40 * HOUR, 1000 * DAY, -1, -(10**6), -HOUR])
KEYS = st.sampled_from(["a", "b"])


@st.composite
def gcras(draw: st.DrawFn) -> GCRA:
    period = draw(PERIODS)
    limit = min(draw(SIZES), period)
    interval = -(-period // limit)
    return GCRA("g", limit, period, max(1, min(draw(SIZES), (2**52 - 1) // interval)))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = BEGIN + draw(st.sampled_from([-HOUR, 0, 1, 7 * HOUR]))
    return Window("w", draw(SIZES), start, start + draw(PERIODS))


SLIDINGS = st.builds(Sliding, st.just("s"), SIZES, PERIODS)


class Model:
    """The counters as Python keeps them, and the same in Redis, both at a time that the test says."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.states: dict[str, State] = {}
        self.marks: list[tuple[Claim, State]] = []
        self.now = BEGIN

    def run(self, *calls: tuple[str, list[Entry]]) -> list[Outcome | None]:
        keys, text = pack(calls)
        reply: Any = self.client.eval(COUNTERS.text, len(keys), *keys, text, str(self.now))
        for key in keys:
            self.client.persist(key)  # the time that the test says passes faster, and goes back
        now, outcomes = unpack(reply)
        assert now == self.now
        return outcomes

    def write(self, claim: Claim, state: State) -> None:
        self.states[claim.key] = state
        if expiry(claim.rate, state) <= self.now:
            del self.states[claim.key]

    def reserve(self, claims: list[Claim]) -> list[Outcome]:
        outcomes, changed = attempt(claims, lambda claim: self.states.get(claim.key), self.now)
        for (_, key), (rate, state) in changed.items():
            self.write(Claim(rate, key), state)
        counted = passes(claims, outcomes)
        if counted:
            self.marks += [
                (claim, one.left) for claim, one in zip(claims, outcomes, strict=True) if one.allowed and one.left
            ]
        return told(outcomes, counted)

    def peek(self, claims: list[Claim]) -> list[Outcome]:
        return told(attempt(claims, lambda claim: self.states.get(claim.key), self.now)[0], False)

    def settle(self, claim: Claim, mark: State, extra: int) -> None:
        state = settle(claim.rate, self.states.get(claim.key), self.now, mark, extra)
        if state is not None and state is not self.states.get(claim.key):
            self.write(claim, state)


def told(outcomes: list[Outcome], counted: bool) -> list[Outcome]:
    states = [one.left if counted and one.allowed else one.found for one in outcomes]
    return [Outcome(one.allowed, state, state) for one, state in zip(outcomes, states, strict=True)]


def entry(claim: Claim) -> Entry:
    return Entry(claim.key, claim.rate, {"cost": claim.cost, "shadow": claim.shadow})


@pytest.fixture(scope="module")
def client(redis_server: Redis) -> Iterator[RawClient]:
    with raw(redis_server) as connected:
        yield connected


def play(model: Model, rate: Rate, data: st.DataObject) -> None:
    claims = st.builds(Claim, st.just(rate), KEYS, COSTS, st.booleans())
    for _ in range(data.draw(st.integers(1, 12))):
        model.now = min(LATEST, model.now + data.draw(JUMPS))
        step(model, rate, data, data.draw(st.lists(st.lists(claims, min_size=1, max_size=3), min_size=1, max_size=3)))
        stored = {key: model.client.get(key) for key in "ab"}
        assert {key: tuple(map(int, text.split())) for key, text in stored.items() if isinstance(text, bytes)} == (
            model.states
        )


def step(model: Model, rate: Rate, data: st.DataObject, calls: list[list[Claim]]) -> None:
    match data.draw(st.sampled_from(["reserve", "reserve", "reserve", "peek", "settle", "reset"])):
        case "settle" if model.marks:
            claim, mark = model.marks.pop(data.draw(st.integers(0, len(model.marks) - 1)))
            extra = data.draw(st.sampled_from([-1, 1, 5, MOST])) * max(1, claim.cost // 2)
            model.run(("settle", [Entry(claim.key, claim.rate, {"mark": mark, "extra": extra})]))
            model.settle(claim, mark, extra)
        case "reset":
            claim, used = calls[0][0], data.draw(st.sampled_from([0, 1, 10, MOST]))
            model.run(("reset", [Entry(claim.key, rate, {"used": used})]))
            model.write(claim, reset(rate, model.states.get(claim.key), model.now, used))
        case "peek":
            outcomes = model.run(*(("peek", list(map(entry, call))) for call in calls))
            assert outcomes == [one for call in calls for one in model.peek(call)]
        case _:
            outcomes = model.run(*(("reserve", list(map(entry, call))) for call in calls))
            assert outcomes == [one for call in calls for one in model.reserve(call)]


@pytest.mark.parametrize("rates", [gcras(), SLIDINGS, windows()], ids=["gcra", "sliding", "window"])
def test_random_claims(client: RawClient, rates: st.SearchStrategy[Rate]) -> None:
    @settings(max_examples=60)
    @given(rates, st.data())
    def programs(rate: Rate, data: st.DataObject) -> None:
        client.delete("a", "b")
        play(Model(client), rate, data)

    programs()
    client.delete("a", "b")


def test_a_counter_is_forgotten_in_time(client: RawClient) -> None:
    rate = GCRA("g", 10, 10 * 10**6, 10)
    keys, text = pack([("reserve", [Entry("forgotten", rate, {"cost": 4, "shadow": False})])])
    client.eval(COUNTERS.text, len(keys), *keys, text)
    left: Any = client.pttl("forgotten")
    assert 4000 < left <= 5000
