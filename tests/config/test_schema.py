"""The JSON Schema of a file: what editors are told about sections, kinds and options."""

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

import toolkit
from tests.config.generated import as_document, options
from toolkit import CORS, ConfigError, Layer
from toolkit.config.kinds import Kinds
from toolkit.config.schema import DIALECT, kind_schema, schema
from toolkit.options import Declared, Invalid, Options, declared, option
from toolkit.options.problems import Mismatch


class Window(Options):
    """How long.

    Args:
        seconds: Its length.
    """

    seconds: int
    next: "Window | None" = None


class Limit(Layer):
    """Limits.

    Says no more.

    Args:
        limit: How many.
        window: For how long.
    """

    limit: int
    window: Window | None = None
    mode: Literal["hard", "soft"] = "hard"
    secret: str = option(default="s3cret", secret=True)
    raw: bytes = b""
    tags: list[str] = option(factory=list)


class Page(Options):
    """Answers.

    Args:
        text: What it says.
    """

    text: str


KINDS: dict[str, type[Options]] = {"cors": CORS, "limit": Limit, "page": Page, "a/b~c d": Page}
SCHEMA = schema(KINDS)

CORS_ON = {"use": "cors", "allow_origins": ["https://app.example"]}
LIMIT_ON = {"use": "limit", "limit": 5}
PAGE_ON = {"use": "page", "path": "/x", "text": "x"}

GOOD: dict[str, dict[str, Any]] = {
    "where its schema is": {"$schema": "toolkit.schema.json"},
    "nothing": {},
    "a layer": {"middleware": [CORS_ON]},
    "a dotted layer": {"middleware": [{"use": "pkg.mod:Class.attribute", "anything": {"at": "all"}}]},
    "references": {"middleware": [{"use": "limit", "limit": "${LIMIT}", "mode": "${MODE}er", "window": "${WINDOW}"}]},
    "options within options": {"middleware": [{**LIMIT_ON, "window": {"seconds": 1, "next": {"seconds": "${N:-2}"}}}]},
    "a handler": {"handler": [{**PAGE_ON, "layers": {"cors": False, "mine": {"x": 1}}}]},
    "a dotted handler": {"handler": [{"use": "pkg:app", "path": "/{x}"}]},
    "a kind with signs in its name": {"handler": [{**PAGE_ON, "use": "a/b~c d"}]},
    "routes": {"route": [{"match": "GET /x", "cors": {"max_age": "${AGE}"}, "mine": {"x": 1}, "limit": True}]},
    "a route by reference": {"route": [{"match": "/x", "cors": "${CORS}"}]},
    "defaults": {"defaults": {"cors": {"max_age": 5}, "limit": {}}},
    "required by default": {"defaults": {"limit": {"limit": 5}}, "middleware": [{"use": "limit"}]},
    "defaults of a dotted kind": {"defaults": {"mine": {"x": 1}}, "middleware": [{"use": "pkg:Mine"}]},
    "stores": {"stores": {"main": "sqlite:///x.db", "other": "${OTHER_URL}"}, "provides": ["user"]},
}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "section": ({"midleware": []}, "$"),
    "section that is no list": ({"middleware": {}}, "$.middleware"),
    "entry that is no table": ({"middleware": ["cors"]}, "$.middleware[0]"),
    "no use": ({"middleware": [{"allow_origins": []}]}, "$.middleware[0]"),
    "unknown kind": ({"middleware": [{"use": "crs"}]}, "$.middleware[0].use"),
    "a reference as kind": ({"middleware": [{"use": "${KIND}"}]}, "$.middleware[0].use"),
    "a handler as a layer": ({"middleware": [{"use": "page", "text": "x"}]}, "$.middleware[0].use"),
    "a layer as a handler": ({"handler": [{**CORS_ON, "path": "/x"}]}, "$.handler[0].use"),
    "unknown option": ({"middleware": [{**CORS_ON, "alow": 1}]}, "$.middleware[0]"),
    "wrong type": ({"middleware": [{**CORS_ON, "allow_origins": "x"}]}, "$.middleware[0].allow_origins"),
    "wrong element": ({"middleware": [{**CORS_ON, "allow_origins": [1]}]}, "$.middleware[0].allow_origins[0]"),
    "quoted number": ({"middleware": [{"use": "limit", "limit": "5"}]}, "$.middleware[0].limit"),
    "a reference within a number": ({"middleware": [{"use": "limit", "limit": "5${X}"}]}, "$.middleware[0].limit"),
    "not one of a few": ({"middleware": [{**CORS_ON, "conflict": "kep"}]}, "$.middleware[0].conflict"),
    "too old": ({"middleware": [{**CORS_ON, "max_age": 86401}]}, "$.middleware[0].max_age"),
    "what no file writes": ({"middleware": [{**LIMIT_ON, "raw": "x"}]}, "$.middleware[0].raw"),
    "missing option": ({"middleware": [{"use": "limit"}]}, "$.middleware[0]"),
    "missing option of another": ({"defaults": {"cors": {}}, "middleware": [{"use": "limit"}]}, "$.middleware[0]"),
    "missing within": ({"middleware": [{**LIMIT_ON, "window": {"next": None}}]}, "$.middleware[0].window"),
    "unknown within": ({"middleware": [{**LIMIT_ON, "window": {"seconds": 1, "x": 1}}]}, "$.middleware[0].window"),
    "no path": ({"handler": [{"use": "page", "text": "x"}]}, "$.handler[0]"),
    "a path that is none": ({"handler": [{**PAGE_ON, "path": "x"}]}, "$.handler[0].path"),
    "layers that are none": ({"handler": [{**PAGE_ON, "layers": ["cors"]}]}, "$.handler[0].layers"),
    "an override that is none": ({"handler": [{**PAGE_ON, "layers": {"cors": 5}}]}, "$.handler[0].layers.cors"),
    "unknown option of a route": ({"route": [{"match": "/x", "cors": {"mx": 5}}]}, "$.route[0].cors"),
    "a route without match": ({"route": [{"cors": False}]}, "$.route[0]"),
    "text for a route": ({"route": [{"match": "/x", "cors": "false"}]}, "$.route[0].cors"),
    "defaults of an unknown kind": ({"defaults": {"crs": {}}}, "$.defaults"),
    "unknown option of defaults": ({"defaults": {"cors": {"mx": 1}}}, "$.defaults.cors"),
    "use in defaults": ({"defaults": {"cors": {"use": "cors"}}}, "$.defaults.cors"),
    "a store that is no URL": ({"stores": {"main": "somewhere"}}, "$.stores.main"),
    "a store that is no text": ({"stores": {"main": 5}}, "$.stores.main"),
    "provides that is no list": ({"provides": "user"}, "$.provides"),
}


DRAFTS = [Draft202012Validator(SCHEMA), Draft7Validator(SCHEMA)]
"""Some editors read every schema by the rules of draft 7."""

each_draft = pytest.mark.parametrize("validator", DRAFTS, ids=["2020-12", "7"])


def problems(validator: Any, document: Any) -> list[str]:
    """The places that the schema finds fault with, those within alternatives included."""
    errors = list(validator.iter_errors(document))
    return [error.json_path for top in errors for error in (top, *(top.context or ()))]


@each_draft
@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_good_files_pass(validator: Any, document: dict[str, Any]) -> None:
    assert problems(validator, document) == []


@each_draft
@pytest.mark.parametrize(("document", "place"), BAD.values(), ids=BAD)
def test_bad_files_are_refused_where_they_are_wrong(validator: Any, document: dict[str, Any], place: str) -> None:
    assert place in problems(validator, document)


@pytest.mark.parametrize("made", [SCHEMA, schema({}), *map(kind_schema, KINDS.values())])
def test_it_is_a_schema(made: dict[str, Any]) -> None:
    assert made["$schema"] == DIALECT == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(made)


def test_without_kinds_only_dotted_paths_pass() -> None:
    validator = Draft202012Validator(schema({}))
    assert validator.is_valid({"middleware": [{"use": "pkg:Class"}]})
    assert not validator.is_valid({"middleware": [{"use": "cors"}]})


def test_options_are_described_with_their_defaults() -> None:
    options = SCHEMA["$defs"]["kind.limit"]["properties"]
    assert options["limit"]["description"] == "How many."
    assert options["mode"]["default"] == "hard"
    assert options["name"]["description"].startswith("Tells two layers of one kind apart")
    assert "default" not in options["limit"]  # required
    assert "default" not in options["secret"]
    assert "default" not in options["raw"]  # no file can write it
    assert "default" not in options["tags"]  # made at each construction


def test_kinds_are_described_where_they_are_chosen() -> None:
    choices = SCHEMA["properties"]["middleware"]["items"]["properties"]["use"]["anyOf"]
    assert {"const": "limit", "description": "Limits."} in choices


def test_the_schema_of_one_kind_has_what_it_requires() -> None:
    validator = Draft202012Validator(kind_schema(Limit))
    assert validator.is_valid({"limit": 5, "window": {"seconds": 1}})
    assert not validator.is_valid({"window": {"seconds": 1}})
    assert not validator.is_valid({"limit": 5, "window": {}})


def test_the_schema_is_made_anew() -> None:
    schema(KINDS)["properties"]["stores"].clear()
    assert schema(KINDS) == SCHEMA


WRONG: Any = st.sampled_from([None, True, 5, -0.5, "", "no such word", [], ["x"], [5], {}, {"x": 5}])
OURS = Kinds([]).classes()
OUR_SCHEMA = Draft202012Validator(schema(OURS))


@pytest.mark.parametrize(("name", "cls"), OURS.items(), ids=OURS)
def test_schema_and_compiler_agree(name: str, cls: type[Options]) -> None:
    """What is compiled passes; what is refused for its type, or because it is none of a few, does not."""
    entries = st.sampled_from(declared(cls))

    @settings(max_examples=60, deadline=None)
    @given(options(name, cls), entries, WRONG)
    def agree(given: dict[str, Any], entry: Declared, value: Any) -> None:
        document = as_document(name, cls, {**given, entry.name: value})
        passes = OUR_SCHEMA.is_valid(document)
        assert not (is_mismatch(entry, value) and passes)
        assert passes or not compiles(document)
        assert not OUR_SCHEMA.is_valid(as_document(name, cls, {**given, entry.name + "x": value}))

    agree()


def is_mismatch(entry: Declared, value: Any) -> bool:
    try:
        entry.kind.read(value)
    except Invalid as refused:
        return isinstance(refused, Mismatch)
    return False


def compiles(document: dict[str, Any]) -> bool:
    try:
        toolkit.compile(document, environ={})
    except ConfigError:
        return False
    return True
