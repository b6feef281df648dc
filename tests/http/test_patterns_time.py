"""How long patterns take: ratios within one run, so that a slow machine changes nothing."""

import time
from collections.abc import Callable

import pytest

from toolkit.http.patterns import OriginPattern, OriginSet, PathPattern


def _seconds(call: Callable[[], object], times: int) -> float:
    """The least CPU time of ten rounds, each of `times` calls."""
    rounds = []
    for _ in range(10):
        begun = time.thread_time()
        for _ in range(times):
            call()
        rounds.append(time.thread_time() - begun)
    return min(rounds)


def _growth(of: Callable[[int], Callable[[], object]], size: int, times: int = 20) -> float:
    return _seconds(of(4 * size), times) / _seconds(of(size), times)


PATTERNS = [
    "/**",
    "/a/**",
    "/**/b",
    "/a/**/b",
    "/*/*/**/*/b",
    "/a/*",
    "/a*b",
    "/*a*a*a*b",
    "/*a*a*a*b/**",
    "/" + "*a" * 30,
]
TEXTS = {
    "one long segment": lambda size: "/" + "a" * size,
    "one long segment that ends well": lambda size: "/" + "a" * size + "b",
    "short segments": lambda size: "/a" * (size // 2),
    "short segments that end well": lambda size: "/a" * (size // 2) + "/b",
    "dots": lambda size: "/a" + "." * size,
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_time_of_a_path_grows_no_faster_than_its_length(pattern: str, text: str) -> None:
    matches = PathPattern(pattern).matches

    def of(size: int) -> Callable[[], object]:
        path = TEXTS[text](size)
        return lambda: matches(path)

    assert _growth(of, 8192) < 9  # 4 where it is linear, 16 where it is quadratic


@pytest.mark.parametrize("stars", ["*a*a*a*b", "*" + "a" * 60 + "b*", "*" + "a*" * 31 + "b"])
def test_a_segment_pattern_does_not_explode(stars: str) -> None:
    matches = PathPattern(f"/{stars}").matches

    def of(size: int) -> Callable[[], object]:
        return lambda: matches("/" + "a" * size)

    assert _growth(of, 8192, times=5) < 9


@pytest.mark.parametrize(
    "form", [b"https://%b.example.com", b"https://x.%b.com", b"%b://x", b"https://x:%b", b"http://[%b]"]
)
def test_a_long_origin_costs_no_more_than_a_short_one(form: bytes) -> None:
    origins = OriginSet([OriginPattern("https://*.example.com")])
    short, long = form % (b"1" * 400), form % (b"1" * 65536)
    assert _seconds(lambda: long in origins, 200) < 5 * _seconds(lambda: short in origins, 200)


def _many(count: int) -> OriginSet:
    return OriginSet(OriginPattern(f"https://*.site{number}.example.com") for number in range(count))


@pytest.mark.parametrize("origin", [b"https://a.site5.example.org", b"https://a.b.site5.example.com", b"https://a.b"])
def test_ten_thousand_patterns_are_as_fast_as_ten(origin: bytes) -> None:
    few, many = _many(10), _many(10_000)
    assert _seconds(lambda: origin in many, 200) < 3 * _seconds(lambda: origin in few, 200)
