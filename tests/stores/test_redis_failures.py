"""What goes wrong between a store and Redis, what is told of it, and what is left afterwards."""

import asyncio
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from redis.exceptions import ResponseError

from tests.databases import Redis
from tests.processes import free_port
from tests.proxy import Proxy
from tests.stores.redis_stores import made, opened, raw
from toolkit.stores import GCRA, Claim, Item, StoreError
from toolkit.stores.redis.errors import store_error
from toolkit.stores.urls import parse_url

DAY = 86_400_000_000
RATE = GCRA("g", 10**6, 30 * DAY, 10**6)
SECRET = "hünter2/@:?"
CALLS: dict[str, Callable[[Any], Any]] = {
    "open": lambda store: store.open(),
    "get": lambda store: store.get("k"),
    "put": lambda store: store.put("k", b"1"),
    "take": lambda store: store.take("k"),
    "members": lambda store: anext(store.members("g")),
    "reserve": lambda store: store.reserve([Claim(RATE, "k")]),
    "append": lambda store: store.append("x", 0, [b"1"]),
    "follow": lambda store: anext(store.read("x", 0, follow=True)),
}
ASKED_TWICE = (CALLS["get"], CALLS["members"])  # where the connection is taken to have broken off
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
NewRedis = Callable[..., Redis]


@pytest.fixture
def proxy(redis_server: Redis) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", redis_server.port) as between:
        yield between


async def failure_of(call: Any) -> StoreError:
    """The error that a call raises, which shows no password wherever it is printed."""
    with pytest.raises(StoreError) as told:
        await call
    shown = "".join(traceback.format_exception(told.value)) + repr(told.value)
    assert SECRET not in shown
    assert "h%C3%BCnter2" not in shown
    return told.value


async def in_the_end(call: Callable[[], Any], seconds: float = 30) -> Any:
    """What a call returns once it works again."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await call()
            except StoreError:
                await asyncio.sleep(0.01)


@each_call
async def test_nobody_listens(call: Any) -> None:
    store = made(f"redis://:secret@127.0.0.1:{free_port()}")
    failure = await failure_of(call(store))
    assert failure.reason == "it cannot be reached"
    assert "secret" not in str(failure)
    assert ":***@127.0.0.1" in str(failure)
    assert failure.__cause__ is not None
    await store.close()


@each_call
@pytest.mark.parametrize(
    ("login", "reason"),
    [
        (":wrong@", "the server refuses the user or the password"),
        ("user:h%C3%BCnter2%2F%40%3A%3F@", "the server refuses the user or the password"),
        ("", "the server wants a password"),
    ],
    ids=["wrong", "unknown user", "none"],
)
async def test_passwords(protected: Redis, call: Any, login: str, reason: str) -> None:
    store = made(f"redis://{login}127.0.0.1:{protected.port}")
    failure = await failure_of(call(store))
    assert failure.reason == reason
    await store.close()


@pytest.fixture(scope="module")
def protected() -> Iterator[Redis]:
    with Redis(password=SECRET) as server:
        yield server


@pytest.mark.parametrize(("text", "kept"), [("broken", True), (f"unknown command 'AUTH', with args '{SECRET}'", False)])
def test_a_cause_that_tells_the_password_is_not_kept(text: str, kept: bool) -> None:
    failure = store_error(ResponseError(text), parse_url(f"redis://:{quote(SECRET, safe='')}@h"))
    assert (failure.__cause__ is not None) is kept


async def test_the_right_password(protected: Redis) -> None:
    for url in (protected.url, protected.unix_url):
        async with opened(url) as store:
            await store.put("k", b"1")
            assert SECRET not in repr(store)
            assert "***" in repr(store)


async def test_a_database_that_is_not_there(redis_server: Redis) -> None:
    store = made(redis_server.url.replace("/0", "/99"))
    assert (await failure_of(store.open())).reason == "the server has no database of that number"
    await store.close()


async def test_no_tls_there(redis_server: Redis) -> None:
    store = made(f"rediss://127.0.0.1:{redis_server.port}", timeout=0.5)
    failure = await failure_of(store.open())
    assert failure.reason in {
        "no TLS connection can be made: its certificate is refused, or the port speaks no TLS",
        "it cannot be reached",
        "there was no answer in time",
    }
    await store.close()


async def test_too_many_clients(new_redis: NewRedis) -> None:
    server = new_redis(settings={"maxclients": "1"})
    with raw(server) as client:
        client.ping()
        store = made(server.url)
        reason = (await failure_of(store.open())).reason
        assert "raise its maxclients" in reason or "broke off" in reason  # its last word may be lost with it
        await store.close()


@each_call
async def test_a_paused_server(new_redis: NewRedis, call: Any) -> None:
    server = new_redis()
    async with opened(server.url, timeout=0.4, cooldown=0.01) as store:
        server.pause()
        began = time.monotonic()
        assert (await failure_of(call(store))).reason == "there was no answer in time"
        assert 0.35 < time.monotonic() - began < 5
        server.resume()
        await in_the_end(store.open)
        assert await store.get("other") is None


@pytest.mark.parametrize("reply", ["garbled", "cut"])
@each_call
async def test_an_answer_that_is_none(redis_server: Redis, proxy: Proxy, call: Any, reply: str) -> None:
    async with opened(f"redis://127.0.0.1:{proxy.port}", cooldown=0.01, timeout=2) as store:
        await store.put("k", b"v" * 50, group="g")
        if reply == "cut":
            await cut(proxy, store, call)
        else:
            proxy.garble(3)
            if call in ASKED_TWICE:
                await call(store)
            else:
                await failure_of(call(store))
            proxy.heal()
        assert await in_the_end(lambda: store.get("k")) in (None, Item(b"v" * 50, None), Item(b"1", None))
        assert await in_the_end(lambda: store.last("x")) in (0, 1)


async def cut(proxy: Proxy, store: Any, call: Any) -> None:
    """The connection is reset after the server heard, and before its answer arrives."""
    proxy.drop()
    calling = asyncio.ensure_future(call(store))
    await asyncio.sleep(0.05)
    proxy.heal()
    with suppress(StoreError, StopAsyncIteration):  # what may be asked twice is
        await asyncio.wait_for(calling, 10 if call is not CALLS["follow"] else 0.2)


async def test_kept_connections_that_were_reset(redis_server: Redis, proxy: Proxy) -> None:
    async with opened(f"redis://127.0.0.1:{proxy.port}") as store:
        for _ in range(20):
            await asyncio.gather(*(store.put("k", b"1") for _ in range(5)))
            proxy.reset()
            assert await store.get("k") == Item(b"1", None)  # may be sent twice, and is


async def test_a_server_without_memory(new_redis: NewRedis) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        await store.put("k", b"before", group="g")
        decision = await store.reserve([Claim(RATE, "k")])
        assert decision.reservation is not None
        await store.append("x", 0, [b"1"])
        with raw(server) as client:
            client.config_set("maxmemory", 1)
        calls = (
            store.put("k", b"after", group="h"),
            store.put("new", b"1"),
            store.replace("k", b"before", b"after"),
            store.touch("k", time.time() + 9),
            store.reserve([Claim(RATE, "k"), Claim(RATE, "l")]),
            store.settle(decision.reservation, 5),
            store.append("x", 1, [b"2"]),
        )
        for call in calls:
            assert (
                await failure_of(call)
            ).reason == "Redis is out of memory and may evict nothing: raise its maxmemory"
        assert await store.get("k") == Item(b"before", None)
        assert [key async for key, _ in store.members("g")] == ["k"]
        assert await store.last("x") == 1
        with raw(server) as client:
            client.config_set("maxmemory", 0)
        assert (await store.peek([Claim(RATE, "k"), Claim(RATE, "l")])).verdicts[1].remaining == 10**6
        assert (await store.peek([Claim(RATE, "k")])).verdicts[0].remaining == 10**6 - 1


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("REPLICAOF 127.0.0.1 1", "the server is a read-only replica: name the primary"),
        (
            "CONFIG SET min-replicas-to-write 1",
            "Redis has too few replicas that keep up, and so refuses to change data",
        ),
    ],
    ids=["replica", "too few replicas"],
)
async def test_a_server_that_changes_nothing(new_redis: NewRedis, command: str, reason: str) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        await store.put("k", b"1")
        with raw(server) as client:
            client.execute_command(*command.split())
        for call in (store.put("k", b"2"), store.reserve([Claim(RATE, "k")]), store.append("x", 0, [b"1"])):
            assert (await failure_of(call)).reason == reason
        assert await store.get("k") == Item(b"1", None)


@pytest.mark.slow
async def test_a_disk_that_fails(new_redis: NewRedis) -> None:
    server = new_redis(settings={"save": "1 1"})
    (server.folder / "dump.rdb").mkdir()
    async with opened(server.url) as store:
        reason = ""
        for _ in range(1500):
            try:
                await store.put("k", b"1")
            except StoreError as failure:
                reason = failure.reason
                break
            await asyncio.sleep(0.02)
        assert reason.startswith("Redis cannot save its data")
        assert await store.get("k") == Item(b"1", None)
    with raw(server) as client:
        client.config_set("save", "")  # or it would not shut down


async def test_a_user_who_may_not(new_redis: NewRedis) -> None:
    server = new_redis()
    with raw(server) as client:
        client.execute_command("ACL", "SETUSER", "some", "on", ">word", "~*", "+@read", "+@connection")
    store = made(f"redis://some:word@127.0.0.1:{server.port}")
    assert await store.get("k") is None
    for call in (store.put("k", b"1"), anext(store.read("x", 0, follow=True))):
        assert "may not run the commands" in (await failure_of(call)).reason
    await store.close()


async def test_scripts_that_redis_forgot(new_redis: NewRedis) -> None:
    server = new_redis()
    async with opened(server.url) as store:
        for number in range(5):
            with raw(server) as client:
                client.script_flush()
            await asyncio.gather(*(store.put(f"k{key}", b"1") for key in range(20)))
            assert (await store.reserve([Claim(RATE, "k")])).verdicts[0].remaining == 10**6 - number - 1
            assert await store.append("x", number, [b"1"]) == number + 1


@pytest.mark.slow
async def test_all_is_flushed_under_load(new_redis: NewRedis) -> None:
    server, numbers = new_redis(), count()

    async def use(store: Any, name: str) -> None:
        for _ in range(60):
            decision = await store.reserve([Claim(RATE, name)])
            await store.put(name, b"%d" % next(numbers), time.time() + 60, group="g")
            await store.get(name)
            [key async for key, _ in store.members("g")]
            await store.replace(name, b"0", b"1")
            await store.append(name, await store.last(name), [b"1"])
            await store.settle(decision.reservation, 0)
            await store.take(name)

    async with opened(server.url) as store:
        with raw(server) as client:
            users = [asyncio.ensure_future(use(store, f"k{number}")) for number in range(8)]
            while not all(user.done() for user in users):
                client.flushall()
                client.script_flush()
                await asyncio.sleep(0.003)
        assert await asyncio.gather(*users) == [None] * 8


@pytest.mark.parametrize("appendonly", [True, False], ids=["kept on disk", "in memory alone"])
async def test_a_restart(new_redis: NewRedis, appendonly: bool) -> None:
    server = new_redis(appendonly=appendonly)
    async with opened(server.url, cooldown=0.05) as store:
        await store.put("k", b"1", time.time() + 1000, group="g")
        await store.reserve([Claim(RATE, "k", 7)])
        await store.append("x", 0, [b"1", b"2"])
        await store.trim("x", 2)
        server.restart()
        item = await in_the_end(lambda: store.get("k"))
        assert (item is not None) is appendonly
        assert [key async for key, _ in store.members("g")] == ["k"] * appendonly
        assert (await store.peek([Claim(RATE, "k")])).verdicts[0].remaining == 10**6 - 7 * appendonly
        assert await store.last("x") == 2 * appendonly
        assert await store.append("x", 2 * appendonly, [b"3"]) == 2 * appendonly + 1


async def test_nothing_acknowledged_is_lost_when_redis_is_killed(new_redis: NewRedis) -> None:
    server = new_redis(appendonly=True)
    acknowledged: dict[str, int] = {}

    async def write(store: Any, name: str) -> None:
        with suppress(StoreError):
            for number in range(1, 100_000):
                await store.put(name, b"%d" % number)
                acknowledged[name] = number
                await store.append(name, number - 1, [b"%d" % number])
                acknowledged["log" + name] = number
                await store.reserve([Claim(RATE, name)])
                acknowledged["count" + name] = number

    async with opened(server.url, cooldown=0.05) as store:
        for turn in range(3):
            names = [f"{turn}.{number}" for number in range(6)]
            writers = [asyncio.ensure_future(write(store, name)) for name in names]
            await asyncio.sleep(0.15)
            server.kill()
            await asyncio.gather(*writers)
            server.start()
            for name in names:
                item = await in_the_end(lambda name=name: store.get(name))  # type: ignore[misc]
                assert int(item.value) - acknowledged[name] in (0, 1)
                assert await store.last(name) - acknowledged["log" + name] in (0, 1)
                used = 10**6 - (await store.peek([Claim(RATE, name)])).verdicts[0].remaining
                assert used - acknowledged["count" + name] in (0, 1)


@pytest.mark.slow
async def test_an_outage_under_load(redis_server: Redis, proxy: Proxy) -> None:
    """While it lasts calls fail at once; when it is over, all works within the cooldown."""
    waits: list[float] = []

    async def use(store: Any, name: str, until: asyncio.Event) -> None:
        while not until.is_set():
            began = time.monotonic()
            with suppress(StoreError):
                await store.put(name, name.encode())
                item = await store.get(name)
                assert item is None or item.value == name.encode()
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.002)

    async with opened(f"redis://127.0.0.1:{proxy.port}", timeout=0.5, cooldown=0.2, pool=10) as store:
        over = asyncio.Event()
        users = [asyncio.ensure_future(use(store, f"k{number}", over)) for number in range(30)]
        await asyncio.sleep(0.3)
        proxy.hang()
        await asyncio.sleep(2)
        waits.clear()
        await asyncio.sleep(1)
        assert sorted(waits)[len(waits) // 2] < 0.1  # most are not even asked
        assert "is asked again in" in (await failure_of(store.get("k"))).reason
        proxy.heal()
        healed = time.monotonic()
        await in_the_end(lambda: store.get("k"))
        assert time.monotonic() - healed < 5
        over.set()
        await asyncio.gather(*users)
        assert await store.get("k0") in (None, Item(b"k0", None))
