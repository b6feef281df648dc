"""The peers: installed from requirements/bench.txt, never left out where they are not."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

DISTRIBUTIONS = ("starlette", "asgi-cors", "blacksheep", "a2wsgi", "uvicorn", "httptools", "uvloop")


class PeerMissingError(Exception):
    """A peer is not installed."""

    def __init__(self, module: str) -> None:
        self.module = module
        super().__init__(f"{module} is not installed: run scripts/bench, which installs the peers and measures")


def peer(module: str) -> Any:
    """Import a peer. Raises PeerMissingError."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise PeerMissingError(missing.name or module) from missing


def versions() -> dict[str, str | None]:
    """What is installed, by distribution; None where it is not."""
    return {name: _version(name) for name in DISTRIBUTIONS}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
