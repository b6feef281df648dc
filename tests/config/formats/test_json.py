"""JSON: the values of the standard library, and the line of each."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.formats.trees import DOCUMENTS, paths, said
from toolkit.config.formats.found import Found, Stopped
from toolkit.config.formats.json import parse


@settings(max_examples=150)
@given(DOCUMENTS, st.sampled_from([None, 0, 1, 4, "\t"]), st.booleans())
def test_what_was_written_is_read_and_every_path_has_its_line(
    data: dict[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    found = Found("file", text)
    assert parse(found) == data
    assert set(found.lines) == {path for path, _ in paths(data)}
    lines = text.split("\n")
    for path, value in paths(data):
        begins = json.dumps(path[-1] if isinstance(path[-1], str) else value, ensure_ascii=ascii_only)
        bracket = isinstance(path[-1], int) and isinstance(value, (dict, list))
        assert (begins[0] if bracket else begins) in lines[found.lines[path] - 1]


@settings(max_examples=300)
@given(st.text(st.sampled_from('{}[]:,"\\ntrue1.0-eE \nu\ud83da/#'), max_size=20))
def test_whatever_the_text_the_standard_library_agrees(text: str) -> None:
    found = Found("file", text)
    try:
        value = parse(found)
    except Stopped:
        value = None
    if found.problems:
        with pytest.raises(ValueError, match=r"."):
            strictly(text)
    elif text.strip(" \n"):
        assert value == strictly(text)


def strictly(text: str) -> Any:
    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key is given twice")
        return dict(pairs)

    value = json.loads(text, object_pairs_hook=unrepeated)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    return value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1,}', ["1: column 8: a comma stands before '}'; remove it"]),
        ('{"a": [1,\n2,\n]}', ["2: column 2: a comma stands before ']'; remove it"]),
        ('{"a": [,]}', ["1: column 8: a value is wanted here; put text in double quotes"]),
        ('{"a" 1}', ["1: column 6: ':' is missing after the key"]),
        ('{"a": 1\n "b": 2}', ["2: column 2: ',' or '}' is missing here"]),
        ("{a: 1}", ["1: column 2: a key is wanted here; put it in double quotes"]),
        ("{\"a\": 'x'}", ["1: column 7: a value is wanted here; put text in double quotes"]),
        ('{"a": True}', ["1: column 7: True is no JSON; write true"]),
        ('{"a": 01}', ["1: column 7: '01' is no JSON value; put text in double quotes"]),
        ('{"a": x}', ["1: column 7: 'x' is no JSON value; put text in double quotes"]),
        ('{"a": "x}', ["1: column 7: text is not closed; close its double quotes"]),
        (
            '{"a": "x\n"}',
            [
                "1: column 9: a line break or control character in text; write it as an escape, such as \\n",
            ],
        ),
        ('{"a": "\\x"}', ["1: column 8: a '\\' that begins no escape; double it"]),
        ('{"a": "\\u12"}', ["1: column 9: a '\\' that begins no escape; double it"]),
        ('{"a": [1', ["1: column 9: the file ends in the middle; close every bracket"]),
        ('{"a":\n\n', ["1: column 6: the file ends in the middle; close every bracket"]),
        ('{"a": 1} x', ["1: column 10: something follows the end of the value; a file holds one value"]),
        ('{\n// a\n"a": 1}', ["2: column 1: JSON has no comments; remove it, or write the file in TOML or YAML"]),
        ('{"a": 1} # a', ["1: column 10: JSON has no comments; remove it, or write the file in TOML or YAML"]),
        ('{"a": "\\ud800"}', ["1: a: holds half of a surrogate pair; write the character itself"]),
        ('{"\\udfff": 1}', ["1: column 2: holds half of a surrogate pair; write the character itself"]),
        ('{"a": 1e999}', ["1: a: '1e999' is too large a number; write a smaller one"]),
        ('{"a": ' + "9" * 641 + "}", ["1: a: is a number of 641 characters; use at most 640, or quote it"]),
    ],
    ids=lambda value: value[:14] if isinstance(value, str) else "",
)
def test_mistakes_are_told_in_our_words(text: str, told: list[str]) -> None:
    assert said("json", text) == told


def test_what_can_be_read_past_is_told_at_once() -> None:
    text = '{"a": NaN,\n"b": [Infinity,\n -Infinity],\n"a": 1,\n"b": {"c": 1, "c": 2,},\n}'
    assert said("json", text) == [
        "1: a: NaN is no JSON; write a number",
        "2: b[0]: Infinity is no JSON; write a number",
        "3: b[1]: -Infinity is no JSON; write a number",
        "4: a: is given twice, first on line 1; remove one of them",
        "5: b: is given twice, first on line 2; remove one of them",
        "5: b.c: is given twice, first on line 5; remove one of them",
        "5: column 21: a comma stands before '}'; remove it",
        "5: column 23: a comma stands before '}'; remove it",
    ]


def test_of_a_key_given_twice_the_first_value_and_its_lines_are_kept() -> None:
    found = Found("file", '{"a": {"b": NaN},\n"a": {"b": 1, "c": [\n1, 1e999]},\n"d": [true,],\n"\\ud800": 1}')
    assert repr(parse(found)) == "{'a': {'b': <unread>}, 'd': [True], '\\ud800': <unread>}"
    assert [*found.lines.items()] == [
        (("a",), 1),
        (("a", "b"), 1),
        (("d",), 4),
        (("d", 0), 4),
        (("\ud800",), 5),
    ]
    assert [(problem.where, problem.line) for problem in found.problems] == [
        ("a.b", 1),
        ("a", 2),
        ("a.c[1]", 3),
        ("column 11", 4),
        ("column 1", 5),
    ]


def test_surrogates_that_make_a_pair_are_one_character() -> None:
    assert parse(Found("file", '["\\ud83d\\ude00"]')) == ["😀"]
