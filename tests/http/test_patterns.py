"""Origins and paths against patterns: what matches, what never does, and how long it takes."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from toolkit.http.patterns import OriginPattern, OriginSet, PathPattern, PatternError, is_plain_path

# What fnmatch2 0.0.8 alone gets wrong or right, by name and pattern; None: the pattern is refused.
FNMATCH2_ORIGINS: list[tuple[str, str, bool | None]] = [
    ("https://good.com/evil", "https://good.com", False),
    ("https://evil.com", "*", None),
    ("https://evil.com", "https:", None),
    ("https://evil.com", "http*", None),
    ("null", "*", None),
    ("", "*", None),
    ("https://good.com.evil.net", "https://good.com*", None),
    ("https://a.b.example.com", "https://*.example.com", False),
    ("https://evil.com:1.example.com", "https://*.example.com", False),
    ("https://evil.com#1.example.com", "https://*.example.com", False),
    ("https://evil.com?1.example.com", "https://*.example.com", False),
    ("https://evil.com@1.example.com", "https://*.example.com", False),
    ("https://evilexample.com", "https://*example.com", None),
    ("https://a.example.com:444", "https://*.example.com", False),
    ("https://example.com", "https://*.example.com", False),
    ("http://[::1]:8000", "http://[::1]:8000", True),
    ("http://1:8000", "http://[::1]:8000", False),
]

FNMATCH2_PATHS: list[tuple[str, str, bool | None]] = [
    ("/api/users", "/api", False),
    ("/api/a/b", "/api/*", False),
    ("/api", "/api/**", True),
    ("/api", "/api/*", False),
    ("/a/x/b/y/b/z", "/a/**/b/z", True),
    ("/api/a/c/b", "/api/**/c", False),
    ("/api\\admin", "/api/admin", False),
    ("/anything", "", None),
]

ORIGINS = [
    ("https://example.com", "https://example.com", True),
    ("http://example.com", "https://example.com", False),
    ("https://example.com:8443", "https://example.com", False),
    ("https://example.com:8443", "https://example.com:8443", True),
    ("https://EXAMPLE.com", "https://example.com", False),
    ("https://a.example.com", "https://*.example.com", True),
    ("https://A.example.com", "https://*.example.com", False),
    ("http://a.example.com", "https://*.example.com", False),
    ("https://evilexample.com", "https://*.example.com", False),
    ("https://a.example.com.evil.net", "https://*.example.com", False),
    ("https://a.example.com.", "https://*.example.com", False),
    ("https://.example.com", "https://*.example.com", False),
    ("https://*.example.com", "https://*.example.com", False),
    ("https://a/.example.com", "https://*.example.com", False),
    ("https://a.b.example.com", "https://*.*.example.com", True),
    ("https://b.example.com", "https://*.*.example.com", False),
    ("https://a.example.com", "https://**.example.com", True),
    ("https://a.b.c.example.com", "https://**.example.com", True),
    ("https://example.com", "https://**.example.com", False),
    ("https://a.example.com", "https://**.*.example.com", False),
    ("https://a.b.c.example.com", "https://**.*.example.com", True),
    ("https://a.b.example.org", "https://**.example.com", False),
    ("http://localhost", "http://localhost:*", True),
    ("http://localhost:3000", "http://localhost:*", True),
    ("http://localhost:80", "http://localhost:*", False),
    ("http://localhost:99999", "http://localhost:*", False),
    ("https://localhost:3000", "http://localhost:*", False),
    ("http://a.localhost:3000", "http://localhost:*", False),
    ("http://[::1]:3000", "http://[::1]:*", True),
    ("http://[::2]:3000", "http://[::1]:*", False),
    ("http://127.0.0.1:3000", "http://127.0.0.1:*", True),
    ("http://127.0.0.10:3000", "http://127.0.0.1:*", False),
    ("https://a.example.com:8443", "https://*.example.com:*", True),
    ("https://b.a.example.com:8443", "https://*.example.com:*", False),
    ("chrome-extension://abcdef", "chrome-extension://abcdef", True),
    ("capacitor://localhost", "capacitor://localhost", True),
    ("ionic://localhost", "capacitor://localhost", False),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example", True),
]

PATHS = [
    ("/", "/", True),
    ("", "/", False),
    ("/api", "/api", True),
    ("/api/", "/api", False),
    ("/API", "/api", False),
    ("/api", "/api/", False),
    ("/api/x", "/api/*", True),
    ("/api/", "/api/*", False),
    ("/api/x/", "/api/*", False),
    ("/api/x/", "/api/*/", True),
    ("/", "/*", False),
    ("/x", "/*", True),
    ("/a\nb", "/*", True),
    ("/\udcff", "/*", True),
    ("/x[1]{2}?", "/*", True),
    ("/data.json", "/*.json", True),
    ("/.json", "/*.json", True),
    ("/data.json5", "/*.json", False),
    ("/a/data.json", "/*.json", False),
    ("/v1/x", "/v*/x", True),
    ("/v/x", "/v*/x", True),
    ("/abcb", "/a*b*b", True),
    ("/ab", "/a*b*b", False),
    ("/api/", "/api/**", True),
    ("/api/x/y", "/api/**", True),
    ("/api/x/y/", "/api/**", True),
    ("/apis", "/api/**", False),
    ("/", "/**", True),
    ("", "/**", True),
    ("*", "/**", False),
    ("x", "/**", False),
    ("/", "/*/**", False),
    ("/x", "/*/**", True),
    ("/x/", "/*/**", True),
    ("/x/", "/**/*", False),
    ("/x", "/**/", False),
    ("/x/y/", "/**/", True),
    ("/a/b", "/a/**/b", True),
    ("/a/x/y/b", "/a/**/b", True),
    ("/a/x/y/b/c", "/a/**/b", False),
    ("/a", "/a/**/a", False),
    ("/api/1/items", "/api/*/items/**", True),
    ("/api/1/2/items", "/api/*/items/**", False),
    ("/a/../b", "/**", False),
    ("/a//b", "/**", False),
    ("/a\\b", "/**", False),
    ("/a\0b", "/*", False),
    ("/a\\b", "/*/b", False),
]


def _id(row: tuple[str, str, object]) -> str:
    return f"{row[0]!a} in {row[1]}"


def _origin_verdict(name: str, pattern: str) -> bool | None:
    try:
        return name.encode() in OriginSet([OriginPattern(pattern)])
    except PatternError:
        return None


def _path_verdict(name: str, pattern: str) -> bool | None:
    try:
        return PathPattern(pattern).matches(name)
    except PatternError:
        return None


@pytest.mark.parametrize("row", FNMATCH2_ORIGINS, ids=_id)
def test_origins_that_fnmatch2_misjudges(row: tuple[str, str, bool | None]) -> None:
    assert _origin_verdict(row[0], row[1]) is row[2]


@pytest.mark.parametrize("row", FNMATCH2_PATHS, ids=_id)
def test_paths_that_fnmatch2_misjudges(row: tuple[str, str, bool | None]) -> None:
    assert _path_verdict(row[0], row[1]) is row[2]


@pytest.mark.parametrize("row", ORIGINS, ids=_id)
def test_origin_in_a_set_of_one_pattern(row: tuple[str, str, bool]) -> None:
    assert _origin_verdict(row[0], row[1]) is row[2]


@pytest.mark.parametrize("row", PATHS, ids=_id)
def test_path_of_a_pattern(row: tuple[str, str, bool]) -> None:
    assert _path_verdict(row[0], row[1]) is row[2]


HOSTILE = [
    b"",
    b"null",
    b"*",
    b"https://*.example.com",
    b"https://EXAMPLE.com",
    b"https://evil.com:1.example.com",
    b"https://evil.com/.example.com",
    b"https://example.com.evil.net",
    b"https://example.com\0.example.com",
    b"https://\xff.example.com",
    b"https://\xe2\x80\xa8.example.com",
    b"https://a.example.com\r\n",
    b"https://a.example.com, https://a.example.com",
    b"https://" + b"a." * 160 + b"example.com",
    b"https://" + b"a" * 65536 + b".example.com",
    b"https://" + b"a." * 32768 + b"example.com",
    b"\0" * 65536,
]


@pytest.mark.parametrize("origin", HOSTILE, ids=lambda origin: f"{origin[:34]!r} {len(origin)}")
def test_a_hostile_origin_is_never_in_and_never_raises(origin: bytes) -> None:
    texts = ("https://example.com", "https://*.example.com", "https://**.example.com", "http://localhost:*")
    assert origin not in OriginSet([OriginPattern(text) for text in texts], regex=re.compile(r".*example\.com"))


@pytest.mark.parametrize(
    "origin", [b"null", b"https://EXAMPLE.com", b"https://a b", b"", b"\xff", b"wss://example.com"]
)
def test_no_regex_lets_in_what_no_browser_sends(origin: bytes) -> None:
    assert origin not in OriginSet([], regex=re.compile(".*", re.DOTALL))


def test_a_regex_matches_whole_origins_alone() -> None:
    origins = OriginSet([], regex=re.compile(r"https://[a-z]+\.example\.com"))
    for _ in range(2):
        assert b"https://a.example.com" in origins
        assert b"https://a.example.com.evil.net" not in origins
        assert b"https://a.example.com:8443" not in origins
        assert b"xhttps://a.example.com" not in origins


def test_an_empty_set_holds_nothing() -> None:
    assert b"https://example.com" not in OriginSet([])


def test_a_set_tells_its_patterns() -> None:
    assert "https://*.example.com" in repr(OriginSet([OriginPattern("https://*.example.com")]))


def test_many_patterns_of_one_host_are_all_found() -> None:
    texts = ["https://*.example.com", "https://*.*.example.com", "https://**.b.example.com:*", "https://*.example.com"]
    origins = OriginSet(OriginPattern(text) for text in texts)
    for origin in (b"https://a.example.com", b"https://x.y.example.com", b"https://x.y.z.b.example.com:1"):
        assert origin in origins
    assert b"https://x.y.z.example.com" not in origins
    assert b"https://a.example.com:1" not in origins


def test_positive_verdicts_are_remembered_and_bounded_while_exact_origins_stay() -> None:
    origins = OriginSet([OriginPattern("https://example.com"), OriginPattern("https://*.example.com")])
    for number in range(5000):
        assert b"https://a%d.example.com" % number in origins
        assert b"https://a%d.example.org" % number not in origins
    assert len(origins._known) == 1 + 1024
    assert b"https://a4999.example.com" in origins._known
    assert b"https://a1.example.com" not in origins._known
    assert b"https://a1.example.com" in origins
    assert b"https://example.com" in origins


def test_threads_share_a_set() -> None:
    origins = OriginSet([OriginPattern("https://*.example.com")])

    def ask(first: int) -> bool:
        return all(b"https://a%d.example.com" % (number % 1500) in origins for number in range(first, first + 4000))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(0, 4000, 1000)))
    assert len(origins._known) <= 1024


ORIGIN_COVERS = [
    ("https://*.example.com", "https://a.example.com", True),
    ("https://*.example.com", "https://*.example.com", True),
    ("https://*.example.com", "https://**.example.com", False),
    ("https://**.example.com", "https://*.example.com", True),
    ("https://**.example.com", "https://*.a.example.com", True),
    ("https://**.example.com", "https://**.a.example.com", True),
    ("https://*.example.com", "https://*.a.example.com", False),
    ("https://*.*.example.com", "https://*.a.example.com", True),
    ("https://**.*.example.com", "https://**.example.com", False),
    ("https://*.example.com", "https://example.com", False),
    ("https://a.example.com", "https://*.example.com", False),
    ("https://*.example.com", "http://a.example.com", False),
    ("http://localhost:*", "http://localhost", True),
    ("http://localhost:*", "http://localhost:3000", True),
    ("http://localhost", "http://localhost:*", False),
    ("http://localhost:1", "http://localhost:2", False),
    ("http://[::1]:*", "http://[::1]", True),
    ("http://[::1]", "http://[::1]", True),
]

PATH_COVERS = [
    ("/**", "/api", True),
    ("/**", "/**", True),
    ("/**", "/**/", True),
    ("/*/**", "/**", False),
    ("/*", "/api", True),
    ("/*", "/", False),
    ("/api", "/*", False),
    ("/api/**", "/api", True),
    ("/api/**", "/api/*/items/**", True),
    ("/api/*", "/api/**", False),
    ("/a*", "/a*b", True),
    ("/a*b", "/a*", False),
    ("/*.json", "/data.json", True),
    ("/**/*", "/*/**", False),
    ("/**/*/x", "/*/**/x", True),
    ("/*/**/x", "/**/*/x", True),
    ("/a/**/a", "/a", False),
    ("/a/**/b", "/a/x/**/y/b", True),
    ("/a/**/b", "/a/**", False),
    ("/*/b/**", "/**/b/b", False),
    ("/*/*/b/**", "/**/b/b/b", False),
]


@pytest.mark.parametrize("row", ORIGIN_COVERS, ids=lambda row: f"{row[0]} covers {row[1]}")
def test_an_origin_pattern_covers_another(row: tuple[str, str, bool]) -> None:
    assert OriginPattern(row[0]).covers(OriginPattern(row[1])) is row[2]


@pytest.mark.parametrize("row", PATH_COVERS, ids=lambda row: f"{row[0]} covers {row[1]}")
def test_a_path_pattern_covers_another(row: tuple[str, str, bool]) -> None:
    assert PathPattern(row[0]).covers(PathPattern(row[1])) is row[2]


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "is_exact"),
    [
        ("https://example.com", "https", "example.com", None, True),
        ("http://localhost:3000", "http", "localhost", "3000", True),
        ("http://localhost:*", "http", "localhost", "*", False),
        ("https://*.example.com", "https", "*.example.com", None, False),
        ("http://[::1]:8000", "http", "[::1]", "8000", True),
        ("http://[::1]", "http", "[::1]", None, True),
    ],
)
def test_the_parts_of_an_origin_pattern(text: str, scheme: str, host: str, port: str | None, is_exact: bool) -> None:
    pattern = OriginPattern(text)
    assert (pattern.text, pattern.scheme, pattern.host, pattern.port) == (text, scheme, host, port)
    assert pattern.is_exact is is_exact


@pytest.mark.parametrize(
    ("text", "prefix", "is_exact"),
    [
        ("/", ("",), True),
        ("/api/v1", ("api", "v1"), True),
        ("/api/", ("api", ""), True),
        ("/api/*/items", ("api",), False),
        ("/api/**", ("api",), False),
        ("/*.json", (), False),
        ("/**", (), False),
    ],
)
def test_the_parts_of_a_path_pattern(text: str, prefix: tuple[str, ...], is_exact: bool) -> None:
    pattern = PathPattern(text)
    assert (pattern.text, pattern.prefix, pattern.is_exact) == (text, prefix, is_exact)


@pytest.mark.parametrize(
    "make", [lambda: OriginPattern("https://a.example"), lambda: PathPattern("/a")], ids=["origin", "path"]
)
def test_patterns_are_values(make: Callable[[], OriginPattern | PathPattern]) -> None:
    assert make() == make()
    assert len({make(), make()}) == 1
    assert make().text in repr(make())
    with pytest.raises(AttributeError):
        make().text = "/b"  # type: ignore[misc]


@pytest.mark.parametrize("path", ["", "/", "/a", "/a/", "/.well-known/x", "/...", "/a..b", "/a.", "/..a/b.c", "/a b"])
def test_plain_paths(path: str) -> None:
    assert is_plain_path(path)


@pytest.mark.parametrize(
    "path", ["//", "/a//b", "/.", "/..", "/./a", "/a/../b", "/a/..", "/a/.", "..", ".", "/a\\b", "/\0", "/a/b//"]
)
def test_paths_that_match_no_route(path: str) -> None:
    assert not is_plain_path(path)
