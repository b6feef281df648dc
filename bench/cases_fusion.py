"""Fusion: the first one, two, four and eight of the same layers in one wrapper, kept apart, and written by hand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.by_hand import BY_HAND, IDLE_BY_HAND
from bench.drive import Answer, ask_asgi, bare, over_asgi
from bench.layers import IDLE, LAYERS
from bench.measure import BARE, OURS, Case, WrongAnswerError
from bench.requests import CROSS_ORIGIN
from toolkit import Layer, stack

GROUP = "fusion"


@dataclass(frozen=True)
class Row:
    """Some layers, and the same as middleware by hand, the outermost first."""

    name: str
    layers: Sequence[Layer]
    middleware: Sequence[Callable[[ASGIApp], ASGIApp]]


ROWS = (
    *(Row(f"{count} layer{'s'[: count - 1]}", LAYERS[:count], BY_HAND[:count]) for count in (1, 2, 4, 8)),
    Row("8 idle layers", IDLE, IDLE_BY_HAND),
)


def fused(row: Row) -> ASGIApp:
    """One wrapper."""
    return stack(*row.layers)(bare)


def apart(row: Row) -> ASGIApp:
    """The same layers, each in a wrapper of its own."""
    app: ASGIApp = bare
    for layer in reversed(row.layers):
        app = _cut(layer(app))
    return app


def _cut(app: ASGIApp) -> ASGIApp:
    """What a layer cannot fuse through: a plain function, the cheapest there is."""

    def call(scope: Scope, receive: Receive, send: Send) -> Any:
        return app(scope, receive, send)

    return call


def by_hand(row: Row) -> ASGIApp:
    """The same work by ASGI middleware as one writes it without a toolkit."""
    app: ASGIApp = bare
    for middleware in reversed(row.middleware):
        app = middleware(app)
    return app


def base_http_middleware(row: Row) -> ASGIApp:
    """As many of the usual kind that do nothing."""
    app: ASGIApp = bare
    for _ in row.layers:
        app = BaseHTTPMiddleware(app, dispatch=_pass_on)
    return app


async def _pass_on(request: Any, call_next: Any) -> Any:
    return await call_next(request)


_SUBJECTS: dict[str, Callable[[Row], ASGIApp]] = {
    BARE: lambda row: bare,
    OURS: fused,
    "toolkit, kept apart": apart,
    "ASGI by hand": by_hand,
    "BaseHTTPMiddleware, no-op": base_http_middleware,
}


def cases(closing: ExitStack) -> Iterator[Case]:
    """Every row in every form."""
    for row in ROWS:
        yield from (_case(row, subject, make(row)) for subject, make in _SUBJECTS.items())


def _case(row: Row, subject: str, app: ASGIApp) -> Case:
    def scopes(count: int) -> list[Scope]:
        return [CROSS_ORIGIN.scope() for _ in range(count)]

    async def check() -> None:
        expected = await ask_asgi(by_hand(row), CROSS_ORIGIN.scope())
        answer = await ask_asgi(app, CROSS_ORIGIN.scope())
        if subject.startswith(OURS) and _fixed(answer) != _fixed(expected):
            raise WrongAnswerError(subject, row.name, answer)

    return Case(GROUP, row.name, subject, over_asgi(app, scopes), check, over=None if subject == BARE else BARE)


def _fixed(answer: Answer) -> tuple[int, list[str], bytes]:
    """What two forms of the same layers agree on: all but the values that count requests and time."""
    return answer.status, sorted(name for name, _ in answer.headers), answer.body
