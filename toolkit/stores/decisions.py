"""Several claims, all or none: the sequence that every store follows, and the decision made from its outcome."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from toolkit.stores.contracts import Claim, Decision, Reservation
from toolkit.stores.rates import Rate, State, reserve, verdict


class Outcome(NamedTuple):
    """What one claim met: whether it passes by itself, the state it `found`, and the one it `left`.

    A claim that does not pass leaves what it found.
    """

    allowed: bool
    found: State | None
    left: State | None


Counter = tuple[str, str]
"""A counter: the rate's name and the key."""


def attempt(
    claims: Sequence[Claim], read: Callable[[Claim], State | None], now: int
) -> tuple[list[Outcome], dict[Counter, tuple[Rate, State]]]:
    """Try claims one after another, each on what those before it left, and return what would have to be written.

    `read` gives the stored state of a claim's counter. Nothing is to be written if a claim is denied that is no shadow.
    """
    outcomes: list[Outcome] = []
    changed: dict[Counter, tuple[Rate, State]] = {}
    for claim in claims:
        counter = claim.rate.name, claim.key
        found = changed[counter][1] if counter in changed else read(claim)
        allowed, left = reserve(claim.rate, found, now, claim.cost)
        outcomes.append(Outcome(allowed, found, left))
        if allowed and left is not None:
            changed[counter] = claim.rate, left
    return outcomes, changed if passes(claims, outcomes) else {}


def passes(claims: Sequence[Claim], outcomes: Sequence[Outcome]) -> bool:
    return all(outcome.allowed or claim.shadow for claim, outcome in zip(claims, outcomes, strict=True))


def decide(claims: Sequence[Claim], outcomes: Sequence[Outcome], now: int, *, counted: bool = True) -> Decision:
    """The decision on claims that met these outcomes at `now` (µs). `counted` is false for `peek`.

    Where nothing was counted, each verdict tells of the state that its claim found.
    """
    allowed = passes(claims, outcomes)
    counted = counted and allowed
    verdicts = tuple(
        verdict(claim.rate, outcome.left if counted else outcome.found, now, claim.cost, outcome.allowed)
        for claim, outcome in zip(claims, outcomes, strict=True)
    )
    marks = [outcome.left if outcome.allowed else None for outcome in outcomes]
    return Decision(allowed, verdicts, Reservation(claims, marks) if counted else None)
