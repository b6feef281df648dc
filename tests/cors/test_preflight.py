"""What a CORS policy answers to preflights, as a function of values: by tables, and by properties over any bytes."""

import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.cors.policy import (
    Pairs,
    Policy,
    Preflight,
    allows,
    preflight,
)
from toolkit.http.headers import is_token
from toolkit.http.patterns import OriginPattern, OriginSet

A = b"https://a.example"
SAFE = b"accept, accept-language, content-language, content-type"


def policy(*origins: str, regex: str | None = None, **options: Any) -> Policy:
    patterns = [OriginPattern(text) for text in origins]
    return Policy(origins=OriginSet(patterns, regex=re.compile(regex) if regex else None), **options)


LISTED = policy("https://a.example", "https://*.b.example")


def pairs(*lines: str) -> Pairs:
    """ "vary: Origin" as headers are held; ACA- stands for access-control-allow-."""
    split = (line.replace("ACA-", "access-control-allow-").split(": ", 1) for line in lines)
    return tuple((name.encode(), value.encode()) for name, value in split)


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
    (
        "static with credentials, unread",
        policy("https://a.example", credentials=True),
        A,
        "PUT",
        b"\xff" * 5000,
        pairs(
            "vary: Origin",
            "ACA-origin: https://a.example",
            "ACA-credentials: true",
            "ACA-methods: GET",
            f"ACA-headers: {SAFE.decode()}",
            "access-control-max-age: 600",
        ),
        "",
    ),
    (
        "any header, unread",
        policy("https://a.example", headers=("*",)),
        A,
        "PUT",
        b"\xff" * 5000,
        pairs(
            "vary: Origin",
            "ACA-origin: https://a.example",
            "ACA-methods: GET",
            "ACA-headers: *",
            "access-control-max-age: 600",
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


def test_a_preflight_varies_by_what_the_check_looked_at() -> None:
    assert preflight(LISTED, None, "PUT", None, b"Origin, Host").headers == pairs("vary: Origin, Host")
    assert preflight(LISTED, A, "PUT", None, b"Origin, Host").headers[0] == (b"vary", b"Origin, Host")
