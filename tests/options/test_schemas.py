"""The schema of an annotation accepts what its kind reads, and refuses what its kind refuses for its type."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from toolkit.options import Duration, Invalid, Options, reads
from toolkit.options.schemas import DOTTED, SCHEMAS, Schema, annotation_schema
from toolkit.options.structure import _BUILDERS, kind


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1


class Inner(Options):
    size: int = 0


Name = NewType("Name", str)


@reads("anything at all")
def open_check(value: object) -> object:
    return value


@reads("text", schema={"type": "string"})
def text_check(value: object) -> object:
    return value


def plain_check(value: int) -> int:
    return value


REF = {"$ref": "Inner"}
TEXTS = {"type": "array", "items": {"type": "string"}}

TABLE: dict[str, tuple[Any, Schema]] = {
    "Any": (Any, {}),
    "object": (object, {}),
    "None": (None, {"type": "null"}),
    "NoneType": (type(None), {"type": "null"}),
    "str": (str, {"type": "string"}),
    "bytes": (bytes, False),
    "bool": (bool, {"type": "boolean"}),
    "int": (int, {"type": "integer"}),
    "float": (float, {"type": "number"}),
    "Path": (Path, {"type": "string"}),
    "PathLike": (os.PathLike, False),
    "Callable": (Callable[[int], int], {"type": "string", "pattern": DOTTED}),
    "type": (type[Exception], {"type": "string", "pattern": DOTTED}),
    "Literal": (Literal["a", 1, None], {"enum": ["a", 1, None]}),
    "Literal of what no file writes": (Literal[Colour.RED], False),
    "Enum": (Colour, {"enum": ["red", "blue"]}),
    "IntEnum": (Level, {"enum": [1]}),
    "Pattern": (re.Pattern[str], {"type": "string"}),
    "Pattern of bytes": (re.Pattern[bytes], False),
    "an instance": (BaseException, False),
    "options": (Inner, REF),
    "NewType": (Name, {"type": "string"}),
    "list": (list[str], TEXTS),
    "bare list": (list, {"type": "array"}),
    "tuple of any length": (tuple[str, ...], TEXTS),
    "bare tuple": (tuple, {"type": "array"}),
    "Sequence": (Sequence[str], TEXTS),
    "Collection": (Collection[str], TEXTS),
    "Iterable": (Iterable[str], TEXTS),
    "set": (set[str], TEXTS),
    "frozenset": (frozenset[str], TEXTS),
    "AbstractSet": (AbstractSet[str], TEXTS),
    "list of what no file writes": (list[bytes], {"type": "array", "maxItems": 0}),
    "tuple": (
        tuple[str, int],
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    ),
    "bare dict": (dict, {"type": "object"}),
    "dict": (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    "Mapping": (Mapping[str, Any], {"type": "object"}),
    "keys that are some text": (Mapping[Literal["a"], Any], {"type": "object", "propertyNames": {"enum": ["a"]}}),
    "keys that no file writes": (dict[bytes, int], {"type": "object", "maxProperties": 0}),
    "union": (int | str, {"type": ["integer", "string"]}),
    "optional": (list[str] | None, {"anyOf": [{"type": "null"}, TEXTS]}),
    "union with what no file writes": (bytes | None, {"type": "null"}),
    "union of what no file writes": (bytes | BaseException, False),
    "union with anything": (int | Any, {}),
    "union of one schema twice": (list[str] | set[str], TEXTS),
    "check": (Annotated[int, plain_check], {"type": "integer"}),
    "no check": (Annotated[int, "words"], {"type": "integer"}),
    "check that reads": (Annotated[int, text_check], {"type": "string"}),
    "check that reads without a schema": (Annotated[int, open_check], {}),
}


def define(cls: type) -> Schema:
    return {"$ref": cls.__name__}


@pytest.mark.parametrize(("annotation", "expected"), TABLE.values(), ids=TABLE)
def test_table(annotation: Any, expected: Schema) -> None:
    assert annotation_schema(annotation, define) == expected


def test_every_builder_has_a_schema() -> None:
    """A new kind of annotation needs its line in toolkit/options/schemas.py."""
    assert SCHEMAS.keys() == _BUILDERS.keys()


SCALARS: Any = st.sampled_from([None, str, bool, int, float, Any, bytes, Literal["a", 1], Literal[True], Colour, Path])
TEXT = st.sampled_from(["", "a", "red", "5m", "/x"])
SCALAR_VALUES: Any = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, -1.5]) | TEXT


def of(container: Any, *args: Any) -> Any:
    return container[args]


def wider(inner: Any) -> Any:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda one: of(list, one)),
        SCALARS.filter(lambda one: one is not Any).map(lambda one: of(frozenset, one)),
        inner.map(lambda one: of(Mapping, str, one)),
        inner.map(lambda one: of(Mapping, Literal["a"], one)),
        inner.map(lambda one: of(Annotated, one, plain_check)),
        pairs.map(lambda two: of(tuple, *two)),
        pairs.map(lambda two: of(Union, *two)),
    )


ANNOTATIONS = st.recursive(SCALARS, wider, max_leaves=4)
VALUES: Any = st.recursive(
    SCALAR_VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def is_read(annotation: Any, value: Any) -> bool:
    try:
        kind(annotation).read(value)
    except Invalid:
        return False
    return True


@given(ANNOTATIONS, VALUES)
def test_schema_and_kind_agree(annotation: Any, value: Any) -> None:
    schema = annotation_schema(annotation, define)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(value) == is_read(annotation, value)


DURATIONS: Any = st.integers(-2, 100) | st.sampled_from([0.5, "5m", "1h30m", "250ms", "", "5", "m5", "5 m", None, True])


@given(DURATIONS)
def test_durations(value: Any) -> None:
    schema = annotation_schema(Duration, define)
    assert Draft202012Validator(schema).is_valid(value) == is_read(Duration, value)
