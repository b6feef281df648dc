"""One mistake is told once, and what stands where it means nothing is not passed over."""

from pathlib import Path
from typing import Any

import pytest

import toolkit
from toolkit import ConfigError

CORS = {"use": "cors", "allow_origins": ["https://a.example"]}
LOGIN = {"use": "tests.config.named:Refusing", "password": "x", "how": "plain"}
RESPOND = {"path": "/x", "use": "respond"}


def told(source: Any, **environ: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ=environ)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            {"defaults": {"respond": {"path": "/x", "layers": {}, "use": "x"}}, "handler": [RESPOND]},
            [
                "defaults.respond.use: 'use' cannot be a default; give each handler its own",
                "defaults.respond.path: 'path' cannot be a default; give each handler its own",
                "defaults.respond.layers: 'layers' cannot be a default; give each handler its own",
            ],
        ),
        (
            {"defaults": {"cors": {"name": "x"}}},
            ["defaults.cors.name: 'name' cannot be a default; give each layer its own"],
        ),
        (
            {"defaults": {"respond": {"txt": "x"}}, "handler": [RESPOND]},
            ["defaults.respond.txt: unknown option; did you mean 'text'?"],
        ),
        (
            {"middleware": [{**CORS, "${A}": 1}]},
            ["middleware[0]['${A}']: a reference cannot stand in a key; write it out"],
        ),
        (
            {"handler": [{**RESPOND, "headers": {"${A}": "1"}}]},
            ["handler[0].headers['${A}']: a reference cannot stand in a key; write it out"],
        ),
        (
            {"middleware": [CORS], "route": [{"match": "/**", "cors": False}], "handler": [{**RESPOND, "layers": "x"}]},
            [
                "handler[0].layers: 'x' does not say what changes for which layer; "
                'such as {"cors": False}, or a list of layers'
            ],
        ),
        ({"handler": [{**RESPOND, "layers": []}]}, ["handler[0].layers: [] says nothing of any layer; leave it out"]),
        ({"middleware": [{**CORS, "name": ""}]}, ["middleware[0].name: '' is no name; leave it out, or choose one"]),
        (
            {"$schema": 5, "provides": ["user"]},
            ["['$schema']: 5 is not text; give the address of a JSON Schema"],
        ),
    ],
    ids=["keys", "name", "unknown", "key", "header", "layers", "empty layers", "no name", "schema"],
)
def test_it_is_one_problem(source: Any, lines: list[str]) -> None:
    assert sorted(told(source)) == sorted(lines)


@pytest.mark.parametrize("suffix", [".json", ".toml", ".yaml", ""])
def test_the_address_of_a_schema_is_passed_over(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"toolkit{suffix}"
    line = '"$schema": "schema.json"'
    texts = {".json": f"{{{line}}}", ".toml": line.replace(":", " ="), ".yaml": line}
    if suffix:
        path.write_text(texts[suffix])
    assert toolkit.compile(path if suffix else {"$schema": "schema.json"}).elements == ()


@pytest.mark.parametrize("base", [{"max_age": "x"}, {"alow_methods": ["PUT"]}, {"conflict": "no"}], ids=str)
def test_a_route_is_checked_by_rules_though_its_layer_is_wrong(base: dict[str, Any]) -> None:
    route = {"match": "/x", "cors": {"allow_origins": ["bad3"], "policy": "zz"}}
    wrong = told({"middleware": [{**CORS, **base}]})
    found = told({"middleware": [{**CORS, **base}], "route": [route]})
    routed = told({"middleware": [CORS], "route": [route]})
    assert found == [*wrong, *routed]
    assert [line.partition(": ")[0] for line in routed] == [
        "route[0].cors.allow_origins[0]",
        "route[0].cors.policy",
    ]


def test_a_wrong_default_hides_no_rule_of_a_route() -> None:
    source = {
        "defaults": {"cors": {"max_age": "x"}},
        "middleware": [CORS],
        "handler": [{**RESPOND, "layers": {"cors": {"allow_origins": ["bad3"]}}}],
    }
    assert [line.partition(": ")[0] for line in told(source)] == [
        "defaults.cors.max_age",
        "handler[0].layers.cors.allow_origins[0]",
    ]


def test_what_is_wrong_with_a_layer_is_not_told_again_of_its_routes() -> None:
    """Neither is what is only missing because it is misspelt, nor a rule that the route does not touch."""
    cors = {"use": "cors", "alow_origins": ["https://a.example"], "allow_credentials": True, "allow_headers": ["*"]}
    for layer in (cors, {**CORS, "allow_origins": ["*"], "allow_credentials": True}):
        alone = told({"middleware": [layer]})
        assert told({"middleware": [layer], "route": [{"match": "/x", "cors": {"max_age": 5}}]}) == alone


def test_a_variable_that_is_no_text_is_told() -> None:
    source = {"middleware": [{**CORS, "max_age": "${AGE}"}]}
    assert told(source, AGE=5) == ["middleware[0].max_age: the environment variable AGE is int, not text"]


def test_any_text_may_hold_a_reference() -> None:
    class Text(str):
        __slots__ = ()

    made = toolkit.compile({"middleware": [{**CORS, "max_age": Text("${AGE}")}]}, environ={"AGE": "5"})
    assert made.layers[0].max_age == 5  # type: ignore[attr-defined]


def test_an_object_that_cannot_be_shown_is_refused_all_the_same() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    (line,) = told({"middleware": [CORS], "route": [{"match": "/x", "cors": Odd()}]})
    assert line.startswith("route[0].cors: <Odd")
