"""Problems and the errors that carry them."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.options import ConfigError, Invalid, Problem, did_you_mean, show
from toolkit.options.problems import either

PROBLEM = Problem("CORS.max_age", "90000 is more than 86400 (one day)", "use 86400 or less")


class Loud:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def test_a_problem_is_one_line() -> None:
    assert str(PROBLEM) == "CORS.max_age: 90000 is more than 86400 (one day); use 86400 or less"
    assert str(Problem("CORS", "empty")) == "CORS: empty"


@pytest.mark.parametrize(
    ("file", "line", "text"),
    [
        ("toolkit.toml", 20, "toolkit.toml:20: CORS: empty"),
        ("toolkit.toml", 0, "toolkit.toml: CORS: empty"),
        ("", 0, "CORS: empty"),
        ("", 20, "CORS: empty"),
    ],
    ids=["file and line", "file", "neither", "line alone"],
)
def test_a_problem_says_where_it_is_written(file: str, line: int, text: str) -> None:
    assert str(Problem("CORS", "empty", file=file, line=line)) == text


@given(st.text())
def test_a_problem_has_no_second_line(text: str) -> None:
    assert len(str(Problem(f"a{text}", text, text, file="a")).splitlines()) == 1


def test_one_problem_is_its_line() -> None:
    assert str(ConfigError(PROBLEM)) == str(ConfigError([PROBLEM])) == str(PROBLEM)


def test_several_problems_are_counted_and_listed() -> None:
    error = ConfigError(problem for problem in (PROBLEM, Problem("CORS.x", "empty")))
    assert str(error) == f"2 problems:\n  {PROBLEM}\n  CORS.x: empty"
    assert error.problems == (PROBLEM, Problem("CORS.x", "empty"))


def test_an_error_without_problem_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        ConfigError([])


def test_errors_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(ConfigError(PROBLEM))).problems == (PROBLEM,)
    copy = pickle.loads(pickle.dumps(Invalid("odd", "use 2", "[1]")))
    assert (copy.reason, copy.fix, copy.at, str(copy)) == ("odd", "use 2", "[1]", "odd; use 2")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 200, "'" + "a" * 27 + "..." + "a" * 28 + "'"),
        ({"key": "hidden"}, "{…}"),
        ([{"key": "hidden"}, {}], "[{…}, {}]"),
        (10**5000, "<int>"),
        ("a\nb", r"'a\nb'"),
        ([10**50, 10**50], "[1" + "0" * 50 + ", 10000…"),
    ],
    ids=["text", "mapping", "nested mapping", "huge number", "control character", "list"],
)
def test_values_are_shown_short(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_broken_repr_does_not_hide_the_problem() -> None:
    assert show(Loud()).startswith("<Loud instance")


@given(st.recursive(st.text() | st.integers(), st.lists))
def test_values_are_never_shown_long(value: object) -> None:
    assert len(show(value)) <= 60


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("alow_origins", "did you mean 'allow_origins'?"),
        ("ALLOW_ORIGINS", "did you mean 'allow_origins'?"),
        ("allow-origins", "did you mean 'allow_origins'?"),
        ("allowOrigins", "did you mean 'allow_origins'?"),
        ("max-agee", "did you mean 'Max-Age'?"),
        ("colour", ""),
        ("", ""),
    ],
)
def test_did_you_mean(word: str, fix: str) -> None:
    assert did_you_mean(word, ["allow_origins", "Max-Age"]) == fix


@pytest.mark.parametrize(
    ("names", "text"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "a", "c"], "a, b or c")], ids=["1", "2", "3"]
)
def test_either(names: list[str], text: str) -> None:
    assert either(names) == text
