"""The repr of a stack: what it holds, without secrets and without what references stand for."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from tests.engine.explaining import File, Login, Nested, RateLimit, Sessions, files
from toolkit import ConfigError, Mounted, Stack, stack
from toolkit.handlers import Respond
from toolkit.options import MISSING

SECRET = "correct horse battery"


class Referring(File):
    """Every place is in a file, some of them as references."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({})
        self.values = values

    def as_written(self, where: str) -> Any:
        return self.values.get(where, MISSING)


def test_a_stack_shows_what_it_holds() -> None:
    shown = stack(
        RateLimit(limit="1/day"),
        Middleware(GZipMiddleware, 500),
        routes={"/x": {"ratelimit": {"key": "user"}}, "/y": {"ratelimit": False}, "/z": [RateLimit(limit="2/day")]},
        handlers={
            "/a": Respond(text="a"),
            "/b": Mounted(files, layers={"ratelimit": True}),
            "/c": files,
        },
    )

    assert repr(shown) == (
        "stack(RateLimit(limit='1/day'), Middleware(GZipMiddleware, 500), "
        "routes={'/x': {'ratelimit': {'key': 'user'}}, '/y': {'ratelimit': False}, "
        "'/z': {'ratelimit': RateLimit(limit='2/day')}}, "
        "handlers={'/a': Respond(text='a'), '/b': Mounted(tests.engine.explaining:files, {'ratelimit': True}), "
        "'/c': tests.engine.explaining:files})"
    )


def test_no_secret_is_shown() -> None:
    login = {"user": "u", "password": SECRET}
    options: dict[str, Any] = {"secret_key": SECRET, "storage": {"password": SECRET, "hosts": [{"token": SECRET}]}}
    shown = stack(
        Sessions(secret_key=SECRET, store=f"redis://me:{SECRET[:7]}@host"),
        Nested(login=Login(user="u", password=SECRET), logins={"a": login}),  # type: ignore[dict-item]
        Middleware(GZipMiddleware, **options),
        routes={"/x": {"sessions": {"secret_key": SECRET}, "nested": {"login": login}}},
        handlers={"/a": Mounted(files, layers={"sessions": {"secret_key": SECRET}})},
    )

    assert SECRET not in repr(shown)
    assert SECRET[:7] not in repr(shown)
    assert "Sessions(secret_key='***', store='redis://me:***@host')" in repr(shown)
    assert repr(shown).count("***") == 10


def from_file(values: Mapping[str, Any]) -> Stack:
    """A stack that is written in a file, with these places in it."""
    elements: list[Any] = [Sessions(store="resolved-0"), RateLimit(limit="resolved-1")]
    routes: Any = {"/x": {"sessions": {"store": "resolved-2"}, "ratelimit": {"limit": "resolved-3"}}}
    return Stack(elements, routes, {}, [], places=Referring(values))


REFERENCES = {
    "middleware[0].store": "${STORE}",
    "middleware[1].limit": "${A}/${B}",
    "route[0].sessions": "${WHOLE}",
    "route[0].ratelimit": {"limit": "${LIMIT}"},
    "route[0].ratelimit.limit": "${LIMIT}",
}


def test_what_refers_to_something_is_shown_as_written() -> None:
    assert repr(from_file(REFERENCES)) == (
        "stack(Sessions(store='${STORE}'), RateLimit(limit='${A}/${B}'), "
        "routes={'/x': {'sessions': {'store': '${WHOLE}'}, 'ratelimit': {'limit': '${LIMIT}'}}})"
    )


def test_options_that_one_reference_stands_for_are_explained_as_it_was_written() -> None:
    told = from_file(REFERENCES).explain("GET", "/x")

    found = {setting.name: (setting.value, setting.instead_of) for one in told.elements for setting in one.settings}
    assert found == {"store": ("${WHOLE}", "${STORE}"), "limit": ("${LIMIT}", "${A}/${B}")}


def test_a_reference_beside_a_secret_does_not_bring_it_out() -> None:
    nested = Nested(login=Login(user="resolved", password=SECRET))
    written = {"user": "${USER}", "password": SECRET}
    told = Stack([nested], {}, {}, [], places=Referring({"middleware[0].login": written})).explain("GET", "/")

    assert told.elements[0].settings[0].value == {"user": "${USER}", "password": "***"}


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


SECRETIVE: Any = Middleware(GZipMiddleware, password=SECRET)  # type: ignore[call-arg]


@pytest.mark.parametrize("wrong", [SECRETIVE, Broken()], ids=["options", "no repr"])
@pytest.mark.parametrize("where", ["element", "route", "change", "handler", "mapping", "provides", "defaults"])
def test_errors_show_no_options_and_survive_any_repr(where: str, wrong: Any) -> None:
    elements: list[Any] = [[wrong]] if where == "element" else []
    arguments: dict[str, dict[str, Any]] = {
        "element": {},
        "route": {"routes": {"/x": [wrong]}},
        "change": {"routes": {"/x": {"sessions": wrong}}},
        "handler": {"handlers": {"/x": wrong}},
        "mapping": {"stores": [wrong]},
        "provides": {"provides": 5 if wrong is SECRETIVE else wrong},
        "defaults": {"defaults": {"cors": wrong}},
    }
    with pytest.raises(ConfigError) as refused:
        stack(Sessions(), *elements, **arguments[where])

    assert SECRET not in str(refused.value)


class Evasive:
    """An application whose other attributes raise."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_an_application_may_have_attributes_that_raise() -> None:
    made = stack(handlers={"/x": Evasive()})

    assert made.explain("GET", "/x").answer.label.endswith("Evasive")
    assert repr(made).startswith("stack(handlers={'/x': <tests.engine.")
    assert callable(made.app())
