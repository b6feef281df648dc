"""What one of several processes does with a Redis store: `python -m tests.stores.redis_programs URL NUMBER BEGIN`.

It prints what came of it as one line of JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from toolkit.stores import GCRA, Claim, FullStore, Rate, Sliding, Window, open_store

HOUR = 3600 * 10**6
LIMIT = 120
KEYS = 60
ADDITIONS = 25
RATES: list[Rate] = [
    GCRA("burst", LIMIT, HOUR * 1000, LIMIT),
    Sliding("spread", LIMIT, HOUR * 1000),
    Window("w", LIMIT, 0, 10**15 * 3),
]
BACK = Window("back", LIMIT, 0, 10**15 * 3)


async def take(store: FullStore, number: int) -> list[str]:
    """The keys that it took of those that all want."""
    taken = await asyncio.gather(*(store.take(str(key)) for key in range(KEYS)))
    return [str(key) for key, item in enumerate(taken) if item]


async def add(store: FullStore, number: int) -> int:
    """Adds 1 some times to a number and to a log that all change, and returns how often it had to try again."""
    tries = 0
    for _ in range(ADDITIONS):
        while True:
            item = await store.get("n")
            if await store.replace("n", item and item.value, b"%d" % (int(item.value if item else 0) + 1)):
                break
            tries += 1
        while not await store.append("log", await store.last("log"), [b"%d" % number]):
            tries += 1
    return tries


async def limit(store: FullStore, number: int) -> dict[str, int]:
    """How often it passed each limit, all together, and one where it gives every other unit back."""
    passed = dict.fromkeys([*(rate.name for rate in RATES), "all", "back"], 0)
    for turn in range(40):
        alone = await asyncio.gather(*(store.reserve([Claim(rate, "k")]) for rate in RATES))
        for rate, decision in zip(RATES, alone, strict=True):
            passed[rate.name] += decision.allowed
        passed["all"] += (await store.reserve([Claim(rate, "all") for rate in RATES])).allowed
        decision = await store.reserve([Claim(BACK, "k")])
        if decision.reservation and turn % 2:
            await store.settle(decision.reservation, 0)
        passed["back"] += decision.allowed and not turn % 2
    return passed


PROGRAMS: dict[str, Callable[[FullStore, int], Awaitable[Any]]] = {"take": take, "add": add, "limit": limit}


async def main(url: str, number: int, begin: float) -> Any:
    store = open_store(url)
    await store.open()
    await asyncio.sleep(max(0.0, begin - time.time()))
    result = {name: await program(store, number) for name, program in PROGRAMS.items()}
    await store.close()
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))))
