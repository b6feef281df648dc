"""What a stack's layers hold open: opened before the application starts, closed after it has shut down."""

import logging
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.options import ConfigError, Problem, did_you_mean


class Resource(Protocol):
    """What a stack opens before the application starts and closes after it has shut down.

    Where there is no lifespan nobody calls `open`: a store then opens itself at its first use. To close one that was
    never opened does nothing.
    """

    async def open(self) -> None: ...
    async def close(self) -> None: ...


OpenStore = Callable[[Any], Any]
Stores = Mapping[str, Resource | str]

_log = logging.getLogger("toolkit")


class Resources:
    """The stores of one stack, each opened once however many layers use it.

    Args:
        named: The stores that layers may ask for by name, or their URLs. A layer may also hand in a store itself, or
            name a URL: of each URL there is one store.
    """

    def __init__(self, named: Stores | None = None) -> None:
        self._named = dict(named or {})
        self._by_url: dict[str, Resource] = {}
        self._used: dict[Hashable, Resource] = {}

    def find(self, store: "str | Resource | None") -> Resource:
        """The store that a layer's option means.

        Raises ConfigError for a name that the stack does not know, and for a URL that means no store.
        """
        found = self._named.get(store, store) if isinstance(store, str) else store
        if found is None or (isinstance(found, str) and ":" not in found):
            raise ConfigError(Problem("stores", f"no store is called {found!r}", did_you_mean(str(found), self._named)))
        found = self._at(found) if isinstance(found, str) else found
        self._used[id(found)] = found
        return found

    def _at(self, url: str) -> Resource:
        if url not in self._by_url:
            from toolkit.stores import open_store  # noqa: PLC0415 - it is loaded where a store is asked for by URL

            self._by_url[url] = open_store(url)
        return self._by_url[url]

    def __bool__(self) -> bool:
        return bool(self._used)

    async def open(self) -> None:
        """Open all, in the order they were asked for. Where one fails, those before it are closed, and it raises."""
        opened: list[Resource] = []
        try:
            for store in self._used.values():
                await store.open()
                opened.append(store)
        except BaseException:
            await _close(opened)
            raise

    async def close(self) -> list[Exception]:
        """Close all, last opened first, and return what went wrong: one failure keeps no other store open."""
        return await _close(list(self._used.values()))


async def _close(stores: list[Resource]) -> list[Exception]:
    problems = []
    for store in reversed(stores):
        try:
            await store.close()
        except Exception as problem:
            _log.exception("a store did not close cleanly")
            problems.append(problem)
    return problems


def lifespan(app: ASGIApp, resources: Resources) -> ASGIApp:
    """`app` for the scopes that are neither HTTP nor WebSocket: around its lifespan the resources are open."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" or not resources:
            return await app(scope, receive, send)
        startup = await receive()
        try:
            await resources.open()
        except Exception as exc:
            _log.exception("a store did not open")
            return await send({"type": "lifespan.startup.failed", "message": f"a store did not open: {exc}"})
        return await _running(app, scope, _again(startup, receive), send, resources)

    return run


async def _running(app: ASGIApp, scope: Scope, receive: Receive, send: Send, resources: Resources) -> None:
    """Close before the application's last word, for servers stop listening after it.

    An application without a lifespan raises or returns before it has said anything. Its server would then tell nobody
    of the shutdown; so the lifespan is gone through in its place.
    """
    closed = silent = False

    async def close_first(message: Message) -> None:
        nonlocal closed, silent
        silent = False
        if message["type"] != "lifespan.startup.complete" and not closed:
            closed = True
            problems = await resources.close()
            if problems and message["type"] == "lifespan.shutdown.complete":
                message = {"type": "lifespan.shutdown.failed", "message": f"a store did not close: {problems[0]}"}
        await send(message)

    silent = True
    try:
        await app(scope, receive, close_first)
    except Exception as exc:
        if not silent:
            raise
        _log.info("the application has no lifespan: %r", exc)
    except BaseException:
        silent = False
        raise
    finally:
        if not (closed or silent):
            await resources.close()
    if silent:
        await _in_its_place(receive, close_first)


async def complete(receive: Receive, send: Send) -> None:
    """The lifespan of an application that has nothing to do in it."""
    await receive()
    await _in_its_place(receive, send)


async def _in_its_place(receive: Receive, send: Send) -> None:
    await send({"type": "lifespan.startup.complete"})
    while (await receive())["type"] != "lifespan.shutdown":
        pass
    await send({"type": "lifespan.shutdown.complete"})


def _again(message: Message, receive: Receive) -> Callable[[], Any]:
    """A `receive` that first repeats what was read already."""
    pending = [message]

    async def next_message() -> Message:
        return pending.pop() if pending else await receive()

    return next_message
