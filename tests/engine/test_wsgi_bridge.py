"""The bridge to a loop: run_sync, one loop for each application, forks."""

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.traces import trace, traces
from tests.engine.wsgi import Streamed, get, hello, streaming
from toolkit import Layer, run_sync, stack
from toolkit.engine.bridge import CURRENT, Bridge

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


async def where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


def asking(environ: Any, start_response: Any) -> Any:
    """An application that waits for where it waits."""
    environ["found"].append(run_sync(where()))
    return hello(environ, start_response)


# ---- run_sync


def test_within_a_request_it_is_the_loop_of_that_application() -> None:
    found: list[Any] = []
    waiting = trace("a", [], waits=lambda: found_in_hook(found))
    one: Any = waiting.wsgi(asking)
    other: Any = stack(trace("b", [])).wsgi(asking)
    get(one, more={"found": found})
    assert len(set(found)) == 1
    get(other, more={"found": found})
    found.append(run_sync(where()))
    get(stack(trace("c", [])).wsgi(apart(other)), more={"found": found})
    loops = [loop for loop, _ in found[-3:]]
    assert loops[0] is loops[2]
    assert len({*loops, found[0][0]}) == 3
    one.close()
    other.close()


def test_what_fuses_shares_a_loop() -> None:
    found: list[Any] = []
    inner = trace("a", []).wsgi(asking)
    outer: Any = trace("b", []).wsgi(inner)
    get(inner, more={"found": found})
    get(outer, more={"found": found})
    assert found[0] == found[1]
    outer.close()


async def found_in_hook(found: list[Any]) -> None:
    found.append(await where())


def apart(app: Any) -> Any:
    def call(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return call


@pytest.mark.parametrize(
    "layers", [[], [trace("a", [], only=("response",))], traces("a", [])], ids=["none", "one", "all"]
)
def test_it_is_that_loop_while_chunks_are_made_and_closed_too(layers: list[Layer]) -> None:
    found: list[Any] = []

    class Asking(Streamed):
        def __next__(self) -> bytes:
            found.append(run_sync(where()))
            return super().__next__()

        def close(self) -> None:
            found.append(run_sync(where()))

    wrapped: Any = stack(*layers).wsgi(streaming(Asking(b"a", b"b")))
    get(wrapped)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert found[0] != run_sync(where())
    assert CURRENT.get(None) is None
    wrapped.close()


def test_it_gives_back_results_and_failures() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async def fail() -> None:
        raise LookupError("here")

    assert run_sync(double(21)) == 42
    with pytest.raises(LookupError, match="here"):
        run_sync(fail())


def test_what_is_no_coroutine_can_be_awaited_too() -> None:
    class Later:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "later"

    assert run_sync(Later()) == "later"


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE")


def test_what_is_awaited_sees_the_caller_s_context() -> None:
    async def read() -> str:
        return VARIABLE.get()

    def within() -> str:
        VARIABLE.set("mine")
        return run_sync(read())

    assert contextvars.copy_context().run(within) == "mine"


def test_in_the_thread_of_a_running_loop_it_refuses() -> None:
    async def inside() -> None:
        run_sync(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="use await"):
        asyncio.run(inside())
    with pytest.raises(RuntimeError, match="use await"):
        run_sync(inside())


def test_what_cannot_be_closed_is_refused_there_too() -> None:
    async def inside() -> None:
        run_sync(asyncio.get_running_loop().create_future())

    with pytest.raises(RuntimeError, match="use await"):
        asyncio.run(inside())


def test_the_bridge_s_own_thread_is_not_kept_waiting_for_itself(bridge: Bridge) -> None:
    async def inside() -> None:
        bridge.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="own loop"):
        bridge.run(inside())


def test_threads_of_a_view_find_the_loop_by_the_context(bridge: Bridge) -> None:
    found: list[Any] = []
    token = CURRENT.set(bridge)
    context = contextvars.copy_context()
    CURRENT.reset(token)
    thread = threading.Thread(target=context.run, args=(lambda: found.append(run_sync(where())),))
    thread.start()
    thread.join()
    assert found == [bridge.run(where())]


# ---- the bridge


def test_a_loop_is_made_once_by_many_threads(bridge: Bridge) -> None:
    found: list[Any] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        found.append(bridge.run(where()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_closing_cancels_what_still_runs_and_the_next_use_starts_again(bridge: Bridge) -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def start() -> Any:
        kept.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)
        return await where()

    kept: list[Any] = []
    loop, thread = bridge.run(start())
    bridge.close()
    assert (ended, loop.is_closed(), thread.is_alive()) == (["cancelled"], True, False)
    assert bridge.run(where())[0] is not loop
    bridge.close()
    bridge.close()


def test_a_loop_that_cannot_be_made_is_an_error_and_no_wait(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(main: Any) -> None:
        main.close()
        raise OSError("no more files")

    monkeypatch.setattr(asyncio, "run", refuse)
    awaited = asyncio.sleep(0)
    with pytest.raises(OSError, match="no more files"):
        bridge.run(awaited)
    awaited.close()


def test_an_interrupted_caller_cancels_what_it_waited_for(bridge: Bridge) -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            os.kill(os.getpid(), 2)
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(KeyboardInterrupt):
        bridge.run(forever())
    assert ended.wait(5)


@pytest.mark.parametrize("arrives", [True, False], ids=["once it runs", "before it runs"])
def test_a_caller_interrupted_before_it_waits_cancels_it_all_the_same(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    began, ended = threading.Event(), threading.Event()
    schedule = asyncio.run_coroutine_threadsafe

    def interrupted(coroutine: Any, loop: asyncio.AbstractEventLoop) -> Any:
        schedule(coroutine, loop)
        if arrives:
            assert began.wait(5)
        raise KeyboardInterrupt

    async def forever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    bridge.run(asyncio.sleep(0))  # so that the loop is there
    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bridge.run(forever())
    monkeypatch.undo()
    bridge.run(asyncio.sleep(0.01))
    assert ended.is_set() is began.is_set()
    assert not arrives or began.is_set()


# ---- fork

FORKING = """
import asyncio, os, sys
from toolkit import Layer, run_sync
from tests.engine.wsgi import environ_of, get, hello

class Waits(Layer):
    async def request(self, exchange):
        await asyncio.sleep(0)
        exchange.scope["toolkit.loop"] = id(asyncio.get_running_loop())

def app(environ, start_response):
    run_sync(asyncio.sleep(0))
    start_response("200 OK", [])
    return [b"%d" % os.getpid()]

wrapped = Waits().wsgi(app)
if "used" in sys.argv:
    assert get(wrapped).body == b"%d" % os.getpid()
    run_sync(asyncio.sleep(0))
child = os.fork()
if child == 0:
    run_sync(asyncio.sleep(0))
    assert get(wrapped).body == b"%d" % os.getpid()
    wrapped.close()
    os._exit(7)
assert get(wrapped).body == b"%d" % os.getpid()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert get(wrapped).body == b"%d" % os.getpid()
wrapped.close()
print("well")
"""


@pytest.mark.parametrize("before", ["used", "unused"])
def test_each_process_has_its_loop(before: str) -> None:
    command = [sys.executable, "-c", FORKING, before]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.returncode) == ("well\n", 0), ended.stderr


def test_a_process_ends_while_a_loop_runs() -> None:
    program = "import asyncio; from toolkit import run_sync; run_sync(asyncio.sleep(0)); print('over')"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("over\n", "", 0)
