"""An explanation as people read it: the whole text of some, and what holds of every one at any width."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.explaining import ORIGIN, File, RateLimit, Sessions, preflight, protect
from toolkit import CORS, Stack, stack
from toolkit.engine.explain.settings import plain
from toolkit.engine.explain.text import shortened, visible

LINES = {
    "defaults.cors.max_age": 2,
    "middleware[0]": 4,
    "middleware[0].allow_origins": 6,
    "middleware[1]": 8,
    "middleware[1].limit": 10,
    "middleware[2]": 11,
    "route[0]": 12,
    "route[0].ratelimit.limit": 13,
    "route[0].sessions": 14,
}


def login() -> Stack:
    elements = [
        CORS(allow_origins=["https://app.example"], max_age=60),
        RateLimit(limit="100/minute"),
        Sessions(),
    ]
    routes: dict[str, Any] = {"POST /login": {"ratelimit": {"limit": "5/minute"}, "sessions": False}}
    return Stack(elements, routes, {}, [], defaults={"cors": {"max_age": 60}}, places=File(LINES))


def test_a_request() -> None:
    assert (
        str(login().explain("POST", "/login", ORIGIN))
        == """\
POST /login
    origin: https://app.example
    route 'POST /login' applies                       toolkit.toml:12
 │
 1  cors                                              toolkit.toml:4
 │    allow_origins = ["https://app.example"]         toolkit.toml:6
 │    max_age = 60                                    defaults, toolkit.toml:2
 │  – the origin 'https://app.example' is allowed by 'https://app.example'
 │  – the response carries vary: Origin, access-control-allow-origin: https://app.example
 │
 2  ratelimit                                         toolkit.toml:8
 │  changed by route 'POST /login'                    toolkit.toml:12
 │    limit = "5/minute"  (instead of "100/minute")   route, toolkit.toml:13
 │  – 127.0.0.1 has 5/minute on /login
 │
 3  sessions                                          toolkit.toml:11
 │  off: route 'POST /login' switches it off          toolkit.toml:14
 │
 →  the wrapped application"""
    )


def test_a_preflight() -> None:
    assert (
        str(login().explain("OPTIONS", "/login", preflight("POST")))
        == """\
OPTIONS /login
    origin: https://app.example
    access-control-request-method: POST
    a preflight: it takes the plan of the request that it announces, POST /login
    route 'POST /login' applies                 toolkit.toml:12
 │
 1  cors                                        toolkit.toml:4
 │    allow_origins = ["https://app.example"]   toolkit.toml:6
 │    max_age = 60                              defaults, toolkit.toml:2
 │  – the origin 'https://app.example' is allowed by 'https://app.example'
 │  – a preflight for POST is answered with 204 and what the page may do
 │  – its answer carries vary: Origin, access-control-allow-origin: https://app.example,
 │    access-control-allow-methods: GET, access-control-allow-headers: accept, accept-language,
 │    content-language, content-type, access-control-max-age: 60
 │  – the browser goes on
 ┊
 2  ratelimit                                   toolkit.toml:8
 ┊  not reached: cors answers
 ┊
 3  sessions                                    toolkit.toml:11
 ┊  not reached: cors answers
 ┊
 ←  cors answers; nothing further in is reached"""
    )


def test_where_there_is_little_room_the_places_stand_below() -> None:
    lines = login().explain("POST", "/login").lines(40)

    assert (
        "\n".join("".join(text for _, text in line) for line in lines)
        == """\
POST /login
    route 'POST /login' applies
      toolkit.toml:12
 │
 1  cors
 │    toolkit.toml:4
 │    allow_origins = ["https://app.exa…
 │      toolkit.toml:6
 │    max_age = 60
 │      defaults, toolkit.toml:2
 │  – there is no Origin header: no page
 │    of another origin asks, and no
 │    CORS header but Vary is sent
 │  – the response carries vary: Origin
 │
 2  ratelimit
 │    toolkit.toml:8
 │  changed by route 'POST /login'
 │    toolkit.toml:12
 │    limit = "5/minut…  (instead of "100/min…)
 │      route, toolkit.toml:13
 │  – 127.0.0.1 has 5/minute on /login
 │
 3  sessions
 │    toolkit.toml:11
 │  off: route 'POST /login' switches it
 │  off
 │    toolkit.toml:14
 │
 →  the wrapped application"""
    )


def test_a_handler_and_a_decoded_path() -> None:
    text = str(protect().explain("GET", "/files/a%20b/%C3%BC.txt?x=1"))

    assert text.startswith("GET /files/a%20b/%C3%BC.txt?x=1\n    the path is decoded: /files/a b/ü.txt\n")
    assert re.search(r"\n → {2}tests.engine.explaining:files answers at /files/\{path:path\} +handlers\[", text)
    assert text.endswith('\n      {path} is "a b/ü.txt"')


def test_a_handshake_says_that_it_is_one() -> None:
    assert str(stack().explain("GET", "/x", websocket=True)).startswith("GET /x  (WebSocket handshake)\n")


HOSTILE = "/\x1b[31m\x07\u202e\udcff\xa0x"


def test_nothing_that_a_terminal_would_obey_is_shown() -> None:
    told = protect().explain("GET", f"{HOSTILE}?%1b", [("x-y", "\x9b0m")])

    text = str(told)
    assert all(sign.isprintable() for sign in text.replace("\n", ""))
    assert text.splitlines()[0] == r"GET /\x1b[31m\x07\u202e\udcff\xa0x?%1b"
    assert visible("ü→日") == "ü→日"


@settings(max_examples=80)
@given(
    st.integers(1, 200),
    st.sampled_from(["GET", "POST", "OPTIONS"]),
    st.text(max_size=60).map(lambda path: path.replace("#", "")),
    st.lists(st.tuples(st.sampled_from(["origin", "x-long"]), st.text("abc :/", max_size=200)), max_size=3),
)
def test_no_line_is_wider_than_the_terminal(width: int, method: str, path: str, headers: list[tuple[str, str]]) -> None:
    told = login().explain(method, f"/{path}", headers)

    for line in told.lines(width):
        assert len("".join(text for _, text in line)) <= max(width, 40)


@pytest.mark.parametrize(
    ("value", "room", "expected"),
    [
        pytest.param(["a", "b"], 20, '["a", "b"]', id="fits"),
        pytest.param(["first", "second", "third"], 24, '["first", … 2 more]', id="list"),
        pytest.param(["a" * 30, "b"], 24, '["aaaaaaaaaaaaaaaaaaaaa…', id="long members"),
        pytest.param("x" * 30, 12, '"xxxxxxxxxx…', id="text"),
        pytest.param({"a": {"b": 1}}, 40, '{"a": {"b": 1}}', id="mapping"),
        pytest.param(None, 8, "null", id="null"),
    ],
)
def test_long_values_are_shortened(value: Any, room: int, expected: str) -> None:
    assert shortened(value, room) == expected
    assert len(expected) <= room


class Opaque:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param((1, 2.5, True, None), [1, 2.5, True, None], id="simple"),
        pytest.param(float("nan"), "nan", id="no number"),
        pytest.param({"b", "a"}, ["a", "b"], id="set"),
        pytest.param(re.compile("a.*"), "a.*", id="regular expression"),
        pytest.param(stack, "toolkit.engine.stack:stack", id="function"),
        pytest.param(CORS, "toolkit.cors.layer:CORS", id="class"),
        pytest.param(b"ab", "b'ab'", id="bytes"),
        pytest.param({1: {"x": "http://u:p@h/"}}, {"1": {"x": "http://u:***@h/"}}, id="URL with a password"),
        pytest.param("http://h/a:b@c", "http://h/a:b@c", id="URL without"),
        pytest.param(RateLimit(limit="x"), {"limit": "x"}, id="options"),
    ],
)
def test_values_are_told_as_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_value_whose_repr_raises_is_told_by_its_class() -> None:
    assert plain(Opaque()).startswith("<Opaque")


def test_a_value_within_itself_ends_somewhere() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert "…" in str(plain(endless))
