"""What must stand outside what is checked and explained, and never put right silently."""

from collections.abc import Sequence
from typing import ClassVar

import pytest
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from tests.engine.asgi import hello
from tests.engine.traces import trace
from toolkit import CORS, ConfigError, Exchange, Layer, stack


class Covers(Layer):
    covers_answers: ClassVar[bool] = True

    def request(self, exchange: Exchange) -> None: ...


class Answers(Layer):
    def request(self, exchange: Exchange) -> Response | None:
        return None


class Untyped(Layer):
    def request(self, exchange):  # type: ignore[no-untyped-def]
        return None


class Typed(Layer):
    """Its `request` says that it never answers."""

    def request(self, exchange: Exchange) -> None: ...


class Pages(Layer):
    def error(self, exchange: Exchange, exc: Exception) -> Response | None:
        return None


class Watches(Layer):
    """Has a `request`, and says that it never answers."""

    answers: ClassVar[bool | None] = False

    def request(self, exchange: Exchange) -> None: ...


class Replaces(Layer):
    """Answers from `response`, and says so."""

    answers: ClassVar[bool | None] = True

    def response(self, exchange: Exchange, start: object) -> None: ...


class Users(Layer):
    provides: ClassVar[tuple[str, ...]] = ("user", "auth")


class Needs(Layer):
    needs: ClassVar[tuple[str, ...]] = ("user",)


def problems(*layers: Layer, provides: Sequence[str] = ()) -> list[str]:
    try:
        stack(*layers, provides=provides)
    except ConfigError as refused:
        return [str(problem) for problem in refused.problems]
    return []


COVERED = (
    "{place}: covers stands inside {inside}, whose answers would lack its headers; move covers in front of {first}"
)


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([Covers(), Answers(), Pages()], []),
        ([Answers(), Covers()], [COVERED.format(place="stack[1]", inside="answers", first="answers")]),
        ([Pages(), Covers()], [COVERED.format(place="stack[1]", inside="pages", first="pages")]),
        ([Replaces(), Covers()], [COVERED.format(place="stack[1]", inside="replaces", first="replaces")]),
        (
            [Watches(), Answers(), Users(), Pages(), Covers()],
            [COVERED.format(place="stack[4]", inside="answers, pages", first="answers")],
        ),
        ([Watches(), Covers()], []),
        ([Typed(), Covers()], []),
        ([Untyped(), Covers()], [COVERED.format(place="stack[1]", inside="untyped", first="untyped")]),
        ([Users(), Covers()], []),
        ([Covers(name="one"), Covers(name="two")], []),
    ],
    ids=[
        "outside",
        "inside",
        "inside error",
        "inside response",
        "inside two",
        "watcher",
        "typed",
        "untyped",
        "no hooks",
        "two that cover",
    ],
)
def test_a_layer_that_covers_answers_stands_outside_all_that_may_answer(layers: list[Layer], found: list[str]) -> None:
    assert problems(*layers) == found


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([Users(), Needs()], []),
        (
            [Needs(), Users()],
            [
                "stack[0]: needs needs 'user', which nothing outside it provides; "
                "move needs inside users, which is stack[1]"
            ],
        ),
        (
            [Needs()],
            [
                "stack[0]: needs needs 'user', which nothing outside it provides; "
                'put a layer that provides it further out, or declare it: stack(…, provides=["user"])'
            ],
        ),
    ],
    ids=["outside", "inside", "nowhere"],
)
def test_what_a_layer_needs_is_provided_further_out(layers: list[Layer], found: list[str]) -> None:
    assert problems(*layers) == found


def test_what_stands_outside_the_stack_is_declared() -> None:
    assert problems(Needs(), provides=["user"]) == []


@pytest.mark.parametrize(
    ("layers", "label"),
    [
        ([Users(), Users()], "users"),
        ([Users(name="a"), Users(name="a")], "a"),
        ([Users(), Users(name="users")], "users"),
    ],
)
def test_one_of_a_kind_unless_named(layers: list[Layer], label: str) -> None:
    assert problems(*layers) == [
        f'stack[1]: 2 layers are called {label!r}; give each but one a name of its own: name="…"'
    ]


def test_two_of_a_kind_are_right_with_two_names() -> None:
    assert problems(Users(), Users(name="second")) == []


def test_a_route_that_switches_off_what_another_layer_needs_is_an_error() -> None:
    with pytest.raises(ConfigError) as refused:
        stack(Users(), Needs(), routes={"/a": {"users": False}})
    assert str(refused.value).startswith("routes['/a']: needs needs 'user'")


def test_a_route_that_switches_off_both_is_none() -> None:
    stack(Users(), Needs(), routes={"/a": {"users": False, "needs": False}})


def test_written_order_is_kept_even_where_it_is_wrong() -> None:
    layers = [Answers(), trace("A", [])]
    assert list(stack(*layers).layers) == layers


def test_every_problem_is_told_at_once() -> None:
    assert len(problems(Answers(), Answers(), Covers(), Needs())) == 3


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        pytest.param(Answers, "write Answers(…)", id="the class of a layer"),
        pytest.param(GZipMiddleware, "write Middleware(GZipMiddleware, **options)", id="the class of a middleware"),
        pytest.param([Answers()], "write stack(*layers)", id="a list"),
        pytest.param("cors", "an application is wrapped by stack(…)(app)", id="text"),
        pytest.param(None, "an application is wrapped by stack(…)(app)", id="None"),
        pytest.param(lambda app: app, "an application is wrapped by stack(…)(app)", id="function"),
    ],
)
def test_what_is_neither_a_layer_nor_a_middleware_is_refused_with_the_way_to_write_it(wrong: object, fix: str) -> None:
    with pytest.raises(ConfigError) as refused:
        stack(Users(), wrong)  # type: ignore[arg-type]
    assert "is neither a layer nor a Middleware" in str(refused.value)
    assert str(refused.value).endswith(fix)


def test_two_layers_that_answer_preflights_are_refused_whatever_they_are_called() -> None:
    (found,) = problems(CORS(allow_origins=["*"]), CORS(allow_origins=["https://b.example"], name="b"))
    assert found.startswith("stack[1]: cors and b both answer preflights")


@pytest.mark.parametrize(
    "options",
    [{"routes": {"/a": {}}}, {"stores": {"main": object()}}, {"handlers": {"/a": hello}}],
    ids=["routes", "stores", "handlers"],
)
def test_a_stack_with_routes_stores_or_handlers_stands_in_no_other(options: dict[str, dict[str, object]]) -> None:
    inner = stack(Users(), **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="a stack with routes, stores or handlers cannot stand in another"):
        stack(inner)


def test_only_an_application_can_be_wrapped() -> None:
    with pytest.raises(TypeError, match="'app' is no ASGI application"):
        stack(Users())("app")  # type: ignore[arg-type]
