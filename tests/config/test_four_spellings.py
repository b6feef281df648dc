"""Every layer and handler means the same in Python, as a dict, in TOML, in YAML and in JSON.

Options are generated from what each class declares. Null is left out: TOML has none, and YAML refuses empty values.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest
import tomli_w
import yaml
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.responses import PlainTextResponse

import toolkit
from tests.config.generated import (
    ANYTHING,
    BY_HAND,
    KEYS,
    PATH,
    TOGETHER,
    UNWRITABLE,
    as_document,
    escaped,
    options,
    written,
)
from toolkit import Layer, Stack
from toolkit.config.kinds import Kinds
from toolkit.config.schema import schema
from toolkit.options import Options, declared

KINDS = Kinds([]).classes()
VALIDATOR = Draft202012Validator(schema(KINDS))

each_kind = pytest.mark.parametrize(("name", "cls"), KINDS.items(), ids=KINDS)
modestly = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
without_shrinking = settings(modestly, max_examples=500, phases=[Phase.generate])


class Quoting(yaml.SafeDumper):
    """Quotes all text: what PyYAML leaves plain, such as 1e100, other readers take for a number, so ours refuses it."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))

WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "toolkit.toml": tomli_w.dumps,
    "toolkit.yaml": lambda document: yaml.dump(document, Dumper=Quoting, allow_unicode=True, sort_keys=False),
    "toolkit.json": json.dumps,
}

ORIGIN = (b"origin", b"https://app.example")
REQUESTS: list[tuple[str, str, list[tuple[bytes, bytes]]]] = [
    ("GET", "/a/1/b/c", []),
    ("GET", "/a/1/b/c", [ORIGIN]),
    ("GET", "/a/%C3%A9/", [(b"origin", b"https://stranger.example")]),
    ("POST", "/a/1/b", [ORIGIN, (b"content-type", b"application/json")]),
    ("HEAD", "/elsewhere", [ORIGIN]),
    ("OPTIONS", "/a/1/b", [ORIGIN, (b"access-control-request-method", b"PUT")]),
    (
        "OPTIONS",
        "/a/1/b",
        [ORIGIN, (b"access-control-request-method", b"GET"), (b"access-control-request-headers", b"x-one")],
    ),
]


@each_kind
def test_all_spellings_mean_the_same(
    name: str, cls: type[Options], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @modestly
    @given(options(name, cls).map(tables_last))
    def same(given: dict[str, Any]) -> None:
        in_python = as_stack(cls(**given))
        document = as_document(name, cls, given)
        for spelled in spellings(document):
            compiled = toolkit.compile(spelled, environ={})
            assert held(compiled) == held(in_python)
            assert answers(compiled) == answers(in_python)
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []

    same()


@each_kind
def test_every_option_is_written_sometimes(name: str, cls: type[Options]) -> None:
    """An option is generated, or is named with the reason why no file can write it."""
    for entry in declared(cls):
        if (name, entry.name) not in UNWRITABLE:
            assert entry.name in find(options(name, cls), partial(has, entry.name), settings=without_shrinking)


@each_kind
def test_every_option_has_values(name: str, cls: type[Options]) -> None:
    """What fails here belongs into BY_HAND or UNWRITABLE of tests/config/generated.py."""
    unwritable = {option for kind, option in UNWRITABLE if kind == name}
    assert all(written(name, entry) is not None for entry in declared(cls) if entry.name not in unwritable)


def test_nothing_is_said_of_what_is_not_there() -> None:
    there = {(name, entry.name) for name, cls in KINDS.items() for entry in declared(cls)}
    said = {(name, option) for name, by_hand in BY_HAND.items() for option in by_hand} | UNWRITABLE.keys()
    said |= {
        (name, option)
        for name, chosen in TOGETHER.items()
        for choices in chosen
        for names in choices
        for option in names
    }
    assert said - there == set()
    assert all(UNWRITABLE.values())


def test_the_document_survives_every_format(tmp_path: Path) -> None:
    """What tomli_w, PyYAML and json write, the readers read."""

    @modestly
    @given(st.dictionaries(KEYS, ANYTHING, max_size=3))
    def survives(value: dict[str, Any]) -> None:
        document = escaped({"middleware": [{"use": "tests.config.named:Kept", "value": value}]})
        for file, write in WRITERS.items():
            (tmp_path / file).write_text(write(document), encoding="utf-8")
            (kept,) = toolkit.compile(tmp_path / file, environ={}).layers
            assert kept.value == value  # type: ignore[attr-defined]

    survives()


def has(option: str, given: dict[str, Any]) -> bool:
    return option in given


@pytest.mark.parametrize("use", ["respond", "tests.config.named:answering"])
def test_headers_are_not_taken_for_layers(use: str) -> None:
    """An option that is near another key of its entry is the option."""
    stack = toolkit.compile({"handler": [{"path": "/{rest:path}", "use": use, "headers": {"x-one": "1"}}]})
    assert (b"x-one", b"1") in answers(stack)[0][0]["headers"]


def as_stack(made: Options) -> Stack:
    if isinstance(made, Layer):
        return toolkit.stack(made, provides=made.needs)
    return toolkit.stack(handlers={PATH: made})  # type: ignore[dict-item]


def tables_last(value: Any) -> Any:
    """The value in the order in which TOML can write it: what becomes a table stands behind all else."""
    if isinstance(value, list):
        return [tables_last(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: tables_last(value[key]) for key in sorted(value, key=lambda key: is_table(value[key]))}


def is_table(value: Any) -> bool:
    tables = isinstance(value, list) and all(isinstance(one, dict) for one in value)
    return isinstance(value, dict) or (tables and bool(value))


def spellings(document: dict[str, Any]) -> list[Any]:
    for file, write in WRITERS.items():
        Path(file).write_text(write(document), encoding="utf-8")
    return [document, *WRITERS]


def held(stack: Stack) -> list[Any]:
    """The values of everything in a stack, as held."""
    return [
        {entry.name: comparable(getattr(one, entry.name)) for entry in declared(type(one))}
        for one in [*stack.layers, *stack.handlers.values()]
        if isinstance(one, Options)
    ]


def comparable(value: Any) -> Any:
    if isinstance(value, Options):
        return {entry.name: comparable(getattr(value, entry.name)) for entry in declared(type(value))}
    if isinstance(value, Path):
        return value.absolute()
    if isinstance(value, Mapping):
        return {key: comparable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(comparable, value)]
    return type(value).__name__, value


def answers(stack: Stack) -> list[Any]:
    return anyio.run(answer_all, stack(PlainTextResponse("the application")))


async def answer_all(app: Any) -> list[Any]:
    return [await answer(app, *request) for request in REQUESTS]


async def answer(app: Any, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> list[Any]:
    """What an application sends for one request."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"q=1",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
