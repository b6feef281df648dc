"""Middleware, applications and factories of others: what their signatures make of options."""

import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

import toolkit
from toolkit import CORS, ConfigError, Middleware

THIS = "foreign_case"


class Typed:
    def __init__(
        self, app: Any, code: str, limit: int | str = 5, flag: "bool" = False, later: "str | None" = None
    ) -> None:
        self.app = app


class Bare:
    def __init__(self, app, code=None):  # type: ignore[no-untyped-def]
        self.app = app


class Open:
    def __init__(self, app: Any, **options: Any) -> None:
        self.app = app


class Packed:
    def __init__(self, *args: Any, **options: Any) -> None:
        self.args = args


class Unresolvable:
    def __init__(self, app: Any, code: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
        self.app = app


def wrap(app: Any, *, code: list[str]) -> Any:
    return app


class Instance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("instance")(scope, receive, send)


def make(code: str = "x") -> Any:
    return Instance()


layer = CORS(allow_origins=["*"])
instance = Instance()


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, THIS, sys.modules[__name__])


def element(use: str, **options: Any) -> Any:
    environ = {"FIVE": "5", "LIST": '["a"]', "WORD": "word", "ON": "true"}
    (made,) = toolkit.compile({"middleware": [{"use": f"{THIS}:{use}", **options}]}, environ=environ).elements
    return made


def refusals(source: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ={})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("use", "options", "held"),
    [
        ("Typed", {"code": "${FIVE}"}, {"code": "5"}),
        ("Typed", {"code": "a", "limit": "${FIVE}"}, {"code": "a", "limit": "5"}),
        ("Typed", {"code": "a", "flag": "${ON}", "later": "${FIVE}"}, {"code": "a", "flag": True, "later": "5"}),
        ("Bare", {"code": "${FIVE}"}, {"code": 5}),
        ("Bare", {"code": ["${WORD}", {"a": "${FIVE}"}]}, {"code": ["word", {"a": 5}]}),
        ("Open", {"anything": "${LIST}"}, {"anything": ["a"]}),
        ("Packed", {"anything": 1}, {"anything": 1}),
        ("Unresolvable", {"code": "${FIVE}"}, {"code": 5}),
        ("wrap", {"code": ["${FIVE}"]}, {"code": ["5"]}),
    ],
)
def test_options_of_middleware(use: str, options: dict[str, Any], held: dict[str, Any]) -> None:
    made = element(use, **options)
    assert isinstance(made, Middleware)
    assert made.kwargs == held
    assert repr(made.kwargs) == repr(held)


def test_a_layer_with_its_options_may_stand_for_itself() -> None:
    assert element("layer") is layer
    assert refusals({"middleware": [{"use": f"{THIS}:layer", "max_age": 5}]}) == [
        "middleware[0].max_age: 'foreign_case:layer' is a layer with its options: it takes none here; leave it out"
    ]


@pytest.mark.parametrize("use", ["instance", "make"])
def test_applications_and_factories_answer(use: str) -> None:
    made = toolkit.compile({"handler": [{"path": "/x", "use": f"{THIS}:{use}"}]})
    assert isinstance(made.handlers["/x"], Instance)


def test_an_application_that_is_a_class_is_a_factory(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    use = "starlette.staticfiles:StaticFiles"
    source = {"handler": [{"path": "/{path:path}", "use": use, "directory": str(tmp_path)}]}
    assert list(toolkit.compile(source).handlers) == ["/{path:path}"]
    (refused,) = refusals({"handler": [{"path": "/x", "use": use, "directory": "/no/such/folder"}]})
    assert refused.startswith(
        f"handler[0].use: the set-up of {use!r} failed: RuntimeError: Directory '/no/such/folder'"
    )


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({"app": 1, "code": "a"}, ["middleware[0].app: unknown option"]),
        ({"cod": "a"}, ["middleware[0].cod: unknown option; did you mean 'code'?"]),
        ({}, ["middleware[0].code: missing; give code"]),
        ({"code": 5}, ["middleware[0].code: 5 is not text"]),
        ({"code": "a", "flag": 1}, ["middleware[0].flag: 1 is not true or false; write true"]),
        ({"code": "a", "limit": []}, ["middleware[0].limit: [] is not a whole number or text"]),
        (
            {"code": "a", "name": "b"},
            [
                "middleware[0].name: unknown option; "
                "ASGI middleware from elsewhere has no name, and routes cannot change it"
            ],
        ),
    ],
    ids=["the application", "misspelt", "missing", "no text", "no truth", "neither", "a name"],
)
def test_options_that_a_signature_does_not_take(options: dict[str, Any], lines: list[str]) -> None:
    assert refusals({"middleware": [{"use": f"{THIS}:Typed", **options}]}) == lines
