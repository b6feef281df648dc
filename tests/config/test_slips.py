"""A slip in how a file is written is one problem, on its line, and hides no other; an alias tells nothing twice."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolkit
from tests.config.generated import as_document, options
from tests.config.test_four_spellings import Quoting
from toolkit import ConfigError
from toolkit.config.document import Path as Keys
from toolkit.config.kinds import Kinds

KINDS = Kinds([]).classes()
MARK = "the-slip"

VALUES = {
    "json": ["NaN", "-Infinity", "1e999", "True", '"\\ud800"', "9" * 641],
    "yaml": ["on", "010", "1:30", "1_000", "2026-01-02", "", "{{ x }}", "*nobody", "!odd x", "{? : 1}", "1e999"],
}
KEYS = {"json": ['"\\udfff"'], "yaml": ["404", "null", "<<", "{a: 1}", "*nobody ", "!odd x"]}


class Slip(NamedTuple):
    """The text of a file with one slip, and the line that it is on."""

    text: str
    line: int


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A file without mistakes, with all sections."""
    cors, respond, redirect = (
        as_document(name, KINDS[name], draw(options(name, KINDS[name]))) for name in ("cors", "respond", "redirect")
    )
    cors["middleware"][0].pop("name", None)  # routes call it by its kind
    moved = {**redirect["handler"][0], "path": "/b/{x}/{rest:path}", "layers": {"cors": {"max_age": 5}}}
    return {
        "stores": {"main": "memory:"},
        "defaults": {"cors": {"max_age": 60}},
        **cors,
        "provides": ["session"],
        "route": [{"match": "/c", "cors": False}, {"match": "GET /d/*", "cors": {"conflict": "keep"}}],
        "handler": [respond["handler"][0], moved],
    }


def containers(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Where lists and mappings stand that hold something."""
    if isinstance(value, (dict, list)) and value:
        yield keys
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from containers(inner, (*keys, key))


@st.composite
def slips(draw: st.DrawFn, form: str) -> Slip:
    document = copy.deepcopy(draw(documents()))
    keys = draw(st.sampled_from([*containers(document)]))
    held: Any = document
    for key in keys:
        held = held[key]
    kind = draw(st.sampled_from(["value", "comma"] if form == "json" else ["value"]))
    if isinstance(held, dict):
        kind = draw(st.sampled_from([kind, "twice", "key"]))
    key = draw(st.sampled_from([*held] if isinstance(held, dict) else range(len(held))))
    if kind == "value":
        held[key] = MARK
        return _replaced(_written(document, form), f'"{MARK}"', draw(st.sampled_from(VALUES[form])))
    if isinstance(held, dict):
        held[MARK] = {}
    else:
        held.append(MARK)
    text = _written(document, form)
    if kind == "comma":
        found = re.search(rf',\s*"{MARK}"(: {{}})?', text)
        assert found
        return _replaced(text, found[0], ",")
    as_key = json.dumps(key) if kind == "twice" else draw(st.sampled_from(KEYS[form]))
    return _replaced(text, f'"{MARK}"', as_key)


def _written(document: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(document, indent=1)
    return yaml.dump(document, Dumper=Quoting, allow_unicode=True, sort_keys=False, width=10**6)


def _replaced(text: str, old: str, new: str) -> Slip:
    before, _, after = text.partition(old)
    return Slip(before + new + after, before.count("\n") + 1)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_slip_in_a_valid_file_is_one_problem(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"toolkit.{form}"

    @settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(slips(form))
    def told_once(slip: Slip) -> None:
        path.write_text(slip.text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            toolkit.compile(path, environ={})
        assert [problem.line for problem in caught.value.problems] == [slip.line], [*caught.value.problems, slip.text]

    told_once()


def told(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(path, environ={})
    return [str(problem).removeprefix(f"{path}:").partition(";")[0] for problem in caught.value.problems]


def test_what_an_alias_repeats_is_told_once(tmp_path: Path) -> None:
    text = (
        "middleware:\n"
        "- use: cors\n"
        "  policies:\n"
        "    one: &one {max_age: soon, allow_origins: ['*', \"${UNSET}\"]}\n"
        "    two: *one\n"
        "    three: {<<: *one}\n"
        "    four: {max_age: soon, allow_origins: ['*']}\n"
    )
    assert told(tmp_path / "a.yaml", text) == [
        "4: middleware[0].policies['one'].max_age: 'soon' is not a duration",
        "4: middleware[0].policies.one.allow_origins[1]: the environment variable UNSET is not set",
        "6: middleware[0].policies.three: merging with '<<' is not read",
        "7: middleware[0].policies['four'].max_age: 'soon' is not a duration",
    ]


def test_an_alias_of_an_alias_repeats_the_first_anchor(tmp_path: Path) -> None:
    text = (
        "route:\n- &a {match: /a, none: off-with-it}\n- &b {match: /b, none: 5}\n- *a\nstores:\n  x: &x [5]\n  y: *x\n"
    )
    assert [line for line in told(tmp_path / "a.yaml", text) if ".none" in line or "stores" in line] == [
        "2: route[0].none: no layer of this stack is called that",
        "3: route[1].none: no layer of this stack is called that",
        "6: stores.x: [5] is no URL of a store",
    ]


def test_the_same_slip_on_two_lines_is_told_twice(tmp_path: Path) -> None:
    assert told(tmp_path / "a.yaml", "defaults: &d {}\nstores: *d\n{a: 1}: 2\n{b: 1}: 2\n") == [
        "3: column 1: a list or mapping stands where a key is wanted",
        "4: column 1: a list or mapping stands where a key is wanted",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "middleware:\nroute:\n- {match: /a, cors: false}\n",
        "middleware:\n-\nroute:\n- {match: /a, anything: false}\n",
        "middleware:\n- {use: , secret: x}\nroute:\n- {match: /a, login: false}\n",
        "middleware:\n- {use: cors, allow_origins: ['*'], name: }\nroute:\n- {match: /a, outer: {max_age: 5}}\n",
        "middleware:\n- {use: cors, allow_origins: ['*'], <<: 5}\nroute:\n- {match: /a, outer: {max_age: 5}}\n",
        "middlewear:\n- {[use]: cors}\nhandler:\n- {path: /a, use: respond, layers: {cors: false}}\n",
        "defaults: {cors: }\nmiddleware:\n- {use: cors, policies: {a: {allow_origins: ['*']}}, policy: a}\n",
        "handler:\n- {path: , use: redirect, to: '/a/{b}'}\n",
    ],
)
def test_what_follows_from_a_gap_is_not_told(tmp_path: Path, text: str) -> None:
    (line,) = [line for line in told(tmp_path / "a.yaml", text) if "unknown section" not in line]
    assert re.search("no value|merging|a list or mapping", line)


def test_a_misspelt_key_is_told_beside_its_unreadable_value(tmp_path: Path) -> None:
    assert told(tmp_path / "a.yaml", "middleware:\n- {use: cors, allow_origins: ['*'], max_ages: 010}\n") == [
        "2: middleware[0].max_ages: unknown option",
        "2: middleware[0].max_ages: 010 begins with a 0: YAML 1.1 reads it in base 8, YAML 1.2 in base 10",
    ]
