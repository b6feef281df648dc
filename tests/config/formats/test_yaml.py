"""YAML: values of the core schema, the line of each, and what is refused because readers disagree."""

import math
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.formats.trees import DOCUMENTS, paths, said
from toolkit.config.formats.found import Found, Stopped
from toolkit.config.formats.yaml import parse

LOADERS = [pytest.param(yaml.CSafeLoader, id="C"), pytest.param(yaml.SafeLoader, id="Python")]


@settings(max_examples=150)
@given(DOCUMENTS, st.sampled_from([None, True, False]), st.integers(2, 6), st.booleans())
@pytest.mark.parametrize("loader", LOADERS)
def test_what_was_written_is_read_and_every_path_has_its_line(
    loader: Any, data: dict[str, Any], flow: bool | None, indent: int, unicode: bool
) -> None:
    # PyYAML leaves without quotes what only YAML 1.2 takes for a number: 1e5. That is refused.
    text = yaml.safe_dump(
        data,
        default_flow_style=flow,
        indent=indent,
        allow_unicode=unicode,
        width=10**6,
        default_style=None,
        sort_keys=False,
    )
    found = Found("file", text)
    try:
        read = parse(found, loader)
    except Stopped:
        read = None
    if found.problems:
        assert all(re.search(r"YAML 1\.|is not text", problem.reason) for problem in found.problems)
        return
    assert read == data
    assert set(found.lines) == {path for path, _ in paths(data)}
    lines = text.split("\n")
    for path, value in paths(data):
        written = _written(path, value)
        if written is not None:
            assert written in lines[found.lines[path] - 1]


def _written(path: tuple[Any, ...], value: Any) -> str | None:
    """What the line of `path` must hold, where that is the same in every style."""
    begins = path[-1] if isinstance(path[-1], str) else value
    if isinstance(begins, bool):
        return "true" if begins else "false"
    if isinstance(begins, int) or (isinstance(begins, str) and begins.isascii() and begins.isalnum()):
        return str(begins)
    return None


TOKENS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "c d",
            ": ",
            "- ",
            "? ",
            "\n",
            "\n",
            "\n  ",
            "\n    ",
            '"x"',
            "'y'",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "# c\n",
        ),
        *(
            "&a ",
            "*a ",
            "!!str ",
            "!!int ",
            "!x ",
            "!",
            "!<",
            "!!python/object:x ",
            "|\n  t\n",
            ">-\n  t\n",
            "|9\n",
            ">",
        ),
        *(
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "%TAG ! x\n",
            "1",
            "010",
            "on",
            "null",
            "~",
            "1:30",
            "2024-01-01",
            "<<",
            "=",
        ),
        *("\t", "\\", '"', "'", "@", "%", "`", "é", "🎉", "\u2028", "\x85", "\ufeff", ".inf", "1e3", "0x1f"),
        *('"\\u0041"', '"\\x4', '"\\UFFFFFFFF"', '"\\ud800"', '"\\U00110000"'),
    ]
)


@settings(max_examples=600)
@given(st.lists(TOKENS, max_size=12).map("".join))
def test_both_parsers_read_the_same_or_refuse(text: str) -> None:
    c, python = _outcome(text, yaml.CSafeLoader), _outcome(text, yaml.SafeLoader)
    assert c is None or python is None or c == python


def _outcome(text: str, loader: Any) -> str | None:
    found = Found("file", text)
    try:
        value = parse(found, loader)
    except Stopped:
        assert found.problems
        return None
    if found.problems:
        return None
    assert set(found.lines) == {path for path, _ in paths(value)}
    return repr((value, found.lines))


@pytest.mark.parametrize("loader", LOADERS)
def test_every_way_to_write_a_place(loader: Any) -> None:
    text = """# toolkit
--- # 2
title: "x"
"a b": |
  text
middleware:     # 6
- use: cors
  allow_origins: [ "https://a",
     "https://b", { x: 1,
       y: 2 } ]
-               # 11
  use: x        # 12
  k:            # 13
    - [ 1 ]
? long
: 'two
  lines'
"""
    found = Found("file", text)
    data = parse(found, loader)
    assert set(found.lines) == {path for path, _ in paths(data)}
    assert {".".join(map(str, path)): line for path, line in found.lines.items()} == {
        "title": 3,
        "a b": 4,
        "middleware": 6,
        "middleware.0": 7,
        "middleware.0.use": 7,
        "middleware.0.allow_origins": 8,
        "middleware.0.allow_origins.0": 8,
        "middleware.0.allow_origins.1": 9,
        "middleware.0.allow_origins.2": 9,
        "middleware.0.allow_origins.2.x": 9,
        "middleware.0.allow_origins.2.y": 10,
        "middleware.1": 12,
        "middleware.1.use": 12,
        "middleware.1.k": 13,
        "middleware.1.k.0": 14,
        "middleware.1.k.0.0": 14,
        "long": 15,
    }


@pytest.mark.parametrize("loader", LOADERS)
def test_an_alias_is_a_copy_with_a_line_of_its_own_and_the_lines_of_what_it_repeats(loader: Any) -> None:
    found = Found("file", "a: &x [1, {b: 2}]\nc: *x\nd:\n- *x\n- &x 5\n- *x\n")
    data = parse(found, loader)
    assert data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": [[1, {"b": 2}], 5, 5]}
    assert data["a"] is not data["c"]
    assert data["a"][1] is not data["d"][0][1]
    assert [found.lines[path] for path in [("c",), ("c", 1, "b"), ("d", 0), ("d", 0, 1), ("d", 2)]] == [2, 1, 4, 1, 6]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, None) for text in ("null", "Null", "NULL", "~")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        *[("0", 0), ("-0", 0), ("+12", 12), ("0x1F", 31), ("1.5", 1.5), ("-1.5e+3", -1500.0), (".5", 0.5), ("5.", 5.0)],
        *[(".inf", math.inf), ("-.INF", -math.inf), ("!!float 5", 5.0), ("!!int 5", 5), ("!!str 5", "5"), ("! 5", "5")],
        *[("'on'", "on"), ('"010"', "010"), ("!!str on", "on"), ('!!int "5"', 5), ("!!bool 'true'", True)],
        *[
            (text, text)
            for text in ("text", "1.2.3", "::1", "10.0.0.1", "5/minute", "15m", "/a", "nULL", "ON!", "1e", "-x")
        ],
        *[
            (text, text)
            for text in ("127.0.0.1:80", "sqlite:///x.db", "2024-01", "1-2", "0xg", "_", "1 000", "yesterday")
        ],
    ],
    ids=str,
)
def test_scalars_of_the_core_schema(text: str, value: object) -> None:
    (held,) = parse(Found("file", f"- {text}"))
    assert held == value
    assert type(held) is type(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("on", 'on is true in YAML 1.1 and text in YAML 1.2; write true, or quote it: "on"'),
        ("No", 'No is false in YAML 1.1 and text in YAML 1.2; write false, or quote it: "No"'),
        ("y", 'y is true in YAML 1.1 and text in YAML 1.2; write true, or quote it: "y"'),
        ("1:30", "'1:30' is a number in base 60 in YAML 1.1 and text in YAML 1.2; quote it: \"1:30\""),
        (
            "22:22:22.5",
            "'22:22:22.5' is a number in base 60 in YAML 1.1 and text in YAML 1.2; quote it: \"22:22:22.5\"",
        ),
        ("010", '010 begins with a 0: YAML 1.1 reads it in base 8, YAML 1.2 in base 10; write 10, or quote it: "010"'),
        ("1_000", '1_000 is a number in YAML 1.1 and text in YAML 1.2; write it plainly, or quote it: "1_000"'),
        ("0b11", '0b11 is a number in YAML 1.1 and text in YAML 1.2; write it plainly, or quote it: "0b11"'),
        ("-0x1f", '-0x1f is a number in YAML 1.1 and text in YAML 1.2; write it plainly, or quote it: "-0x1f"'),
        ("0o17", '0o17 is a number in YAML 1.2 and text in YAML 1.1; write it plainly, or quote it: "0o17"'),
        ("1e3", '1e3 is a number in YAML 1.2 and text in YAML 1.1; write it plainly, or quote it: "1e3"'),
        ("1.0e+999", "'1.0e+999' is too large a number; write a smaller one, or quote it: \"1.0e+999\""),
        ("2024-01-01", "'2024-01-01' is a date in YAML 1.1 and text in YAML 1.2; quote it: \"2024-01-01\""),
        (
            "2024-1-1 10:00:00Z",
            "'2024-1-1 10:00:00Z' is a date in YAML 1.1 and text in YAML 1.2; quote it: \"2024-1-1 10:00:00Z\"",
        ),
        ("=", '= has a meaning of its own in YAML 1.1; quote it: "="'),
        ("<<", '<< has a meaning of its own in YAML 1.1; quote it: "<<"'),
        ("", 'has no value; write one, null or ""'),
        ("9" * 641, "is a number of 641 characters; use at most 640, or quote it"),
        ("!foo x", "the tag !foo is not read; remove it"),
        ("!!binary x", "the tag !!binary is not read; remove it"),
        ("!!python/name:os.system", "the tag !!python/name:os.system is not read; remove it"),
        ("!a%1b x", "the tag '!a\\x1b' is not read; remove it"),
        ("!!set {a: 1}", "the tag !!set is not read; remove it"),
        ("!!str [1]", "the tag !!str is not read; remove it"),
        ("!!int x", "'x' is no !!int; remove the tag"),
        ("*b", 'no anchor &b stands before *b; quote it: "*b"'),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_readers_disagree_about_is_refused(text: str, told: str) -> None:
    assert said("yaml", f"z: 1\na: {text}\n") == [f"2: a: {told}"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: on\nb: [1, 010, x]", "{'a': <unread>, 'b': [1, <unread>, 'x']}"),
        ("a: 1\na: {b: on}\nc: 2", "{'a': 1, 'c': 2}"),
        ("a: {{ x }}\nb: {1: 2, c: 3}", "{'a': <unread>, 'b': {'1': <unread>, 'c': 3}}"),
        ("a: {? : &x 1, b: *x}", "{'a': {'': <unread>, 'b': <unread>}}"),
        ("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\ne: {<<: [*a, {f: 4}]}", None),
        ("a: {<<: 5, b: 1}", "{'a': {'b': 1, '': <unread>}}"),
        ("a: &x {b: [*x]}\nc: *x\nd: *y", "{'a': {'b': [<unread>]}, 'c': {'b': [<unread>]}, 'd': <unread>}"),
        ("a: !x [1]\nb: !x 1", "{'a': [1], 'b': <unread>}"),
        ("{{ x }}", "<unread>"),
    ],
)
def test_what_can_be_read_past_is(text: str, data: str | None) -> None:
    merged = "{'a': {'b': 1, 'c': 2}, 'd': {'c': 3, 'b': 1}, 'e': {'b': 1, 'c': 2, 'f': 4}}"
    found = Found("file", text)
    assert repr(parse(found)) == (data or merged)
    assert found.problems


def test_what_is_merged_has_its_lines_and_where_it_comes_from() -> None:
    found = Found("file", "a: &a\n  b: 1\nc:\n  <<: *a\n  d: 2\ne: *a\n")
    parse(found)
    assert [found.lines[path] for path in [("c", "b"), ("c", "d"), ("e",), ("e", "b")]] == [2, 5, 6, 2]
    assert found.origins == {("c", "<<"): ("a",), ("c", "b"): ("c", "<<", "b"), ("e",): ("a",)}


def test_an_alias_inside_what_it_repeats_is_refused() -> None:
    told = "1: a.b[0]: the alias *x stands inside what it repeats; write it out"
    assert said("yaml", "a: &x {b: [*x]}") == [told]
    assert said("yaml", "y: &x 1\na: &x\n b:\n - *x\n") == [told.replace("1", "4")]


def test_all_of_it_is_told_at_once() -> None:
    text = "a: on\nb:\n- 010\n- c: 1:30\na: 1\n<<: {}\n1: x\nnull: x\non: text\n'': x\n? \n: x\n"
    assert [line.partition(";")[0] for line in said("yaml", text)] == [
        "1: a: on is true in YAML 1.1 and text in YAML 1.2",
        "3: b[0]: 010 begins with a 0: YAML 1.1 reads it in base 8, YAML 1.2 in base 10",
        "4: b[1].c: '1:30' is a number in base 60 in YAML 1.1 and text in YAML 1.2",
        "5: a: is given twice, first on line 1",
        "6: column 1: merging with '<<' is not read",
        "7: column 1: the key '1' is not text",
        "8: column 1: the key 'null' is not text",
        "11: column 2: a key is missing before ':'",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n\tb: 2", "2: column 1: a tab stands where YAML wants spaces; indent with spaces"),
        ("a: %b", "1: column 4: '%' begins no text without quotes; quote the text"),
        ("a: b: c", "1: column 5: a ':' stands where no key may be; quote text with ': ', and indent keys alike"),
        ("a: 1\n  b: 2", "2: column 4: a ':' stands where no key may be; quote text with ': ', and indent keys alike"),
        ("a: 1\nb\n", "2: column 2: ':' is missing after the key; write 'key: value', and quote longer text"),
        ("a: [1, 2\n", "1: column 9: ',' or ']' is missing here; close the list, and quote text that holds brackets"),
        ("a: {b: 1\n", "1: column 9: ',' or '}' is missing here; close the mapping, and quote text that holds braces"),
        (
            "- a\nb: 1",
            "2: column 1: no element of the list; indent it like the key after the '- ' above, or begin it with '- '",
        ),
        ("a: 'x", "1: column 6: text is not closed; close its quotes"),
        ('a: "\\q"', "1: column 5: a '\\' that begins no escape; double it, or use single quotes"),
        ('a: "\\ud800"', "1: column 7: an escape that is no character; use \\u with four hexadecimal digits"),
        ("a: !x!y z", "1: column 4: a tag that is not declared; remove the tag, or quote text that begins with '!'"),
        ("a: {{ x }}", "1: column 5: a list or mapping stands where a key is wanted; quote text with brackets"),
        ("&x a: 1\n*x : 2", "2: column 1: an alias stands where a key is wanted; write the key itself"),
        ("a: 1\n---\nb: 1", "2: column 1: a second document begins here; a file holds one document"),
        ("%YAML 3.0\n--- a", "1: column 1: the file asks for another version of YAML; remove its line '%YAML'"),
        ("a: \x07", "1: column 4: the character '\\x07' may not stand in YAML; remove it"),
        ("[[[", "1: column 4: the file ends in the middle; close every bracket and quote"),
    ],
    ids=lambda value: value[:14],
)
def test_mistakes_are_told_in_our_words(text: str, told: str) -> None:
    assert said("yaml", text) == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: @b", "1: column 4: '@' begins no text without quotes; quote the text"),
        ('a: "\\ud800"', "1: a: holds half of a surrogate pair; write the character itself"),
        ('"\\ud800": 1', "1: column 1: a key holds half of a surrogate pair; write the character itself"),
        ('a: "\\UFFFFFFFF"', "1: column 5: an escape that is no character; use \\u with four hexadecimal digits"),
        (
            "- a\nb: 1",
            "2: column 1: no element of the list; indent it like the key after the '- ' above, or begin it with '- '",
        ),
    ],
    ids=lambda value: value[:14],
)
def test_mistakes_as_the_parser_in_python_tells_them(text: str, told: str) -> None:
    found = Found("file", text)
    try:
        parse(found, yaml.SafeLoader)
    except Stopped:
        assert found.problems
    assert [str(problem) for problem in found.problems] == [f"file:{told}"]


@pytest.mark.parametrize("text", ["", "\n\n", "# a\n", "---\n", "--- # a\n...\n"], ids=repr)
def test_blank(text: str) -> None:
    found = Found("file", text)
    assert parse(found) is None
    assert found.problems == []
