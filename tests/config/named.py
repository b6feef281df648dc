"""What generated files name by dotted paths."""

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Scope

from toolkit import Layer


def allows_nobody(origin: str, scope: Scope) -> bool:
    return False


class Kept(Layer):
    """Holds whatever a file writes."""

    value: Any


def answering(headers: dict[str, str]) -> ASGIApp:
    """An application whose only option is nearly the name of another key of its entry."""
    return PlainTextResponse("answered", headers=headers)


def failing(password: str, how: str) -> Any:
    """A factory that fails, and quotes its password."""
    quoted: dict[str, Callable[[str], str]] = {
        "plain": str,
        "repr": repr,
        "json": json.dumps,
        "half": lambda text: text[: len(text) // 2],
    }
    raise RuntimeError(f"no login for root/{quoted[how](password)}")
