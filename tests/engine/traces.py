"""A layer that writes down which of its hooks are called and does what a test tells it to; and one that marks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from anyio.lowlevel import checkpoint
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message

from toolkit import Exchange, Layer
from toolkit.engine.layer import HOOKS
from toolkit.options import option

Log = list[str]


class Trace(Layer):
    """Appends `NAME.hook` to `log`, with the status of a start and the kind of a failure.

    `acts` says what a hook does: a Response is returned, an exception raised, anything else called with the hook's
    arguments. With `waits` (True, or a function to await) the hooks return awaitables. `only` are the hooks it has.
    """

    log: Any
    acts: Mapping[str, Any] = MappingProxyType({})
    only: Sequence[str] = HOOKS
    waits: Any = False

    def hooks(self) -> Sequence[str]:
        return self.only

    def request(self, exchange: Exchange) -> Any:
        return self._act("request", "", exchange)

    def response(self, exchange: Exchange, start: Message) -> Any:
        return self._act("response", f" {start.get('status', 'accept')}", exchange, start)

    def receive(self, exchange: Exchange, message: Message) -> Any:
        return self._act("receive", "", exchange, message)

    def error(self, exchange: Exchange, exc: Exception) -> Any:
        return self._act("error", f" {type(exc).__name__}", exchange, exc)

    def done(self, exchange: Exchange, exc: BaseException | None) -> Any:
        return self._act("done", "" if exc is None else f" {type(exc).__name__}", exchange, exc)

    def _act(self, hook: str, detail: str, *args: Any) -> Any:
        self.log.append(f"{self.name}.{hook}{detail}")
        act = self.acts.get(hook)
        if not self.waits:
            return _now(act, args)
        return _later(checkpoint if self.waits is True else self.waits, act, args)


def trace(
    name: str, log: Log, *, only: Sequence[str] = HOOKS, waits: Any = False, kind: type[Trace] = Trace, **acts: Any
) -> Trace:
    """A Trace called `name` that does `acts` in its hooks."""
    return kind(name=name, log=log, acts=acts, only=only, waits=waits)


class Mark(Layer):
    """Adds a header to every answer."""

    value: str = option(default="1", kw_only=False)

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append((b"x-mark", self.value.encode()))


def traces(names: str, log: Log, **options: Any) -> list[Trace]:
    """One Trace for each letter of `names`, the outermost first."""
    return [trace(name, log, **options) for name in names]


def acting(hook: str, act: Any) -> dict[str, Any]:
    """One act of a Trace, where the hook is a parameter."""
    return {hook: act}


def answer(status: int = 200, text: str = "own") -> Response:
    return PlainTextResponse(text, status)


def only(log: Log, *words: str) -> Log:
    """The lines of a log that hold one of the words."""
    return [line for line in log if any(word in line for word in words)]


async def _later(wait: Callable[[], Awaitable[None]], act: Any, args: tuple[Any, ...]) -> Any:
    await wait()
    return _now(act, args)


def _now(act: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(act, BaseException):
        raise act
    return act if act is None or isinstance(act, Response) else act(*args)
