"""Durations as numbers and as text."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from toolkit.options import ConfigError, Duration, Invalid, check, duration

UNITS: dict[str, int | Fraction] = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": Fraction(1, 1000)}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5.0),
        (2.5, 2.5),
        ("5s", 5.0),
        ("250ms", 0.25),
        ("15m", 900.0),
        ("1h30m", 5400.0),
        ("31d", 2678400.0),
        ("2w", 1209600.0),
        ("1.5h", 5400.0),
        ("1d2h3m4s5ms", 93784.005),
    ],
)
def test_duration(value: object, seconds: float) -> None:
    held = check(Duration, value, "X")
    assert held == seconds
    assert type(held) is float


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0, "0 is not more than 0 and finite"),
        (-5, "-5 is not more than 0 and finite"),
        ("0s", "'0s' is not more than 0 and finite"),
        (float("inf"), "inf is not more than 0 and finite"),
        (float("nan"), "nan is not more than 0 and finite"),
        (10**400, f"1{'0' * 27}...{'0' * 29} is not more than 0 and finite"),
        ("9" * 64 + "d", "'" + "9" * 27 + "..." + "9" * 27 + "d' is not a duration"),
        (True, "True is not a duration"),
        (None, "None is not a duration"),
        ("5", "'5' is not a duration"),
        ("", "'' is not a duration"),
        ("5 s", "'5 s' is not a duration"),
        ("-5s", "'-5s' is not a duration"),
        ("1M", "'1M' is not a duration"),
        ("30m1h", "'30m1h' is not a duration"),
        ("1h1h", "'1h1h' is not a duration"),
        (".5s", "'.5s' is not a duration"),
        ("٥s", "'٥s' is not a duration"),
        ("5s\n", r"'5s\n' is not a duration"),
        ("1 day", "'1 day' is not a duration"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else type(value).__name__,
)
def test_no_duration(value: object, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(Duration, value, "X")
    (problem,) = caught.value.problems
    assert problem.reason == reason
    assert problem.fix == "use seconds, or text such as '15m', '31d' or '1h30m'"


def test_no_duration_where_null_is_one() -> None:
    assert check(Duration | None, None, "X") is None
    with pytest.raises(ConfigError, match=r"^X: 'x' is not a duration; use seconds"):
        check(Duration | None, "x", "X")


@given(st.dictionaries(st.sampled_from([*UNITS]), st.integers(0, 9999) | st.decimals(0, 999, places=3), min_size=1))
def test_text_reads_back(amounts: dict[str, int]) -> None:
    text = "".join(f"{amounts[unit]}{unit}" for unit in UNITS if unit in amounts)
    seconds = sum(Fraction(amount) * UNITS[unit] for unit, amount in amounts.items())
    if seconds:
        assert duration(text) == pytest.approx(float(seconds), rel=1e-12)
    else:
        with pytest.raises(Invalid):
            duration(text)


@settings(max_examples=200)
@given(st.text("0123456789.wdhms -", max_size=80))
def test_any_text_is_a_duration_or_invalid(text: str) -> None:
    try:
        seconds = duration(text)
    except Invalid as invalid:
        seconds, fix = None, invalid.fix
    assert fix.startswith("use seconds") if seconds is None else seconds > 0


@given(
    st.from_regex(r"[0-9]{1,2}(\.[0-9])?(w|d|h|m|s|ms|x)([0-9]s)?\Z")
    | st.integers()
    | st.booleans()
    | st.text(max_size=3)
)
def test_the_schema_accepts_what_the_check_accepts(value: object) -> None:
    schema = duration.__schema__  # type: ignore[attr-defined]
    valid = Draft202012Validator(schema).is_valid(value)
    assert valid == (_refusal(value) in {"", "not more than 0"})


def _refusal(value: object) -> str:
    try:
        duration(value)
    except Invalid as refused:
        zero = isinstance(value, str) and "is not more than 0" in refused.reason
        return "not more than 0" if zero else refused.reason
    return ""
