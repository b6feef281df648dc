"""Rule 9: stores open before the application's startup and close after its shutdown, each once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.engine.asgi import get, hello
from tests.engine.traces import Log
from tests.servers import serve
from toolkit import ConfigError, Exchange, Layer, stack


class Store:
    """Notes when it is opened and closed, and fails at it if told to."""

    def __init__(self, name: str, log: Log, *, opens: bool = True, closes: bool = True) -> None:
        self.name, self.log, self.opens, self.closes = name, log, opens, closes

    async def open(self) -> None:
        self.log.append(f"open {self.name}")
        if not self.opens:
            raise OSError(f"{self.name} is down")

    async def close(self) -> None:
        self.log.append(f"close {self.name}")
        if not self.closes:
            raise OSError(f"{self.name} is stuck")


class Keeps(Layer):
    """A layer with a store."""

    store: Any = "main"

    def compile(self) -> None:
        self._store: Any = None

    def bind(self, open_store: Any) -> Self:
        return self.bound(_store=open_store(self.store))

    def request(self, exchange: Exchange) -> None:
        exchange.scope["toolkit.keeps"] = self._store


async def live(app: ASGIApp, types: Iterable[str] = ("lifespan.startup", "lifespan.shutdown")) -> list[Message]:
    """Run an application's lifespan; what it sends is written between what its stores do."""
    inbound = [{"type": kind} for kind in types]
    sent: list[Message] = []

    async def receive() -> Message:
        return inbound.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    return sent


def working(log: Log, *, startup: str = "complete", shutdown: str = "complete") -> ASGIApp:
    """An application that writes down its startup and shutdown."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for phase, how in (("startup", startup), ("shutdown", shutdown)):
            assert (await receive())["type"] == f"lifespan.{phase}"
            log.append(phase)
            await send({"type": f"lifespan.{phase}.{how}"})
            log.append(f"{phase} said")
            if how == "failed":
                return

    return app


def opened_and_closed(log: Log) -> Log:
    return [line for line in log if line.startswith(("open", "close"))]


async def test_stores_are_open_from_before_startup_to_after_shutdown() -> None:
    log: Log = []
    sent = await live(stack(Keeps(), stores={"main": Store("main", log)})(working(log)))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert log == ["open main", "startup", "startup said", "shutdown", "close main", "shutdown said"]


async def test_stores_are_opened_in_order_and_closed_in_reverse() -> None:
    log: Log = []
    stores = {name: Store(name, log) for name in ("one", "two")}
    layers = [Keeps(store=name, name=name) for name in ("two", "one")]
    await live(stack(*layers, stores=stores)(working(log)))
    assert opened_and_closed(log) == ["open two", "open one", "close one", "close two"]


async def test_a_store_that_many_layers_and_routes_use_is_opened_once() -> None:
    log: Log = []
    layers: list[Layer | Middleware] = [Keeps(name="A"), Middleware(GZipMiddleware), Keeps(name="B")]
    routes = {"/a": {"A": {"store": "main"}}}
    await live(stack(*layers, routes=routes, stores={"main": Store("main", log)})(working(log)))
    assert opened_and_closed(log) == ["open main", "close main"]


async def test_a_store_that_only_a_route_uses_is_opened_too() -> None:
    log: Log = []
    stores = {name: Store(name, log) for name in ("main", "other")}
    await live(stack(Keeps(), routes={"/a": {"keeps": {"store": "other"}}}, stores=stores)(working(log)))
    assert sorted(line for line in log if line.startswith("open")) == ["open main", "open other"]


async def test_layers_with_the_same_store_share_it() -> None:
    store = Store("main", [])
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["toolkit.keeps"])
        await hello(scope, receive, send)

    routed = stack(Keeps(), routes={"/a": {"keeps": Keeps(store=store)}}, stores={"main": store})(app)
    for path in ("/a", "/b"):
        await get(routed, path)
    assert seen == [store, store]


async def test_a_layer_may_hand_in_a_store_of_its_own() -> None:
    log: Log = []
    await live(stack(Keeps(store=Store("own", log)))(working(log)))
    assert log[0] == "open own"


async def test_a_name_that_the_stack_does_not_know_is_an_error() -> None:
    with pytest.raises(ConfigError) as refused:
        stack(Keeps(store="mian"), stores={"main": Store("main", [])})(hello)
    assert str(refused.value) == "stores: no store is called 'mian'; did you mean 'main'?"


async def test_a_store_that_does_not_open_fails_the_startup_with_a_sentence() -> None:
    log: Log = []
    stores = {"one": Store("one", log), "two": Store("two", log, opens=False), "three": Store("three", log)}
    layers = [Keeps(store=name, name=name) for name in stores]
    sent = await live(stack(*layers, stores=stores)(working(log)))
    assert sent == [{"type": "lifespan.startup.failed", "message": "a store did not open: two is down"}]
    assert log == ["open one", "open two", "close one"]


async def test_a_store_that_does_not_close_fails_the_shutdown_and_keeps_no_other_open() -> None:
    log: Log = []
    stores = {"one": Store("one", log), "two": Store("two", log, closes=False), "three": Store("three", log)}
    layers = [Keeps(store=name, name=name) for name in stores]
    sent = await live(stack(*layers, stores=stores)(working(log)))
    assert sent[-1] == {"type": "lifespan.shutdown.failed", "message": "a store did not close: two is stuck"}
    assert opened_and_closed(log)[3:] == ["close three", "close two", "close one"]


@pytest.mark.parametrize(("startup", "shutdown"), [("failed", "complete"), ("complete", "failed")])
async def test_what_the_application_says_of_its_own_failure_is_passed_on(startup: str, shutdown: str) -> None:
    log: Log = []
    app = working(log, startup=startup, shutdown=shutdown)
    sent = await live(stack(Keeps(), stores={"main": Store("main", log)})(app))
    assert sent[-1]["type"] == ("lifespan.startup.failed" if startup == "failed" else "lifespan.shutdown.failed")
    assert log.count("close main") == 1


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_around_an_application_without_lifespan_stores_live_as_long_as_the_server(how: str) -> None:
    log: Log = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if how == "raises":  # how ASGI says that there is no lifespan
            assert scope["type"] == "http"

    sent = await live(stack(Keeps(), stores={"main": Store("main", log)})(app))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert log == ["open main", "close main"]


async def test_a_lifespan_cancelled_at_startup_leaves_no_store_open() -> None:
    log: Log = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await live(stack(Keeps(), stores={"main": Store("main", log)})(app))
    assert log == ["open main", "close main"]


async def test_a_failure_after_startup_is_the_applications_own() -> None:
    log: Log = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.complete"})
        raise LookupError

    with pytest.raises(LookupError):
        await live(stack(Keeps(), stores={"main": Store("main", log)})(app))
    assert log == ["open main", "close main"]


async def test_without_stores_the_lifespan_is_the_applications_alone() -> None:
    given: list[Any] = []

    async def app(*args: Any) -> None:
        given.extend(args)

    args: Any = ({"type": "lifespan"}, object(), object())
    await stack(Layer())(app)(*args)
    assert [one is other for one, other in zip(given, args, strict=True)] == [True] * 3


async def test_stores_open_where_foreign_middleware_is_outermost() -> None:
    log: Log = []
    app = stack(Middleware(GZipMiddleware), Keeps(), stores={"main": Store("main", log)})(working(log))
    await live(app)
    assert log[0] == "open main"


async def test_stacks_around_one_another_each_keep_their_own_stores() -> None:
    log: Log = []
    inner = stack(Keeps(name="I"), stores={"main": Store("inner", log)})(working(log))
    await live(stack(Keeps(name="O"), stores={"main": Store("outer", log)})(inner))
    assert [line for line in log if "said" not in line] == [
        *("open outer", "open inner", "startup"),
        *("shutdown", "close inner", "close outer"),
    ]


async def test_the_scope_and_its_state_are_the_servers_own() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, int]]:
        yield {"answer": 42}

    app = stack(Keeps(), stores={"main": Store("main", [])})(Starlette(lifespan=lifespan))
    with TestClient(app) as client:
        assert client.app_state == {"answer": 42}


@pytest.mark.parametrize("supported", [True, False])
def test_a_real_server_starts_and_stops_with_the_stores(supported: bool) -> None:
    log: Log = []

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"

    app = stack(Keeps(), stores={"main": Store("main", log)})(working(log) if supported else bare)
    with serve(app, lifespan="on" if supported else "auto"):
        assert log[0] == "open main"
    assert log.count("open main") == log.count("close main")


def test_a_real_server_does_not_start_without_its_stores() -> None:
    app = stack(Keeps(), stores={"main": Store("main", [], opens=False)})(working([]))
    with pytest.raises(RuntimeError), serve(app, lifespan="on", log_level="critical"):
        pass


async def test_a_layer_that_wraps_alone_has_its_store_too() -> None:
    log: Log = []
    sent = await live(Keeps(store=Store("own", log))(working(log)))
    assert sent[-1]["type"] == "lifespan.shutdown.complete"
    assert (log[0], log.count("open own"), log.count("close own")) == ("open own", 1, 1)
