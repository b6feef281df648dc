"""What generated files name by dotted paths."""

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Scope

from toolkit import Layer
from toolkit.options import Problem, rule
from toolkit.options.stores import StoreOption


def allows_nobody(origin: str, scope: Scope) -> bool:
    return False


class Kept(Layer):
    """Holds whatever a file writes."""

    value: Any


def answering(headers: dict[str, str]) -> ASGIApp:
    """An application whose only option is nearly the name of another key of its entry."""
    return PlainTextResponse("answered", headers=headers)


QUOTED: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "json": json.dumps,
    "upper": str.upper,
    "title": str.title,
    "half": lambda text: text[: len(text) // 2],
    "reversed": lambda text: text[::-1],
    "word": lambda text: repr(text.strip("/{}")),
}
"""The ways in which others quote a password."""


def failing(password: str, how: str, log: list[str] | None = None) -> Any:
    """A factory that fails, and quotes its password."""
    raise RuntimeError(f"no login for root/{QUOTED[how](password)}")


class Storing(Layer):
    """Keeps something in a store."""

    store: StoreOption


class Failing(Layer):
    """A layer that fails as it is made, and quotes its password."""

    password: str
    how: str

    def compile(self) -> None:
        failing(self.password, self.how)


class Refusing(Layer):
    """A layer whose rule quotes its password at another option."""

    password: str
    how: str

    @rule("password", "how")
    def quote(self) -> Problem:
        return self.problem("how", f"no login for root/{QUOTED[self.how](self.password)}")
