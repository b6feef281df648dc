"""Routes that never match are found: all of them in small tables, quickly in large ones, and never a wrong one."""

import time
from collections.abc import Callable, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.engine.routes import Route, Table
from toolkit.engine.shadows import Shadows, shadowed

METHODS = ("", "GET ", "POST ", "PUT ", "GET,POST ", "POST,PUT ")
PATHS = [f"/{'/'.join(path)}" for path in product(("a", "b", "*", "a*"), repeat=2)]
KEYS = [method + path for method, path in product(METHODS, [*PATHS, "/a/**", "/**", "/**/b", "/*/**", "/a/**/b", "/*"])]
PLAIN = [
    "/",
    "/a",
    *(f"/{'/'.join(path)}" for path in product(("a", "b", "ac", "c"), repeat=2)),
    "/a/b/c",
    "/c/c/b",
    "/a/",
]
TEMPLATES = [
    "/a",
    "/{x}",
    "/a/{x}",
    "/{x}/b",
    "/{x}/{y}",
    "/{p:path}",
    "/a/{p:path}",
    "/{p:path}/b",
    "/{n:int}",
    "/a{x}/b",
]


def hidden(keys: Sequence[str]) -> dict[str, list[str]]:
    return {route.key: [other.key for other in taking] for route, taking in shadowed(map(Route.parse, keys))}


def hidden_by_trying(routes: Sequence[Route]) -> set[str]:
    """Each compared with each before it."""

    def is_hidden(place: int) -> bool:
        route = routes[place]
        covering = [other for other in routes[:place] if other.pattern.covers(route.pattern)]
        every = frozenset().union(*(other.methods or () for other in covering))
        return None in (other.methods for other in covering) or (route.methods is not None and route.methods <= every)

    return {route.key for place, route in enumerate(routes) if is_hidden(place)}


@settings(max_examples=300)
@given(keys=st.lists(st.sampled_from(KEYS), unique=True, max_size=10))
def test_it_finds_what_comparing_each_with_each_finds(keys: list[str]) -> None:
    assert hidden(keys).keys() == hidden_by_trying([Route.parse(key) for key in keys])


@settings(max_examples=300)
@given(keys=st.lists(st.sampled_from(KEYS), unique=True, max_size=10))
def test_what_is_shadowed_is_never_found(keys: list[str]) -> None:
    known = Table([(Route.parse(key), key) for key in keys], "none")
    found = {known.find(method, path) for method, path in product(("GET", "POST", "HEAD", "PUT", "PURGE"), PLAIN)}
    assert found.isdisjoint(hidden(keys))


@settings(max_examples=300)
@given(keys=st.lists(st.sampled_from(TEMPLATES), unique=True, max_size=6))
def test_of_handlers_the_same_is_true(keys: list[str]) -> None:
    routes = [Route.of_template(key) for key in keys]
    known = Table([(route, route.key) for route in routes], "none")
    never = {route.key for route, _ in shadowed(routes)}
    assert never == hidden_by_trying(routes)
    assert never.isdisjoint({known.find("", path) for path in [*PLAIN, "/7", "/7/b"]})


@pytest.mark.parametrize(
    ("keys", "last"),
    [
        (["GET /x", "POST /x", "GET,POST /x"], ["GET /x", "POST /x"]),
        (["GET /x", "POST /*", "PUT /x", "GET,POST /x"], ["GET /x", "POST /*"]),
        (["GET /x", "GET,POST /**", "GET,POST /x"], ["GET,POST /**"]),
        (["HEAD /x", "GET /x"], None),
        (["GET /x", "POST /x", "/x"], None),
        (["GET /x", "POST /x", "GET,POST,PUT /x"], None),
        (["/*/x/**", "/**/y", "/a/x/y"], ["/*/x/**"]),
        (["/**/*/x", "/*/**/x"], ["/**/*/x"]),
    ],
)
def test_who_takes_all_requests_of_the_last(keys: list[str], last: list[str] | None) -> None:
    assert hidden(keys).get(keys[-1]) == last


@pytest.mark.parametrize(
    ("routes", "template", "first"),
    [
        (["/a/*", "/a/**"], "/a/{p:path}", "/a/**"),
        (["/*/**"], "/{p:path}/b", "/*/**"),
        (["GET /**"], "/a", None),
        (["/a/*"], "/a/{p:path}", None),
    ],
)
def test_routes_over_a_template(routes: list[str], template: str, first: str | None) -> None:
    taking = Shadows(map(Route.parse, routes)).over(Route.of_template(template))
    assert [route.key for route in taking] == ([first] if first else [])


@pytest.mark.parametrize("key", ["/*x{}-*", "/**/x{}-*", "/*/*a{}-/**"])
def test_the_same_pattern_once_more_is_seen_among_however_many(key: str) -> None:
    keys = [f"GET {key.format(place)}" for place in range(10, 2000)]
    assert "POST,GET " + keys[0][4:] not in hidden(["POST,PUT " + keys[0][4:], *keys])
    assert hidden([*keys, "HEAD " + keys[1500][4:]])["HEAD " + keys[1500][4:]] == [keys[1500]]


MANY: dict[str, Callable[[int], str]] = {
    "between stars": lambda place: f"/*/x{place}/*",
    "exact": lambda place: f"/x{place}",
    "after a double star": lambda place: f"/**/x{place}",
    "before a double star": lambda place: f"/x{place}/**",
    "a beginning": lambda place: f"/x{place}-*",
    "an end": lambda place: f"/*.x{place}",
    "a middle": lambda place: f"/*-x{place}-*",
    "stars or not": lambda place: "".join(("/a", "/*")[place >> bit & 1] for bit in range(11, -1, -1)),
    "as deep as may be": lambda place: "/*" * 62 + f"/x{place}",
    "a double star that moves": lambda place: "/*" * (place % 9) + "/**" + "/*" * (9 - place % 9) + f"/x{place}",
    "methods": lambda place: f"M{place} /x",
    "template": lambda place: f"/{{a}}/x{place}/{{b}}",
    "template of a rest": lambda place: f"/{{a:path}}/x{place}/{{b}}",
    "template of two rests": lambda place: f"/{{a:path}}/x{place}/{{b:path}}",
}


@pytest.mark.parametrize("form", MANY)
def test_the_time_grows_as_the_number_of_routes(form: str) -> None:
    read = Route.of_template if "template" in form else Route.parse

    def seconds(count: int) -> float:
        routes = [read(MANY[form](place)) for place in range(count)]
        best = float("inf")
        for _ in range(3):
            begun = time.thread_time()
            assert len(list(shadowed(routes))) < count
            best = min(best, time.thread_time() - begun)
        return best

    seconds(100)
    assert seconds(4000) < 11 * seconds(1000) + 0.01  # 4 where it is linear, 16 where it is quadratic
