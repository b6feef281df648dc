"""Durations: a number of seconds, or text such as "15m"."""

import math
import re
from typing import Annotated

from toolkit.options.problems import Invalid, show
from toolkit.options.structure import reads

_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TEXT = re.compile("".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in _UNITS))
_LONGEST = 64  # characters that are read
_FIX = "use seconds, or text such as '15m', '31d' or '1h30m'"


WRITTEN = {"type": "string", "minLength": 2, "maxLength": _LONGEST, "pattern": f"^{_TEXT.pattern}$"}
"""JSON Schema of a duration that is written as text."""


@reads("a duration", schema={"anyOf": [{"type": "number", "exclusiveMinimum": 0}, WRITTEN]})
def duration(value: object) -> float:
    """Seconds from a number of seconds, or from text such as "250ms", "15m", "1h30m", "31d", "2w".

    Units run from the longest to the shortest, each at most once. Raises Invalid unless more than 0 and finite.
    """
    seconds = _seconds(value)
    if seconds is None:
        raise Invalid(f"{show(value)} is not a duration", _FIX)
    if not 0 < seconds < math.inf:
        raise Invalid(f"{show(value)} is not more than 0 and finite", _FIX)
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _parsed(text: str) -> float | None:
    match = _TEXT.fullmatch(text) if 0 < len(text) <= _LONGEST else None
    if match is None:
        return None
    return sum(float(number) * unit for number, unit in zip(match.groups("0"), _UNITS.values(), strict=True))


Duration = Annotated[float, duration]
"""An option in seconds: 5, 2.5, "15m", "31d", "1h30m", "250ms"; held as a float."""
