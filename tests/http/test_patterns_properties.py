"""Patterns against oracles that share no code with them: a recursive matcher, regular expressions, and automata."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.http.patterns import OriginPattern, OriginSet, PathPattern, PatternError, is_origin, is_plain_path

# ---- origins

_PORTS = [None, "*", "8000", "80", "443"]


def _joined(scheme: str, host: str, port: str | None) -> str:
    return f"{scheme}://{host}" + (f":{port}" if port else "")


def _parsed(text: str) -> OriginPattern | None:
    try:
        return OriginPattern(text, allow_public_suffix=True)
    except PatternError:
        return None


_WILD = ["", "*.", "**.", "*.*.", "**.*."]
_NAMES = [".".join(labels) for count in (1, 2, 3) for labels in itertools.product(["a", "b", "com"], repeat=count)]
_TEXTS = [
    _joined(*parts) for parts in itertools.product(["http", "https"], [w + n for w in _WILD for n in _NAMES], _PORTS)
]
_PATTERN = st.sampled_from([pattern for pattern in map(_parsed, _TEXTS) if pattern])
_HOSTS = [".".join(labels) for count in range(1, 6) for labels in itertools.product(["a", "b", "com"], repeat=count)]
_ORIGIN = st.builds(
    _joined,
    st.sampled_from(["http", "https"]),
    st.sampled_from(_HOSTS),
    st.sampled_from([None, "8000", "8001", "80", "443"]),
)
_ORIGIN_PARTS = re.compile(r"([a-z]+)://([^:]*)(?::(.*))?")


def _oracle_origin(origin: str, text: str) -> bool:
    mine, theirs = _ORIGIN_PARTS.fullmatch(origin), _ORIGIN_PARTS.fullmatch(text)
    assert mine
    assert theirs
    if mine[3] == {"http": "80", "https": "443"}[mine[1]] or mine[1] != theirs[1]:
        return False
    return theirs[3] in ("*", mine[3]) and _oracle_host(mine[2].split("."), theirs[2].split("."))


def _oracle_host(labels: list[str], globs: list[str]) -> bool:
    if not labels or not globs:
        return labels == globs
    if globs[0] == "**":
        return _oracle_host(labels[1:], globs[1:]) or _oracle_host(labels[1:], globs)
    return globs[0] in ("*", labels[0]) and _oracle_host(labels[1:], globs[1:])


@settings(max_examples=2000, deadline=None)
@given(st.lists(_PATTERN, max_size=4), st.lists(_ORIGIN, min_size=1, max_size=3))
def test_a_set_of_origins_agrees_with_a_recursive_matcher(patterns: list[OriginPattern], origins: list[str]) -> None:
    allowed = OriginSet(patterns)
    for origin in origins * 2:  # the second round meets the memo
        expected = any(_oracle_origin(origin, pattern.text) for pattern in patterns)
        assert (origin.encode() in allowed) == expected, origin


_AB_HOSTS = [".".join(labels) for count in range(1, 6) for labels in itertools.product("ab", repeat=count)]
_BRUTE = [_joined("https", host, port) for host in _AB_HOSTS for port in (None, "1", "2")]
_AB = st.builds(
    lambda wild, labels, port: OriginPattern(_joined("https", wild + ".".join(labels), port), allow_public_suffix=True),
    st.sampled_from(["", "*.", "**.", "*.*.", "**.*."]),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=2),
    st.sampled_from([None, "1", "*"]),
)


@settings(max_examples=2000, deadline=None)
@given(_AB, _AB)
def test_an_origin_pattern_covers_another_iff_no_origin_tells(one: OriginPattern, other: OriginPattern) -> None:
    told = any(_oracle_origin(origin, other.text) and not _oracle_origin(origin, one.text) for origin in _BRUTE)
    assert one.covers(other) == (not told)


_SCRAPS = [
    "https",
    "http",
    "://",
    ":",
    "/",
    ".",
    "*",
    "**",
    "*.",
    "a",
    "example",
    ".com",
    "[::1]",
    "[",
    "]",
    "443",
    "0",
    "1.2.3.4",
]
_ODD_TEXT = st.lists(st.sampled_from([*_SCRAPS, "@", "?", "#", "\\", "A", "ü", " ", "\n", "\ud800", "ws"]), max_size=8)


@settings(max_examples=2000, deadline=None)
@given(
    _ODD_TEXT.map("".join)
    | st.lists(st.sampled_from(_SCRAPS), max_size=6).map(lambda scraps: "http://" + "".join(scraps))
)
@example("http://1.2.3.4.5")
def test_any_text_is_refused_or_is_a_pattern_of_origins_that_browsers_send(text: str) -> None:
    pattern = _parsed(text)
    if pattern is None:
        assert not is_origin(text.encode("utf-8", "surrogatepass")) or text.endswith(".") or ".:" in text
        return
    sample = text.replace("**", "*").replace(":*", ":1").replace("*", "x")
    assert is_origin(sample.encode())
    assert pattern.is_exact == (sample == text)
    assert sample.encode() in OriginSet([pattern])


# ---- paths

_CHARS = itertools.chain.from_iterable(itertools.product("a.*", repeat=count) for count in range(1, 5))
_SEGMENTS = [text for text in map("".join, _CHARS) if "**" not in text and text not in (".", "..")]


def _path_pattern(before: list[str], deep: list[str], after: list[str], last: list[str]) -> PathPattern:
    return PathPattern("/" + "/".join([*before, *deep, *after, *last] or [""]))


_SOME = st.sampled_from([list(pair) for count in range(3) for pair in itertools.product(_SEGMENTS, repeat=count)])
_OR_NOT = st.sampled_from([[], [""]])
_PATH_PATTERN = st.builds(_path_pattern, _SOME, st.sampled_from([[], ["**"]]), _SOME, _OR_NOT)
_FEW = st.sampled_from([list(parts) for count in range(4) for parts in itertools.product("a*", repeat=count)])
_PLAIN_PATTERN = st.builds(_path_pattern, _FEW, st.just(["**"]), _FEW, _OR_NOT)
_RAW_PATH = st.text("aa./b\\", max_size=12)
_PARTS = ["a", "b", "aa", "a.", ".a", "", ".", ".."]
_PATH = st.sampled_from(
    ["/" + "/".join(parts) for count in range(5) for parts in itertools.product(_PARTS, repeat=count)]
)


def _regex(pattern: str) -> str:
    """The pattern as a regular expression, by the rules as they are written for users."""
    return "".join(_segment_regex(segment) for segment in pattern.split("/")[1:])


def _segment_regex(segment: str) -> str:
    if segment == "**":
        return "(?:/[^/]*)*"
    if segment == "*":
        return "/[^/]+"
    return "/" + segment.replace(".", "[.]").replace("*", "[^/]*")


def _oracle_path(path: str, pattern: str) -> bool:
    bad = "\\" in path or "//" in path or re.search(r"(^|/)\.\.?(/|$)", path)
    return not bad and re.fullmatch(_regex(pattern), path) is not None


@settings(max_examples=2000, deadline=None)
@given(_PATH_PATTERN, _PATH, _RAW_PATH)
def test_a_path_pattern_agrees_with_a_regular_expression(pattern: PathPattern, path: str, raw: str) -> None:
    assert pattern.matches(path) == _oracle_path(path, pattern.text)
    assert pattern.matches(raw) == _oracle_path(raw, pattern.text)


@settings(max_examples=2000, deadline=None)
@given(_PATH_PATTERN, st.sampled_from(["", "/a", "/x.y/b", "/b/b/b"]), st.sampled_from(["x", "a", "a.a"]))
def test_a_path_made_from_a_pattern_matches_it(pattern: PathPattern, deep: str, fill: str) -> None:
    path = pattern.text.replace("/**", deep).replace("*", fill)
    assert pattern.matches(path)
    assert not pattern.matches(path + "//")
    assert pattern.prefix == tuple(path.split("/")[1:][: len(pattern.prefix)])


@settings(max_examples=2000, deadline=None)
@given(st.text("a./\\\0", max_size=10))
def test_a_plain_path_has_no_odd_segment(path: str) -> None:
    inner = path.split("/")
    odd = {".", ".."} & set(inner) or "" in inner[1:-1] or path.startswith("//") or "\\" in path or "\0" in path
    assert is_plain_path(path) == (not odd)


# Inclusion, decided by automata. A state is a place in the pattern; `z` stands for every character no pattern names.

_ALPHABET = "a./z"
_States = frozenset[tuple[int, str]]


def _start(pattern: str) -> _States:
    return _closed([(0, "before")], pattern)


def _step(states: _States, char: str, pattern: str) -> _States:
    return _closed(itertools.chain.from_iterable(_moves(state, char, pattern) for state in states), pattern)


def _moves(state: tuple[int, str], char: str, pattern: str) -> Iterator[tuple[int, str]]:
    """Where one character leads; `before` a token, or `within` the wildcard that the token is."""
    place, how = state
    tokens = _tokens(pattern)
    if place == len(tokens):
        return
    token = tokens[place]
    if token == char:
        yield (place + 1, "before")
    if token == "any" and char != "/":  # one character of a `*`
        yield (place, "before")
    if token == "some" and char != "/":  # the first character of a lone `*`
        yield (place, "within")
    if token == "deep" and (char == "/" or how == "within"):  # a `**`
        yield (place, "within")


def _closed(states: Iterable[tuple[int, str]], pattern: str) -> _States:
    """The states and all that wildcards reach without a character."""
    tokens, found, todo = _tokens(pattern), set[tuple[int, str]](), list(states)
    while todo:
        place, how = todo.pop()
        found.add((place, how))
        token = tokens[place] if place < len(tokens) else ""
        if token in ("any", "deep") or (token == "some" and how == "within"):
            todo.append((place + 1, "before"))
    return frozenset(found)


@functools.cache
def _tokens(pattern: str) -> list[str]:
    tokens: list[str] = []
    for segment in pattern.split("/")[1:]:
        if segment == "**":
            tokens.append("deep")
        else:
            tokens.append("/")
            tokens += ["some"] if segment == "*" else ["any" if char == "*" else char for char in segment]
    return tokens


def _plain(segment: str, char: str) -> str | None:
    """The current segment, shortened to what matters, after one more character; None where the path is not plain."""
    if char == "/":
        return None if segment in ("/", "/.", "/..") else "/"
    return segment + char if segment + char in ("/.", "/..") else "/+"


def _is_included(inner: str, outer: str) -> bool:
    todo = [(_start(inner), _start(outer), "")]
    seen = set(todo)
    while todo:
        mine, theirs, segment = todo.pop()
        if _accepts(mine, inner) and segment not in ("/.", "/..") and not _accepts(theirs, outer):
            return False
        for char in _ALPHABET:
            after = _plain(segment, char)
            step = (_step(mine, char, inner), _step(theirs, char, outer), after or "")
            if after is not None and step[0] and step not in seen:
                seen.add(step)
                todo.append(step)
    return True


def _accepts(states: _States, pattern: str) -> bool:
    return (len(_tokens(pattern)), "before") in states


@settings(max_examples=2000, deadline=None)
@given(_PATH_PATTERN | _PLAIN_PATTERN, _PATH_PATTERN | _PLAIN_PATTERN)
def test_a_path_pattern_covers_another_iff_their_automata_say_so(one: PathPattern, other: PathPattern) -> None:
    assert one.covers(other) == _is_included(other.text, one.text)


_SMALL = [
    "/" + "/".join(parts)
    for count in range(1, 4)
    for parts in itertools.product(["a", "aa", ".a", "a.a", "z"], repeat=count)
]
_SMALL_PATHS = ["", "/", *_SMALL, *(f"{path}/" for path in _SMALL)]


@settings(max_examples=100, deadline=None)
@given(_PATH_PATTERN, _PATH_PATTERN)
def test_what_is_covered_is_matched_by_brute_force(one: PathPattern, other: PathPattern) -> None:
    covers = one.covers(other)
    told = [path for path in _SMALL_PATHS if _oracle_path(path, other.text) and not _oracle_path(path, one.text)]
    assert not (covers and told)


@settings(max_examples=500, deadline=None)
@given(_PATH_PATTERN, _PATH)
def test_the_automata_agree_with_the_regular_expression(pattern: PathPattern, path: str) -> None:
    states = _start(pattern.text)
    for char in path.replace("b", "z"):
        states = _step(states, char, pattern.text)
    assert _accepts(states, pattern.text) == (re.fullmatch(_regex(pattern.text), path.replace("b", "z")) is not None)


@settings(max_examples=2000, deadline=None)
@given(st.text("/a*{}?[]\\.%2é \0", max_size=12).map("/".__add__))
def test_any_text_is_refused_or_is_a_path_pattern_of_plain_paths(text: str) -> None:
    pattern = _parsed_path(text)
    path = text.replace("**", "*").replace("*", "x")
    if pattern is None:
        odd = set(text) & set("{}?[]%\0") or "**" in text or "/../" in f"{text}/" or "/./" in f"{text}/"
        assert odd or not is_plain_path(path)
        return
    assert is_plain_path(path)
    assert pattern.matches(path)
    assert pattern.is_exact == (path == text)


def _parsed_path(text: str) -> PathPattern | None:
    try:
        return PathPattern(text)
    except PatternError:
        return None
