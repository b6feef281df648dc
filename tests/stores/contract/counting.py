"""Random programs of claims, held to the pure functions of `toolkit.stores.rates`."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from toolkit.stores import GCRA, Claim, Decision, Rate, Sliding, Window
from toolkit.stores.rates import State, microseconds, reserve, reset, settle, verdict

from .clock import BEGIN, StoreFactory
from .machines import Program

DAY = 86_400_000_000
MONTH = 30 * DAY
TODAY = int(BEGIN) * 1_000_000 // DAY * DAY
RATES: list[Rate] = [
    GCRA("slow", 4, MONTH, 4),
    GCRA("burst", 1000, 1000 * DAY, 3),
    Sliding("sliding", 5, MONTH),
    Window("window", 5, TODAY, TODAY + DAY),
    Window("window", 5, TODAY + DAY, TODAY + 2 * DAY),
]
CLAIMS = st.builds(
    Claim, st.sampled_from(RATES), st.sampled_from(["k", "l"]), st.sampled_from([1, 1, 2, 3, 6]), st.booleans()
)
CALLS = st.lists(CLAIMS, min_size=1, max_size=4)


class CounterProgram(Program):
    """The model: (name, key) to a state, and what was reserved: the store's reservation, the claims, the marks."""

    def __init__(self, store_factory: StoreFactory) -> None:
        super().__init__(store_factory)
        self.model: dict[tuple[str, str], State | None] = {}
        self.reserved: list[tuple[Any, list[Claim], list[State | None]]] = []

    def now(self) -> int:
        """A server's own time stands still for the model: in these periods nothing turns on seconds."""
        return microseconds(BEGIN if self.clock.real else self.clock())

    @rule(claims=CALLS)
    def reserve(self, claims: list[Claim]) -> None:
        decision = self.run(self.store.reserve(claims))
        states, marks = self.tried(claims, decision, counted=True)
        if decision.allowed:
            self.model = states
            self.reserved.append((decision.reservation, claims, marks))

    @rule(claims=CALLS)
    def peek(self, claims: list[Claim]) -> None:
        decision = self.run(self.store.peek(claims))
        assert decision.reservation is None
        self.tried(claims, decision, counted=False)

    @precondition(lambda self: self.reserved)
    @rule(data=st.data(), costs=st.lists(st.sampled_from([0, 0, 1, 2, 3, 7]), min_size=4, max_size=4))
    def settle(self, data: st.DataObject, costs: list[int]) -> None:
        chosen = data.draw(st.integers(0, len(self.reserved) - 1))
        reservation, claims, marks = self.reserved.pop(chosen)
        self.run(self.store.settle(reservation, costs[: len(claims)]))
        for claim, mark, cost in zip(claims, marks, costs, strict=False):
            if mark is not None and cost != claim.cost:
                counter = claim.rate.name, claim.key
                self.model[counter] = settle(claim.rate, self.model.get(counter), self.now(), mark, cost - claim.cost)

    @rule(claim=CLAIMS, used=st.sampled_from([0, 1, 3, 9]))
    def reset(self, claim: Claim, used: int) -> None:
        self.run(self.store.reset(claim, used))
        counter = claim.rate.name, claim.key
        self.model[counter] = reset(claim.rate, self.model.get(counter), self.now(), used)

    def tried(
        self, claims: list[Claim], decision: Decision, *, counted: bool
    ) -> tuple[dict[tuple[str, str], State | None], list[State | None]]:
        """Try the claims on the model, compare with the decision, and return the states and the marks then."""
        states, steps = dict(self.model), []
        for claim in claims:
            counter = claim.rate.name, claim.key
            found = states.get(counter)
            allowed, states[counter] = reserve(claim.rate, found, self.now(), claim.cost)
            steps.append((claim, allowed, found, states[counter]))
        assert decision.allowed is all(allowed or claim.shadow for claim, allowed, _, _ in steps)
        for told, (claim, allowed, found, left) in zip(decision.verdicts, steps, strict=True):
            state = left if counted and decision.allowed else found
            wanted = verdict(claim.rate, state, self.now(), claim.cost, allowed)
            assert told == wanted if not self.clock.real else told[:2] == wanted[:2]
        return states, [left if allowed else None for _, allowed, _, left in steps]
