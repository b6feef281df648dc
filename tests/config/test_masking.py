"""No message shows what a reference stands for, whoever wrote the message."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from tests.config.named import Failing, Refusing, failing
from toolkit import ConfigError

FACTORY = f"{failing.__module__}:{failing.__name__}"
FAILING = f"{Failing.__module__}:{Failing.__name__}"
REFUSING = f"{Refusing.__module__}:{Refusing.__name__}"
HUSHED = "it is refused, for a reason that is not shown because it quotes what ${SECRET} stands for"
PROSE = "is not a duration, and no layer of this stack is called that: write it without quotes, or leave it out"


def told(source: Any, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ=environ)
    return [str(problem) for problem in caught.value.problems]


def refused(value: str, how: str = "plain") -> str:
    """What a rule says that quotes a password at another option of its layer."""
    source = {"middleware": [{"use": REFUSING, "password": "${SECRET}", "how": how}]}
    (line,) = told(source, SECRET=value)
    return line.removeprefix("middleware[0].how: ")


@pytest.mark.parametrize("how", ["plain", "repr", "json"])
@pytest.mark.parametrize("value", ["pw1234", "a-longer-password", 'it\'s "quoted" \\ é', "7" * 9], ids=repr)
def test_the_reference_stands_for_its_value(value: str, how: str) -> None:
    assert refused(value, how) == "no login for root/${SECRET}"


@pytest.mark.parametrize("how", ["upper", "title"])
@pytest.mark.parametrize("value", ["hunter", "correct-horse-battery", "straße-und-weg"])
def test_case_hides_nothing(value: str, how: str) -> None:
    assert refused(value, how) == "no login for root/${SECRET}"


@pytest.mark.parametrize(
    ("value", "how"),
    [("correct-horse-battery", "half"), ("Correct-Horse-Battery", "half")],
)
def test_a_reason_that_quotes_a_piece_is_not_told(value: str, how: str) -> None:
    assert refused(value, how) == HUSHED


@pytest.mark.parametrize("how", ["plain", "upper", "reversed", "half"])
@pytest.mark.parametrize("value", ["hunter2", "correct-horse-battery", "7"])
@pytest.mark.parametrize(
    ("section", "use", "line"),
    [
        ("handler", FACTORY, f"handler[0].use: the set-up of {FACTORY!r} failed: RuntimeError"),
        ("middleware", FAILING, "middleware[0]: its set-up failed: RuntimeError"),
    ],
    ids=["factory", "layer"],
)
def test_what_a_set_up_says_that_was_given_references_is_not_told(
    section: str, use: str, line: str, value: str, how: str
) -> None:
    entry = {"use": use, "password": "${SECRET}", "how": how} | ({"path": "/x"} if section == "handler" else {})
    shown = ", whose text is not shown: it may quote ${SECRET}"
    assert told({section: [entry]}, SECRET=value) == [line + shown]
    assert told({section: [{**entry, "password": "known", "how": "plain"}]}, SECRET=value) == [
        f"{line}: no login for root/known"
    ]


def test_what_a_set_up_says_that_was_given_references_by_default_is_not_told() -> None:
    source = {
        "defaults": {"failing": {"password": "${SECRET}"}},
        "middleware": [{"use": FAILING, "how": "reversed"}],
    }
    (line,) = told(source, SECRET="hunter2")
    assert line == "middleware[0]: its set-up failed: RuntimeError, whose text is not shown: it may quote ${SECRET}"


def test_the_place_is_that_of_the_reference_however_often_it_stands() -> None:
    """What stands inside a value that came from outside is part of it: so is its place."""
    handlers = [{"path": path, "use": "respond", "headers": "${HEADERS}"} for path in ("/a", "/b")]
    with pytest.raises(ConfigError) as caught:
        toolkit.compile({"handler": handlers}, environ={"HEADERS": '{"not a name": "1"}'})
    assert [problem.where for problem in caught.value.problems] == ["handler[0].headers", "handler[1].headers"]


@pytest.mark.parametrize("prose", [PROSE, "duration of the show: one whole number"])
def test_prose_hides_no_reason_of_another_entry(tmp_path: Path, prose: str) -> None:
    wrong = {
        "defaults": {"redirect": {"status": "no"}},
        "middleware": [{"use": "cors", "allow_origins": ["https://a.example"], "max_age": "x"}],
        "route": [{"match": "/x", "crs": False}],
    }
    (tmp_path / "terms.txt").write_text(prose)
    for text in ("${MOTD}", f"${{file:{tmp_path}/terms.txt}}"):
        source = {**wrong, "handler": [{"path": "/x", "use": "respond", "text": text}]}
        assert told(source, MOTD=prose) == told(wrong)


def test_a_long_value_is_masked_in_every_entry() -> None:
    """The name of a layer is shown where a route names none that there is."""
    source = {
        "middleware": [{"use": "cors", "name": "${NAME}", "allow_origins": ["https://a.example"]}],
        "route": [{"match": "/x", "nobody": False}],
    }
    for name in ("correct-horse-battery", "hunter2", "hu"):
        (line,) = told(source, NAME=name)
        assert line == "route[0].nobody: no layer of this stack is called that; it has ${NAME}"


def test_a_short_value_is_a_coincidence_elsewhere() -> None:
    cors = {"use": "cors", "allow_origins": ["https://a.example"], "max_age": "soon"}
    source = {"middleware": [cors], "handler": [{"path": "/x", "use": "respond", "text": "${TEXT}", "txt": 1}]}
    lines = told(source, TEXT="soon")
    assert lines[0].startswith("middleware[0].max_age: 'soon' is not a duration")
    assert lines[1] == "handler[0].txt: unknown option; did you mean 'text'?"


@pytest.mark.parametrize(
    ("source", "secret"),
    [
        ({"middleware": [{"use": "cors", "allow_origins": ["${SECRET}"]}]}, "https://HidDenHost.Example"),
        ({"handler": [{"path": "/{slug}", "use": "redirect", "to": "${SECRET}"}]}, "/{hidden}"),
        ({"stores": {"main": "${SECRET}"}}, "mysql://hiddenhost"),
        ({"stores": {"main": "memory:?${SECRET}"}}, "hiddenhost=1"),
    ],
    ids=["another case", "a piece in quotes", "the scheme of a store", "an option of a store"],
)
def test_nothing_of_a_value_is_shown_at_its_place(source: Any, secret: str) -> None:
    lines = told(source, SECRET=secret)
    assert lines
    assert not any("hidden" in line.lower() for line in lines)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20))
def test_no_form_of_it_is_shown(value: str) -> None:
    secret = f"zq{value}"  # no word of the sentence around it
    for how in ("plain", "repr", "json", "upper"):
        shown = refused(secret, how).casefold()
        assert not any(form.casefold() in shown for form in (secret, repr(secret), json.dumps(secret)))


@pytest.mark.parametrize("where", ["one entry", "many entries"])
def test_many_references_and_many_problems_take_no_time(where: str) -> None:
    """n values in n messages: measured at 1.3 seconds."""
    names = [f"SECRET_{number}" for number in range(1000)]
    environ = {name: f"https://{name.lower()}/path" for name in names}
    origins = [[f"${{{name}}}"] for name in names] if where == "many entries" else [[f"${{{name}}}" for name in names]]
    layers = [{"use": "cors", "allow_origins": some} for some in origins]
    began = perf_counter()
    lines = told({"middleware": layers}, **environ)
    assert perf_counter() - began < 10
    assert len([line for line in lines if "allow_origins[" in line]) >= 999
    assert not any("secret_" in line for line in lines)


def test_a_long_value_in_an_entry_of_many_problems_takes_no_time(tmp_path: Path) -> None:
    """Measured at 0.2 seconds."""
    (tmp_path / "long.txt").write_text("".join(f"word{number} " for number in range(6000)))
    wrong = {f"unknown_{number}": number for number in range(200)}
    handler = {"path": "/x", "use": "respond", "text": f"${{file:{tmp_path}/long.txt}}", **wrong}
    began = perf_counter()
    assert len(told({"handler": [handler]})) == 200
    assert perf_counter() - began < 5
