"""What every store refuses. ValueError for what is out of bounds, TypeError for what is no text, bytes or number."""

import re
from collections.abc import Sequence
from math import isfinite

from toolkit.stores.contracts import Claim, Reservation
from toolkit.stores.rates import MOST, State

LONGEST_KEY = 512  # bytes of UTF-8
LARGEST_VALUE = 16 * 2**20
_NAMESPACE = re.compile("[a-z0-9_-]{1,64}(/[a-z0-9_-]{1,64})*")


def namespace_within(outer: str, inner: str) -> str:
    """The name of a namespace within another; "" is the store itself."""
    if not _NAMESPACE.fullmatch(inner):
        raise ValueError("a namespace is made of a-z, 0-9, '_' and '-', at most 64 of them, and '/' between two")
    joined = f"{outer}/{inner}" if outer else inner
    if len(joined) > LONGEST_KEY:
        raise ValueError(f"a namespace has at most {LONGEST_KEY} characters")
    return joined


def check_key(key: str, what: str = "a key") -> str:
    """The key (or group, or name of a log) if it is one."""
    if not isinstance(key, str):
        raise TypeError(f"{what} is text, not {type(key).__name__}")
    try:
        size = len(key) if key.isascii() else len(key.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{what} with a lone surrogate has no UTF-8") from None
    if not 0 < size <= LONGEST_KEY:
        raise ValueError(f"{what} has 1 to {LONGEST_KEY} bytes, not {size}")
    return key


def check_group(group: str | None) -> str | None:
    return None if group is None else check_key(group, "a group")


def check_value(value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"a value is bytes, not {type(value).__name__}")
    if len(value) > LARGEST_VALUE:
        raise ValueError(f"a value has at most {LARGEST_VALUE} bytes, not {len(value)}")
    return value


def check_expires(expires: float | None) -> float | None:
    if expires is None:
        return None
    if not isinstance(expires, (int, float)):
        raise TypeError(f"an expiry is seconds since 1970 or None, not {type(expires).__name__}")
    try:
        seconds = float(expires)
    except OverflowError:
        seconds = float("inf")
    if not isfinite(seconds):
        raise ValueError("an expiry is finite; use None for what never expires")
    return seconds


def check_claims(claims: Sequence[Claim]) -> Sequence[Claim]:
    for claim in claims:
        check_key(claim.key)
        check_units(claim.cost, least=1)
    return claims


def check_units(units: int, least: int = 0) -> int:
    """Units from `least` to 10**9, whole."""
    if type(units) is not int:
        raise TypeError(f"a cost is a whole number, not {type(units).__name__}")
    if not least <= units <= MOST:
        raise ValueError(f"a cost is from {least} to {MOST}")
    return units


def settlements(reservation: Reservation, cost: int | Sequence[int]) -> list[tuple[Claim, State, int]]:
    """What is to be settled: the claims that were counted and cost otherwise in the end.

    Each with its mark and how many units more (or less, if negative) it cost than were reserved. From here on the
    reservation is settled. Raises ValueError if it was before.
    """
    claims = reservation.claims
    costs = [cost] * len(claims) if isinstance(cost, int) else cost
    for one in costs:
        check_units(one)
    if len(costs) != len(claims):
        raise ValueError(f"{len(costs)} costs were given for {len(claims)} claims")
    if reservation.settled:
        raise ValueError("a reservation is settled once")
    reservation.settled = True
    entries = zip(claims, reservation.marks, costs, strict=True)
    return [
        (claim, mark, units - claim.cost) for claim, mark, units in entries if mark is not None and units != claim.cost
    ]


def check_events(events: Sequence[bytes]) -> list[bytes]:
    if not events:
        raise ValueError("there is no event to append")
    return [check_value(event) for event in events]


def check_number(number: int) -> int:
    """A number of a log, or 0 for before the first."""
    if type(number) is not int:
        raise TypeError(f"the number of an event is whole, not {type(number).__name__}")
    if not 0 <= number < 2**53:
        raise ValueError("the number of an event is 0 or more")
    return number
