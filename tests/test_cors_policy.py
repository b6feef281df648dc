"""The decisions of a CORS policy as functions of values: by tables, and by properties over any bytes."""

import re
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from toolkit import CORS
from toolkit.cors.explain import near_misses
from toolkit.cors.origin_check import DENIED, Ruling, ask, ruling
from toolkit.cors.policy import (
    OWNED,
    Answers,
    Pairs,
    Policy,
    Preflight,
    allows,
    listed_names,
    merge,
    preflight,
    response_headers,
)
from toolkit.cors.verdict import Page, check, preflight_check
from toolkit.http.headers import RawHeaders, is_token
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
    assert preflight(LISTED, None, "PUT", None, b"Origin, Host").headers == pairs("vary: Origin, Host")


# ---- what preflights are answered

STRICT = policy("https://a.example", methods=("PUT",), headers=("x-a",), strict=True)
STRICT_VARY = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
STRICT_ALLOWED = pairs(
    STRICT_VARY,
    "ACA-origin: https://a.example",
    "ACA-methods: PUT",
    f"ACA-headers: {SAFE.decode()}, x-a",
    "access-control-max-age: 600",
)
ECHO = policy("https://a.example", credentials=True, methods=("*",), headers=("*",))
KNOWN = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY"


def echoed(methods: str, *headers: str) -> Pairs:
    return pairs(
        STRICT_VARY,
        "ACA-origin: https://a.example",
        "ACA-credentials: true",
        f"ACA-methods: {methods}",
        *headers,
        "access-control-max-age: 600",
    )


PREFLIGHTS: Sequence[tuple[str, Policy, bytes | None, str, bytes | None, Pairs, str]] = [
    (
        "static, whatever is asked for",
        policy("https://a.example", methods=("GET", "PUT"), headers=("x-a", "accept"), max_age=5),
        A,
        "DELETE",
        b"x-b",
        pairs(
            "vary: Origin",
            "ACA-origin: https://a.example",
            "ACA-methods: GET, PUT",
            f"ACA-headers: {SAFE.decode()}, x-a",
            "access-control-max-age: 5",
        ),
        "",
    ),
    ("denied", STRICT, None, "PUT", None, pairs(STRICT_VARY), "the origin is not allowed"),
    ("denied with credentials", ECHO, None, "PUT", None, pairs(STRICT_VARY), "the origin is not allowed"),
    (
        "no method and no age",
        policy("https://a.example", methods=(), max_age=0),
        A,
        "PUT",
        None,
        pairs(
            "vary: Origin",
            "ACA-origin: https://a.example",
            f"ACA-headers: {SAFE.decode()}",
            "access-control-max-age: 0",
        ),
        "",
    ),
    (
        "everything for everybody",
        policy(any_origin=True, methods=("*",), headers=("*", "authorization")),
        b"null",
        "PUT",
        b"x-a",
        pairs("ACA-origin: *", "ACA-methods: *", "ACA-headers: *, authorization", "access-control-max-age: 600"),
        "",
    ),
    ("strict", STRICT, A, "PUT", b"content-type,x-a", STRICT_ALLOWED, ""),
    ("strict, safelisted method", STRICT, A, "POST", None, STRICT_ALLOWED, ""),
    ("strict, any case", STRICT, A, "PUT", b"X-A", STRICT_ALLOWED, ""),
    ("strict, spaces and empty members", STRICT, A, "PUT", b" , x-a ,,accept", STRICT_ALLOWED, ""),
    ("strict, method", STRICT, A, "PATCH", None, pairs(STRICT_VARY), "the method PATCH is not allowed"),
    ("strict, method in lower case", STRICT, A, "put", None, pairs(STRICT_VARY), "the method put is not allowed"),
    ("strict, header", STRICT, A, "PUT", b"accept,x-b", pairs(STRICT_VARY), "the header x-b is not allowed"),
    ("strict, long method", STRICT, A, "M" * 99, None, pairs(STRICT_VARY), f"the method {'M' * 64}… is not allowed"),
    (
        "strict, no name",
        STRICT,
        A,
        "PUT",
        b"x-a,<b>",
        pairs(STRICT_VARY),
        "Access-Control-Request-Headers holds what is no header name",
    ),
    (
        "strict, too long",
        STRICT,
        A,
        "PUT",
        b"x-a," * 1025,
        pairs(STRICT_VARY),
        "Access-Control-Request-Headers is longer than 4096 bytes",
    ),
    (
        "strict for everybody",
        policy(any_origin=True, strict=True),
        A,
        "PUT",
        None,
        pairs("vary: Access-Control-Request-Method, Access-Control-Request-Headers"),
        "the method PUT is not allowed",
    ),
    (
        "strict, any header but one",
        policy("https://a.example", headers=("*",), strict=True),
        A,
        "GET",
        b"authorization",
        pairs(STRICT_VARY),
        "the header authorization is not allowed",
    ),
    ("echo", ECHO, A, "PUT", b"authorization,x-b", echoed(KNOWN, "ACA-headers: authorization, x-b"), ""),
    ("echo of nothing", ECHO, A, "PUT", None, echoed(KNOWN), ""),
    ("echo, own method", ECHO, A, "purge", None, echoed(f"{KNOWN}, purge"), ""),
    ("echo once each, at the limit", ECHO, A, "PUT", b"X-A,x-a," * 512, echoed(KNOWN, "ACA-headers: x-a"), ""),
    (
        "echo of no name",
        ECHO,
        A,
        "PUT",
        b"x-a\r\nset-cookie: x",
        pairs(STRICT_VARY),
        "Access-Control-Request-Headers holds what is no header name",
    ),
    (
        "echo of too much",
        ECHO,
        A,
        "PUT",
        b"x" * 4097,
        pairs(STRICT_VARY),
        "Access-Control-Request-Headers is longer than 4096 bytes",
    ),
]


@pytest.mark.parametrize(
    ("decided", "origin", "method", "requested", "expected"),
    [(*row[1:5], Preflight(*row[5:])) for row in PREFLIGHTS],
    ids=[row[0] for row in PREFLIGHTS],
)
def test_what_a_preflight_is_answered(
    decided: Policy, origin: bytes | None, method: str, requested: bytes | None, expected: Preflight
) -> None:
    answer = preflight(decided, origin, method, requested)
    assert sorted(answer.headers) == sorted(expected.headers)
    assert answer.refusal == expected.refusal


NAMES = st.sampled_from(["x-a", "x-b", "authorization", "content-type", "accept"])
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "QUERY", "purge"])
POLICIES = st.builds(
    policy,
    st.just("https://a.example"),
    credentials=st.booleans(),
    methods=st.one_of(st.just(("*",)), st.lists(METHODS, unique=True).map(tuple)),
    headers=st.one_of(
        st.just(("*",)), st.just(("*", "authorization")), st.lists(NAMES, unique=True, max_size=3).map(tuple)
    ),
    strict=st.booleans(),
)
PAGES = st.builds(
    Page, st.just(A), METHODS, st.lists(NAMES, unique=True, max_size=3).map(tuple), credentials=st.booleans()
)


def intended(decided: Policy, page: Page) -> bool:
    """What the options say in words, with no look at any header."""
    if page.credentials and not decided.credentials:
        return False
    method = page.method in {"GET", "HEAD", "POST", *decided.methods} or _all(decided, page, "*" in decided.methods)
    names = {name for name in page.headers if name not in {"accept", "content-type"}} - set(decided.headers)
    if "authorization" in names and not decided.credentials:
        return False
    return method and (not names or _all(decided, page, "*" in decided.headers))


def _all(decided: Policy, page: Page, star: bool) -> bool:
    return star and (decided.credentials or not page.credentials)


@given(POLICIES, PAGES)
@settings(max_examples=400)
def test_a_browser_allows_what_the_options_mean(decided: Policy, page: Page) -> None:
    answer = preflight(decided, A, page.method, ",".join(page.unsafe).encode() or None)
    headers = dict(answer.headers)
    assert (check(page, headers) is None and preflight_check(page, headers) is None) is intended(decided, page)


@given(POLICIES, st.text("abZ0-!~", min_size=1, max_size=9), st.binary(max_size=60))
def test_a_preflight_never_raises_and_never_sends_what_is_no_list_of_names(
    decided: Policy, method: str, requested: bytes
) -> None:
    answer = preflight(decided, A, method, requested)
    for name, value in answer.headers:
        assert b"\r" not in value
        assert b"\n" not in value
        if name == b"access-control-allow-headers":
            assert all(is_token(member) for member in value.split(b", "))
    assert answer.refusal.isprintable()
    assert {name for name, _ in answer.headers} <= {b"vary"} or not answer.refusal


def test_long_values_take_time_in_proportion() -> None:
    started = time.process_time()
    for value in (b"x-a," * 16384, b"," * 65536, b"\xff" * 65536, b" " * 65536, b"x" * 65536):
        assert preflight(STRICT, A, "PUT", value).refusal
        assert not allows(LISTED, value)
    assert time.process_time() - started < 0.5


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


# ---- the application's own check

RULINGS: Sequence[tuple[str, object, Ruling]] = [
    ("yes", True, Ruling(True)),
    ("no", False, Ruling(False)),
    ("yes, by more", (True, ["Cookie", "X-Tenant"]), Ruling(True, b"Origin, Cookie, X-Tenant")),
    ("no, by more", (False, ("Host",)), Ruling(False, b"Origin, Host")),
    ("Origin is not named twice", (True, ["Origin"]), Ruling(True)),
]


@pytest.mark.parametrize(("answered", "expected"), [row[1:] for row in RULINGS], ids=[row[0] for row in RULINGS])
def test_a_check_answers(answered: object, expected: Ruling) -> None:
    assert ruling(answered) == expected


@pytest.mark.parametrize(
    "answered",
    [None, 1, "https://a.example", (1, []), (True, "Host"), (True, [b"Host"]), (True, ["a b"]), (True,)],
    ids=repr,
)
def test_any_other_answer_is_an_error(answered: object) -> None:
    with pytest.raises(TypeError, match="origin_check"):
        ruling(answered)


def _raises(origin: str, scope: Scope) -> bool:
    raise LookupError("no tenants")


async def _raises_later(origin: str, scope: Scope) -> bool:
    raise LookupError("no tenants")


async def _later(origin: str, scope: Scope) -> tuple[bool, list[str]]:
    return origin == "https://a.example", ["Host"]


async def _asked(checked: Any) -> Ruling:
    answered = ask(checked, "https://a.example", {}, lambda ruled: ruled)
    return answered if isinstance(answered, Ruling) else await answered


async def test_a_check_may_wait() -> None:
    assert await _asked(_later) == Ruling(True, b"Origin, Host")


@pytest.mark.parametrize(
    "checked", [_raises, _raises_later, lambda origin, scope: "yes"], ids=["raises", "raises later", "answers text"]
)
async def test_a_check_that_fails_denies_and_is_logged(checked: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await _asked(checked) == DENIED
    (record,) = caplog.records
    assert record.name == "toolkit.cors"
    assert record.exc_info is not None
    assert record.getMessage() == "origin_check failed for https://a.example, which is therefore not allowed"


async def test_what_follows_from_a_ruling_is_not_mistaken_for_the_check() -> None:
    def fails(ruled: Ruling) -> Awaitable[None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(lambda origin, scope: True, "https://a.example", {}, fails)


# ---- verdicts

VERDICTS: Sequence[tuple[str, dict[str, Any], dict[str, Any], bool, str, str]] = [
    ("allowed", {}, {}, True, "CORS check, step 5", "is allowed"),
    (
        "stranger",
        {},
        {"origin": "https://x.example"},
        False,
        "CORS check, step 2",
        "'https://x.example' is not allowed",
    ),
    ("null", {}, {"origin": "null"}, False, "CORS check, step 2", "'null' is not allowed"),
    ("everybody", {"allow_origins": ["*"]}, {}, True, "CORS check, step 3", "every origin"),
    (
        "everybody with credentials",
        {"allow_origins": ["*"]},
        {"credentials": True},
        False,
        "CORS check, step 4",
        "Access-Control-Allow-Origin is '*', not 'https://a.example'",
    ),
    ("credentials", {"allow_credentials": True}, {"credentials": True}, True, "CORS check, step 7", "with credentials"),
    ("no credentials", {}, {"credentials": True}, False, "CORS check, step 8", "credentials are not allowed"),
    ("safe POST", {}, {"method": "POST"}, True, "CORS check, step 5", "is allowed"),
    (
        "method",
        {},
        {"method": "PUT"},
        False,
        "CORS-preflight fetch, step 7.5",
        "the method PUT is not among GET",
    ),
    ("listed method", {"allow_methods": ["PUT"]}, {"method": "PUT"}, True, "CORS check, step 5", "is allowed"),
    (
        "authorization",
        {"allow_headers": ["*"]},
        {"headers": ["Authorization"]},
        False,
        "CORS-preflight fetch, step 7.6",
        "'*' does not cover it",
    ),
    ("header", {}, {"headers": ["X-A"]}, False, "CORS-preflight fetch, step 7.7", "the header x-a is not among"),
    (
        "strict",
        {"strict_preflight": True},
        {"method": "PUT"},
        False,
        "CORS-preflight fetch, step 7",
        "the preflight is refused: the method PUT is not allowed",
    ),
]


@pytest.mark.parametrize(
    ("options", "request_", "allowed", "step", "reason"),
    [row[1:] for row in VERDICTS],
    ids=[row[0] for row in VERDICTS],
)
def test_a_verdict_names_the_step(
    options: dict[str, Any], request_: dict[str, Any], allowed: bool, step: str, reason: str
) -> None:
    layer = CORS(**{"allow_origins": ["https://a.example"], **options})
    verdict = layer.verdict(**{"origin": "https://a.example", **request_})
    assert (verdict.allowed, verdict.step) == (allowed, step)
    assert reason in verdict.reason


READABLE = [
    ("safelisted", {}, {"etag"}, False),
    ("exposed", {"expose_headers": ["ETag"]}, {"etag", "content-type"}, True),
    ("all", {"expose_headers": ["*"]}, {"*"}, True),
    ("all with credentials", {"expose_headers": ["*"], "allow_credentials": True}, {"*"}, True),
]


@pytest.mark.parametrize(
    ("options", "names", "expected"), [row[1:] for row in READABLE], ids=[row[0] for row in READABLE]
)
def test_a_verdict_says_what_a_page_may_read(options: dict[str, Any], names: set[str], expected: bool) -> None:
    layer = CORS(allow_origins=["https://a.example"], **options)
    credentials = layer.allow_credentials
    readable = layer.verdict(origin="https://a.example", credentials=credentials).readable
    assert (names <= set(readable)) is expected


PREFLIGHTED = [
    ("get", "GET", (), False),
    ("safe headers", "POST", ("Accept", "accept-language"), False),
    ("json", "POST", ("Content-Type",), True),
    ("header", "GET", ("x-a",), True),
    ("method", "QUERY", (), True),
]


@pytest.mark.parametrize(
    ("method", "headers", "expected"), [row[1:] for row in PREFLIGHTED], ids=[row[0] for row in PREFLIGHTED]
)
def test_a_verdict_says_whether_the_browser_asks_first(method: str, headers: Sequence[str], expected: bool) -> None:
    layer = CORS(allow_origins=["*"])
    assert layer.verdict(origin="https://a.example", method=method, headers=headers).preflight is expected


NEAR = [
    ("apex", b"https://b.example", ["https://*.b.example is for names below b.example, not for b.example itself"]),
    ("scheme", b"http://a.example", ["https://a.example has another scheme"]),
    ("port", b"https://a.example:8443", ["https://a.example has another port"]),
    ("far", b"https://x.example", []),
    ("no origin", b"x", []),
]


@pytest.mark.parametrize(("origin", "expected"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_near_misses_are_told(origin: bytes, expected: list[str]) -> None:
    patterns = [OriginPattern("https://a.example"), OriginPattern("https://*.b.example")]
    assert list(near_misses(patterns, origin)) == expected
