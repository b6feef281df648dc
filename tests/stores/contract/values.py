"""What every `Store` does. Star-import it where a fixture `store_factory` returns a `StoreFactory`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from toolkit.stores import Item, StoreError

from .clock import Clock, StoreFactory, run
from .machines import ValueProgram, run_programs

Scenario = Callable[[Any, Clock], Awaitable[None]]

MIB = 2**20
KEYS = ["k", " ", "\0", "a\nb", "a:b/c*?[]{}%_\\'\"", "ü", "\U0001f511", "K", "x" * 512, "ü" * 256, "\ufeff", "e\u0301"]
NO_KEYS = ["", "x" * 513, "ü" * 257, "\ud800", "a\udfffb"]
NO_EXPIRES = [float("nan"), float("inf"), float("-inf"), 10**400]
NO_NAMESPACES = ["", "A", "a b", "é", "a/", "/a", "a//b", "..", "x" * 65, "a\n", "*"]


@asynccontextmanager
async def opened(store_factory: StoreFactory, clock: Clock) -> AsyncIterator[Any]:
    store = store_factory(clock)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def with_store(store_factory: StoreFactory, scenario: Scenario) -> None:
    async def scene() -> None:
        clock = Clock()
        async with opened(store_factory, clock) as store:
            await scenario(store, clock)

    run(scene())


async def group_of(store: Any, group: str) -> dict[str, bytes]:
    """What a group holds; a key that comes twice fails."""
    found = [(key, item.value) async for key, item in store.members(group)]
    assert len(dict(found)) == len(found)
    return dict(found)


async def values_of(store: Any, *keys: str) -> list[bytes | None]:
    items = [await store.get(key) for key in keys]
    return [item and item.value for item in items]


def test_random_programs_on_values(store_factory: StoreFactory) -> None:
    run_programs(ValueProgram, store_factory)


def test_what_is_put_is_got(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert await store.get("k") is None
        assert await store.put("k", b"1") is None
        assert await store.get("k") == Item(b"1", None)
        expires = clock() + 60.25
        await store.put("k", b"2", expires)
        item = await store.get("k")
        assert isinstance(item, Item)
        assert item.value == b"2"
        assert item.expires == pytest.approx(expires, abs=0.001)
        await store.put("k", b"3")
        assert await store.get("k") == Item(b"3", None)

    with_store(store_factory, scene)


def test_any_text_is_a_key(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for number, key in enumerate(KEYS):
            await store.put(key, b"%d" % number, group=key)
        for number, key in enumerate(KEYS):
            assert await store.get(key) == Item(b"%d" % number, None)
            assert await group_of(store, key) == {key: b"%d" % number}
        assert await store.take("K") == Item(b"7", None)
        assert await values_of(store, "k", "K", "é") == [b"0", None, None]

    with_store(store_factory, scene)


@pytest.mark.parametrize("key", NO_KEYS, ids=ascii)
def test_what_is_no_key(store_factory: StoreFactory, key: str) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for use in (store.get, store.take, store.delete, lambda key: store.put(key, b""), group(store)):
            with pytest.raises(ValueError, match=r"key|group"):
                await use(key)
        for use in (lambda key: store.touch(key, None), lambda key: store.replace(key, None, b"")):
            with pytest.raises(ValueError, match="key"):
                await use(key)

    def group(store: Any) -> Callable[[str], Awaitable[Any]]:
        return lambda name: store.put("k", b"", group=name)

    with_store(store_factory, scene)


@pytest.mark.parametrize("expires", NO_EXPIRES, ids=lambda number: str(number)[:4])
def test_what_is_no_expiry(store_factory: StoreFactory, expires: float) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.put("k", b"1")
        with pytest.raises(ValueError, match="expir"):
            await store.put("k", b"2", expires)
        with pytest.raises(ValueError, match="expir"):
            await store.touch("k", expires)
        with pytest.raises(ValueError, match="expir"):
            await store.replace("k", b"1", b"2", expires)
        assert await store.get("k") == Item(b"1", None)

    with_store(store_factory, scene)


@pytest.mark.parametrize("value", [b"", b"\0\xff\n", bytes(range(256)) * 4096], ids=["empty", "short", "1 MiB"])
def test_any_bytes_are_a_value(store_factory: StoreFactory, value: bytes) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.put("k", value)
        assert await store.get("k") == Item(value, None)
        assert await store.replace("k", value, value + b"!")
        assert not await store.replace("k", value, b"")
        assert await store.take("k") == Item(value + b"!", None)

    with_store(store_factory, scene)


def test_values_have_at_most_16_mib(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.put("k", bytes(16 * MIB))
        assert await store.get("k") == Item(bytes(16 * MIB), None)
        with pytest.raises(ValueError, match="bytes"):
            await store.put("k", bytes(16 * MIB + 1))
        with pytest.raises(ValueError, match="bytes"):
            await store.replace("new", None, bytes(16 * MIB + 1))
        with pytest.raises(TypeError):
            await store.put("k", "text")
        assert await store.get("new") is None

    with_store(store_factory, scene)


def test_what_has_expired_is_absent(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        end = clock() + 0.5
        for key in ("get", "touch", "take", "delete", "old"):
            await store.put(key, b"1", end, group="g")
        await store.put("later", b"1", end + 60, group="g")
        assert len(await group_of(store, "g")) == 6
        await clock.advance(0.5)
        assert await store.get("get") is None
        assert await store.take("take") is None
        assert await store.touch("touch", None) is False
        assert await store.delete("delete") is False
        assert await store.replace("old", b"1", b"2") is False
        assert await group_of(store, "g") == {"later": b"1"}
        assert await store.replace("old", None, b"2") is True

    with_store(store_factory, scene)


def test_an_expiry_in_the_past_makes_a_key_absent(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for past in (clock() - 1, 0, -1.5, -1e300):
            await store.put("put", b"1", past, group="g")
            await store.put("touch", b"1", group="g")
            await store.put("replace", b"1", group="g")
            assert await store.touch("touch", past) is True
            assert await store.replace("replace", b"1", b"2", past) is True
            assert await store.replace("new", None, b"2", past, group="g") is True
            assert await values_of(store, "put", "touch", "replace", "new") == [None] * 4
            assert await group_of(store, "g") == {}

    with_store(store_factory, scene)


def test_expiries_far_away(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for far in (clock() + 100 * 365 * 86400, 1e300):
            await store.put("k", b"1", far, group="g")
            item = await store.get("k")
            assert item is not None
            assert item.expires is not None
            assert item.expires > clock() + 99 * 365 * 86400
            assert await group_of(store, "g") == {"k": b"1"}

    with_store(store_factory, scene)


def test_touch_changes_the_expiry_alone(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert await store.touch("k", clock() + 60) is False
        assert await store.get("k") is None
        await store.put("k", b"1", clock() + 0.5, group="g")
        assert await store.touch("k", clock() + 60) is True
        await clock.advance(0.5)
        assert await group_of(store, "g") == {"k": b"1"}
        assert await store.touch("k", None) is True
        assert await store.get("k") == Item(b"1", None)

    with_store(store_factory, scene)


def test_replace_compares_first(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        assert await store.replace("k", b"0", b"1") is False
        assert await store.replace("k", None, b"1", group="g") is True
        assert await store.replace("k", None, b"2", group="h") is False
        assert await store.replace("k", b"1 ", b"2") is False
        assert await store.get("k") == Item(b"1", None)
        assert await store.replace("k", b"1", b"2", clock() + 60, group="h") is True
        assert await group_of(store, "g") == {"k": b"2"}
        assert await group_of(store, "h") == {}
        assert await store.replace("k", b"2", b"2") is True
        assert await store.get("k") == Item(b"2", None)

    with_store(store_factory, scene)


def test_take_and_delete(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.put("k", b"1", group="g")
        assert await store.take("k") == Item(b"1", None)
        assert await store.take("k") is None
        await store.put("k", b"2", group="g")
        assert await store.delete("k") is True
        assert await store.delete("k") is False
        assert await group_of(store, "g") == {}

    with_store(store_factory, scene)


def test_put_moves_a_key_to_its_new_group(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await store.put("k", b"1", group="g")
        await store.put("k", b"2", group="h")
        assert (await group_of(store, "g"), await group_of(store, "h")) == ({}, {"k": b"2"})
        await store.put("k", b"3")
        assert await group_of(store, "h") == {}
        await store.put("k", b"4", group="g")
        await store.take("k")
        await store.replace("k", None, b"5")
        assert await group_of(store, "g") == {}

    with_store(store_factory, scene)


def test_namespaces_are_apart(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        views = [store, store.at("a"), store.at("b"), store.at("a").at("b"), store.at("a-b_0")]
        for number, view in enumerate(views):
            await view.put("k", b"%d" % number, group="g")
        for number, view in enumerate(views):
            assert await group_of(view, "g") == {"k": b"%d" % number}
        assert await store.at("a/b").get("k") == Item(b"3", None)
        assert await store.at("a").get("b/k") is None
        assert await store.at("a").delete("k") is True
        assert await values_of(store, "k", "a/k") == [b"0", None]
        assert await store.at("b").get("k") == Item(b"2", None)

    with_store(store_factory, scene)


@pytest.mark.parametrize("namespace", NO_NAMESPACES, ids=ascii)
def test_what_is_no_namespace(store_factory: StoreFactory, namespace: str) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        with pytest.raises(ValueError, match="namespace"):
            store.at(namespace)

    with_store(store_factory, scene)


def test_members_while_others_write(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        await asyncio.gather(*(store.put(f"k{number}", b"1", group="g") for number in range(250)))
        seen = []
        async for key, _ in store.members("g"):
            seen.append(key)
            await store.delete(key)
            await store.put(f"new{key}", b"1", group="g" if len(seen) < 20 else "other")
        assert len(seen) == len(set(seen))
        assert {f"k{number}" for number in range(250)} <= set(seen)

    with_store(store_factory, scene)


def test_exactly_one_takes(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for _ in range(10):
            await store.put("k", b"1")
            taken = await asyncio.gather(*(store.take("k") for _ in range(20)))
            assert [item for item in taken if item] == [Item(b"1", None)]

    with_store(store_factory, scene)


def test_no_replacement_is_lost(store_factory: StoreFactory) -> None:
    async def add_one(store: Any) -> None:
        while True:
            item = await store.get("n")
            old = item and item.value
            if await store.replace("n", old, b"%d" % (int(old or 0) + 1)):
                return

    async def scene(store: Any, clock: Clock) -> None:
        await asyncio.gather(*(add_one(store) for _ in range(30)))
        assert await store.get("n") == Item(b"30", None)

    with_store(store_factory, scene)


def test_a_cancelled_call_leaves_the_store_sound(store_factory: StoreFactory) -> None:
    async def scene(store: Any, clock: Clock) -> None:
        for number in range(30):
            await store.put(f"k{number}", b"%d" % number)
        calls = [asyncio.ensure_future(store.get(f"k{number}")) for number in range(30)]
        for turn, call in enumerate(calls):
            await asyncio.sleep(0)
            if turn % 2:
                call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await values_of(store, *(f"k{number}" for number in range(30))) == [b"%d" % n for n in range(30)]

    with_store(store_factory, scene)


def test_a_closed_store_says_so(store_factory: StoreFactory) -> None:
    async def scene() -> None:
        store = store_factory(Clock())
        await store.put("k", b"1")  # it opens itself
        await store.open()
        view = store.at("a")
        await view.close()
        await store.close()
        for call in (store.get("k"), store.put("k", b"2"), view.take("k"), store.replace("k", None, b"1")):
            with pytest.raises(StoreError):
                await call
        with pytest.raises(StoreError):
            await group_of(view, "g")

    run(scene())


def test_to_close_what_was_never_opened(store_factory: StoreFactory) -> None:
    async def scene() -> None:
        store = store_factory(Clock())
        await store.close()
        with pytest.raises(StoreError):
            await store.get("k")

    run(scene())
