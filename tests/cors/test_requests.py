"""What requests are answered, over ASGI and over WSGI: which reach the application, and every CORS header of the reply.

Each row names all CORS headers that the client gets; what it does not name must be absent. Sources: the Fetch standard,
"HTTP CORS protocol", "CORS-preflight fetch" and "CORS protocol and HTTP caches"; RFC 9110 9.3.7 and 12.5.5.
"""

import time
from collections.abc import Sequence

import pytest

from tests.cors.cases import (
    ALL_WITH,
    AWAITED,
    BEARER,
    BROKEN,
    CHECKED,
    ECHO,
    EVIL,
    KEPT,
    KNOWN,
    LISTED,
    LOCAL,
    PUBLIC,
    REGEX,
    SAFE,
    SHOWN,
    STRICT,
    TEA,
    TIMED,
    WITH,
    A,
    ask,
    cors_headers,
    get,
    pairs,
)
from tests.engine.both import Case, Serve, via_asgi, via_wsgi
from toolkit import CORS, Stack, stack

Layers = CORS | Stack

YES, NO = f"Vary: Origin | ACAO: {A}", "Vary: Origin"
LISTS = f"ACAM: GET, PUT | {SAFE}, x-a | ACMA: 600"
LISTED_YES = f"{YES} | {LISTS}"
PLAIN = f"ACAM: GET | {SAFE} | ACMA: 600"
ASKED = "Access-Control-Request-Method, Access-Control-Request-Headers"
STRICT_NO = f"Vary: Origin, {ASKED}"
STRICT_YES = f"{STRICT_NO} | ACAO: {A} | ACAM: PUT | {SAFE}, x-a | ACMA: 600"
ECHOED = f"{STRICT_NO} | ACAO: {A} | ACAC: true | ACMA: 600 | ACAM: {KNOWN}"
ALL = "ACAO: * | ACAM: * | ACAH: * | ACMA: 600"
ALL_BEARER = "ACAO: * | ACAM: GET | ACAH: *, authorization | ACMA: 600"
TEA_YES = f"Vary: Origin, X-Tenant | ACAO: {TEA}"
REFLECTED = f"Vary: Origin | ACAO: {EVIL} | ACAC: true"
LONG = "x-a," * 16384
SIX, PORT = "http://[::1]:8000", "http://localhost:5173"
STRICT_ALL = PUBLIC.replace(strict_preflight=True)

PREFLIGHTS: Sequence[tuple[str, Layers, Case, int, str]] = [
    ("an exact origin", LISTED, ask(A, "PUT"), 204, LISTED_YES),
    ("a wildcard", LISTED, ask(TEA, "PUT"), 204, f"Vary: Origin | ACAO: {TEA} | {LISTS}"),
    ("a safelisted method that is not listed", LISTED, ask(A, "POST"), 204, LISTED_YES),
    ("a method for the browser to refuse", LISTED, ask(A, "DELETE"), 204, LISTED_YES),
    ("a method in lower case", LISTED, ask(A, "put"), 204, LISTED_YES),
    ("a header for the browser to refuse", LISTED, ask(A, "PUT", "x-b"), 204, LISTED_YES),
    ("64 KB of headers", LISTED, ask(A, "PUT", LONG), 204, LISTED_YES),
    ("headers that are no UTF-8", LISTED, ask(A, "PUT", "\xff\x00"), 204, LISTED_YES),
    ("two lines of headers", LISTED, ask(A, "PUT", "x-a", "ACRH: x-b"), 204, LISTED_YES),
    ("a foreign origin", LISTED, ask(EVIL, "PUT"), 403, NO),
    ("a foreign origin and a foreign method", LISTED, ask(EVIL, "DELETE", "x-b"), 403, NO),
    ("null", LISTED, ask("null", "PUT"), 403, NO),
    ("another scheme", LISTED, ask("http://a.example", "PUT"), 403, NO),
    ("another port", LISTED, ask(f"{A}:8443", "PUT"), 403, NO),
    ("a name that ends alike", LISTED, ask("https://evila.example", "PUT"), 403, NO),
    ("a name that begins alike", LISTED, ask("https://a.example.evil.example", "PUT"), 403, NO),
    ("one letter less", LISTED, ask("https://a.exampl", "PUT"), 403, NO),
    ("a wildcard's own name", LISTED, ask("https://b.example", "PUT"), 403, NO),
    ("two labels for a wildcard", LISTED, ask("https://x.tea.b.example", "PUT"), 403, NO),
    ("the status 200", LISTED.replace(preflight_status=200), ask(A, "PUT"), 200, LISTED_YES),
    ("refused with the status 400", LISTED.replace(denied_status=400), ask(EVIL, "PUT"), 400, NO),
    ("no age", LISTED.replace(max_age=0), ask(A, "PUT"), 204, LISTED_YES.replace("600", "0")),
    ("an age in words", LISTED.replace(max_age="1h"), ask(A, "PUT"), 204, LISTED_YES.replace("600", "3600")),
    ("private networks", LISTED, ask(A, "PUT", None, "ACRPN: true"), 204, LISTED_YES),
    ("everything for everybody", PUBLIC, ask(EVIL, "PUT", "x-a"), 204, ALL),
    ("everything for null", PUBLIC, ask("null", "PUT", "x-a"), 204, ALL),
    (
        "a star and authorization",
        BEARER,
        ask(EVIL, "GET"),
        204,
        ALL_BEARER,
    ),
    ("credentials without a cookie", WITH, ask(A, "PUT"), 204, f"{YES} | ACAC: true | ACAM: PUT | {SAFE} | ACMA: 600"),
    ("a cookie of a foreign page", WITH, ask(EVIL, "PUT", None, "Cookie: a=b"), 403, NO),
    ("any origin with credentials", ALL_WITH, ask(EVIL, "GET"), 204, f"{REFLECTED} | {PLAIN}"),
    ("null among any origins", ALL_WITH, ask("null", "GET"), 403, NO),
    ("stars with credentials", ECHO, ask(A, "PUT", "authorization,x-b"), 204, f"{ECHOED} | ACAH: authorization, x-b"),
    ("stars asked for nothing", ECHO, ask(A, "PUT"), 204, ECHOED),
    ("stars asked for a new method", ECHO, ask(A, "CHICKEN"), 204, f"{ECHOED}, CHICKEN"),
    ("stars asked for too much", ECHO, ask(A, "PUT", LONG), 403, STRICT_NO),
    ("stars asked for no name", ECHO, ask(A, "PUT", "x-a\x00,x-b"), 403, STRICT_NO),
    ("stars asked by a foreign origin", ECHO, ask(EVIL, "PUT", "x-b"), 403, STRICT_NO),
    ("strict", STRICT, ask(A, "PUT", "content-type,x-a"), 204, STRICT_YES),
    ("strict, safelisted", STRICT, ask(A, "POST", "content-type"), 204, STRICT_YES),
    ("strict, spaces and capitals", STRICT, ask(A, "PUT", " X-A ,, accept"), 204, STRICT_YES),
    ("strict, a foreign origin", STRICT, ask(EVIL, "PUT"), 403, STRICT_NO),
    ("strict, a foreign method", STRICT, ask(A, "DELETE"), 403, STRICT_NO),
    ("strict, a method in lower case", STRICT, ask(A, "put"), 403, STRICT_NO),
    ("strict, a foreign header", STRICT, ask(A, "PUT", "x-a,x-b"), 403, STRICT_NO),
    ("strict, a foreign header in a second line", STRICT, ask(A, "PUT", "x-a", "ACRH: x-b"), 403, STRICT_NO),
    ("strict, 64 KB of headers", STRICT, ask(A, "PUT", LONG), 403, STRICT_NO),
    ("strict, headers that are no UTF-8", STRICT, ask(A, "PUT", "\xff\xfe"), 403, STRICT_NO),
    ("strict with a star", STRICT_ALL, ask(A, "PUT", "x-b"), 204, f"Vary: {ASKED} | {ALL}"),
    ("a star is not for authorization", STRICT_ALL, ask(A, "PUT", "authorization"), 403, f"Vary: {ASKED}"),
    ("no timing and no exposure", TIMED, ask(A, "GET"), 204, f"{YES} | {PLAIN}"),
    ("an expression", REGEX, ask("https://b.example", "GET"), 204, f"Vary: Origin | ACAO: https://b.example | {PLAIN}"),
    ("an expression that matches the start", REGEX, ask("https://b.example.evil.example", "GET"), 403, NO),
    ("a check", CHECKED, ask(TEA, "GET", None, "X-Tenant: tea"), 204, f"{TEA_YES} | {PLAIN}"),
    ("a check that says no", CHECKED, ask(TEA, "GET"), 403, "Vary: Origin, X-Tenant"),
    ("a check that is not asked", CHECKED, ask(A, "GET"), 204, f"{YES} | {PLAIN}"),
    ("a check is not asked about null", CHECKED, ask("null", "GET"), 403, NO),
    ("an awaited check", AWAITED, ask(TEA, "GET", None, "X-Tenant: tea"), 204, f"{TEA_YES} | {PLAIN}"),
    ("an awaited check that says no", AWAITED, ask(TEA, "GET"), 403, "Vary: Origin, X-Tenant"),
    ("a check that fails", BROKEN, ask(TEA, "GET"), 403, NO),
    ("an address in brackets", LOCAL, ask(SIX, "GET"), 204, f"Vary: Origin | ACAO: {SIX} | {PLAIN}"),
    ("brackets are no set of characters", LOCAL, ask("http://a:8000", "GET"), 403, NO),
    ("any port", LOCAL, ask(PORT, "GET"), 204, f"Vary: Origin | ACAO: {PORT} | {PLAIN}"),
]

OWN = "Access-Control-Allow-Origin: https://c.example | ACAC: true | ACEH: X-Own | ACMA: 5 | ACAPN: true"
WITH_YES = f"{YES} | ACAC: true | ACEH: X-Total, ETag"

ACTUAL: Sequence[tuple[str, Layers, Case, str]] = [
    ("an exact origin", LISTED, get(A), YES),
    ("a wildcard", LISTED, get(TEA), f"Vary: Origin | ACAO: {TEA}"),
    ("a POST that is not listed", LISTED, get(A, method="POST"), YES),
    ("HEAD", LISTED, get(A, method="HEAD", body=b""), YES),
    ("a method that is not listed", LISTED, get(A, method="DELETE"), YES),
    ("a foreign origin", LISTED, get(EVIL), NO),
    ("a foreign POST", LISTED, get(EVIL, method="POST"), NO),
    ("a POST of the site's own page", LISTED, get("https://testserver", "Host: testserver", method="POST"), NO),
    ("no Origin", LISTED, get(), NO),
    ("null", LISTED, get("null"), NO),
    ("capitals", LISTED, get("https://A.EXAMPLE"), NO),
    ("a slash at the end", LISTED, get(f"{A}/"), NO),
    ("the port of the scheme", LISTED, get(f"{A}:443"), NO),
    ("a userinfo", LISTED, get("https://u:p@a.example"), NO),
    ("a space in front", LISTED, get(f" {A}"), NO),
    ("an empty Origin", LISTED, get(""), NO),
    ("two origins", LISTED, get(f"{A}, {TEA}"), NO),
    ("the same Origin twice", LISTED, get(A, f"Origin: {A}"), NO),
    ("an Origin that is no UTF-8", LISTED, get("https://\xff\xfe.b.example"), NO),
    ("an Origin with a NUL", LISTED, get(f"{A}\x00"), NO),
    ("a wildcard with a NUL", LISTED, get("https://x\x00y.b.example"), NO),
    ("a wildcard with a slash", LISTED, get("https://evil.example/.b.example"), NO),
    ("a wildcard with a port within", LISTED, get("https://evil.example:1.b.example"), NO),
    ("an Origin of 64 KB", LISTED, get("https://" + "a." * 32768 + "b.example"), NO),
    ("an Origin of 64 KB for an expression", REGEX, get("https://a" + "a" * 65536 + ".example"), NO),
    ("more than an expression", REGEX, get("https://b.example.evil.example"), NO),
    ("all of an expression", REGEX, get("https://b.example"), "Vary: Origin | ACAO: https://b.example | ACEH: *"),
    ("a GET that asks for a method", LISTED, get(A, "ACRM: PUT"), YES),
    ("a POST that asks for a method", LISTED, get(A, "ACRM: PUT", method="POST"), YES),
    ("OPTIONS", LISTED, get(A, method="OPTIONS"), YES),
    ("OPTIONS without Origin", LISTED, get(method="OPTIONS"), NO),
    ("OPTIONS that asks without Origin", LISTED, get(None, "ACRM: PUT", method="OPTIONS"), NO),
    ("OPTIONS of a foreign origin", LISTED, get(EVIL, method="OPTIONS"), NO),
    ("OPTIONS with two origins", LISTED, ask(A, "PUT", None, f"Origin: {A}"), NO),
    ("OPTIONS that asks for two methods", LISTED, ask(A, "PUT", None, "ACRM: PUT"), YES),
    ("OPTIONS that asks for nothing", LISTED, ask(A, ""), YES),
    ("OPTIONS that asks for no token", LISTED, ask(A, "PUT /x"), YES),
    ("OPTIONS that asks for a NUL", LISTED, ask(A, "PUT\x00"), YES),
    ("OPTIONS that asks for headers alone", LISTED, get(A, "ACRH: x-a", method="OPTIONS"), YES),
    ("OPTIONS of what is no origin", LISTED, ask("https://\xff.example", "PUT"), NO),
    ("OPTIONS of an expression's end", REGEX, ask("http://x.https://b.example", "PUT"), NO),
    ("everybody", PUBLIC, get(EVIL), "ACAO: *"),
    ("everybody, without Origin", PUBLIC, get(), "ACAO: *"),
    ("everybody, null", PUBLIC, get("null"), "ACAO: *"),
    ("everybody, what is no origin", PUBLIC, get("\xff\x00"), "ACAO: *"),
    ("everybody, with a cookie", PUBLIC, get(EVIL, "Cookie: a=b"), "ACAO: *"),
    ("everybody, where the application varies", PUBLIC, get(EVIL, "", "Vary: Accept"), "ACAO: * | Vary: Accept"),
    ("any origin with credentials", ALL_WITH, get(EVIL), REFLECTED),
    ("null among any origins", ALL_WITH, get("null", "Cookie: a=b"), NO),
    ("no origin among any", ALL_WITH, get("evil", "Cookie: a=b"), NO),
    ("any origin, without Origin", ALL_WITH, get(), NO),
    ("credentials without a cookie", WITH, get(A), WITH_YES),
    ("credentials with a cookie", WITH, get(A, "Cookie: a=b"), WITH_YES),
    ("a foreign page with a cookie", WITH, get(EVIL, "Cookie: a=b"), NO),
    ("a bare * is not what is sent", ECHO, get(A), f"{YES} | ACAC: true"),
    (
        "all names with credentials",
        SHOWN,
        get(A, "", "X-Total: 1 | Set-Cookie: a=b | ETag: x"),
        f"{YES} | ACAC: true | ACEH: etag, x-total",
    ),
    ("no names beside the safe ones", SHOWN, get(A), f"{YES} | ACAC: true"),
    ("all names for a foreign page", SHOWN, get(EVIL, "", "X-Total: 1"), NO),
    ("all names without credentials", REGEX, get("https://a.example", "", "X-Total: 1"), f"{YES} | ACEH: *"),
    ("timing", TIMED, get(A), f"{YES} | TAO: {A} | ACEH: X-Total"),
    ("timing for a foreign page", TIMED, get(EVIL), NO),
    ("timing for everybody", PUBLIC.replace(timing_allow_origin=True), get(EVIL), "ACAO: * | TAO: *"),
    ("timing of the application's own", LISTED, get(EVIL, "", "TAO: *"), f"{NO} | TAO: *"),
    ("timing replaced", TIMED, get(A, "", "TAO: *"), f"{YES} | TAO: {A} | ACEH: X-Total"),
    ("CORS headers replaced", LISTED, get(A, "", OWN), YES),
    ("CORS headers stripped", LISTED, get(EVIL, "", OWN), NO),
    ("CORS headers stripped without Origin", LISTED, get(None, "", OWN), NO),
    ("CORS headers replaced for everybody", PUBLIC, get(EVIL, "", OWN), "ACAO: *"),
    ("two of each replaced", LISTED, get(A, "", f"ACAO: * | {OWN} | ACAO: {A}"), YES),
    ("CORS headers kept", KEPT, get(A, "", OWN), f"{OWN} | Vary: Origin"),
    ("CORS headers kept for a foreign page", KEPT, get(EVIL, "", OWN), f"{OWN} | Vary: Origin"),
    ("not kept without Allow-Origin", KEPT, get(A, "", "ACEH: X-Own"), f"{YES} | ACAC: true"),
    ("nothing to keep", KEPT, get(A), f"{YES} | ACAC: true"),
    ("Vary merged", LISTED, get(A, "", "Vary: Accept"), f"Vary: Accept, Origin | ACAO: {A}"),
    ("Vary merged for a foreign page", LISTED, get(EVIL, "", "Vary: Accept"), "Vary: Accept, Origin"),
    (
        "Vary that has it in another case",
        LISTED,
        get(A, "", "Vary: accept, ORIGIN"),
        f"Vary: accept, ORIGIN | ACAO: {A}",
    ),
    ("two Vary merged", LISTED, get(A, "", "Vary: Accept | Vary: Cookie"), f"Vary: Accept, Cookie, Origin | ACAO: {A}"),
    (
        "two Vary that have it",
        LISTED,
        get(A, "", "Vary: Accept | Vary: origin"),
        f"Vary: Accept | Vary: origin | ACAO: {A}",
    ),
    ("Vary: *", LISTED, get(A, "", "Vary: *"), f"Vary: * | ACAO: {A}"),
    ("an empty Vary", LISTED, get(A, "", "Vary: "), YES),
    ("a check", CHECKED, get(TEA, "X-Tenant: tea"), TEA_YES),
    ("a check that says no", CHECKED, get(TEA), "Vary: Origin, X-Tenant"),
    (
        "a check and a Vary",
        CHECKED,
        get(TEA, "X-Tenant: tea", "Vary: x-tenant"),
        f"Vary: x-tenant, Origin | ACAO: {TEA}",
    ),
    ("a check that is not asked", CHECKED, get(A), YES),
    ("a check without Origin", CHECKED, get(), NO),
    ("an awaited check", AWAITED, get(TEA, "X-Tenant: tea"), TEA_YES),
    ("an awaited check that says no", AWAITED, get(TEA), "Vary: Origin, X-Tenant"),
    ("a check that fails", BROKEN, get(TEA), NO),
]

ROUTED = stack(
    CORS(
        allow_origins=[A],
        allow_credentials=True,
        policies={"public": {"allow_origins": ["*"], "allow_credentials": False}},
    ),
    routes={
        "GET /prices": {"cors": {"policy": "public"}},
        "/catalogue/**": {"cors": {"policy": "public"}},
        "PUT /orders": {"cors": {"allow_origins": [TEA], "allow_methods": ["PUT"]}},
        "/admin/**": {"cors": False},
    },
)
BASE = f"{YES} | ACAC: true"

ROUTED_PREFLIGHTS: Sequence[tuple[str, Layers, Case, int, str]] = [
    ("a policy by the method asked for", ROUTED, ask(EVIL, "GET", path="/prices"), 204, f"ACAO: * | {PLAIN}"),
    ("HEAD is asked for as GET", ROUTED, ask(EVIL, "HEAD", path="/prices"), 204, f"ACAO: * | {PLAIN}"),
    ("another method asked for", ROUTED, ask(EVIL, "PUT", path="/prices"), 403, NO),
    ("another method of the layer's own", ROUTED, ask(A, "PUT", path="/prices"), 204, f"{BASE} | {PLAIN}"),
    ("a policy by the path", ROUTED, ask(EVIL, "PUT", path="/catalogue/tea"), 204, f"ACAO: * | {PLAIN}"),
    ("a path in capitals", ROUTED, ask(EVIL, "PUT", path="/Catalogue/tea"), 403, NO),
    ("a path with two slashes", ROUTED, ask(EVIL, "PUT", path="/catalogue//tea"), 403, NO),
    ("a path with dots", ROUTED, ask(EVIL, "PUT", path="/catalogue/../orders"), 403, NO),
    ("a path with a backslash", ROUTED, ask(EVIL, "PUT", path="/catalogue\\tea"), 403, NO),
    ("options by the method asked for", ROUTED, ask(TEA, "PUT", path="/orders"), 204,
     f"Vary: Origin | ACAO: {TEA} | ACAC: true | ACAM: PUT | {SAFE} | ACMA: 600"),
    ("options that leave an origin out", ROUTED, ask(A, "PUT", path="/orders"), 403, NO),
    ("options of another method", ROUTED, ask(A, "DELETE", path="/orders"), 204, f"{BASE} | {PLAIN}"),
    ("a method in another case", ROUTED, ask(TEA, "put", path="/orders"), 204,
     f"Vary: Origin | ACAO: {TEA} | ACAC: true | ACAM: PUT | {SAFE} | ACMA: 600"),
]  # fmt: skip

ROUTED_ACTUAL: Sequence[tuple[str, Layers, Case, str]] = [
    ("a policy", ROUTED, get(EVIL, path="/prices"), "ACAO: *"),
    ("a policy without Origin", ROUTED, get(path="/prices"), "ACAO: *"),
    ("a policy for HEAD", ROUTED, get(EVIL, path="/prices", method="HEAD", body=b""), "ACAO: *"),
    ("a policy of another method", ROUTED, get(EVIL, path="/prices", method="POST"), NO),
    ("a policy by the path", ROUTED, get(EVIL, path="/catalogue/tea/green"), "ACAO: *"),
    ("a path with dots", ROUTED, get(EVIL, path="/catalogue/../orders"), NO),
    ("a path with a segment more", ROUTED, get(EVIL, path="/prices/tea"), NO),
    (
        "options by the method",
        ROUTED,
        get(TEA, path="/orders", method="PUT"),
        f"Vary: Origin | ACAO: {TEA} | ACAC: true",
    ),
    ("options that leave an origin out", ROUTED, get(A, path="/orders", method="PUT"), NO),
    ("options of another method", ROUTED, get(A, path="/orders"), BASE),
    ("off", ROUTED, get(A, path="/admin/users"), ""),
    ("off, with CORS headers of the application's own", ROUTED, get(A, "", OWN, path="/admin/users"), OWN),
    ("off, a preflight", ROUTED, ask(A, "PUT", path="/admin/users"), ""),
    ("off, in capitals", ROUTED, get(A, path="/ADMIN/users"), BASE),
    ("plain OPTIONS", ROUTED, get(A, path="/prices", method="OPTIONS"), BASE),
]


def named(row: tuple[object, ...]) -> str:
    return str(row[0])


both = pytest.mark.parametrize("serve", [via_asgi, via_wsgi])


@both
@pytest.mark.parametrize("row", [*PREFLIGHTS, *ROUTED_PREFLIGHTS], ids=named)
def test_a_preflight_is_answered_without_the_application(row: tuple[str, Layers, Case, int, str], serve: Serve) -> None:
    _, layers, case, status, says = row
    reply = serve(layers if isinstance(layers, Stack) else [layers], case)
    assert (reply.status, cors_headers(reply.headers)) == (status, sorted(pairs(says)))
    assert case.body not in reply.body


@both
@pytest.mark.parametrize("row", [*ACTUAL, *ROUTED_ACTUAL], ids=named)
def test_an_actual_request_reaches_the_application(row: tuple[str, Layers, Case, str], serve: Serve) -> None:
    _, layers, case, says = row
    reply = serve(layers if isinstance(layers, Stack) else [layers], case)
    assert (reply.status, reply.body) == (case.status, case.body)
    assert cors_headers(reply.headers) == sorted(pairs(says))


HOSTILE = [
    "a." * 32768,
    "a" * 65536,
    "," * 65536,
    " " * 65536,
    "\xff" * 65536,
    "\x00" * 65536,
    "https://[" + ":" * 65536,
]


@both
@pytest.mark.parametrize("layer", [LISTED, REGEX, STRICT, ECHO, ALL_WITH, CHECKED], ids="LRSEAC")
def test_64_kb_of_anything_are_refused_in_no_time(layer: CORS, serve: Serve) -> None:
    cases = [case for text in HOSTILE for case in (get(text), ask(text, "PUT"), ask(A, text), ask(A, "PUT", text))]
    started = time.process_time()
    for case in cases:
        assert serve([layer], case).status in {200, 204, 403}
    assert time.process_time() - started < 0.5


@both
def test_remembering_answers_does_not_mix_up_origins(serve: Serve) -> None:
    for layer, origins in ((LISTED, [A, TEA, EVIL, "null", A, EVIL]), (ECHO, [EVIL, A, "null", EVIL, A])):
        for origin in origins:
            allowed = [origin.encode()] if origin in {A, TEA} else []
            replies = [serve([layer], get(origin)), serve([layer], ask(origin, "PUT", "x-a"))]
            for reply in replies:
                assert [value for name, value in reply.headers if name == b"access-control-allow-origin"] == allowed
