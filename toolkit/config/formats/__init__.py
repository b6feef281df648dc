"""The formats of configuration files. Each reads a text into plain data and the line of every part of it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from toolkit.config.formats.found import Found

SUFFIXES: Final = {".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
"""Suffix of a file to the module of its format."""

SMALLEST: Final = {
    "toml": """middleware = [{ use = "cors", allow_origins = ["https://app.example"] }]""",
    "yaml": """middleware: [{use: cors, allow_origins: ["https://app.example"]}]""",
    "json": """{"middleware": [{"use": "cors", "allow_origins": ["https://app.example"]}]}""",
}
"""A smallest file of each format, on one line."""


def parser(form: str) -> Callable[[Found], Any]:
    """The `parse` of a format; loaded when asked for, so that reading TOML needs no other parser."""
    parse: Callable[[Found], Any] = import_module(f"{__name__}.{form}").parse
    return parse
