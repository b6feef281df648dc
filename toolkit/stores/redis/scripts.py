"""The scripts that Redis runs: what must be done in one step. Each is a file beside this one."""

from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple


class Script(NamedTuple):
    """A script in Lua, and the name by which Redis knows it once it has run."""

    text: str
    sha: str


def _load(name: str) -> Script:
    text = files("toolkit.stores.redis").joinpath(name).read_text(encoding="utf-8")
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


COUNTERS = _load("counters.lua")
LOG = _load("log.lua")
VALUES = _load("values.lua")
