"""What the application's own check of an origin means, and what becomes of its failures."""

from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from starlette.types import Scope

from toolkit.cors.origin_check import DENIED, Ruling, ask, ruling

RULINGS: Sequence[tuple[str, object, Ruling]] = [
    ("yes", True, Ruling(True)),
    ("no", False, Ruling(False)),
    ("yes, by more", (True, ["Cookie", "X-Tenant"]), Ruling(True, b"Origin, Cookie, X-Tenant")),
    ("no, by more", (False, ("Host",)), Ruling(False, b"Origin, Host")),
    ("Origin is not named twice", (True, ["Origin"]), Ruling(True)),
]


@pytest.mark.parametrize(("answered", "expected"), [row[1:] for row in RULINGS], ids=[row[0] for row in RULINGS])
def test_a_check_answers(answered: object, expected: Ruling) -> None:
    assert ruling(answered) == expected


@pytest.mark.parametrize(
    "answered",
    [None, 1, "https://a.example", (1, []), (True, "Host"), (True, [b"Host"]), (True, ["a b"]), (True,)],
    ids=repr,
)
def test_any_other_answer_is_an_error(answered: object) -> None:
    with pytest.raises(TypeError, match="origin_check"):
        ruling(answered)


def _raises(origin: str, scope: Scope) -> bool:
    raise LookupError("no tenants")


async def _raises_later(origin: str, scope: Scope) -> bool:
    raise LookupError("no tenants")


async def _later(origin: str, scope: Scope) -> tuple[bool, list[str]]:
    return origin == "https://a.example", ["Host"]


async def _asked(checked: Any) -> Ruling:
    answered = ask(checked, "https://a.example", {}, lambda ruled: ruled)
    return answered if isinstance(answered, Ruling) else await answered


async def test_a_check_may_wait() -> None:
    assert await _asked(_later) == Ruling(True, b"Origin, Host")


@pytest.mark.parametrize(
    "checked", [_raises, _raises_later, lambda origin, scope: "yes"], ids=["raises", "raises later", "answers text"]
)
async def test_a_check_that_fails_denies_and_is_logged(checked: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await _asked(checked) == DENIED
    (record,) = caplog.records
    assert record.name == "toolkit.cors"
    assert record.exc_info is not None
    assert record.getMessage() == "origin_check failed for https://a.example, which is therefore not allowed"


async def test_what_follows_from_a_ruling_is_not_mistaken_for_the_check() -> None:
    def fails(ruled: Ruling) -> Awaitable[None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(lambda origin, scope: True, "https://a.example", {}, fails)
