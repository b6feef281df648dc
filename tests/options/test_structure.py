"""From an annotation and a value to the value as held, or to the sentence that refuses it."""

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, StrEnum
from fractions import Fraction
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, NewType, Protocol, Self, TypedDict, TypeVar, runtime_checkable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.options import MISSING, ConfigError, Invalid, Options, Problem, check, option, reads, structure

if sys.version_info >= (3, 12):
    from typing import TypeAliasType
else:
    from typing_extensions import TypeAliasType

T = TypeVar("T")


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Level(StrEnum):
    LOW = "low"


class Point(Options):
    x: int = option(kw_only=False)
    y: int = 0


class Box(Generic[T]):
    pass


class Shelf(list[T]):
    pass


class Sized(Protocol):
    size: int


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


class Door:
    def close(self) -> None:
        pass


class Table(TypedDict):
    x: int


class PatternError(ValueError):
    """An error of another package, with the same attributes."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__("not read")
        self.reason = reason
        self.fix = fix


def even(value: int) -> int:
    if value % 2:
        raise Invalid(f"{value} is odd", f"use {value + 1}")
    return value


def halved(value: int) -> int:
    return value // 2


def braced(value: str) -> str:
    if "{" in value:
        raise PatternError("it has a brace", "use a star")
    return value


def ascending(values: Sequence[int]) -> Sequence[int]:
    for place, (one, two) in enumerate(pairwise(values), start=1):
        if two < one:
            raise Invalid(f"{two} is less than {one}", at=f"[{place}]")
    return values


def origin_point(point: Point) -> Point:
    return Point(**{**point.given, "z": 0})


@reads("a fraction")
def fraction(value: object) -> Fraction:
    if not isinstance(value, str):
        raise Invalid("not text")
    return Fraction(value)


UserId = NewType("UserId", int)
Names = TypeAliasType("Names", Sequence[str])
Endless = NewType("Endless", int)
Endless.__supertype__ = list[Endless]  # type: ignore[attr-defined]
DOOR, BOX, ITERATOR = Door(), Box[int](), iter([1, 2])
PATTERN = re.compile("a")

GOOD: list[tuple[str, Any, object, object]] = [
    ("text", str, "a", "a"),
    ("whole number", int, 5, 5),
    ("number", float, 2.5, 2.5),
    ("number from int", float, 5, 5.0),
    ("true", bool, True, True),
    ("bytes", bytes, b"a", b"a"),
    ("null", None, None, None),
    ("anything", Any, DOOR, DOOR),
    ("any object", object, DOOR, DOOR),
    ("literal", Literal["lax", 1, None], "lax", "lax"),
    ("literal number", Literal["lax", 1, None], 1, 1),
    ("literal null", Literal["lax", 1, None], None, None),
    ("enum member", Color, Color.RED, Color.RED),
    ("enum by value", Color, "red", Color.RED),
    ("text enum by value", Level, "low", Level.LOW),
    ("union first", str | int, "a", "a"),
    ("union second", str | int, 5, 5),
    ("optional", str | None, None, None),
    ("int stays int", float | int, 5, 5),
    ("union in order", Path | str, "a", Path("a")),
    ("list", list[int], [1, 2], [1, 2]),
    ("bare list", list, [1, "a"], [1, "a"]),
    ("list from tuple", list[int], (1, 2), [1, 2]),
    ("sequence", Sequence[str], ["a", "b"], ("a", "b")),
    ("tuple", tuple[str, ...], ["a"], ("a",)),
    ("bare tuple", tuple, [1], (1,)),
    ("pair", tuple[str, int], ["a", 1], ("a", 1)),
    ("set", set[str], ["a", "a"], frozenset({"a"})),
    ("frozenset", frozenset[int], {1, 2}, frozenset({1, 2})),
    ("abstract set", AbstractSet[int], {1}, frozenset({1})),
    ("collection", Collection[int], {1: 2}.keys(), (1,)),
    ("iterable", Iterable[int], ITERATOR, (1, 2)),
    ("mapping", Mapping[str, int], {"a": 1}, {"a": 1}),
    ("dict", dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    ("bare mapping", Mapping, {"a": 1}, {"a": 1}),
    ("callable", Callable[[int], int], even, even),
    ("class", type, Door, Door),
    ("subclass", type[Exception], ValueError, ValueError),
    ("any class", type[Any], Door, Door),
    ("subclass of either", type[ValueError | OSError], OSError, OSError),
    ("pattern from text", re.Pattern[str], "a", PATTERN),
    ("pattern", re.Pattern[str], PATTERN, PATTERN),
    ("pattern of bytes", re.Pattern[bytes], b"a", re.compile(b"a")),
    ("path from text", Path, "a/b", Path("a/b")),
    ("path from path", Path, PurePosixPath("a"), Path("a")),
    ("path object", os.PathLike[str], Path("a"), Path("a")),
    ("instance", Door, DOOR, DOOR),
    ("generic instance", Box[int], BOX, BOX),
    ("protocol", Closable, DOOR, DOOR),
    ("new type", UserId, 5, 5),
    ("type alias", Names, ["a"], ("a",)),
    ("check", Annotated[int, even], 4, 4),
    ("checks in turn", Annotated[int, even, halved], 6, 3),
    ("documentation", Annotated[int, "how many"], 6, 6),
    ("check that reads", Annotated[Fraction, fraction], "1/2", Fraction(1, 2)),
    ("standard library check", Annotated[str, ip_address], "::1", ip_address("::1")),
]


@pytest.mark.parametrize(("annotation", "value", "held"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_value_is_held(annotation: Any, value: object, held: object) -> None:
    found = check(annotation, value, "X.a")
    assert found == held
    assert type(found) is (MappingProxyType if isinstance(held, dict) else type(held))


BAD: list[tuple[str, Any, object, str]] = [
    ("text", str, 5, "X.a: 5 is not text"),
    ("text from bytes", str, b"a", "X.a: b'a' is not text"),
    ("text from null", str, None, "X.a: None is not text"),
    ("int from bool", int, True, "X.a: True is not a whole number"),
    ("int from float", int, 5.0, "X.a: 5.0 is not a whole number"),
    ("int from text", int, "5", "X.a: '5' is not a whole number; write it without quotes"),
    ("float from bool", float, False, "X.a: False is not a number"),
    ("float from text", float, "2.5", "X.a: '2.5' is not a number; write it without quotes"),
    ("float too large", float, 10**400, "X.a: the number is too large"),
    ("bool from int", bool, 1, "X.a: 1 is not true or false; write true"),
    ("bool from text", bool, "False", "X.a: 'False' is not true or false; write false"),
    ("bytes from text", bytes, "a", "X.a: 'a' is not bytes"),
    ("null", None, 0, "X.a: 0 is not null"),
    ("literal", Literal["lax", "strict"], "lox", "X.a: 'lox' is not 'lax' or 'strict'; did you mean 'lax'?"),
    ("literal far", Literal["lax", "strict"], "none", "X.a: 'none' is not 'lax' or 'strict'"),
    ("literal bool for int", Literal[1, 2], True, "X.a: True is not 1 or 2"),
    ("literal float for int", Literal[1, 2], 1.0, "X.a: 1.0 is not 1 or 2"),
    ("enum", Color, "gren", "X.a: 'gren' is not 'red' or 'green'; did you mean 'green'?"),
    ("union", str | None | Sequence[str], 5, "X.a: 5 is not text, null or a list of text"),
    ("union with literal", Literal["a", "b"] | bool, 5, "X.a: 5 is not 'a', 'b', true or false"),
    ("union near", Literal["off", "auto"] | int, "aut",
     "X.a: 'aut' is not 'off', 'auto' or a whole number; did you mean 'auto'?"),
    ("union inside", str | Sequence[str], ["a", 5], "X.a[1]: 5 is not text"),
    ("union of checks", Annotated[int, even] | Annotated[int, even], 5, "X.a: 5 is odd; use 6"),
    ("optional list", Sequence[str] | None, "a", "X.a: 'a' is not a list of text or null; use [\"a\"]"),
    ("list from text", Sequence[str], "https://a.example",
     "X.a: 'https://a.example' is text where a list is wanted; use [\"https://a.example\"]"),
    ("set from text", set[str], "a", "X.a: 'a' is text where a list is wanted; use [\"a\"]"),
    ("iterable from text", Iterable[str], "a", "X.a: 'a' is text where a list is wanted; use [\"a\"]"),
    ("numbers from text", list[int], "a", "X.a: 'a' is text where a list is wanted"),
    ("numbers from number", list[int], 5, "X.a: 5 is not a list of whole numbers; use [5]"),
    ("list from bytes", list[int], b"a", "X.a: b'a' is not a list of whole numbers"),
    ("list from mapping", list[Any], {"a": 1}, "X.a: {…} is not a list of anything"),
    ("list from set", list[int], {1}, "X.a: {1} is not a list of whole numbers"),
    ("list from null", list[Any], None, "X.a: None is not a list of anything"),
    ("list of lists", list[list[int]], [[1], [2, "3"]],
     "X.a[1][1]: '3' is not a whole number; write it without quotes"),
    ("list of optionals", list[int | None], 2.5, "X.a: 2.5 is not a list of whole numbers or null"),
    ("pair length", tuple[str, int], ["a"], "X.a: ['a'] is not a list of 2 (text, a whole number)"),
    ("pair element", tuple[str, int], ["a", "b"], "X.a[1]: 'b' is not a whole number"),
    ("set element", set[int], {"a"}, "X.a: 'a' is not a whole number"),
    ("set of lists", set[Any], [[1]], "X.a: it holds a value that cannot be in a set"),
    ("mapping", Mapping[str, int], [1], "X.a: [1] is not a mapping of text to whole numbers"),
    ("mapping key", Mapping[str, int], {1: 1}, "X.a[1]: 1 is not text"),
    ("mapping value", Mapping[str, int], {"b": "c"}, "X.a['b']: 'c' is not a whole number"),
    ("callable", Callable[[], None], 5, "X.a: 5 is not callable"),
    ("class", type, 5, "X.a: 5 is not a class"),
    ("subclass", type[Exception], int, "X.a: <class 'int'> is not a subclass of Exception"),
    ("pattern", re.Pattern[str], "(",
     "X.a: '(' is not a regular expression: missing ), unterminated subpattern at position 0"),
    ("pattern too large", re.Pattern[str], "a{99999999999}",
     "X.a: 'a{99999999999}' is not a regular expression: the repetition number is too large"),
    ("pattern of bytes", re.Pattern[str], re.compile(b"a"), "X.a: re.compile(b'a') is not a regular expression"),
    ("path", Path, 5, "X.a: 5 is not a path"),
    ("path object", os.PathLike[str], "a", "X.a: 'a' is not a path object"),
    ("instance", Door, 5, "X.a: 5 is not a Door"),
    ("instance with an", ArithmeticError, 5, "X.a: 5 is not an ArithmeticError"),
    ("protocol", Closable, 5, "X.a: 5 is not a Closable"),
    ("new type", UserId, "a", "X.a: 'a' is not a whole number"),
    ("options", Point, 5, "X.a: 5 is not a mapping of Point options"),
    ("list of options", list[Point], [{"x": 1}, {"x": "a"}], "X.a[1].x: 'a' is not a whole number"),
    ("options unknown", Point, {"x": 1, "z": 2}, "X.a.z: unknown option"),
    ("options unnamed", Point, {"x": 1, 2: 2}, "X.a[2]: the name of an option is text"),
    ("check", Annotated[int, even], 5, "X.a: 5 is odd; use 6"),
    ("check after kind", Annotated[int, even], "a", "X.a: 'a' is not a whole number"),
    ("check of elements", Sequence[Annotated[int, even]], [2, 3], "X.a[1]: 3 is odd; use 4"),
    ("check of all", Annotated[Sequence[int], ascending], [1, 3, 2], "X.a[2]: 2 is less than 3"),
    ("foreign error", Annotated[str, braced], "{", "X.a: it has a brace; use a star"),
    ("plain error", Annotated[str, ip_address], "a", "X.a: 'a' does not appear to be an IPv4 or IPv6 address"),
    ("config error", Annotated[Point, origin_point], {"x": 1}, "X.a: Point.z: unknown option"),
    ("reading check", Annotated[Fraction, fraction] | None, 5, "X.a: not text"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "value", "line"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_value_is_refused(annotation: Any, value: object, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(annotation, value, "X.a")
    assert str(caught.value) == line


UNSUPPORTED: list[tuple[str, Any, str]] = [
    ("type variable", T, "the annotation ~T cannot be checked"),
    ("self", Self, "the annotation typing.Self cannot be checked"),
    ("number", 5, "the annotation 5 cannot be checked"),
    ("list of annotations", [str], "the annotation [<class 'str'>] cannot be checked"),
    ("typed dict", Table, "the annotation Table cannot be checked"),
    ("protocol without isinstance", Sized, "the annotation Sized cannot be checked"),
    ("foreign container", Shelf[int], "cannot be checked"),
    ("endless alias", Endless, "Endless cannot be checked"),
    ("inside", Mapping[str, Sequence[T]], "the annotation ~T cannot be checked"),  # type: ignore[valid-type]
    ("class of a type variable", type[T], "cannot be checked"),
]


@pytest.mark.parametrize(
    ("annotation", "reason"), [row[1:] for row in UNSUPPORTED], ids=[row[0] for row in UNSUPPORTED]
)
def test_annotation_is_refused(annotation: Any, reason: str) -> None:
    with pytest.raises(TypeError) as caught:
        check(annotation, 1, "X.a")
    assert reason in str(caught.value)


def test_nested_options_are_made_of_a_mapping_or_taken_as_they_are() -> None:
    point = Point(1)
    assert check(Point, point, "X") is point
    assert check(list[Point], [{"x": 1, "y": 2}], "X")[0].y == 2


def test_all_elements_are_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        check(Mapping[str, list[int]], {"a": [1, "b", 3, None], "c": 5}, "X")
    assert [problem.where for problem in caught.value.problems] == ["X['a'][1]", "X['a'][3]", "X['c']"]


def test_what_is_held_does_not_change_with_what_was_given() -> None:
    listed, mapped = [1], {"a": 1}
    held = check(list[int], listed, "X"), check(Mapping[str, int], mapped, "X")
    listed.append(2)
    mapped["b"] = 2
    assert held == ([1], {"a": 1})
    with pytest.raises(TypeError):
        held[1]["c"] = 3


def test_structure_appends_problems_and_returns_missing() -> None:
    problems: list[Problem] = []
    assert structure(int, "a", "file:3: a", problems) is MISSING
    assert structure(int, 1, "file:4: b", problems) == 1
    assert problems == [Problem("file:3: a", "'a' is not a whole number")]
    assert repr(MISSING) == "MISSING"


def test_a_check_that_breaks_is_not_taken_for_a_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        check(Annotated[int, lambda value: 1 // value], 0, "X")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=6,
)
ANNOTATIONS = [row[1] for row in GOOD if row[0] not in ("standard library check", "check that reads")]


@settings(max_examples=300)
@given(annotation=st.sampled_from(ANNOTATIONS), value=JUNK)
def test_junk_is_held_or_refused_with_a_sentence(annotation: Any, value: object) -> None:
    problems: list[Problem] = []
    held = structure(annotation, value, "X", problems)
    if problems:
        assert held is MISSING
        assert all(problem.where.startswith("X") and problem.reason for problem in problems)
    else:
        assert repr(check(annotation, held, "X")) == repr(held)
