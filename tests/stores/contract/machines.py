"""Random programs, run on a store and on a model that is as plain as can be."""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from toolkit.stores import Item, StoreError, Trimmed

from .clock import Clock, StoreFactory

PROGRAMS = settings(max_examples=50, stateful_step_count=30, deadline=None)
KEYS = st.sampled_from(["a", "b", "ü\0", "d"])
GROUPS = st.none() | st.sampled_from(["g", "h"])
VALUES = st.sampled_from([b"", b"1", b"2", b"\xff\0"])
SPACES = st.sampled_from(["", "one", "one/two"])
LIVES = st.none() | st.sampled_from([-1.0, 3600.0, 7200.0])
NAMES = st.sampled_from(["x", "y"])
EVENTS = st.lists(VALUES, min_size=1, max_size=4)


class Program(RuleBasedStateMachine):
    """A store, its clock, and a loop for its calls."""

    def __init__(self, store_factory: StoreFactory) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.store = self.run(_made(store_factory, self.clock))

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()

    @rule(seconds=st.sampled_from([0.5, 1800.0, 3600.0, 90000.0]))
    def wait(self, seconds: float) -> None:
        if not self.clock.real:
            self.run(self.clock.advance(seconds))


async def _made(store_factory: StoreFactory, clock: Clock) -> Any:
    store = store_factory(clock)
    await store.open()
    return store


class ValueProgram(Program):
    """The model: (namespace, key) to (value, expires, group)."""

    def __init__(self, store_factory: StoreFactory) -> None:
        super().__init__(store_factory)
        self.model: dict[tuple[str, str], tuple[bytes, float | None, str | None]] = {}

    def view(self, space: str) -> Any:
        return self.store.at(space) if space else self.store

    def held(self, space: str, key: str) -> tuple[bytes, float | None, str | None] | None:
        entry = self.model.get((space, key))
        return None if entry is None or (entry[1] is not None and entry[1] <= self.clock()) else entry

    def until(self, life: float | None) -> float | None:
        return None if life is None else self.clock() + life

    @rule(space=SPACES, key=KEYS, value=VALUES, life=LIVES, group=GROUPS)
    def put(self, space: str, key: str, value: bytes, life: float | None, group: str | None) -> None:
        expires = self.until(life)
        self.run(self.view(space).put(key, value, expires, group=group))
        self.model[space, key] = value, expires, group

    @rule(space=SPACES, key=KEYS)
    def get(self, space: str, key: str) -> None:
        self.same(self.run(self.view(space).get(key)), self.held(space, key))

    @rule(space=SPACES, key=KEYS, life=LIVES)
    def touch(self, space: str, key: str, life: float | None) -> None:
        expires, entry = self.until(life), self.held(space, key)
        assert self.run(self.view(space).touch(key, expires)) is (entry is not None)
        if entry is not None:
            self.model[space, key] = entry[0], expires, entry[2]

    @rule(space=SPACES, key=KEYS, change=st.tuples(st.none() | VALUES, VALUES), life=LIVES, group=GROUPS)
    def replace(self, space: str, key: str, change: Any, life: float | None, group: str | None) -> None:
        (old, new), expires, entry = change, self.until(life), self.held(space, key)
        matches = (None if entry is None else entry[0]) == old
        assert self.run(self.view(space).replace(key, old, new, expires, group=group)) is matches
        if matches:
            self.model[space, key] = new, expires, entry[2] if entry else group

    @rule(space=SPACES, key=KEYS)
    def take(self, space: str, key: str) -> None:
        self.same(self.run(self.view(space).take(key)), self.held(space, key))
        self.model.pop((space, key), None)

    @rule(space=SPACES, key=KEYS)
    def delete(self, space: str, key: str) -> None:
        assert self.run(self.view(space).delete(key)) is (self.held(space, key) is not None)
        self.model.pop((space, key), None)

    @rule(space=SPACES, group=st.sampled_from(["g", "h"]))
    def members(self, space: str, group: str) -> None:
        found = self.run(_listed(self.view(space).members(group)))
        entries = {key: self.held(space, key) for where, key in self.model if where == space}
        assert sorted((key, item.value) for key, item in found) == sorted(
            (key, entry[0]) for key, entry in entries.items() if entry and entry[2] == group
        )

    def same(self, item: Item | None, entry: tuple[bytes, float | None, str | None] | None) -> None:
        if entry is None or item is None:
            assert item is None
            assert entry is None
            return
        assert item.value == entry[0]
        assert (item.expires is None) is (entry[1] is None)
        assert abs((item.expires or 0) - (entry[1] or 0)) < 0.001


class LogProgram(Program):
    """The model: a name to its events and how many were trimmed."""

    def __init__(self, store_factory: StoreFactory) -> None:
        super().__init__(store_factory)
        self.model: dict[str, list[bytes]] = {}
        self.trimmed: dict[str, int] = {}

    @rule(name=NAMES, events=EVENTS, off=st.sampled_from([0, 0, 0, 1, -1]))
    def append(self, name: str, events: list[bytes], off: int) -> None:
        held = self.model.get(name, [])
        number = self.run(self.store.append(name, max(0, len(held) + off), events))
        if max(0, len(held) + off) != len(held):
            assert number is None
        else:
            self.model[name] = held + events
            assert number == len(self.model[name])

    @rule(name=NAMES, since=st.integers(0, 12))
    def read(self, name: str, since: int) -> None:
        held, first = self.model.get(name, []), self.trimmed.get(name, 0) + 1
        reading = _listed(self.store.read(name, since))
        if since > len(held):
            with pytest.raises(StoreError):
                self.run(reading)
        elif since + 1 < first:
            with pytest.raises(Trimmed) as trimmed:
                self.run(reading)
            assert trimmed.value.first == first
        else:
            assert self.run(reading) == list(enumerate(held[since:], since + 1))

    @rule(name=NAMES, upto=st.integers(0, 12))
    def trim(self, name: str, upto: int) -> None:
        self.run(self.store.trim(name, upto))
        self.trimmed[name] = max(self.trimmed.get(name, 0), min(upto, len(self.model.get(name, []))))

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        self.run(self.store.drop(name))
        self.model.pop(name, None)
        self.trimmed.pop(name, None)

    @rule(name=NAMES)
    def last(self, name: str) -> None:
        assert self.run(self.store.last(name)) == len(self.model.get(name, []))


async def _listed(found: Any) -> list[Any]:
    return [one async for one in found]


def run_programs(program: type[Program], store_factory: StoreFactory) -> None:
    def make() -> Program:
        return program(store_factory)

    run_state_machine_as_test(cast("Any", make), settings=PROGRAMS)
