"""References, one by one."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.config.references import Resolver, is_unresolved
from toolkit.options import Reference

ENVIRON = {"HOST": "db", "PORT": "5432", "EMPTY": "", "ODD": "${HOST}", "_x1": "under"}


def resolver(base: Path = Path("/nowhere")) -> Resolver:
    return Resolver(base, ENVIRON)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", "plain"),
        ("${HOST}", Reference("db")),
        ("${_x1}", Reference("under")),
        ("${EMPTY}", Reference("")),
        ("${EMPTY:-x}", Reference("x")),
        ("${NONE:-x y}", Reference("x y")),
        ("${NONE:-}", Reference("")),
        ("${NONE:-a:-b}", Reference("a:-b")),
        ("${HOST:-x}", Reference("db")),
        ("pg://${HOST}:${PORT}/x", "pg://db:5432/x"),
        ("$${HOST}", "${HOST}"),
        ("$$${HOST}", "$${HOST}"),
        ("a $${ b", "a ${ b"),
        ("$HOST", "$HOST"),
        ("$", "$"),
        ("${ODD}", Reference("${HOST}")),
        (" ${HOST}", " db"),
    ],
    ids=repr,
)
def test_what_text_becomes(text: str, found: str) -> None:
    made = resolver()
    value = made.resolve(text, ("x",))
    assert (value, type(value)) == (found, type(found))
    assert made.problems == []


UNSET = "x: the environment variable HOTS is not set; "
FORMS = "; write ${VAR}, ${VAR:-default} or ${file:path}; $${ is the text ${"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("${NONE}", ["x: the environment variable NONE is not set; set it, or write ${NONE:-default}"]),
        ("${HOTS}", [UNSET + "did you mean 'HOST'? Else set it, or write ${HOTS:-default}"]),
        ("${NONE}${NONE}", ["x: the environment variable NONE is not set; set it, or write ${NONE:-default}"]),
        ("${}", ["x: '${}' is no reference" + FORMS]),
        ("${a b}", ["x: '${a b}' is no reference" + FORMS]),
        ("${HOST-x}", ["x: '${HOST-x}' is no reference" + FORMS]),
        ("${env:HOST}", ["x: '${env:HOST}' is no reference" + FORMS]),
        ("${1}", ["x: '${1}' is no reference" + FORMS]),
        ("${file:}", ["x: '${file:}' is no reference" + FORMS]),
        ("${HOST", ["x: the reference '${HOST' is not closed" + FORMS]),
        ("${HOST:-${PORT}}", ["x: references cannot stand in one another" + FORMS]),
        ("${file:none}", ["x: there is no file 'none'; there is no folder '/nowhere'"]),
        ("${file:a\0b}", ["x: 'a\\x00b' is no path of a file"]),
    ],
    ids=repr,
)
def test_what_is_wrong_with_a_reference(text: str, lines: list[str]) -> None:
    made = resolver()
    assert is_unresolved(made.resolve(text, ("x",)))
    assert [str(problem) for problem in made.problems] == lines
    assert made.unresolved == ["x"]


def test_references_stand_anywhere_in_a_value_but_in_keys() -> None:
    made = resolver()
    assert made.resolve({"a": ["${HOST}", {"b": "${PORT}"}, 5]}, ()) == {"a": ["db", {"b": "5432"}, 5]}
    assert [one.where for one in made.resolved] == ["a[0]", "a[1].b"]
    made.resolve({"${HOST}": 1}, ("headers",))
    assert [problem.reason for problem in made.problems] == ["a reference cannot stand in a key"]


def test_a_default_is_nobodys_secret() -> None:
    made = resolver()
    made.resolve(["${NONE:-x}", "$${y}", "${PORT:-5432}"], ())
    assert made.resolved == []


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"text\n", "text"), (b"text\r\n", "text"), (b"two\nlines\n\n", "two\nlines\n"), (b"", "")],
    ids=["newline", "crlf", "lines", "empty"],
)
def test_a_file_without_its_last_newline(tmp_path: Path, data: bytes, found: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert resolver(tmp_path).resolve("${file:a.txt}", ("x",)) == found


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b"x" * 65537), "the file 'a' is larger than 64 KiB"),
        (lambda path: path.write_bytes(b"\xff"), "the file 'a' is not text in UTF-8"),
        (lambda path: path.mkdir(), "the file 'a' cannot be read: it is a folder"),
        (_pipe, "the file 'a' cannot be read: it is a pipe, a socket or a device"),
        (lambda path: (path.parent / "b").touch(), "there is no file 'a'"),
        (lambda path: path.symlink_to(path), "the file 'a' cannot be read: Too many levels of symbolic links"),
    ],
    ids=["large", "binary", "folder", "pipe", "missing", "loop"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Any, reason: str) -> None:
    make(tmp_path / "a")
    made = resolver(tmp_path)
    made.resolve("${file:a}", ("x",))
    assert [problem.reason for problem in made.problems] == [reason]


@given(st.text(alphabet="${}:-HOST file", max_size=20))
def test_any_text_is_resolved_or_refused(text: str) -> None:
    made = resolver()
    value = made.resolve(text, ("x",))
    assert is_unresolved(value) == bool(made.problems)
    if "${" not in text:
        assert value == text


@given(st.text(alphabet="a$}: "), st.text(alphabet="a$}: "))
def test_escaped_text_is_the_text(before: str, after: str) -> None:
    assert resolver().resolve(f"{before}$${{{after}", ("x",)) == f"{before}${{{after}"
