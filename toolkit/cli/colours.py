"""Colours by role, and where they are wanted: on a terminal, unless NO_COLOR is set (no-color.org)."""

import os
from collections.abc import Mapping
from typing import Final, TextIO

_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = "1", "2", "31", "32", "33", "36"

COLOURS: Final[Mapping[str, str]] = {
    "request": _BOLD,
    "header": _DIM,
    "note": _CYAN,
    "number": _BOLD,
    "label": _BOLD,
    "idle": _DIM,
    "gutter": _DIM,
    "changed": _YELLOW,
    "off": _RED,
    "silent": _RED,
    "says": _GREEN,
    "where": _DIM,
    "answer": _BOLD,
    "good": _GREEN,
    "bad": _RED,
}
"""The colour of each role; roles without one are written as they are."""


def wanted(stream: TextIO) -> bool:
    """Whether what is written to a stream has colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(role: str, text: str) -> str:
    """Text in the colour of its role, for a terminal."""
    colour = COLOURS.get(role)
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text.strip() else text
