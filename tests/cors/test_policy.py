"""The decisions of a CORS policy as functions of values: by tables, and by properties over any bytes."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.cors.policy import (
    OWNED,
    Answers,
    Pairs,
    Policy,
    allows,
    listed_names,
    merge,
    response_headers,
)
from toolkit.http.headers import RawHeaders
from toolkit.http.origins import is_origin
from toolkit.http.patterns import OriginPattern, OriginSet

A = b"https://a.example"
SAFE = b"accept, accept-language, content-language, content-type"


def policy(*origins: str, regex: str | None = None, **options: Any) -> Policy:
    patterns = [OriginPattern(text) for text in origins]
    return Policy(origins=OriginSet(patterns, regex=re.compile(regex) if regex else None), **options)


PUBLIC = policy(any_origin=True)
LISTED = policy("https://a.example", "https://*.b.example", regex=r"https://c[0-9]\.example")
REFLECTING = policy(any_origin=True, credentials=True)


# ---- which origins

ALLOWS = [
    ("exact", LISTED, A, True),
    ("pattern", LISTED, b"https://x.b.example", True),
    ("regex", LISTED, b"https://c1.example", True),
    ("regex not whole", LISTED, b"https://c1.example.stranger.example", False),
    ("apex", LISTED, b"https://b.example", False),
    ("two labels", LISTED, b"https://x.y.b.example", False),
    ("scheme", LISTED, b"http://a.example", False),
    ("port", LISTED, b"https://a.example:444", False),
    ("upper case", LISTED, b"https://A.example", False),
    ("prefix", LISTED, b"https://a.exampl", False),
    ("suffix", LISTED, b"https://a.example.stranger.example", False),
    ("null", LISTED, b"null", False),
    ("empty", LISTED, b"", False),
    ("repeated", LISTED, b"https://a.example, https://a.example", False),
    ("NUL", LISTED, b"https://a.example\0", False),
    ("not UTF-8", LISTED, b"https://a.example\xff", False),
    ("64 KB", LISTED, b"https://" + b"a." * 32768 + b"b.example", False),
    ("everybody", PUBLIC, b"https://any.example", True),
    ("everybody, null too", PUBLIC, b"null", True),
    ("any with credentials", REFLECTING, b"https://any.example", True),
    ("any with credentials, but not null", REFLECTING, b"null", False),
    ("any with credentials, but no origin", REFLECTING, b"https://any.example/", False),
]


@pytest.mark.parametrize(("decided", "origin", "expected"), [row[1:] for row in ALLOWS], ids=[row[0] for row in ALLOWS])
def test_which_origins_are_allowed(decided: Policy, origin: bytes, expected: bool) -> None:
    assert allows(decided, origin) is expected


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_bytes_raise_and_none_but_the_lists_pass(origin: bytes) -> None:
    assert not allows(LISTED, origin)
    assert allows(REFLECTING, origin) == is_origin(origin)


HOSTS = st.lists(st.sampled_from(["a", "b", "x", "example", "c1"]), min_size=1, max_size=4).map(".".join)


@given(st.sampled_from(["http", "https"]), HOSTS, st.sampled_from(["", ":8443", ":443"]))
def test_the_lists_pass_what_an_independent_expression_passes(scheme: str, host: str, port: str) -> None:
    origin = f"{scheme}://{host}{port}"
    expected = re.fullmatch(r"https://(a\.example|[^.:/]+\.b\.example|c[0-9]\.example)", origin) is not None
    assert allows(LISTED, origin.encode()) is expected


# ---- what responses carry


def pairs(*lines: str) -> Pairs:
    """ "vary: Origin" as headers are held; ACA- stands for access-control-allow-."""
    split = (line.replace("ACA-", "access-control-allow-").split(": ", 1) for line in lines)
    return tuple((name.encode(), value.encode()) for name, value in split)


RESPONSES: Sequence[tuple[str, Policy, bytes | None, Pairs]] = [
    ("no origin", LISTED, None, pairs("vary: Origin")),
    ("allowed", LISTED, A, pairs("vary: Origin", "ACA-origin: https://a.example")),
    (
        "credentials",
        policy("https://a.example", credentials=True),
        A,
        pairs("vary: Origin", "ACA-origin: https://a.example", "ACA-credentials: true"),
    ),
    ("credentials, not allowed", policy("https://a.example", credentials=True), None, pairs("vary: Origin")),
    (
        "exposed and timed",
        policy("https://a.example", expose=("X-A", "ETag"), timing=True),
        A,
        pairs(
            "vary: Origin",
            "ACA-origin: https://a.example",
            "access-control-expose-headers: X-A, ETag",
            "timing-allow-origin: https://a.example",
        ),
    ),
    (
        "exposed and timed, not allowed",
        policy("https://a.example", expose=("X-A",), timing=True),
        None,
        pairs("vary: Origin"),
    ),
    (
        "all exposed",
        policy("https://a.example", expose=("*",)),
        A,
        pairs("vary: Origin", "ACA-origin: https://a.example", "access-control-expose-headers: *"),
    ),
    (
        "all exposed with credentials are listed later",
        policy("https://a.example", expose=("*",), credentials=True),
        A,
        pairs("vary: Origin", "ACA-origin: https://a.example", "ACA-credentials: true"),
    ),
    ("everybody", PUBLIC, A, pairs("ACA-origin: *")),
    ("everybody, no origin", PUBLIC, None, pairs("ACA-origin: *")),
    (
        "everybody, exposed and timed",
        policy(any_origin=True, expose=("*",), timing=True),
        None,
        pairs("ACA-origin: *", "access-control-expose-headers: *", "timing-allow-origin: *"),
    ),
    (
        "any with credentials",
        REFLECTING,
        A,
        pairs("vary: Origin", "ACA-origin: https://a.example", "ACA-credentials: true"),
    ),
]


@pytest.mark.parametrize(
    ("decided", "origin", "expected"), [row[1:] for row in RESPONSES], ids=[row[0] for row in RESPONSES]
)
def test_what_a_response_carries(decided: Policy, origin: bytes | None, expected: Pairs) -> None:
    assert response_headers(decided, origin) == expected


def test_a_response_varies_by_what_the_check_looked_at() -> None:
    assert response_headers(LISTED, A, b"Origin, Host")[0] == (b"vary", b"Origin, Host")


# ---- what the application set itself

READY = pairs("vary: Origin", "ACA-origin: https://a.example")
MERGES: Sequence[tuple[str, Pairs, Pairs, bool, Pairs]] = [
    ("replaces", pairs("x: 1", "ACA-origin: *"), READY, False, (*pairs("x: 1"), *READY)),
    ("replaces all", pairs("ACA-origin: *", "ACA-origin: null", "ACA-methods: PUT"), READY, False, READY),
    ("strips", pairs("ACA-origin: *", "ACA-credentials: true"), pairs("vary: Origin"), False, pairs("vary: Origin")),
    (
        "adds to vary",
        pairs("vary: Accept-Encoding", "x: 1"),
        READY,
        False,
        pairs("x: 1", "vary: Accept-Encoding, Origin", "ACA-origin: https://a.example"),
    ),
    (
        "vary has it",
        pairs("vary: accept, ORIGIN"),
        READY,
        False,
        pairs("vary: accept, ORIGIN", "ACA-origin: https://a.example"),
    ),
    ("vary by all", pairs("vary: *"), READY, False, pairs("vary: *", "ACA-origin: https://a.example")),
    (
        "keeps",
        pairs("ACA-origin: *", "access-control-expose-headers: x"),
        READY,
        True,
        pairs("ACA-origin: *", "access-control-expose-headers: x", "vary: Origin"),
    ),
    ("keeps nothing without an origin", pairs("ACA-credentials: true"), READY, True, READY),
    (
        "timing is replaced where the policy sends it",
        pairs("timing-allow-origin: *"),
        pairs("timing-allow-origin: https://a.example"),
        False,
        pairs("timing-allow-origin: https://a.example"),
    ),
    (
        "timing stays where it does not",
        pairs("timing-allow-origin: *", "vary: x"),
        pairs("vary: Origin"),
        False,
        pairs("timing-allow-origin: *", "vary: x, Origin"),
    ),
]


@pytest.mark.parametrize(
    ("given_headers", "ready", "keep", "expected"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES]
)
def test_headers_of_the_application_are_merged(given_headers: Pairs, ready: Pairs, keep: bool, expected: Pairs) -> None:
    headers = list(given_headers)
    merge(headers, ready, keep=keep)
    assert tuple(headers) == expected


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([*sorted(OWNED), b"vary", b"x", b"set-cookie"]), st.sampled_from([b"*", b"a", b"Origin, b"])
    ),
    max_size=6,
)


@given(HEADERS)
def test_a_merged_response_has_one_of_each_and_keeps_all_else(headers: RawHeaders) -> None:
    merged = list(headers)
    merge(merged, READY, keep=False)
    names = [name for name, _ in merged]
    assert names.count(b"access-control-allow-origin") == 1
    assert OWNED & set(names) == {b"access-control-allow-origin"}
    assert [pair for pair in merged if pair[0] in {b"x", b"set-cookie"}] == [
        pair for pair in headers if pair[0] in {b"x", b"set-cookie"}
    ]


LISTINGS = [
    ("names", pairs("x-b: 1", "x-a: 2", "x-a: 3"), pairs("access-control-expose-headers: x-a, x-b")),
    ("not what is always readable", pairs("content-type: x", "x-a: 2"), pairs("access-control-expose-headers: x-a")),
    ("never Set-Cookie", pairs("set-cookie: x", "set-cookie2: x"), ()),
    ("not its own", pairs("ACA-origin: *", "access-control-max-age: 1"), ()),
    ("nothing that is no name", ((b"x a", b"1"), (b"x\r\n", b"1"), (b"\xff", b"1"), (b"", b"1")), ()),
]


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in LISTINGS], ids=[row[0] for row in LISTINGS])
def test_names_to_expose_are_listed(headers: Pairs, expected: Pairs) -> None:
    assert listed_names(list(headers)) == expected


# ---- what is remembered


def answers(decided: Policy) -> Answers[str]:
    return Answers(decided, lambda origin, allowed: f"{allowed} {origin.decode()}", "none")


def test_each_origin_has_its_answer() -> None:
    known = answers(LISTED)
    assert known[A] == "True https://a.example"
    assert known[b"https://x.b.example"] == "True https://x.b.example"
    assert known[b"https://b.example"] == "False https://b.example"
    assert known[b"null"] == "False null"
    assert known[None] == "none"
    assert known[b"https://a.example\xff"] == "none"


def test_strangers_drive_out_none_but_strangers() -> None:
    known = answers(LISTED)
    partners = [b"https://p%d.b.example" % number for number in range(1024)]
    for origin in partners:
        assert known[origin].startswith("True")
    for number in range(2000):
        assert known[b"https://s%d.example" % number].startswith("False")
    assert all(origin in known for origin in [A, None, *partners])
    assert len(known) == 2 + 1024 + 256
    assert b"https://s1999.example" in known


def test_what_is_no_origin_is_not_remembered() -> None:
    known = answers(PUBLIC)
    for number in range(50):
        assert known[b"x" * number] == "none"
    assert list(known) == [None]


@given(
    st.lists(st.sampled_from([b"https://%d.b.example" % n for n in range(9)] + [b"null", b"x", b"https://b.example"]))
)
def test_a_remembered_answer_is_the_first_one(asked: list[bytes]) -> None:
    known, fresh = answers(LISTED), [answers(LISTED)[origin] for origin in asked]
    assert [known[origin] for origin in asked] == fresh
