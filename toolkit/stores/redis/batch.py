"""Calls on counters that come in one turn of the event loop, sent as one.

Each call remains all or none by itself. Where the one command fails, all its calls fail. What was reserved for a caller
who was cancelled meanwhile is given back.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from toolkit.stores.contracts import StoreError
from toolkit.stores.decisions import Outcome
from toolkit.stores.rates import GCRA, Rate, Sliding
from toolkit.stores.redis import errors
from toolkit.stores.redis.client import Client
from toolkit.stores.redis.scripts import COUNTERS

_MOST = 256  # claims in one command: a millisecond or two of the server's time
_FOREIGN = b"!"


class Entry(NamedTuple):
    """One counter of a call: its key in Redis, its rate, and what is done with it."""

    key: str
    rate: Rate
    details: Mapping[str, Any]


class Answer(NamedTuple):
    """The server's time in µs, and what became of each entry; `found` and `left` are both the state to tell of."""

    now: int
    outcomes: list[Outcome]


class Call(NamedTuple):
    """One call, and its answer to come."""

    name: str
    entries: Sequence[Entry]
    answer: asyncio.Future[Answer]


class Batch:
    """The calls of one namespace in one event loop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: list[Call] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, name: str, entries: Sequence[Entry]) -> Answer:
        """The answer to one call: reserve, peek, settle or reset."""
        call = self._add(name, entries)
        try:
            return await call.answer
        except asyncio.CancelledError:
            if not call.answer.cancelled() and call.answer.exception() is None:
                self._give_back(call, call.answer.result().outcomes)
            raise

    def _add(self, name: str, entries: Sequence[Entry]) -> Call:
        """The first of a turn makes a task, which starts in the next turn and takes all that wait along."""
        call = Call(name, entries, asyncio.get_running_loop().create_future())
        if not self._waiting:
            task = asyncio.ensure_future(self._send_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._waiting.append(call)
        return call

    async def _send_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            for calls in _portions(waiting):
                await self._send(calls)
        finally:
            self._fail(waiting, StoreError("the event loop ended before the answer came", self._client.url))

    async def _send(self, calls: Sequence[Call]) -> None:
        keys, text = pack([(call.name, call.entries) for call in calls])
        try:
            now, outcomes = await self._client.run(COUNTERS, keys, (text,), unpack)
        except StoreError as error:
            self._fail(calls, error)
            return
        told = iter(outcomes)
        for call in calls:
            self._tell(call, now, [next(told) for _ in call.entries])

    def _tell(self, call: Call, now: int, outcomes: Sequence[Outcome | None]) -> None:
        known = [outcome for outcome in outcomes if outcome is not None]
        if len(known) < len(outcomes):
            self._fail([call], StoreError(errors.FOREIGN, self._client.url))
        elif call.answer.done():
            self._give_back(call, known)
        else:
            call.answer.set_result(Answer(now, known))

    def _fail(self, calls: Iterable[Call], error: StoreError) -> None:
        for call in calls:
            if not call.answer.done():
                call.answer.set_exception(errors.another(error))

    def _give_back(self, call: Call, outcomes: Sequence[Outcome]) -> None:
        """Undo a reservation that nobody waits for any more."""
        claims = list(zip(call.entries, outcomes, strict=True))
        if call.name != "reserve" or not all(outcome.allowed or claim.details["shadow"] for claim, outcome in claims):
            return
        entries = [
            Entry(claim.key, claim.rate, {"mark": outcome.left, "extra": -claim.details["cost"]})
            for claim, outcome in claims
            if outcome.allowed
        ]
        if entries:
            self._add("settle", entries).answer.add_done_callback(_ignore)


def pack(calls: Sequence[tuple[str, Sequence[Entry]]]) -> tuple[tuple[str, ...], str]:
    """The keys and the text that the script takes."""
    places: dict[str, int] = {}
    packed = [
        {
            "do": name,
            "claims": [
                {"key": places.setdefault(key, len(places) + 1), **_described(rate), **details}
                for key, rate, details in entries
            ],
        }
        for name, entries in calls
    ]
    return tuple(places), json.dumps(packed, separators=(",", ":"))


def unpack(reply: bytes) -> tuple[int, list[Outcome | None]]:
    """The time, and the outcomes in order; None for a key that is somebody else's. Raises ValueError for other text."""
    now, *lines = reply.split(b"\n")
    return int(now), [_outcome(line) for line in lines]


def _outcome(line: bytes) -> Outcome | None:
    if line == _FOREIGN:
        return None
    allowed, *numbers = line.split()
    state = tuple(map(int, numbers)) or None
    return Outcome(allowed == b"1", state, state)


def _described(rate: Rate) -> dict[str, Any]:
    if isinstance(rate, GCRA):
        return {"kind": "gcra", "interval": rate.interval, "capacity": rate.capacity}
    if isinstance(rate, Sliding):
        shape = {"limit": rate.limit, "period": rate.period, "slice": rate.slice, "slices": rate.slices}
        return {"kind": "sliding", **shape}
    return {"kind": "window", "limit": rate.limit, "start": rate.start, "finish": rate.end}


def _portions(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """The calls whose callers still wait, a few at a time."""
    portion: list[Call] = []
    size = 0
    for call in calls:
        if call.answer.done():
            continue
        if portion and size + len(call.entries) > _MOST:
            yield portion
            portion, size = [], 0
        portion.append(call)
        size += len(call.entries)
    if portion:
        yield portion


def _ignore(answer: asyncio.Future[Answer]) -> None:
    """Units that cannot be given back remain counted."""
    if not answer.cancelled():
        answer.exception()
