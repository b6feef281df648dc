"""Methods: what is one, and what a misspelt one was meant to be."""

import pytest

from toolkit.http.methods import STANDARD, is_method, meant, separated


@pytest.mark.parametrize("text", ["GET", "PURGE", "M-SEARCH", "X|Y", "VERSION-CONTROL"])
def test_what_is_a_method(text: str) -> None:
    assert is_method(text)


@pytest.mark.parametrize("text", ["", "get", "Get", "GET ", "G=T", "GET|POST", "GET&PURGE", "PURGE+GET", "GÈT"])
def test_what_is_no_method(text: str) -> None:
    assert not is_method(text)


@pytest.mark.parametrize("text", ["GET,POST", "GET, POST", "get|post", " GET;POST ", "GET + POST", "GET &POST"])
def test_methods_are_told_apart(text: str) -> None:
    assert separated(text) == ["GET", "POST"]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("PSOT", "POST"),
        ("GTE", "GET"),
        ("POSTT", "POST"),
        ("DELET", "DELETE"),
        ("DELATE", "DELETE"),
        ("HAED", "HEAD"),
        ("PROFIND", "PROPFIND"),
        ("VERSION_CONTROL", "VERSION-CONTROL"),
    ],
)
def test_a_slip_is_found(text: str, known: str) -> None:
    assert meant(text) == known


@pytest.mark.parametrize(
    "text", ["PURGE", "BAN", "BREW", "SUBSCRIBE", "NOTIFY", "SET", "FIND", "TRACK", "BATCH", "M-SEARCH", "X" * 9999]
)
def test_a_method_of_its_own_is_none(text: str) -> None:
    assert meant(text) is None


def test_no_registered_method_stands_for_another() -> None:
    assert {known for known in STANDARD if meant(known)} == set()
