"""TOML: the values of tomllib, and the line of each."""

import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.config.formats.trees import DOCUMENTS, paths, said
from toolkit.config.formats.found import Found, Stopped
from toolkit.config.formats.toml import parse

TOKENS = st.sampled_from(
    [
        *(
            "a",
            "b",
            '"a"',
            "'b'",
            '"c d"',
            '"\\u0061"',
            '""',
            "''",
            ".",
            "=",
            " = ",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            ",",
        ),
        *("\n", "\n", " ", "\t", "#x\n", "\r", "\\", '"', "'", '"""', "'''", "1", "1.5", "0x1f", "true", "inf"),
        *("1979-05-27", "1979-05-27 07:32:00", '"""x\n"""', '"""""x"""""', "'''\n''a'\n'''", '"#"', '"\\\\"', "1_000"),
        *("a = 1\n", "b.c = [1, [2]]\n", "[a]\n", "[[b]]\n", "[a.b]\n", "[b.c]\n", "x = {a=1, b.c={}}\n"),
        *("= 1\n", "= [\n1, # ]\n '''\n]''',\n]\n", "= {}\n", '= "a\\"b"\n', "= '\\'\n"),
    ]
)


@settings(max_examples=150)
@given(DOCUMENTS, st.booleans(), st.data())
def test_what_was_written_is_read_and_every_path_has_its_line(
    data: dict[str, Any], multiline: bool, layout: st.DataObject
) -> None:
    text = "".join(_spaced(tomli_w.dumps(data, multiline_strings=multiline), layout))
    found = Found("file", text)
    assert parse(found) == tomllib.loads(text) == data
    assert set(found.lines) == {path for path, _ in paths(data)}
    lines = text.split("\n")
    for path, value in paths(data):
        line = lines[found.lines[path] - 1]
        assert _key(path) in line if isinstance(path[-1], str) else _begins(value) in line


def _spaced(text: str, layout: st.DataObject) -> list[str]:
    """Comments and blank lines before lines that begin a statement: no text here spans lines."""
    blank = st.sampled_from(["", "", "\n", "# a = 1\n", "  \n\n"])
    return [layout.draw(blank) + line for line in text.splitlines(keepends=True)]


def _key(path: tuple[Any, ...]) -> str:
    return tomli_w.dumps({path[-1]: 1}).removesuffix(" = 1\n")


def _begins(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "[" if isinstance(value, list) else ""
    return tomli_w.dumps({"a": value}).removeprefix("a = ").removesuffix("\n")


@settings(max_examples=1000)
@given(st.lists(TOKENS, max_size=14).map("".join))
def test_lines_cover_exactly_what_tomllib_accepts(text: str) -> None:
    found = Found("file", text)
    try:
        data = parse(found)
    except Stopped:
        assert found.problems
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(text)
    else:
        assert found.problems == []
        assert data == tomllib.loads(text)
        assert set(found.lines) == {path for path, _ in paths(data)}
        assert all(1 <= line <= text.count("\n") + 1 for line in found.lines.values())


STATEMENTS = st.sampled_from(
    [
        "[a]",
        "[[l]]",
        "[l.x]",
        "[[l.y]]",
        "[a.b.c]",
        "a.b = 1",
        "k = [\n 1,\n [2, {x = 3}]\n]",
        '"q r".s = """\n\n"""',
        "t = 1",
    ]
)


@settings(max_examples=300)
@given(st.lists(STATEMENTS, unique=True, max_size=7))
def test_tables_in_any_order(statements: list[str]) -> None:
    text = "\n".join(statements)
    found = Found("file", text)
    try:
        data = parse(found)
    except Stopped:
        assume(False)
    assert set(found.lines) == {path for path, _ in paths(data)}


def test_every_way_to_write_a_place() -> None:
    text = """# toolkit
title = "x"                 # 2
[stores]
main = '''
[not.a.table]
'''
"a b".'c.d' . e = 1

[[middleware]]
use = "cors"                # 10
allow_origins = [           # 11
  "https://a", # ]
  # "https://b",
  "https://c",              # 14
  [ { x = 1, y.z = [2, 3] }, 1979-05-27 07:32:00 ],
]
[middleware.inner.most]     # 17
k = {}
[[middleware]]              # 19
use = "x"
[middleware.inner]
m = "\\"]"                   # 22
[defaults.cors.x]
[defaults]                  # 24
"""
    found = Found("file", text)
    data = parse(found)
    assert set(found.lines) == {path for path, _ in paths(data)}
    assert {".".join(map(str, path)): line for path, line in found.lines.items()} == {
        "title": 2,
        "stores": 3,
        "stores.main": 4,
        "stores.a b": 7,
        "stores.a b.c.d": 7,
        "stores.a b.c.d.e": 7,
        "middleware": 9,
        "middleware.0": 9,
        "middleware.0.use": 10,
        "middleware.0.allow_origins": 11,
        "middleware.0.allow_origins.0": 12,
        "middleware.0.allow_origins.1": 14,
        "middleware.0.allow_origins.2": 15,
        "middleware.0.allow_origins.2.0": 15,
        "middleware.0.allow_origins.2.0.x": 15,
        "middleware.0.allow_origins.2.0.y": 15,
        "middleware.0.allow_origins.2.0.y.z": 15,
        "middleware.0.allow_origins.2.0.y.z.0": 15,
        "middleware.0.allow_origins.2.0.y.z.1": 15,
        "middleware.0.allow_origins.2.1": 15,
        "middleware.0.inner": 17,
        "middleware.0.inner.most": 17,
        "middleware.0.inner.most.k": 18,
        "middleware.1": 19,
        "middleware.1.use": 20,
        "middleware.1.inner": 21,
        "middleware.1.inner.m": 22,
        "defaults": 24,
        "defaults.cors": 23,
        "defaults.cors.x": 23,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\n= 2", "2: column 1: a key or a [table] is wanted here"),
        ("a = 1 2", "1: column 7: this is left over on the line; write one setting a line"),
        ("a 1", "1: column 3: '=' is missing after the key; quote a key that is more than letters, digits, - and _"),
        ("[a", "1: column 2: a table's name is not closed; close it with as many ']' as it has '['"),
        ("[]", "1: column 2: a key is wanted here; quote a key that is more than letters, digits, - and _"),
        ("a = yes", "1: column 5: no value can be read here; quote text, and write true and false in lower case"),
        ("a = [1 2]", "1: column 8: a '[' is not closed; put commas between the elements and a ']' after them"),
        ("a = {b = 1", "1: column 10: a '{' is not closed; keep it on one line, without a comma before its '}'"),
        ('a = "\\x"', "1: column 8: a '\\' that begins no escape; double it, or use single quotes"),
        ('a = "\\ud800"', "1: column 12: an escape that is no character; use \\u with four hexadecimal digits"),
        ('a = "x', "1: column 6: text is not closed; close its quotes"),
        ("a = 'x", "1: column 6: text is not closed; close its quotes"),
        ('a = "x\n"', "1: column 7: text is not closed on its line; close its quotes, or use three of them"),
        ("a = 1 # \x07", "1: column 9: a control character; write it as an escape, such as \\t"),
        ("a = 1\rb = 2", "1: column 6: this is left over on the line; write one setting a line"),
        ("a = 1979-02-30", "1: column 5: there is no such date or time"),
        ("a.b = 1\n[a]", "2: a: is defined twice, in ways that exclude each other; remove one of them"),
        ("a = 1\na.b = 2", "2: a.b: is defined twice, in ways that exclude each other; remove one of them"),
        (f"b = {'9' * 5000}", "1: b: is a number of 5,000 characters; use at most 640, or quote it"),
        (f"a = {'9' * 641}", "1: a: is a number of 641 characters; use at most 640, or quote it"),
    ],
    ids=lambda value: value[:14],
)
def test_mistakes_are_told_in_our_words(text: str, told: str) -> None:
    assert said("toml", text) == [told]


def test_all_keys_that_are_given_twice_are_told_beside_the_first_mistake_of_another_kind() -> None:
    text = "a = 1\na = 2\n[t]\nb = {c = 1, c = 2}\n[t]\n[[l]]\nx = 1\n[[l]]\nx = 1\nx = 1\ny = ?\n"
    assert said("toml", text)[:4] == [
        "2: a: is given twice, first on line 1; remove one of them",
        "4: t.b.c: is given twice, first on line 4; remove one of them",
        "5: t: is given twice, first on line 3; remove one of them",
        "10: l[1].x: is given twice, first on line 9; remove one of them",
    ]


def test_a_table_that_only_longer_names_imply_has_the_line_of_the_first() -> None:
    found = Found("file", "a.b = 1\na.c = 2\n[t.u]\n[t.v]\n")
    assert parse(found) == {"a": {"b": 1, "c": 2}, "t": {"u": {}, "v": {}}}
    lines = {".".join(map(str, path)): line for path, line in found.lines.items()}
    assert lines == {"a": 1, "a.b": 1, "a.c": 2, "t": 3, "t.u": 3, "t.v": 4}
