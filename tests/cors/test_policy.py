"""The decisions of a CORS policy as functions of values: by tables, and by properties over any bytes."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cors.cases import ORIGIN, A, pairs, policy
from tests.engine.both import Pairs
from toolkit.cors.answers import Answers
from toolkit.cors.policy import OWNED, Policy, allows, listed_names, merge, response_headers
from toolkit.http.headers import RawHeaders
from toolkit.http.origins import is_origin

PUBLIC = policy(any_origin=True)
LISTED = policy(A, "https://*.b.example", regex=r"https://c[0-9]\.example")
REFLECTING = policy(any_origin=True, credentials=True)


# ---- which origins

ALLOWS = [
    ("exact", LISTED, ORIGIN, True),
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


RESPONSES: Sequence[tuple[str, Policy, bytes | None, Pairs]] = [
    ("no origin", LISTED, None, pairs("Vary: Origin")),
    ("allowed", LISTED, ORIGIN, pairs(f"Vary: Origin | ACAO: {A}")),
    ("credentials", policy(A, credentials=True), ORIGIN, pairs(f"Vary: Origin | ACAO: {A} | ACAC: true")),
    ("credentials, not allowed", policy(A, credentials=True), None, pairs("Vary: Origin")),
    (
        "exposed and timed",
        policy(A, expose=("X-A", "ETag"), timing=True),
        ORIGIN,
        pairs(f"Vary: Origin | ACAO: {A} | ACEH: X-A, ETag | TAO: {A}"),
    ),
    ("exposed and timed, not allowed", policy(A, expose=("X-A",), timing=True), None, pairs("Vary: Origin")),
    ("all exposed", policy(A, expose=("*",)), ORIGIN, pairs(f"Vary: Origin | ACAO: {A} | ACEH: *")),
    (
        "all exposed with credentials are listed later",
        policy(A, expose=("*",), credentials=True),
        ORIGIN,
        pairs(f"Vary: Origin | ACAO: {A} | ACAC: true"),
    ),
    ("everybody", PUBLIC, ORIGIN, pairs("ACAO: *")),
    ("everybody, no origin", PUBLIC, None, pairs("ACAO: *")),
    (
        "everybody, exposed and timed",
        policy(any_origin=True, expose=("*",), timing=True),
        None,
        pairs("ACAO: * | ACEH: * | TAO: *"),
    ),
    ("any with credentials", REFLECTING, ORIGIN, pairs(f"Vary: Origin | ACAO: {A} | ACAC: true")),
]


@pytest.mark.parametrize(
    ("decided", "origin", "expected"), [row[1:] for row in RESPONSES], ids=[row[0] for row in RESPONSES]
)
def test_what_a_response_carries(decided: Policy, origin: bytes | None, expected: Pairs) -> None:
    assert response_headers(decided, origin) == expected


def test_a_response_varies_by_what_the_check_looked_at() -> None:
    assert response_headers(LISTED, ORIGIN, b"Origin, Host")[0] == (b"vary", b"Origin, Host")


# ---- what the application set itself

READY = pairs(f"Vary: Origin | ACAO: {A}")
MERGES: Sequence[tuple[str, Pairs, Pairs, bool, Pairs]] = [
    ("replaces", pairs("x: 1 | ACAO: *"), READY, False, (*pairs("x: 1"), *READY)),
    ("replaces all", pairs("ACAO: * | ACAO: null | ACAM: PUT"), READY, False, READY),
    ("strips", pairs("ACAO: * | ACAC: true"), pairs("Vary: Origin"), False, pairs("Vary: Origin")),
    (
        "adds to vary",
        pairs("Vary: Accept-Encoding | x: 1"),
        READY,
        False,
        pairs(f"x: 1 | Vary: Accept-Encoding, Origin | ACAO: {A}"),
    ),
    ("vary has it", pairs("Vary: accept, ORIGIN"), READY, False, pairs(f"Vary: accept, ORIGIN | ACAO: {A}")),
    ("vary by all", pairs("Vary: *"), READY, False, pairs(f"Vary: * | ACAO: {A}")),
    ("keeps", pairs("ACAO: * | ACEH: x"), READY, True, pairs("ACAO: * | ACEH: x | Vary: Origin")),
    ("keeps nothing without an origin", pairs("ACAC: true"), READY, True, READY),
    ("timing is replaced where the policy sends it", pairs("TAO: *"), pairs(f"TAO: {A}"), False, pairs(f"TAO: {A}")),
    (
        "timing stays where it does not",
        pairs("TAO: * | Vary: x"),
        pairs("Vary: Origin"),
        False,
        pairs("TAO: * | Vary: x, Origin"),
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
    ("names", pairs("x-b: 1 | x-a: 2 | x-a: 3"), pairs("ACEH: x-a, x-b")),
    ("not what is always readable", pairs("content-type: x | x-a: 2"), pairs("ACEH: x-a")),
    ("never Set-Cookie", pairs("set-cookie: x | set-cookie2: x"), ()),
    ("not its own", pairs("ACAO: * | ACMA: 1"), ()),
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
    assert known[ORIGIN] == "True https://a.example"
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
    assert all(origin in known for origin in [ORIGIN, None, *partners])
    assert len(known) == 2 + 1024 + 256
    assert b"https://s1999.example" in known


def test_what_is_no_origin_is_not_remembered() -> None:
    known = answers(PUBLIC)
    for number in range(50):
        assert known[b"x" * number] == "none"
    assert list(known) == [None]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=5))
@settings(max_examples=25)
def test_an_answer_is_right_after_any_number_of_strangers(spells: list[tuple[int, int]]) -> None:
    known = answers(LISTED)
    strangers = [number for start, length in [(0, 300), *spells] for number in range(start, start + length)]
    for number in strangers:
        origins = {b"https://s%d.example" % number: "False", b"https://p%d.b.example" % number: "True"}
        assert {origin: known[origin] for origin in origins} == {
            origin: f"{allowed} {origin.decode()}" for origin, allowed in origins.items()
        }
    assert len([origin for origin in known if origin and origin.startswith(b"https://s")]) == 256
