"""An exchange: one request as layers see it."""

from typing import Any

import pytest

from tests.engine.asgi import Headers, echo, get, hello, http_scope, run, socket_scope
from tests.engine.traces import trace
from toolkit import Exchange, Layer


async def seen(look: Any, headers: Headers = (), **scope: Any) -> Any:
    """What a layer sees in a request."""
    found = []
    await run(
        trace("A", [], request=lambda exchange: found.append(look(exchange)))(hello),
        http_scope(headers=headers, **scope),
    )
    return found[0]


async def test_repeated_headers_are_joined_by_a_comma() -> None:
    headers = [(b"x-a", b"1"), (b"host", b"b"), (b"x-a", b"2"), (b"x-a", b"")]
    assert await seen(lambda exchange: exchange.header(b"x-a"), headers) == b"1, 2, "


async def test_repeated_cookies_are_joined_by_a_semicolon() -> None:
    headers = [(b"cookie", b"a=1"), (b"cookie", b"b=2; c=3")]
    assert await seen(lambda exchange: exchange.header(b"cookie"), headers) == b"a=1; b=2; c=3"
    assert await seen(lambda exchange: exchange.cookies, headers) == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("reads", [(), (b"x-a",), (b"x-a", b"x-b"), (b"x-a", b"x-b", b"cookie")], ids=len)
async def test_a_header_is_the_same_whether_it_was_declared_or_not(reads: tuple[bytes, ...]) -> None:
    found: dict[bytes, bytes | None] = {}
    names = (b"x-a", b"x-b", b"cookie", b"x-none")
    looks = type(
        "Looks",
        (Layer,),
        {"reads": reads, "request": lambda _, exchange: found.update({name: exchange.header(name) for name in names})},
    )
    headers = [(b"x-b", b"1"), (b"x-a", b""), (b"x-b", b"2"), (b"cookie", b"a=b"), (b"cookie", b"c=d")]
    await get(looks()(hello), headers=headers)
    assert found == {b"x-a": b"", b"x-b": b"1, 2", b"cookie": b"a=b; c=d", b"x-none": None}


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ([], {}),
        ([(b"cookie", b"")], {}),
        ([(b"cookie", b'a="x y"')], {"a": "x y"}),
        ([(b"cookie", b"a=\xe9")], {"a": "é"}),
    ],
    ids=["none", "empty", "quoted", "latin-1"],
)
async def test_cookies_are_read_as_starlette_reads_them(headers: Headers, cookies: dict[str, str]) -> None:
    assert await seen(lambda exchange: exchange.cookies, headers) == cookies


async def test_cookies_are_parsed_once() -> None:
    assert await seen(lambda exchange: exchange.cookies is exchange.cookies, [(b"cookie", b"a=b")])


@pytest.mark.parametrize(
    ("client", "seen_as"), [(("192.0.2.7", 1), ("192.0.2.7", 1)), (["::1", 2], ("::1", 2)), (None, None)]
)
async def test_the_client_is_a_pair_or_none(client: Any, seen_as: object) -> None:
    assert await seen(lambda exchange: exchange.client, client=client) == seen_as


@pytest.mark.parametrize(
    ("root", "path", "below"),
    [
        ("", "/a", "/a"),
        ("/r", "/r/a", "/a"),
        ("/r", "/r", ""),
        ("/r", "/ra", "/ra"),
        ("/r", "/a", "/a"),
        ("/r", "/r/r", "/r"),
    ],
)
async def test_the_path_is_the_one_that_the_application_routes_by(root: str, path: str, below: str) -> None:
    assert await seen(lambda exchange: exchange.path, path=path, root_path=root) == below


async def test_a_websocket_is_a_get() -> None:
    methods: list[str] = []
    await run(trace("A", [], request=lambda exchange: methods.append(exchange.method))(echo), socket_scope())
    assert methods == ["GET"]


async def test_the_status_is_none_until_something_was_sent() -> None:
    statuses: list[int | None] = []

    def note(exchange: Exchange, *_: object) -> None:
        statuses.append(exchange.status)

    await get(trace("A", [], request=note, response=note, done=note)(hello))
    assert statuses == [None, None, 200]
