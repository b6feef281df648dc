"""Foreign middleware that cannot be set up: told at its place as an application is wrapped, all of it at once."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from tests.engine.explaining import RateLimit, files
from tests.engine.test_explain_shown import Referring
from toolkit import ConfigError, CORSMiddleware, Stack, stack
from toolkit.options import Problem

SECRET = "correct horse battery"


class Odd(BaseException):
    """No Exception."""


class Raising:
    """Raises what it is given."""

    def __init__(self, app: Any, error: BaseException) -> None:
        raise error


def nothing(app: Any) -> None: ...


RAISING: Any = Raising
DUMPS: Any = json.dumps
NOTHING: Any = nothing


def wsgi(app: Any) -> Callable[..., Any]:
    return lambda environ, start_response: []


def fails(element: Middleware) -> list[Problem]:
    """What is wrong with an element, inside a layer and outside another."""
    with pytest.raises(ConfigError) as refused:
        stack(RateLimit(), element, RateLimit(name="inner"))(files)
    return list(refused.value.problems)


FAILED = "the set-up of 'tests.engine.test_foreign:Raising' failed:"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(TypeError("no\nway"), "TypeError: no", id="exception"),
        pytest.param(SystemExit(3), "SystemExit: 3", id="exit"),
        pytest.param(Odd(), "Odd", id="no exception"),
        pytest.param(asyncio.CancelledError(), "CancelledError", id="cancelled"),
    ],
)
def test_whatever_it_raises_is_told_at_its_place(error: BaseException, expected: str) -> None:
    (problem,) = fails(Middleware(RAISING, error))

    assert str(problem) == f"stack[1]: {FAILED} {expected}"


def test_what_it_raises_is_the_cause() -> None:
    error = TypeError("no way")
    with pytest.raises(ConfigError) as refused:
        stack(Middleware(RAISING, error))(files)

    cause = refused.value.__cause__
    assert isinstance(cause, ConfigError)
    assert cause.__cause__ is error


def test_ctrl_c_is_no_failure() -> None:
    with pytest.raises(KeyboardInterrupt):
        stack(Middleware(RAISING, KeyboardInterrupt()))(files)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        pytest.param(Middleware(DUMPS, default=str), "'json:dumps' gave str", id="text"),
        pytest.param(Middleware(wsgi), "'tests.engine.test_foreign:wsgi' gave function", id="WSGI"),
        pytest.param(Middleware(NOTHING), "'tests.engine.test_foreign:nothing' gave NoneType", id="nothing"),
    ],
)
def test_what_gives_no_application_is_told(element: Middleware, expected: str) -> None:
    (problem,) = fails(element)

    assert str(problem) == (
        f"stack[1]: the set-up of {expected}, not an ASGI application; write a class or a function that returns one"
    )


def test_the_problems_of_a_layer_in_this_place_stay_what_they_are() -> None:
    (problem,) = fails(Middleware(CORSMiddleware, allow_origins=["https://a.example"], max_age="soon"))

    assert str(problem).startswith("stack[1]: CORS.max_age: 'soon' is")


def test_all_that_fail_are_told_at_once_in_order() -> None:
    first, second = Middleware(RAISING, KeyError("one")), Middleware(RAISING, KeyError("two"))
    with pytest.raises(ConfigError) as refused:
        stack(first, RateLimit(), second)(files)

    assert [problem.where for problem in refused.value.problems] == ["stack[0]", "stack[2]"]


class Written(Referring):
    def use(self, index: int) -> str:
        return f"middleware[{index}].use"


def test_what_it_says_may_quote_what_references_stand_for() -> None:
    places = Written({"middleware[0]": {"use": "x:y", "error": "${ERROR}"}})
    with pytest.raises(ConfigError) as refused:
        Stack([Middleware(RAISING, ValueError(SECRET[::-1]))], {}, {}, [], places=places)(files)

    assert SECRET[::-1] not in str(refused.value)
    assert str(refused.value).startswith(
        f"middleware[0].use: {FAILED} ValueError, whose text is not shown: it may quote ${{ERROR}}"
    )


def test_installed_it_is_told_as_the_application_starts() -> None:
    app = Starlette()
    stack(Middleware(RAISING, TypeError("no way"))).install(app)

    with pytest.raises(ConfigError, match="no way"), TestClient(app):
        pass
