"""What generated files name by dotted paths."""

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
