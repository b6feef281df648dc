"""What a browser makes of a policy, step by step, and what `explain` tells a person."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cors.cases import ORIGIN, policy
from toolkit import CORS, Ends
from toolkit.cors.explain import Statuses, handshake_line, near_misses, origin_lines, preflight_lines, response_lines
from toolkit.cors.policy import Policy
from toolkit.http.patterns import OriginPattern

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


LISTED = policy("https://a.example", "https://*.b.example", regex=r"https://c[0-9]\.example")
PUBLIC = policy(any_origin=True)
ORIGIN_LINES: Sequence[tuple[str, Policy, bytes | None, list[str]]] = [
    (
        "none",
        LISTED,
        None,
        ["there is no Origin header: no page of another origin asks, and no CORS header but Vary is sent"],
    ),
    ("exact", LISTED, ORIGIN, ["the origin 'https://a.example' is allowed by 'https://a.example'"]),
    (
        "pattern",
        LISTED,
        b"https://x.b.example",
        ["the origin 'https://x.b.example' is allowed by 'https://*.b.example'"],
    ),
    ("regex", LISTED, b"https://c1.example", ["the origin 'https://c1.example' is allowed by allow_origin_regex"]),
    ("any", policy(any_origin=True, credentials=True), ORIGIN, ["the origin 'https://a.example' is allowed by '*'"]),
    ("null", LISTED, b"null", ["the origin null is never allowed: every sandboxed frame sends it"]),
    ("no origin", LISTED, b"\xff", ["what Origin holds is no origin that a browser sends, so it is not allowed"]),
    (
        "near",
        LISTED,
        b"http://a.example",
        [
            "the origin 'http://a.example' is in none of the lists",
            "https://a.example has another scheme",
            "origin_check is asked about it as the request is served; what follows holds if it refuses",
        ],
    ),
    ("public", PUBLIC, b"null", ["every origin is allowed, without credentials: each response carries the same '*'"]),
]


@pytest.mark.parametrize(
    ("decided", "origin", "expected"), [row[1:] for row in ORIGIN_LINES], ids=[row[0] for row in ORIGIN_LINES]
)
def test_what_becomes_of_an_origin_is_explained(decided: Policy, origin: bytes | None, expected: list[str]) -> None:
    assert list(origin_lines(decided, origin, asks=True)) == expected


def test_what_a_response_carries_is_explained() -> None:
    decided = policy("https://a.example", credentials=True, expose=("*",))
    assert list(response_lines(decided, b"https://b.example")) == ["the response carries vary: Origin"]
    assert list(response_lines(decided, ORIGIN)) == [
        "the response carries vary: Origin, access-control-allow-origin: https://a.example,"
        " access-control-allow-credentials: true",
        "and access-control-expose-headers with the names of all its headers",
    ]


STATUSES = Statuses(answered=204, refused=403)


def test_a_preflight_that_the_browser_stops_is_explained() -> None:
    decided = policy("https://a.example", methods=("PUT",))
    carries = (
        "its answer carries vary: Origin, access-control-allow-origin: https://a.example,"
        " access-control-allow-methods: PUT, access-control-allow-headers: accept, accept-language, content-language,"
        " content-type, access-control-max-age: 600"
    )
    stops = (
        "the browser stops: the header x-a is not among accept, accept-language, content-language, content-type"
        " (CORS-preflight fetch, step 7.7)"
    )
    assert list(preflight_lines(decided, ORIGIN, "PUT", b"x-a", STATUSES)) == [
        "a preflight for PUT is answered with 204 and what the page may do",
        carries,
        stops,
    ]
    assert list(preflight_lines(decided, ORIGIN, "PUT", None, STATUSES))[-1] == "the browser goes on"


def test_a_refused_preflight_is_explained() -> None:
    refused = ["a preflight for PUT is refused with 403: the origin is not allowed", "its answer carries vary: Origin"]
    assert list(preflight_lines(LISTED, b"null", "PUT", None, STATUSES)) == refused


@pytest.mark.parametrize("origin", [ORIGIN, b"null"], ids=["answered", "refused"])
def test_every_preflight_ends_here(origin: bytes) -> None:
    told = preflight_lines(LISTED, origin, "PUT", None, STATUSES)
    assert [isinstance(line, Ends) for line in told][:2] == [True, False]


HANDSHAKES = [
    ("unchecked", (False, False, False), "a handshake passes: check_websockets is off"),
    ("same host", (True, True, False), "a handshake passes: it has no Origin, or one of this host"),
    ("allowed", (True, False, True), "a handshake passes: this host is another, and the origin decides"),
    ("refused", (True, False, False), "a handshake is refused with 403: this host is another, and the origin decides"),
]


@pytest.mark.parametrize(("case", "expected"), [row[1:] for row in HANDSHAKES], ids=[row[0] for row in HANDSHAKES])
def test_a_handshake_is_explained(case: tuple[bool, bool, bool], expected: str) -> None:
    told = handshake_line(*case, asks=False)

    assert told == handshake_line(*case, asks=True) == expected
    assert isinstance(told, Ends) == ("refused" in expected)
    assert not isinstance(handshake_line(*case, asks=True), Ends)
