"""middleware(): a layer in the form that Starlette's add_middleware takes, which fuses with its neighbours."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.engine.traces import Mark
from toolkit import ConfigError, middleware

MarkMiddleware = middleware(Mark)


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("hi")


def wrappers(app: Starlette) -> list[Any]:
    """What stands in an application's chain of `.app`: the layers of each wrapper, outermost first."""
    TestClient(app).get("/")
    inside: Any = app.middleware_stack
    found = []
    while hasattr(inside, "app"):
        found.append(tuple(layer.value for layer in getattr(inside, "layers", ())) or type(inside).__name__)
        inside = inside.app
    return found


def test_add_middleware_takes_the_options_of_the_layer() -> None:
    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(MarkMiddleware, value="a")
    assert TestClient(app).get("/").headers["x-mark"] == "a"


def test_options_given_by_position_are_taken_too() -> None:
    app: Any = MarkMiddleware(Starlette(routes=[Route("/", endpoint)]), "a", name="m")
    assert [layer.name for layer in app.layers] == ["m"]
    assert TestClient(app).get("/").headers["x-mark"] == "a"


def test_adjacent_layers_fuse_into_one_wrapper() -> None:
    app = Starlette(middleware=[Middleware(MarkMiddleware, value=value) for value in "abc"])
    assert wrappers(app)[1] == ("a", "b", "c")
    assert len([names for names in wrappers(app) if isinstance(names, tuple)]) == 1


def test_what_add_middleware_adds_last_is_outermost_and_fuses() -> None:
    app = Starlette(routes=[Route("/", endpoint)])
    for value in "abc":
        app.add_middleware(MarkMiddleware, value=value)
    assert wrappers(app)[1] == ("c", "b", "a")
    assert TestClient(app).get("/").headers["x-mark"] == "a, b, c"


def test_other_middleware_ends_the_fusing() -> None:
    marks = [Middleware(MarkMiddleware, value=value) for value in "abcd"]
    app = Starlette(middleware=[*marks[:2], Middleware(GZipMiddleware), *marks[2:]])
    assert wrappers(app)[1:4] == [("a", "b"), "GZipMiddleware", ("c", "d")]


def test_it_has_the_name_and_the_docstring_of_the_layer() -> None:
    assert MarkMiddleware.__name__ == MarkMiddleware.__qualname__ == "MarkMiddleware"
    assert MarkMiddleware.__doc__ == "Adds a header to every answer."
    assert "MarkMiddleware" in repr(Middleware(MarkMiddleware, value="a"))


def test_options_are_checked_when_the_application_is_built() -> None:
    app = Starlette()
    app.add_middleware(MarkMiddleware, valeu="a")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="did you mean 'value'"):
        TestClient(app).get("/")
