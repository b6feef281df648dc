"""The method: CPU time, shuffled rounds, differences taken within a round, and medians of those.

A case runs so many requests and says what they spent; what it prepares for them is not timed. It is asked for a few
requests at a time, so that each finds its own request in the processor's cache as if a server had just parsed it, and
again until a sample has lasted long enough. A round visits every row, in an order of its own, and samples the row's
subjects right after each other, in an order of its own: what disturbs one disturbs those that it is compared with.
"""

import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median, quantiles
from typing import NamedTuple

SEED = 20
SAMPLE_NS = 1_000_000
BARE = "bare app"
OURS = "toolkit"


class Spent(NamedTuple):
    """Nanoseconds that some requests took."""

    cpu: int
    wall: int


class Clock:
    """What has been spent since it was made: CPU time of the whole process, all threads, and time on the wall."""

    __slots__ = ("_cpu", "_wall")

    def __init__(self) -> None:
        self._wall = time.perf_counter_ns()
        self._cpu = time.process_time_ns()

    def spent(self) -> Spent:
        return Spent(time.process_time_ns() - self._cpu, time.perf_counter_ns() - self._wall)


Run = Callable[[int], Awaitable[Spent]]
Key = tuple[str, str, str]


async def nothing_to_check() -> None:
    """For cases that cannot give a wrong answer."""


@dataclass(frozen=True)
class Case:
    """One subject on one row of a group's table.

    Attributes:
        run: Serves so many requests. Returns what that took.
        check: Called once before anything is measured. Raises WrongAnswerError where the answer is not its row's.
        over: The subject of the same row whose time is subtracted, None for one that others are compared with.
        chunk: How many requests `run` is asked for at a time.
        sample_ns: How long one sample lasts at least, in nanoseconds of CPU time.
    """

    group: str
    row: str
    subject: str
    run: Run
    check: Callable[[], Awaitable[None]] = nothing_to_check
    over: str | None = BARE
    chunk: int = 64
    sample_ns: int = SAMPLE_NS

    @property
    def key(self) -> Key:
        return self.group, self.row, self.subject


class WrongAnswerError(Exception):
    """A subject does not do what its row says, so that its time would mean nothing."""

    def __init__(self, subject: str, row: str, answer: object) -> None:
        self.subject, self.row, self.answer = subject, row, answer
        super().__init__(f"{subject} gave a wrong answer to {row!r}: {answer}")


@dataclass(frozen=True)
class Figure:
    """Nanoseconds a request over all rounds. `spread` is the distance between the quartiles."""

    median: float
    minimum: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
        return cls(middle, min(values), high - low)


@dataclass(frozen=True)
class Result:
    """What was found out about one case.

    Attributes:
        calls: Requests in one sample.
        cpu: CPU time of a request.
        wall: Time on the wall.
        added: What the subject adds to the case it stands over: the differences within each round; its minimum is the
            difference of the two minima.
        ratio: How many times the toolkit's added cost on the same row this subject's is: the median over the rounds.
    """

    group: str
    row: str
    subject: str
    over: str | None
    calls: int
    cpu: Figure
    wall: Figure
    added: Figure | None
    ratio: float | None


class Samples(NamedTuple):
    """Nanoseconds a request, round by round."""

    chunks: int
    cpu: list[float]
    wall: list[float]


async def measure(cases: Sequence[Case], *, rounds: int, seed: int = SEED) -> list[Result]:
    """Measure cases against each other. Raises WrongAnswerError before any is measured."""
    for case in cases:
        await case.check()
    samples = {case.key: Samples(await _calibrate(case), [], []) for case in cases}
    rows = [[*in_row] for _, in_row in groupby(cases, lambda case: case.row)]
    shuffle = random.Random(seed).shuffle
    gc.collect()
    gc.freeze()  # what was imported and built is not searched again before every sample
    try:
        for _ in range(rounds):
            shuffle(rows)
            for row in rows:
                shuffle(row)
                await _visit(row, samples)
    finally:
        gc.unfreeze()
    return list(_results(cases, samples))


async def _calibrate(case: Case) -> int:
    """How many chunks make a sample. The first only warm up: the interpreter specialises what it has seen before."""
    for _ in range(3):
        await case.run(case.chunk)
    total = chunks = 0
    while total < case.sample_ns:
        total += (await case.run(case.chunk)).cpu
        chunks += 1
    return chunks


async def _visit(row: Sequence[Case], samples: Mapping[Key, Samples]) -> None:
    """One sample of each subject of a row, with nothing in between."""
    gc.collect()
    gc.disable()
    try:
        for case in row:
            await _sample(case, samples[case.key])
    finally:
        gc.enable()


async def _sample(case: Case, into: Samples) -> None:
    spent = [await case.run(case.chunk) for _ in range(into.chunks)]
    calls = into.chunks * case.chunk
    into.cpu.append(sum(one.cpu for one in spent) / calls)
    into.wall.append(sum(one.wall for one in spent) / calls)


def _results(cases: Sequence[Case], samples: Mapping[Key, Samples]) -> Iterator[Result]:
    added = {case.key: _added(case, samples) for case in cases if case.over is not None}
    for case in cases:
        chunks, cpu, wall = samples[case.key]
        mine, ours = added.get(case.key), added.get((case.group, case.row, OURS))
        figure = _figure(case, mine, samples) if mine else None
        ratio = median(one / other for one, other in zip(mine, ours, strict=True)) if mine and ours else None
        yield Result(*case.key, case.over, chunks * case.chunk, Figure.of(cpu), Figure.of(wall), figure, ratio)


def _figure(case: Case, added: Sequence[float], samples: Mapping[Key, Samples]) -> Figure:
    """Its minimum is that of two fastest samples' difference, not the least difference, which would be noise alone."""
    over = samples[case.group, case.row, case.over or ""]
    return replace(Figure.of(added), minimum=min(samples[case.key].cpu) - min(over.cpu))


def _added(case: Case, samples: Mapping[Key, Samples]) -> list[float]:
    over = samples[case.group, case.row, case.over or ""]
    return [mine - theirs for mine, theirs in zip(samples[case.key].cpu, over.cpu, strict=True)]
