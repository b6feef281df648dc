"""What the broken files name by dotted paths."""

from typing import Any

from starlette.responses import Response

from toolkit import Exchange, Handler, Layer
from toolkit.options.stores import StoreOption


class Login(Layer):
    """Needs a session, and may answer."""

    needs = ("session",)
    secret: str
    tries: int = 3
    store: StoreOption | None = None

    def request(self, exchange: Exchange) -> Response | None:
        return None


class Session(Layer):
    """Provides a session."""

    provides = ("session",)
    store: StoreOption = "memory:"


class Raising(Layer):
    """Cannot be made."""

    def compile(self) -> None:
        raise RuntimeError("no room")


class Pages(Handler):
    """Pages of a folder."""

    root: str
    deep: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({})


class Shout:
    """Middleware of somebody else."""

    def __init__(self, app: Any, volume: int, greeting: str = "hi") -> None:
        self.app = app


async def application(scope: Any, receive: Any, send: Any) -> None:
    """An application."""


def failing(**options: Any) -> Any:
    """A factory that fails."""
    raise RuntimeError("no database at hand\nand more")


def leaving() -> Any:
    """A factory that leaves."""
    raise SystemExit(3)


def listing(items: list[str]) -> Any:
    """A factory that gives no application."""
    return items


def answering(items: list[str]) -> Any:
    """A factory."""
    return application


async def waiting() -> Any:
    """A factory that has to be awaited."""


def lonely() -> Any:
    """Takes no application."""


number = 5
