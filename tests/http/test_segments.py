"""Segments: which takes more, compared with trying texts."""

import re
from itertools import product

import pytest

from toolkit.http.segments import Segment, of_pattern, of_template

TEXTS = ["".join(letters) for count in range(5) for letters in product("ab7.", repeat=count)]
PARTS = ("a", "*", "b", "a*", "*a", "*a*", "a*b", "")
PARAMETERS = (
    "a",
    "7",
    "{x}",
    "{n:int}",
    "{f:float}",
    "a{x}",
    "{x}b",
    "a{n:int}",
    "{x}.{y}",
    "{x}{n:int}",
    "a{f:float}",
    "",
)
KINDS = {"str": "[^/]+", "int": "[0-9]+", "float": r"[0-9]+(\.[0-9]+)?"}


def taken(text: str) -> frozenset[str]:
    """The short texts that a segment takes."""
    if text == "*":
        return frozenset(TEXTS) - {""}
    regex = re.escape(text).replace(r"\*", ".*")
    for name, kind in re.findall(r"\{(\w)(?::(\w+))?\}", text):
        regex = regex.replace(re.escape(f"{{{name}{':' * bool(kind)}{kind}}}"), KINDS[kind or "str"])
    return frozenset(known for known in TEXTS if re.fullmatch(regex, known))


@pytest.mark.parametrize("one", PARTS)
def test_a_segment_of_a_pattern_covers_what_takes_no_more(one: str) -> None:
    covered = [other for other in PARTS if of_pattern(one).covers(of_pattern(other))]
    assert covered == [other for other in PARTS if taken(other) <= taken(one)]


@pytest.mark.parametrize("one", PARAMETERS)
def test_a_segment_of_a_template_covers_nothing_that_takes_more(one: str) -> None:
    covered = [other for other in PARAMETERS if of_template(one).covers(of_template(other))]
    assert one in covered
    assert [other for other in covered if not taken(other) <= taken(one)] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{x}", "{n:int}"),
        ("{x}", "a"),
        ("{x}", "a{n:int}"),
        ("{f:float}", "{n:int}"),
        ("a{f:float}", "a{n:int}"),
        ("{n:int}", "7"),
        ("{x}.{y}", "a.b"),
        ("{x}.{y}", "{a}.{b}.{c}"),
    ],
)
def test_what_a_segment_of_a_template_covers(one: str, other: str) -> None:
    assert of_template(one).covers(of_template(other))


@pytest.mark.parametrize("text", ["{p:path}", "v{p:path}"])
def test_a_part_of_any_length_is_no_part_of_a_segment(text: str) -> None:
    several = of_template(text)
    assert several.kind == "several"
    assert several.covers(of_template(text.replace("p:", "q:")))
    assert not any(other.covers(several) for other in map(of_template, PARAMETERS))


def test_a_kind_that_somebody_registered_is_covered_by_itself_alone() -> None:
    own: Segment = of_template("{d:date}")
    assert own.covers(of_template("{e:date}"))
    assert not of_template("{x}").covers(own)
    assert not own.covers(of_template("a"))


def test_a_number_that_python_cannot_read_is_covered_by_no_kind() -> None:
    assert not of_template("{n:int}").covers(of_template("9" * 5000))
