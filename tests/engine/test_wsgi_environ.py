"""The ASGI scope of a WSGI environ, and an exchange that does without it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.engine.wsgi import environ_of
from toolkit.engine.bridge import Bridge
from toolkit.engine.environ import find_header, http_scope, path_info, peer
from toolkit.engine.exchange import index_headers, route_path
from toolkit.engine.plan import Plan
from toolkit.engine.wsgi_run import WSGIRun


def exchange_of(environ: dict[str, Any]) -> WSGIRun:
    return WSGIRun(Plan([]), environ, lambda *_: lambda _: None, Bridge())


def test_a_scope_has_what_asgi_asks_for() -> None:
    headers = [(b"x-a", b"1"), (b"x-a", b"2"), (b"content-type", b"text/plain"), (b"content-length", b"0")]
    environ = environ_of("POST", "/a%20b", headers, {"SCRIPT_NAME": "/at", "QUERY_STRING": "q=%20", "HTTPS": "on"})
    environ["wsgi.url_scheme"] = "https"
    scope = http_scope(environ)
    assert sorted(scope.pop("headers")) == [
        (b"content-length", b"0"),
        (b"content-type", b"text/plain"),
        (b"host", b"127.0.0.1"),
        (b"x-a", b"1,2"),
    ]
    assert scope.pop("toolkit.wsgi") is environ
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.0",
        "method": "POST",
        "scheme": "https",
        "path": "/at/a b",
        "raw_path": b"/at/a%20b",
        "root_path": "/at",
        "query_string": b"q=%20",
        "client": ("192.0.2.1", 50000),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }


def test_starlette_reads_it() -> None:
    request = Request(http_scope(environ_of("GET", "/caf%C3%A9", [(b"x-a", b"1")], {"QUERY_STRING": "q=1"})))
    assert str(request.url) == "http://127.0.0.1/café?q=1"
    assert (request.headers["x-a"], request.query_params["q"]) == ("1", "1")


PATHS = [
    ("", "/", "/"),
    ("", "", "/"),
    ("", "/caf%C3%A9", "/café"),
    ("", "/%FF", "/�"),
    ("", "*", "/*"),
    ("", "//x", "/x"),
    ("", "x", "/x"),
    ("/at", "", "/"),
    ("/at", "/x", "/x"),
    ("/%C3%A9", "/%C3%A9", "/é"),
    ("/at", "/at/x", "/at/x"),
]


@pytest.mark.parametrize(("root", "path", "routed"), PATHS, ids=[f"{root} {path}" for root, path, _ in PATHS])
def test_the_path_is_the_one_below_the_mount(root: str, path: str, routed: str) -> None:
    environ = environ_of("GET", path)
    environ["SCRIPT_NAME"] = environ_of("GET", root)["PATH_INFO"]
    exchange = exchange_of(environ)
    assert (path_info(environ), exchange.path) == (routed, routed)
    assert route_path(exchange.scope) == routed
    assert exchange.path == routed  # now by the scope


@pytest.mark.parametrize(
    ("more", "raw"),
    [
        ({}, b"/a%20b%2Bc"),
        ({"RAW_URI": "/a%20b+c?q"}, b"/a%20b+c"),
        ({"REQUEST_URI": "/a b?q"}, b"/a b"),
        ({"REQUEST_URI": "http://host/x"}, b"/a%20b%2Bc"),
    ],
    ids=["quoted again", "RAW_URI", "REQUEST_URI", "absolute form"],
)
def test_the_raw_path_is_what_was_sent_where_the_server_keeps_it(more: dict[str, str], raw: bytes) -> None:
    sent = http_scope(environ_of("GET", "/a b+c", (), more))["raw_path"]
    assert sent.replace(b"+c", b"%2Bc") == raw.replace(b"+c", b"%2Bc")


@pytest.mark.parametrize(
    ("address", "port", "client"),
    [
        ("192.0.2.1", "80", ("192.0.2.1", 80)),
        ("::1", "", ("::1", 0)),
        ("::1", "x", ("::1", 0)),
        ("::1", None, ("::1", 0)),
        ("", "80", None),
        (None, None, None),
    ],
)
def test_the_client(address: str | None, port: str | None, client: Any) -> None:
    given = {"REMOTE_ADDR": address, "REMOTE_PORT": port}
    environ = {key: value for key, value in given.items() if value is not None}
    assert peer(environ) == client
    exchange = exchange_of(environ_of() | given)
    assert exchange.client == client
    assert exchange.scope["client"] == client
    assert exchange.client == client


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        ({"HTTP_X_A": "1"}, b"x-a", b"1"),
        ({"HTTP_X_A": ""}, b"x-a", b""),
        ({}, b"x-a", None),
        ({"HTTP_X_A": "é"}, b"x-a", b"\xe9"),
        ({"HTTP_X_A": "€"}, b"x-a", b"?"),
        ({"HTTP_X_A": "1"}, b"x_a", None),
        ({"CONTENT_TYPE": "text/plain"}, b"content-type", b"text/plain"),
        ({"CONTENT_TYPE": ""}, b"content-type", None),
        ({"CONTENT_LENGTH": ""}, b"content-length", None),
        ({"HTTP_CONTENT_TYPE": "text/html"}, b"content-type", None),
    ],
)
def test_a_header(environ: dict[str, str], name: bytes, value: bytes | None) -> None:
    assert find_header(environ, name) == value
    assert index_headers(http_scope(environ_of() | environ)).get(name) == value


NAMES = st.from_regex(r"[A-Z]{1,3}(_[A-Z]{1,3})?", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(st.characters(max_codepoint=255), max_size=5), max_size=5))
def test_each_header_is_found_in_the_scope_as_by_itself(given: dict[str, str]) -> None:
    environ = environ_of() | {f"HTTP_{name}": value for name, value in given.items()}
    pairs = http_scope(environ)["headers"]
    assert len(pairs) == len({name for name, _ in pairs}) == len(pairs[:])
    assert all(find_header(environ, name) == value for name, value in pairs)
    assert [find_header(environ, name.lower().replace("_", "-").encode()) for name in given] == [
        value.encode("latin-1") for value in given.values()
    ]


@given(st.text(st.characters(max_codepoint=255), max_size=8), st.text(st.characters(max_codepoint=255), max_size=8))
def test_any_path_has_a_scope(root: str, path: str) -> None:
    exchange = exchange_of(environ_of() | {"SCRIPT_NAME": root, "PATH_INFO": path})
    assert exchange.path
    assert exchange.scope["path"].endswith(exchange.path)
    assert exchange.scope["raw_path"].isascii()


def test_an_exchange_reads_the_environ_without_a_scope() -> None:
    environ = environ_of("GET", "/x", [(b"cookie", b"a=1; b=2")])
    exchange = exchange_of(environ)
    assert (exchange.method, exchange.path, exchange.cookies) == ("GET", "/x", {"a": "1", "b": "2"})
    assert exchange._made is None
    exchange.scope["method"] = "PUT"
    assert exchange.method == "PUT"
