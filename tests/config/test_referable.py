"""Where a file may write a reference in a value's place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from toolkit.config.referable import PIECE, REFERENCES, WHOLE, referable
from toolkit.options.schemas import Schema

NUMBER: Schema = {"type": "number"}
CHOICE: Schema = {"enum": ["keep", "replace"]}
REFERENCE = {"$ref": "#/$defs/reference"}
TEXT = {"$ref": "#/$defs/referring_text"}

TABLE: dict[str, tuple[Schema, Schema]] = {
    "anything": ({}, {}),
    "true": (True, True),
    "false": (False, False),
    "text": ({"type": "string"}, {"type": "string"}),
    "text or null": ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
    "number": (NUMBER, {"type": ["number", "string"], "pattern": WHOLE}),
    "number or null": ({"type": ["number", "null"]}, {"type": ["number", "null", "string"], "pattern": WHOLE}),
    "bounded number": (
        {"type": "number", "minimum": 0},
        {"type": ["number", "string"], "minimum": 0, "pattern": WHOLE},
    ),
    "choice of text": (CHOICE, {"anyOf": [CHOICE, TEXT]}),
    "choice of numbers": ({"enum": [200, 204]}, {"anyOf": [{"enum": [200, 204]}, REFERENCE]}),
    "one text": ({"const": "x"}, {"anyOf": [{"const": "x"}, TEXT]}),
    "some text": ({"type": "string", "pattern": "x"}, {"anyOf": [{"type": "string", "pattern": "x"}, TEXT]}),
    "either": ({"anyOf": [NUMBER, CHOICE]}, {"anyOf": [NUMBER, CHOICE, TEXT]}),
    "either, one any text": ({"anyOf": [NUMBER, {"type": "string"}]}, {"anyOf": [NUMBER, {"type": "string"}]}),
    "options": ({"$ref": "#/x"}, {"anyOf": [{"$ref": "#/x"}, REFERENCE]}),
    "list of text": (
        {"type": "array", "items": {"type": "string"}},
        {"type": ["array", "string"], "items": {"type": "string"}, "pattern": WHOLE},
    ),
    "list of numbers": (
        {"type": "array", "items": NUMBER},
        {"type": ["array", "string"], "items": {"type": ["number", "string"], "pattern": WHOLE}, "pattern": WHOLE},
    ),
    "two": (
        {"type": "array", "prefixItems": [NUMBER], "items": False},
        {
            "type": ["array", "string"],
            "prefixItems": [{"type": ["number", "string"], "pattern": WHOLE}],
            "items": False,
            "pattern": WHOLE,
        },
    ),
    "mapping": (
        {"type": "object", "properties": {"a": NUMBER}, "additionalProperties": CHOICE},
        {
            "type": ["object", "string"],
            "properties": {"a": {"type": ["number", "string"], "pattern": WHOLE}},
            "additionalProperties": {"anyOf": [CHOICE, TEXT]},
            "pattern": WHOLE,
        },
    ),
    "inside either": (
        {"anyOf": [{"type": "array", "items": NUMBER}, NUMBER]},
        {
            "anyOf": [
                {"type": "array", "items": {"type": ["number", "string"], "pattern": WHOLE}},
                NUMBER,
                REFERENCE,
            ]
        },
    ),
}


@pytest.mark.parametrize(("schema", "expected"), TABLE.values(), ids=TABLE)
def test_table(schema: Schema, expected: Schema) -> None:
    assert referable(schema) == expected


PLAIN: Any = st.sampled_from([schema for schema, _ in TABLE.values() if "$ref" not in str(schema)])
VALUES: Any = st.recursive(
    st.sampled_from([None, True, 0, 200, 1.5, "", "x", "keep"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)


def validator(schema: Schema) -> Draft202012Validator:
    definitions = {"$defs": REFERENCES}
    return Draft202012Validator({**schema, **definitions} if isinstance(schema, dict) else schema)


@given(PLAIN, VALUES)
def test_values_without_references_are_judged_as_before(schema: Schema, value: Any) -> None:
    assert validator(referable(schema)).is_valid(value) == validator(schema).is_valid(value)


@given(PLAIN, VALUES, st.data())
def test_a_reference_may_stand_for_any_part(schema: Schema, value: Any, data: Any) -> None:
    if schema is not False and validator(schema).is_valid(value):
        assert validator(referable(schema)).is_valid(with_references(value, data))


def with_references(value: Any, data: st.DataObject) -> Any:
    """The value with references in the place of some of its parts."""
    if data.draw(st.booleans()):
        return data.draw(st.sampled_from(["${X}", "${X:-}", "${file:x/y.txt}"]))
    if isinstance(value, list):
        return [with_references(one, data) for one in value]
    return {key: with_references(one, data) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("text", ["${X}", "${X:-a b}", "${file:./x}"])
def test_what_is_a_whole_reference(text: str) -> None:
    assert validator(REFERENCES["reference"]).is_valid(text)


@pytest.mark.parametrize("text", ["", "X", "$X", "{X}", "a${X}", "${X}a", "${X}${Y}", "${}"])
def test_what_is_none(text: str) -> None:
    assert not validator(REFERENCES["reference"]).is_valid(text)
    assert validator({"type": "string", "pattern": PIECE}).is_valid(text) == ("${" in text)
