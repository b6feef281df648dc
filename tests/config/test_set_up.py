"""What others make is made only once nothing else is wrong, and then all that fails is told together."""

from typing import Any

import pytest

import toolkit
from toolkit import ConfigError
from toolkit.engine.handler import Mounted

MADE: list[str] = []


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    MADE.clear()


def making(name: str, fails: bool = False, **more: Any) -> Any:
    MADE.append(name)
    if fails:
        raise RuntimeError(f"{name} has no room")

    async def application(scope: Any, receive: Any, send: Any) -> None: ...

    return application


def handler(name: str, **options: Any) -> dict[str, Any]:
    return {"path": f"/{name}", "use": f"{__name__}:making", "name": name, **options}


def told(source: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ={})
    return [str(problem) for problem in caught.value.problems]


CORS = {"use": "cors", "allow_origins": ["https://a.example"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"middleware": [{"use": "corz"}]},
        {"middleware": [{**CORS, "max_age": "${UNSET}"}]},
        {"route": [{"match": "login"}]},
        {"route": [{"match": "/x"}, {"match": "/x"}]},
        {"stores": {"main": 5}},
        {"provides": [1]},
        {"sectoin": {}},
    ],
    ids=["use", "reference", "route", "hidden route", "store", "provides", "section"],
)
def test_nothing_is_made_while_anything_is_wrong(wrong: dict[str, Any]) -> None:
    alone = told(wrong)
    assert told({**wrong, "handler": [handler("a"), handler("b", fails=True)]}) == alone
    assert MADE == []


def test_nothing_is_made_for_a_handler_that_never_answers() -> None:
    handlers = [{**handler("a"), "path": "/{path:path}"}, handler("b")]
    (line,) = told({"handler": handlers})
    assert line.startswith("handler[1]: never answers")
    assert MADE == []


def test_all_that_fails_is_told_together() -> None:
    handlers = [handler("a"), handler("b", fails=True), handler("c", fails=True, layers={"cors": False})]
    failed = f"the set-up of '{__name__}:making' failed: RuntimeError"
    assert told({"middleware": [CORS], "handler": handlers}) == [
        f"handler[1].use: {failed}: b has no room",
        f"handler[2].use: {failed}: c has no room",
    ]
    assert MADE == ["a", "b", "c"]


def test_each_is_made_once_and_keeps_its_layers() -> None:
    source = {"middleware": [CORS], "handler": [handler("a"), handler("b", layers={"cors": False})]}
    made = toolkit.compile(source, environ={})
    assert MADE == ["a", "b"]
    plain, mounted = made.handlers.values()
    assert isinstance(mounted, Mounted)
    assert mounted.layers == {"cors": False}
    assert plain.__qualname__ == mounted.app.__qualname__ == "making.<locals>.application"  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["layer", "layrs", "Layers"])
def test_a_factory_that_takes_anything_swallows_no_misspelt_layers(key: str) -> None:
    source = {"middleware": [CORS], "handler": [handler("a", **{key: {"cors": {"max_agee": 1}}})]}
    assert told(source) == [
        f"handler[0].{key}: unknown key; did you mean 'layers'?",
        "handler[0].layers.cors.max_agee: unknown option; did you mean 'max_age'?",
    ]
    assert toolkit.compile({"handler": [handler("b", layer={"cors": 1})]}).handlers
