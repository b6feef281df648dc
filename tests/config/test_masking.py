"""No message shows what a reference stands for, whoever wrote the message."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from tests.config.named import failing
from toolkit import ConfigError

USE = f"{failing.__module__}:{failing.__name__}"


def told(value: str, *, how: str = "plain") -> str:
    """What is said of a handler whose set-up fails and quotes its password."""
    source: dict[str, Any] = {"handler": [{"path": "/x", "use": USE, "password": "${SECRET}", "how": how}]}
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ={"SECRET": value})
    return str(caught.value)


@pytest.mark.parametrize("value", ["pw1234", "a-longer-password", "7"], ids=["short", "long", "a number"])
def test_the_reference_stands_for_its_value(value: str) -> None:
    assert told(value) == f"handler[0].use: the set-up of {USE!r} failed: RuntimeError: no login for root/${{SECRET}}"


def test_the_place_is_that_of_the_reference_however_often_it_stands() -> None:
    """What stands inside a value that came from outside is part of it: so is its place."""
    handlers = [{"path": path, "use": "respond", "headers": "${HEADERS}"} for path in ("/a", "/b")]
    with pytest.raises(ConfigError) as caught:
        toolkit.compile({"handler": handlers}, environ={"HEADERS": '{"not a name": "1"}'})
    assert [problem.where for problem in caught.value.problems] == ["handler[0].headers", "handler[1].headers"]


def test_a_reason_that_quotes_a_piece_is_not_told() -> None:
    shown = told("correct-horse-battery", how="half")
    assert shown == (
        "handler[0].use: it is refused, for a reason that is not shown because it quotes what ${SECRET} stands for"
    )


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20))
def test_no_form_of_it_is_shown(value: str) -> None:
    secret = f"zq{value}"  # no word of the sentence around it
    for how in ("plain", "repr", "json"):
        shown = told(secret, how=how)
        assert not any(form in shown for form in (secret, repr(secret), json.dumps(secret)))
