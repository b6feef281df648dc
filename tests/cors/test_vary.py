"""Every policy on every kind of response: the headers, and what caches are told.

Fetch, "CORS protocol and HTTP caches": a constant `*` is on every response and needs no Vary; everything else varies by
Origin, also where an origin is not allowed, and where there is none.
"""

import pytest

from tests.cors.cases import (
    ALL_WITH,
    AWAITED,
    BROKEN,
    CHECKED,
    ECHO,
    EVIL,
    KEPT,
    LISTED,
    PUBLIC,
    REGEX,
    SHOWN,
    STRICT,
    TEA,
    TIMED,
    WITH,
    A,
    cors_headers,
    get,
    pairs,
)
from tests.engine.both import Case, Serve, via_asgi, via_wsgi
from toolkit import CORS

NO = "Vary: Origin"
YES = f"{NO} | ACAO: {A}"
REFLECTED = f"{NO} | ACAO: {EVIL} | ACAC: true"
PORT = "http://localhost:5173"
TENANT = f"Vary: Origin, X-Tenant | ACAO: {TEA}"

# The layer, an origin that it allows and what that gets, and what a foreign origin gets.
POLICIES: dict[str, tuple[CORS, str, str, str]] = {
    "static": (PUBLIC, EVIL, "ACAO: *", "ACAO: *"),
    "static, strict": (PUBLIC.replace(strict_preflight=True), EVIL, "ACAO: *", "ACAO: *"),
    "static, timed": (PUBLIC.replace(timing_allow_origin=True), EVIL, "ACAO: * | TAO: *", "ACAO: * | TAO: *"),
    "exact": (LISTED, A, YES, NO),
    "wildcard": (LISTED, TEA, f"{NO} | ACAO: {TEA}", NO),
    "any port": (CORS(allow_origins=["http://localhost:*"]), PORT, f"{NO} | ACAO: {PORT}", NO),
    "regex": (REGEX, A, f"{YES} | ACEH: *", NO),
    "credentials": (WITH, A, f"{YES} | ACAC: true | ACEH: X-Total, ETag", NO),
    "credentials, any origin": (ALL_WITH, EVIL, REFLECTED, REFLECTED),
    "credentials, stars": (ECHO, A, f"{YES} | ACAC: true", NO),
    "credentials, all names": (SHOWN, A, f"{YES} | ACAC: true | ACEH: x-total", NO),
    "strict": (STRICT, A, YES, NO),
    "timed": (TIMED, A, f"{YES} | TAO: {A} | ACEH: X-Total", NO),
    "checked, listed": (CHECKED, A, YES, "Vary: Origin, X-Tenant"),
    "checked": (CHECKED, TEA, TENANT, "Vary: Origin, X-Tenant"),
    "checked and awaited": (AWAITED, TEA, TENANT, "Vary: Origin, X-Tenant"),
    "checked in vain": (BROKEN.replace(allow_origins=[A]), A, YES, NO),
    "kept, with nothing to keep": (KEPT, A, f"{YES} | ACAC: true", NO),
}

RESPONSES = {
    "200": Case(),
    "204": Case(status=204, body=b""),
    "206": Case(status=206),
    "301": Case(status=301, body=b""),
    "304": Case(status=304, body=b""),
    "307": Case(method="PUT", status=307, body=b""),
    "400": Case(method="POST", status=400),
    "401": Case(status=401),
    "403": Case(status=403),
    "404": Case(status=404),
    "405": Case(method="PATCH", status=405),
    "429": Case(status=429),
    "500": Case(status=500),
    "503": Case(status=503),
    "HEAD": Case(method="HEAD", body=b""),
    "OPTIONS": Case(method="OPTIONS"),
    "OPTIONS 405": Case(method="OPTIONS", status=405),
}


@pytest.mark.parametrize("serve", [via_asgi, via_wsgi])
@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_response_says_the_same(policy: str, response: str, serve: Serve) -> None:
    layer, allowed, yes, no = POLICIES[policy]
    is_static, case = policy.startswith("static"), RESPONSES[response]
    nobody = yes if is_static else NO
    asked = {allowed: yes, EVIL: no, "null": nobody, f"{A}/": nobody, None: nobody}
    said = {origin: cors_headers(serve([layer], _from(origin, case)).headers) for origin in asked}
    assert said == {origin: sorted(pairs(expected)) for origin, expected in asked.items()}
    assert is_static == all(b"vary" not in dict(headers) for headers in said.values())


def _from(origin: str | None, case: Case) -> Case:
    page = get(origin, "X-Tenant: tea", "X-Total: 7")
    return Case(case.method, "/", page.headers, case.status, page.answer_headers, case.body)
