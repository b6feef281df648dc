"""Hooks and stores under WSGI that have to be awaited."""

import asyncio
import threading
from typing import Any

import pytest

from tests.engine.traces import Log, answer, trace, traces
from tests.engine.wsgi import failing, get, hello, run
from toolkit import Exchange, Layer, stack


async def where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


# ---- hooks


def test_hooks_that_wait_do_what_others_do() -> None:
    for acts in ({}, {"request": answer(403)}, {"response": answer(503)}, {"error": answer(404)}):
        logs: list[Log] = [[], []]
        for log, waits in zip(logs, (False, True), strict=True):
            layers = [trace("a", log, waits=waits), trace("b", log, waits=waits, **acts)]  # type: ignore[arg-type]
            wrapped: Any = stack(*layers).wsgi(failing(ValueError()) if "error" in acts else hello)
            log.append(str(get(wrapped).status))
            wrapped.close()
        assert logs[0] == logs[1]


@pytest.mark.parametrize("failure", [ValueError, asyncio.CancelledError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("hook", ["request", "response", "done"])
def test_what_a_hook_raises_while_it_waits_is_raised_here(failure: type[BaseException], hook: str) -> None:
    log: Log = []
    layers = [trace("a", log), trace("b", log, waits=True, **{hook: failure("by b")})]  # type: ignore[arg-type]
    wrapped: Any = stack(*layers).wsgi(hello)
    outcome = run(wrapped)
    assert type(outcome.raised) is failure
    assert log[-1] == f"a.done {failure.__name__}"
    assert ("a.error ValueError" in log) == (failure is ValueError and hook != "done")
    assert run(wrapped).raised is outcome.raised  # the loop goes on
    wrapped.close()


def test_a_hook_that_is_cancelled_from_outside_counts_as_cancelled() -> None:
    async def cancelled(*_: Any) -> None:
        task: Any = asyncio.current_task()
        task.cancel()
        await asyncio.sleep(1)

    log: Log = []
    wrapped: Any = trace("a", log, waits=True, request=lambda exchange: None).wsgi(hello)
    assert run(wrapped).raised is None
    wrapped.close()

    class Cancelled(Layer):
        def request(self, exchange: Exchange) -> Any:
            return cancelled()

    wrapped = stack(trace("a", log), Cancelled()).wsgi(hello)
    assert isinstance(run(wrapped).raised, asyncio.CancelledError)
    assert log[-1] == "a.done CancelledError"
    wrapped.close()


def test_an_awaited_hook_may_return_nothing_but_an_answer() -> None:
    log: Log = []
    wrapped: Any = stack(trace("a", log), trace("b", log, waits=True, error=lambda *_: "junk")).wsgi(
        failing(ValueError())
    )
    assert isinstance(run(wrapped).raised, TypeError)
    assert log[2:] == ["b.error ValueError", "b.done TypeError", "a.error TypeError", "a.done TypeError"]
    wrapped.close()


def test_hooks_run_in_the_calling_thread_and_wait_on_one_loop() -> None:
    threads: list[threading.Thread] = []
    loops: list[Any] = []

    class Waits(Layer):
        def request(self, exchange: Exchange) -> Any:
            threads.append(threading.current_thread())
            return self._waits()

        def done(self, exchange: Exchange, exc: Any) -> Any:
            return self._waits()

        async def _waits(self) -> None:
            loops.append(await where())

    wrapped: Any = stack(Waits(name="a"), Waits(name="b")).wsgi(hello)
    get(wrapped)
    assert set(threads) == {threading.current_thread()}
    assert len(loops) == 4
    assert len(set(loops)) == 1
    assert loops[0][1] is not threading.current_thread()
    wrapped.close()


def test_no_loop_is_made_where_nothing_waits() -> None:
    before = threading.active_count()
    get(stack(*traces("ab", [])).wsgi(hello))
    assert threading.active_count() == before


def test_hooks_wait_in_the_thread_of_another_loop() -> None:
    wrapped: Any = trace("a", [], waits=True).wsgi(hello)

    async def inside() -> int:
        return get(wrapped).status

    assert asyncio.run(inside()) == 200
    wrapped.close()


# ---- stores


class Store:
    """Says where it was opened and closed."""

    def __init__(self) -> None:
        self.opened: Any = None
        self.closed: Any = None

    async def open(self) -> None:
        self.opened = await where()

    async def close(self) -> None:
        self.closed = await where()


class Stored(Layer):
    store: Any = "main"

    def bind(self, open_store: Any) -> "Stored":
        return self.bound(opened=open_store(self.store))

    async def request(self, exchange: Exchange) -> None:
        await self.opened.open()  # type: ignore[attr-defined]


def test_closing_a_wrapper_closes_its_stores_on_its_loop() -> None:
    one, two = Store(), Store()
    inner = stack(Stored(), stores={"main": one}).wsgi(hello)
    wrapped: Any = stack(Stored(name="b"), stores={"main": two}).wsgi(inner)
    get(wrapped)
    wrapped.close()
    assert one.opened == one.closed == two.opened == two.closed
    assert one.opened[0].is_closed()


def test_closing_a_wrapper_closes_one_with_routes_inside_it() -> None:
    store = Store()
    inner = stack(Stored(), stores={"main": store}, routes={"/x": {"stored": False}}).wsgi(hello)
    wrapped: Any = stack(*traces("a", [])).wsgi(inner)
    get(wrapped)
    wrapped.close()
    assert store.closed == store.opened
