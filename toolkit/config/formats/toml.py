"""TOML: values by the standard library."""

import tomllib
from typing import Any

from toolkit.config.formats.found import Found


def parse(found: Found) -> Any:
    """What the text says; its lines and problems go to `found`. Raises Stopped where it cannot be read."""
    try:
        return tomllib.loads(found.text)
    except tomllib.TOMLDecodeError as refused:
        found.stop(0, str(refused))
