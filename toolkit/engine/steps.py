"""Engine work that may have to wait: a generator that yields what is to be awaited and is sent its result.

So a hook that need not wait costs no coroutine. `drive` runs such steps in the task that called.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import Any

import anyio
from starlette.responses import Response

from toolkit.engine.exchange import Answer, Hook

Steps = Generator[Awaitable[Any] | None, Any, Any]


class Closed(BaseException):
    """A GeneratorExit on its way into steps: thrown as it is, `yield from` would close what it should resume."""

    def __init__(self, exit: GeneratorExit) -> None:
        self.exit = exit


def actual(raised: BaseException) -> BaseException:
    return raised.exit if isinstance(raised, Closed) else raised


async def drive(steps: Steps) -> Any:
    """Run steps under a loop: await what they yield, in the task that called."""
    try:
        step = next(steps)
        while True:
            try:
                result = None if step is None else await step
            except BaseException as exc:
                step = steps.throw(Closed(exc) if isinstance(exc, GeneratorExit) else exc)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        return stop.value
    except Closed as closed:
        raise closed.exit from None


def settle(hook: Callable[..., Hook], result: Hook) -> Steps:
    """What a hook decided, awaited where it has to be."""
    if result is not None and not isinstance(result, Response):
        result = yield awaitable(hook, result)
    return plain(hook, result)


def awaitable(hook: Callable[..., Hook], result: Any) -> Awaitable[Answer]:
    """Neither None nor a Response: it has to be awaited, or the hook is wrong."""
    if hasattr(result, "__await__"):
        return result  # type: ignore[no-any-return]
    raise TypeError(f"{hook.__qualname__} returned {result!r}: a hook returns None, a Response, or an awaitable of one")


def plain(hook: Callable[..., Hook], answer: Any) -> Answer:
    """What a hook has decided: a Response is sent, not called, so it must hold its whole body."""
    if answer is None or (isinstance(answer, Response) and hasattr(answer, "body")):
        return answer
    raise TypeError(f"{hook.__qualname__} answered {answer!r}: a hook answers with a plain Response, or None")


async def shielded(pending: Awaitable[None]) -> None:
    """Await past a cancelled scope: `done` is for what has to happen."""
    with anyio.CancelScope(shield=True):
        await pending


async def abandoned(pending: Awaitable[None]) -> None:
    """A coroutine that is being closed may not wait."""
    close = getattr(pending, "close", None)
    if close is not None:
        close()
