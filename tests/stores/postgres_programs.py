"""Programs of six processes on one PostgreSQL store: `python -m tests.stores.postgres_programs NAME URL`.

Each forks before it opens anything, and prints what its children did as one line of JSON. None finds tables there: they
make them together.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.stores.postgres_scenes import new_store
from toolkit.stores import GCRA, Claim, Rate, Sliding, Window
from toolkit.stores.postgres import PostgresStore

HOUR = 3600 * 10**6
CHILDREN = 6
LIMIT = 60

Task = Callable[[PostgresStore, int], Awaitable[Any]]


def in_children(url: str, schema: str, task: Task, children: int = CHILDREN) -> list[Any]:
    """What the task returns in each of some processes that begin together."""
    begin = time.time() + 0.1 * (children > 1)
    pipes = [_child(url, schema, task, number, begin) for number in range(children)]
    results = [json.loads(_all_of(pipe)) for pipe in pipes]
    for _ in pipes:
        os.wait()
    return results


def _all_of(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def _child(url: str, schema: str, task: Task, number: int, begin: float) -> int:
    pipe, end = os.pipe()
    if os.fork():
        os.close(end)
        return pipe

    async def work() -> Any:
        own = new_store(url, schema=schema, pool=4)
        await asyncio.sleep(max(0.0, begin - time.time()))
        result = await task(own, number)
        await own.close()
        return result

    os.write(end, json.dumps(asyncio.run(work())).encode())
    os._exit(0)


def take(url: str, schema: str) -> Any:
    """Which of 60 keys each process took."""

    async def put(own: PostgresStore, number: int) -> None:
        await asyncio.gather(*(own.put(str(key), b"1") for key in range(number, 60, CHILDREN)))

    async def take_all(own: PostgresStore, _: int) -> list[str]:
        taken = await asyncio.gather(*(own.take(str(key)) for key in range(60)))
        return [str(key) for key, item in enumerate(taken) if item]

    in_children(url, schema, put)
    return in_children(url, schema, take_all)


def replace(url: str, schema: str) -> Any:
    """What 20 additions of 1 by each process come to, and a log that each appended 20 events to."""

    async def add(own: PostgresStore, number: int) -> None:
        for _ in range(20):
            item = await own.get("n")
            while not await own.replace("n", item and item.value, b"%d" % (int(item.value if item else 0) + 1)):
                item = await own.get("n")
            while not await own.append("log", await own.last("log"), [b"%d" % number]):
                pass

    async def result(own: PostgresStore, _: int) -> Any:
        item = await own.get("n")
        return item and item.value.decode(), [(number, event.decode()) async for number, event in own.read("log", 0)]

    in_children(url, schema, add)
    return in_children(url, schema, result, 1)[0]


def limits(url: str, schema: str) -> Any:
    """How often each process passed limits: alone, together in either order, and giving every other unit back."""
    start = int(time.time() * 10**6)
    window = Window("window", LIMIT, start, start + HOUR)
    rates: list[Rate] = [GCRA("burst", LIMIT, HOUR * 1000, LIMIT), Sliding("spread", LIMIT, HOUR * 1000), window]

    async def pass_all(own: PostgresStore, number: int) -> dict[str, int]:
        passed = {rate.name: 0 for rate in rates} | {"back": 0, "all": 0}
        for turn in range(LIMIT // 3):
            singles = [own.reserve([Claim(rate, "k")]) for rate in rates]
            together = [own.reserve([Claim(rate, "all") for rate in rates[:: -1 if number % 2 else 1]])]
            *decisions, both = await asyncio.gather(*singles, *together)
            for rate, decision in zip(rates, decisions, strict=True):
                passed[rate.name] += decision.allowed
            passed["all"] += both.allowed
            passed["back"] += await _every_other_back(own, Claim(window, "back"), turn)
        return passed

    async def left(own: PostgresStore, _: int) -> int:
        return (await own.peek([Claim(window, "back")])).verdicts[0].remaining

    return in_children(url, schema, pass_all), in_children(url, schema, left, 1)[0]


async def _every_other_back(own: PostgresStore, claim: Claim, turn: int) -> bool:
    decision = await own.reserve([claim])
    if decision.reservation and turn % 2:
        await own.settle(decision.reservation, 0)
    return decision.allowed and not turn % 2


if __name__ == "__main__":
    print(json.dumps({"take": take, "replace": replace, "limits": limits}[sys.argv[1]](*sys.argv[2:])))
