"""A whole value that came from elsewhere: read as text, or as what the text means."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.options import (
    MISSING,
    ConfigError,
    Duration,
    Invalid,
    Options,
    Reference,
    check,
    option,
    regular_expression,
)


class Limits(Options):
    most: int = 5


class Secretive(Options):
    key: int = option(secret=True)


def even(value: int) -> int:
    if value % 2:
        raise Invalid(f"{value} is odd", f"use {value + 1}")
    return value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", 5),
        ("2.5", 2.5),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ('{"a": 1}', {"a": 1}),
        ('"a"', "a"),
        (" 5\n", 5),
        ("True", MISSING),
        ("plain", MISSING),
        ("", MISSING),
        ("NaN", MISSING),
        ("-Infinity", MISSING),
        ("[" * 60000, MISSING),
        (" " * 70000 + "5", MISSING),
        ("1" * 5000, MISSING),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_a_reference_means(text: str, meant: object) -> None:
    assert Reference(text).meant == meant
    assert type(Reference(text).meant) is type(meant)


READ: list[tuple[str, Any, str, object]] = [
    ("text", str, "600", "600"),
    ("number", int, "600", 600),
    ("truth", bool, "false", False),
    ("null", int | None, "null", None),
    ("text before null", str | None, "null", "null"),
    ("text before number", int | str, "5", "5"),
    ("duration", Duration, "15m", 900.0),
    ("duration in seconds", Duration, "90", 90.0),
    ("list", Sequence[str], '["a", "b"]', ("a", "b")),
    ("literal", Literal["a", 1], "a", "a"),
    ("literal number", Literal["a", 1], "1", 1),
    ("check", Annotated[int, even], "4", 4),
    ("nested options", Limits | None, "null", None),
    ("path", Path, "5", Path("5")),
    ("anything", Any, "5", 5),
    ("any object", object, "[1]", [1]),
    ("anything, text", Any, "a", "a"),
    ("mapping", Mapping[str, Any], '{"a": [1]}', {"a": [1]}),
    ("class", type[Exception], "builtins:ValueError", ValueError),
]


@pytest.mark.parametrize(("annotation", "text", "held"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_reference_is_text_or_what_it_means(annotation: Any, text: str, held: object) -> None:
    found = check(annotation, Reference(text), "X")
    assert found == held
    assert not isinstance(found, Reference)


REFUSED: list[tuple[str, Any, str, str]] = [
    ("text that means nothing", int, "abc", "X: 'abc' is not a whole number"),
    ("truth in capitals", bool, "True", "X: 'True' is not true or false"),
    ("of another kind", int, "[1]", "X: '[1]' is not a whole number"),
    ("of the right kind", Annotated[int, even], "5", "X: 5 is odd; use 6"),
    ("of the right kind inside", Sequence[int], '[1, "a"]', "X[1]: 'a' is not a whole number"),
    ("of the right kind for a check that reads", Duration, "0",
     "X: 0 is not more than 0 and finite; use seconds, or text such as '15m', '31d' or '1h30m'"),
    ("near", Literal["lax", "strict"], "lox", "X: 'lox' is not 'lax' or 'strict'; did you mean 'lax'?"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "text", "line"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_reference_is_refused_as_what_it_is(annotation: Any, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(annotation, Reference(text), "X")
    assert str(caught.value) == line
    assert caught.value.__cause__ is None


def test_references_stand_within_lists_and_mappings() -> None:
    held = check(Mapping[str, Sequence[int]], {"a": [1, Reference("2")]}, "X")
    assert held == {"a": (1, 2)}
    assert type(check(Sequence[str], [Reference("a")], "X")[0]) is str


def test_a_pattern_of_a_reference_is_plain_text() -> None:
    held = check(Annotated[str, regular_expression], Reference("a"), "X")
    assert type(held.pattern) is str


def test_the_meaning_of_a_secret_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        Secretive(key=Reference("[123456789]"))  # type: ignore[arg-type]
    assert str(caught.value) == "Secretive.key: the secret given (str) is not a whole number"


ANNOTATIONS: list[Any] = [
    str, int, float, bool, None, Any, str | None, int | bool, Duration, Sequence[str], Mapping[str, int], Path,
    Literal["a", 1], Callable[..., Any], Limits,
]  # fmt: skip


@given(st.sampled_from(ANNOTATIONS), st.text() | st.sampled_from(["5", "true", "null", '["a"]', '{"most": 1}']))
def test_a_reference_is_held_as_its_text_or_its_meaning_would_be(annotation: Any, text: str) -> None:
    accepted = [_held(annotation, value) for value in (text, Reference(text).meant)]
    found = _held(annotation, Reference(text))
    assert type(found) is not Reference
    assert repr(found) in {repr(one) for one in accepted if one is not MISSING} or accepted == [MISSING, MISSING]


def _held(annotation: Any, value: object) -> Any:
    try:
        return check(annotation, value, "X") if value is not MISSING else MISSING
    except ConfigError:
        return MISSING
