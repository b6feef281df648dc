"""What a CORS policy answers to preflights, as a function of values: by tables, and by properties over any bytes."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cors.cases import KNOWN, ORIGIN, SAFE, A, pairs, policy
from tests.engine.both import Pairs
from toolkit.cors.policy import Policy, Preflight, allows, preflight
from toolkit.http.headers import is_token

LISTED = policy(A, "https://*.b.example")
STRICT = policy(A, methods=("PUT",), headers=("x-a",), strict=True)
STRICT_VARY = "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
STRICT_NO = pairs(STRICT_VARY)
STRICT_ALLOWED = pairs(f"{STRICT_VARY} | ACAO: {A} | ACAM: PUT | {SAFE}, x-a | ACMA: 600")
ECHO = policy(A, credentials=True, methods=("*",), headers=("*",))


def echoed(methods: str, headers: str = "") -> Pairs:
    return pairs(f"{STRICT_VARY} | ACAO: {A} | ACAC: true | ACAM: {methods}", headers, "ACMA: 600")


PREFLIGHTS: Sequence[tuple[str, Policy, bytes | None, str, bytes | None, Pairs, str]] = [
    (
        "static, whatever is asked for",
        policy(A, methods=("GET", "PUT"), headers=("x-a", "accept"), max_age=5),
        ORIGIN,
        "DELETE",
        b"x-b",
        pairs(f"Vary: Origin | ACAO: {A} | ACAM: GET, PUT | {SAFE}, x-a | ACMA: 5"),
        "",
    ),
    (
        "static with credentials, unread",
        policy(A, credentials=True),
        ORIGIN,
        "PUT",
        b"\xff" * 5000,
        pairs(f"Vary: Origin | ACAO: {A} | ACAC: true | ACAM: GET | {SAFE} | ACMA: 600"),
        "",
    ),
    (
        "any header, unread",
        policy(A, headers=("*",)),
        ORIGIN,
        "PUT",
        b"\xff" * 5000,
        pairs(f"Vary: Origin | ACAO: {A} | ACAM: GET | ACAH: * | ACMA: 600"),
        "",
    ),
    ("denied", STRICT, None, "PUT", None, STRICT_NO, "the origin is not allowed"),
    ("denied with credentials", ECHO, None, "PUT", None, STRICT_NO, "the origin is not allowed"),
    (
        "no method and no age",
        policy(A, methods=(), max_age=0),
        ORIGIN,
        "PUT",
        None,
        pairs(f"Vary: Origin | ACAO: {A} | {SAFE} | ACMA: 0"),
        "",
    ),
    (
        "everything for everybody",
        policy(any_origin=True, methods=("*",), headers=("*", "authorization")),
        b"null",
        "PUT",
        b"x-a",
        pairs("ACAO: * | ACAM: * | ACAH: *, authorization | ACMA: 600"),
        "",
    ),
    ("strict", STRICT, ORIGIN, "PUT", b"content-type,x-a", STRICT_ALLOWED, ""),
    ("strict, safelisted method", STRICT, ORIGIN, "POST", None, STRICT_ALLOWED, ""),
    ("strict, any case", STRICT, ORIGIN, "PUT", b"X-A", STRICT_ALLOWED, ""),
    ("strict, spaces and empty members", STRICT, ORIGIN, "PUT", b" , x-a ,,accept", STRICT_ALLOWED, ""),
    ("strict, method", STRICT, ORIGIN, "PATCH", None, STRICT_NO, "the method PATCH is not allowed"),
    ("strict, method in lower case", STRICT, ORIGIN, "put", None, STRICT_NO, "the method put is not allowed"),
    ("strict, header", STRICT, ORIGIN, "PUT", b"accept,x-b", STRICT_NO, "the header x-b is not allowed"),
    ("strict, long method", STRICT, ORIGIN, "M" * 99, None, STRICT_NO, f"the method {'M' * 64}… is not allowed"),
    (
        "strict, no name",
        STRICT,
        ORIGIN,
        "PUT",
        b"x-a,<b>",
        STRICT_NO,
        "Access-Control-Request-Headers holds what is no header name",
    ),
    (
        "strict, too long",
        STRICT,
        ORIGIN,
        "PUT",
        b"x-a," * 1025,
        STRICT_NO,
        "Access-Control-Request-Headers is longer than 4096 bytes",
    ),
    (
        "strict for everybody",
        policy(any_origin=True, strict=True),
        ORIGIN,
        "PUT",
        None,
        pairs("Vary: Access-Control-Request-Method, Access-Control-Request-Headers"),
        "the method PUT is not allowed",
    ),
    (
        "strict, any header but one",
        policy(A, headers=("*",), strict=True),
        ORIGIN,
        "GET",
        b"authorization",
        STRICT_NO,
        "the header authorization is not allowed",
    ),
    ("echo", ECHO, ORIGIN, "PUT", b"authorization,x-b", echoed(KNOWN, "ACAH: authorization, x-b"), ""),
    ("echo of nothing", ECHO, ORIGIN, "PUT", None, echoed(KNOWN), ""),
    ("echo, own method", ECHO, ORIGIN, "purge", None, echoed(f"{KNOWN}, purge"), ""),
    ("echo once each, at the limit", ECHO, ORIGIN, "PUT", b"X-A,x-a," * 512, echoed(KNOWN, "ACAH: x-a"), ""),
    (
        "echo of no name",
        ECHO,
        ORIGIN,
        "PUT",
        b"x-a\r\nset-cookie: x",
        STRICT_NO,
        "Access-Control-Request-Headers holds what is no header name",
    ),
    (
        "echo of too much",
        ECHO,
        ORIGIN,
        "PUT",
        b"x" * 4097,
        STRICT_NO,
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
    st.just(A),
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
    answer = preflight(decided, ORIGIN, method, requested)
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
        assert preflight(STRICT, ORIGIN, "PUT", value).refusal
        assert not allows(LISTED, value)
    assert time.process_time() - started < 0.5


def test_a_preflight_varies_by_what_the_check_looked_at() -> None:
    assert preflight(LISTED, None, "PUT", None, b"Origin, Host").headers == pairs("Vary: Origin, Host")
    assert preflight(LISTED, ORIGIN, "PUT", None, b"Origin, Host").headers[0] == (b"vary", b"Origin, Host")
