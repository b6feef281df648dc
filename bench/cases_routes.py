"""Routes: finding the plan of a request among none, one, a hundred and ten thousand. Paths are drawn at random."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from starlette.types import ASGIApp, Scope

from bench.drive import ask_asgi, bare, over_asgi
from bench.measure import BARE, OURS, SEED, Case, WrongAnswerError
from bench.requests import CROSS_ORIGIN
from toolkit import Exchange, Layer, stack

GROUP = "routes"


class Mark(Layer):
    """Costs next to nothing and tells which plan was found."""

    text: str = "base"

    def request(self, exchange: Exchange) -> None:
        exchange.scope["bench.mark"] = self.text


_BASE, _CHANGED = Mark(), Mark(text="route")


def exact(count: int) -> tuple[list[str], list[str]]:
    """So many routes without a wildcard, and a path for each."""
    paths = [f"/shop/{number}/items" for number in range(count)]
    return paths, paths


def patterns(count: int) -> tuple[list[str], list[str]]:
    """So many routes with one, and a path for each."""
    return [f"/shop/{number}/*" for number in range(count)], [f"/shop/{number}/items" for number in range(count)]


_TABLE = (
    ("no route", exact(0)),
    ("1 exact", exact(1)),
    ("100 exact", exact(100)),
    ("10,000 exact", exact(10_000)),
    ("100 patterns", patterns(100)),
    ("10,000 patterns", patterns(10_000)),
)


def cases(closing: ExitStack) -> Iterator[Case]:
    """Every table: with paths that its routes take, and with paths that none takes."""
    for name, (keys, paths) in _TABLE:
        app = stack(_BASE, routes={key: {"mark": _CHANGED} for key in keys})(bare)
        if paths:
            yield from _row(f"{name}, found", app, paths, "route")
        yield from _row(f"{name}, not found", app, [f"/other/{number}/items" for number in range(10_000)], "base")
    flooded = stack(_BASE, routes={key: {"mark": _CHANGED} for key in patterns(10_000)[0]})(bare)
    yield from _row("10,000 patterns, never the same path twice", flooded, _Unseen(), "route")


class _Unseen(Sequence[str]):
    """Paths that patterns take, more than anybody could remember: a flood from outside."""

    def __len__(self) -> int:
        return 1 << 62

    def __getitem__(self, number: Any) -> Any:
        return f"/shop/{number % 10_000}/{number}"


def _row(row: str, app: ASGIApp, paths: Sequence[str], mark: str) -> Iterator[Case]:
    draw = random.Random(SEED)

    def scopes(count: int) -> list[Scope]:
        return [replace(CROSS_ORIGIN, path=draw.choice(paths)).scope() for _ in range(count)]

    async def check() -> None:
        [scope] = scopes(1)
        await ask_asgi(app, scope)
        if scope["bench.mark"] != mark:
            raise WrongAnswerError(OURS, row, scope["bench.mark"])

    yield Case(GROUP, row, BARE, over_asgi(bare, scopes), over=None)
    yield Case(GROUP, row, OURS, over_asgi(app, scopes), check)
