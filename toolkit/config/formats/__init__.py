"""The formats of configuration files. Each reads a text into plain data and the line of every part of it."""

from importlib import import_module
from typing import Any, Final

from toolkit.config.formats.found import Found, Stopped
from toolkit.options.problems import Problem

SUFFIXES: Final = {".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
"""Suffix of a file to the module of its format."""

SMALLEST: Final = {
    "toml": """middleware = [{ use = "cors", allow_origins = ["https://app.example"] }]""",
    "yaml": """middleware: [{use: cors, allow_origins: ["https://app.example"]}]""",
    "json": """{"middleware": [{"use": "cors", "allow_origins": ["https://app.example"]}]}""",
}
"""A smallest file of each format, on one line."""

_INSTALL: Final = "pip install 'asgi-toolkit[yaml]'"


def parse(form: str, found: Found) -> Any:
    """What the text of `found` says in the format `form`, None if it is blank; lines and problems go to `found`.

    A format's module is loaded when asked for: TOML needs no PyYAML. Raises Stopped where the text cannot be read.
    """
    try:
        module = import_module(f"{__name__}.{form}")
    except ModuleNotFoundError as missing:
        if missing.name != "yaml":
            raise
        found.problems.append(Problem("", "reading YAML needs PyYAML", f"run: {_INSTALL}", file=found.name))
        raise Stopped from None
    return module.parse(found)
