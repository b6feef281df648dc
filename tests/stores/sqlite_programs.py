"""Programs of several processes on one SQLite store: `python -m tests.stores.sqlite_programs NAME FILE`.

Each forks before it opens anything, and prints what its children did as one line of JSON.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from toolkit.stores import GCRA, Claim, Decision, Sliding, Window, open_store
from toolkit.stores.sqlite import SQLiteStore
from toolkit.stores.sqlite.errors import Busy

HOUR = 3600 * 10**6
CHILDREN = 6
ROUNDS = 20
LIMIT = 120
BURST = GCRA("burst", LIMIT, HOUR * 1000, LIMIT)
SPREAD = Sliding("spread", LIMIT, HOUR * 1000)

Task = Callable[[SQLiteStore, int], Awaitable[Any]]


def store(path: str) -> SQLiteStore:
    opened = open_store(f"sqlite:///{path}?timeout=30")
    assert isinstance(opened, SQLiteStore)
    return opened


def in_children(path: str, task: Task, children: int = CHILDREN) -> list[Any]:
    """What the task returns in each of some processes that begin together."""
    begin = time.time() + 0.1 * (children > 1)
    pipes = [_child(path, task, number, begin) for number in range(children)]
    results = [json.loads(_all_of(pipe)) for pipe in pipes]
    for _ in pipes:
        os.wait()
    return results


def in_one(path: str, task: Callable[[SQLiteStore], Awaitable[Any]]) -> Any:
    return in_children(path, lambda own, _: task(own), 1)[0]


def _all_of(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def _child(path: str, task: Task, number: int, begin: float) -> int:
    pipe, end = os.pipe()
    if os.fork():
        os.close(end)
        return pipe

    async def work() -> Any:
        own = store(path)
        await asyncio.sleep(max(0.0, begin - time.time()))
        result = await task(own, number)
        await own.close()
        return result

    os.write(end, json.dumps(asyncio.run(work())).encode())
    os._exit(0)


def begin(path: str) -> Any:
    """What each process finds whose first use makes the files, several times over."""

    async def use(own: SQLiteStore, number: int) -> list[Any]:
        await asyncio.gather(own.open(), own.put(f"k{number}", b"1"))
        item = await own.get(f"k{number}")
        return [item and item.value.decode(), (await own.reserve([Claim(BURST, "k")])).allowed]

    return [in_children(f"{path}{turn}", use) for turn in range(10)]


def take(path: str) -> Any:
    """Which of 60 keys each process took."""

    async def fill(own: SQLiteStore) -> None:
        await asyncio.gather(*(own.put(str(number), b"1") for number in range(60)))

    async def take_all(own: SQLiteStore, number: int) -> list[str]:
        taken = await asyncio.gather(*(own.take(str(key)) for key in range(60)))
        return [str(key) for key, item in enumerate(taken) if item]

    in_one(path, fill)
    return in_children(path, take_all)


def replace(path: str) -> Any:
    """What 15 additions of 1 by each process come to, and where a log ends that each appended 15 events to."""

    async def add(own: SQLiteStore, number: int) -> None:
        for _ in range(15):
            item = await own.get("n")
            while not await own.replace("n", item and item.value, b"%d" % (int(item.value if item else 0) + 1)):
                item = await own.get("n")
            last = await own.last("log")
            while not await own.append("log", last, [b"%d" % number]):
                last = await own.last("log")

    async def result(own: SQLiteStore) -> Any:
        item = await own.get("n")
        events = [(number, event.decode()) async for number, event in own.read("log", 0)]
        return item and item.value.decode(), events

    in_children(path, add)
    return in_one(path, result)


def limits(path: str) -> Any:
    """How often each process passed three limits: alone, all together, and giving every other unit back."""
    start = int(time.time() * 10**6)
    window = Window("window", LIMIT, start, start + HOUR)

    async def pass_all(own: SQLiteStore, number: int) -> dict[str, int]:
        passed = {rate.name: 0 for rate in (BURST, SPREAD, window)} | {"back": 0, "all": 0}
        for turn in range(60):
            for rate in (BURST, SPREAD, window):
                claims = [Claim(rate, "k")]
                decision = _now(own, claims) if turn % 2 else None
                passed[rate.name] += (decision or await own.reserve(claims)).allowed
            passed["all"] += (await own.reserve([Claim(rate, "all") for rate in (BURST, SPREAD, window)])).allowed
            passed["back"] += await _every_other_back(own, Claim(window, "back"), turn)
        return passed

    async def left(own: SQLiteStore) -> int:
        return (await own.peek([Claim(window, "back")])).verdicts[0].remaining

    return in_children(path, pass_all), in_one(path, left)


def _now(own: SQLiteStore, claims: list[Claim]) -> Decision | None:
    """None if the others kept the lock for too long: then nothing was counted."""
    try:
        return own.reserve_now(claims)
    except Busy:
        return None


async def _every_other_back(own: SQLiteStore, claim: Claim, turn: int) -> bool:
    decision = await own.reserve([claim])
    if decision.reservation and turn % 2:
        await own.settle(decision.reservation, 0)
    return decision.allowed and not turn % 2


def crash(path: str) -> Any:
    """How many writes were acknowledged before each of 20 processes was killed amid them. All have to be there."""
    random = Random(path)
    kept: dict[str, int] = {}
    counts = []
    for number in range(ROUNDS):
        acknowledged = _killed(path, number, 0.01 + random.random() / 20)
        counts.append(len(acknowledged))
        for line in acknowledged:
            name, _, value = line.partition("=")
            kept[name] = max(kept.get(name, 0), int(value))
        _require_sound(path, kept)
    return counts


def _killed(path: str, number: int, after: float) -> list[str]:
    """What a process said to be written before it was killed, so many seconds after the first of it."""
    pipe, end = os.pipe()
    child = os.fork()
    if not child:
        asyncio.run(_write_on(path, number, end))
    os.close(end)
    said = os.read(pipe, 1000)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    said += _all_of(pipe)
    os.waitpid(child, 0)
    return said.decode().split("\n")[:-1]


async def _write_on(path: str, number: int, end: int) -> None:
    own = store(path)
    own.reserve_now([Claim(BURST, "k")])

    async def put(worker: int) -> None:
        for count in range(100_000):
            await own.put(f"{number}-{worker}-{count}", b"%d" % count * 100)
            os.write(end, b"%d-%d-%d=%d\n" % (number, worker, count, count))
            await own.reserve([Claim(BURST, f"{number}-{worker}-{count}")])

    async def append() -> None:
        while True:
            last = await own.append("log", await own.last("log"), [b"x" * 50] * 3)
            os.write(end, b"log=%d\n" % (last or 0))

    await asyncio.gather(*(put(worker) for worker in range(8)), append())


def _require_sound(path: str, kept: dict[str, int]) -> None:
    for file in (path, path + "-counters"):
        connection = sqlite3.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()

    async def look(own: SQLiteStore) -> None:
        numbers = [number async for number, _ in own.read("log", 0)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= kept.get("log", 0)
        for name, value in kept.items():
            item = await own.get(name)
            assert name == "log" or (item and item.value == b"%d" % value * 100)

    in_one(path, look)


def append(path: str) -> Any:
    """Ten events, one every 20 ms."""

    async def say(own: SQLiteStore) -> None:
        for number in range(10):
            await own.append("log", number, [b"%d" % number])
            await asyncio.sleep(0.02)

    return in_one(path, say)


def hold(path: str) -> Any:
    """Keep the database locked until the input ends."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.read()
    connection.close()


def leave(path: str) -> Any:
    """End with writes under way whose callers are gone, and without closing the store."""

    async def put() -> None:
        own = store(path)
        await own.open()
        writing = [asyncio.ensure_future(own.put(key, b"1")) for key in "abc"]
        await asyncio.sleep(0)
        for one in writing:
            one.cancel()
        globals()["kept"] = own

    return asyncio.run(put())


PROGRAMS = {task.__name__: task for task in (begin, take, replace, limits, crash, append, hold, leave)}

if __name__ == "__main__":
    print(json.dumps(PROGRAMS[sys.argv[1]](sys.argv[2])))
