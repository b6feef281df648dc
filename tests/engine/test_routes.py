"""The table of routes: keys, shadowing, and a look-up that does not grow with the number of routes."""

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.engine.routes import Route, Table
from toolkit.http.patterns import PatternError
from toolkit.options import Invalid


def table(*keys: str) -> Table[str]:
    return Table([(Route.parse(key), key) for key in keys], "none")


@pytest.mark.parametrize(
    ("key", "methods", "path"),
    [
        ("/a", None, "/a"),
        ("GET /a", {"GET", "HEAD"}, "/a"),
        ("POST /a/*", {"POST"}, "/a/*"),
        ("PUT,DELETE /**", {"PUT", "DELETE"}, "/**"),
        ("M-SEARCH /a", {"M-SEARCH"}, "/a"),
    ],
)
def test_a_key_is_methods_and_a_path(key: str, methods: set[str] | None, path: str) -> None:
    route = Route.parse(key)
    assert (route.key, route.methods, route.pattern.text) == (key, methods, path)


@pytest.mark.parametrize("key", ["get /a", "GET POST /a", ", /a", "GÈT /a"])
def test_a_key_with_a_method_that_is_none_is_invalid(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        Route.parse(key)
    assert refused.value.fix.startswith("write methods in capitals")


@pytest.mark.parametrize(
    "key", ["GET|POST /x", "GET POST /x", "GET, POST /x", "get,post /x", "GET;POST /x", "GET+POST /x"]
)
def test_methods_that_are_joined_otherwise_are_shown_joined_by_commas(key: str) -> None:
    with pytest.raises(Invalid, match="is no method name") as refused:
        Route.parse(key)
    assert refused.value.fix == "write methods in capitals, joined by commas alone: 'GET,POST /x'"


@pytest.mark.parametrize(("key", "method"), [("PSOT /login", "POST"), ("GTE /x", "GET"), ("PUT,DELET /x", "DELETE")])
def test_a_misspelt_method_is_refused(key: str, method: str) -> None:
    with pytest.raises(Invalid, match="is no method of HTTP") as refused:
        Route.parse(key)
    assert refused.value.fix == f"did you mean {method!r}?"


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("/a b", "write '*' where the path has a space: '/a*b'"),
        ("GET /a  b c", "write '*' where the path has a space: 'GET /a*b*c'"),
        ("/a /b", "give each path a route of its own"),
        ("GET /a ", "leave out the space at the end"),
    ],
)
def test_a_space_in_a_path_is_refused_with_the_way_to_write_it(key: str, fix: str) -> None:
    with pytest.raises(Invalid, match="a space stands between methods and path alone") as refused:
        Route.parse(key)
    assert refused.value.fix == fix


def test_what_stands_for_a_space_matches_one() -> None:
    assert Route.parse("/a*b").takes("GET", "/a b")


def test_a_key_with_a_bad_path_says_what_is_wrong() -> None:
    with pytest.raises(PatternError) as refused:
        Route.parse("GET /users/{id}")
    assert refused.value.reason
    assert refused.value.fix


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/", "none"),
        ("GET", "/a", "/a"),
        ("GET", "/a/", "/a/**"),
        ("GET", "/a/x", "GET /a/*"),
        ("POST", "/a/x", "/a/**"),
        ("GET", "/a/x/y", "/a/**"),
        ("GET", "/b/c/d", "/b/c/d"),
        ("GET", "/b/c/e", "/*/c/e"),
        ("GET", "/z/c/e", "/*/c/e"),
        ("GET", "/b", "/b/**"),
        ("GET", "/z", "none"),
    ],
)
def test_the_first_route_that_takes_a_request_is_found(method: str, path: str, key: str) -> None:
    assert table("/a", "GET /a/*", "/b/c/d", "/*/c/e", "/b/**", "/a/**", "/a/x/**").find(method, path) == key


KEYS = [f"{method}/{'/'.join(path)}" for method in ("", "GET ") for path in product("ab*", repeat=2)] + ["/a/**", "/**"]


@settings(max_examples=100)
@given(keys=st.lists(st.sampled_from(KEYS), unique=True, max_size=8), paths=st.lists(st.sampled_from(["/", *KEYS[:9]])))
def test_a_table_finds_what_trying_every_route_in_turn_finds(keys: list[str], paths: list[str]) -> None:
    routes, known = [Route.parse(key) for key in keys], table(*keys)
    for method, path in product(("GET", "POST", "HEAD"), paths):
        plain = path.replace("*", "c")
        expected = next((route.key for route in routes if route.takes(method, plain)), "none")
        assert known.find(method, plain) == expected
        assert known.find(method, plain) == expected  # remembered


@pytest.mark.parametrize(
    "key",
    ["/shop{}/settings", "GET /shop{}/*", "/shop{}/**", "/api/shop{}/*/items"],
    ids=["exact", "star", "double star", "star in the middle"],
)
def test_the_time_of_a_look_up_does_not_grow_with_the_number_of_routes(key: str) -> None:
    def look_up(count: int) -> float:
        known = table(*(key.format(place) for place in range(count)))
        paths = [f"/shop{place % count}/unknown/{place}" for place in range(2000)]  # none is remembered
        best = float("inf")
        for _ in range(5):
            begin = time.perf_counter()
            for path in paths:
                known.find("GET", path)
            best = min(best, time.perf_counter() - begin)
        return best

    assert look_up(10_000) < 5 * look_up(10)


def test_a_flood_of_paths_is_not_remembered_for_ever() -> None:
    known = table("/a/*")
    for place in range(5000):
        known.find("GET", f"/a/{place}")
        known.find("GET", f"/a/{'x' * 300}{place}")
    assert len(known._seen) <= 1024
    assert max(len(path) for _, path in known._seen) <= 256
