"""What a page may read is exactly what the options intend: random policies, random pages, a browser in between.

The intent is computed from the options by a few lines that know no header; the browser (tests/cors/browser.py) knows
nothing but headers.
"""

import re
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from tests.cors.browser import SAFE_METHODS, SAFE_RESPONSE_NAMES, Fetched, Page, Pairs, Response, fetch, unsafe_names
from tests.cors.cases import A, pairs
from tests.engine.both import Case, Serve, via_asgi, via_wsgi
from toolkit import CORS, ConfigError, stack

Options = dict[str, Any]

TEA, DEEP, APEX = "https://tea.b.example", "https://x.tea.b.example", "https://b.example"
ORIGINS = [
    A, TEA, DEEP, APEX, "https://a.example:8443", "http://a.example", "https://evila.example", "https://a.example.evil",
    "http://localhost", "http://localhost:5173", "https://localhost:5173", "http://[::1]:8000", "https://c7.example",
    "https://evil.example", "null",
]  # fmt: skip
MEANT = {
    A: {A},
    "https://*.b.example": {TEA},
    "https://**.b.example": {TEA, DEEP},
    "https://b.example": {APEX},
    "http://localhost:*": {"http://localhost", "http://localhost:5173"},
    "http://[::1]:8000": {"http://[::1]:8000"},
    "https://evil.example": {"https://evil.example"},
}
OWN = pairs("Content-Type: text/plain | X-Total: 7 | ETag: x | Set-Cookie: a=b | Expires: 0 | Vary: Accept")


def nods(origin: str, scope: Scope) -> bool:
    return origin.endswith("7.example")


async def nods_later(origin: str, scope: Scope) -> tuple[bool, list[str]]:
    return nods(origin, scope), ["X-Tenant"]


some = st.sampled_from
OPTIONS = st.fixed_dictionaries(
    {
        "allow_origins": st.one_of(some([["*"], [A]]), st.lists(some(list(MEANT)), unique=True, max_size=3)),
        "allow_methods": st.one_of(st.just(["*"]), st.lists(some(["GET", "PUT", "PATCH", "purge"]), unique=True)),
        "allow_headers": st.one_of(
            some([["*"], ["*", "Authorization"]]),
            st.lists(some(["X-A", "x-b", "Authorization", "content-type"]), unique=True),
        ),
        "expose_headers": st.one_of(st.just(["*"]), st.lists(some(["X-Total", "ETag", "x-absent"]), unique=True)),
        "allow_credentials": st.booleans(),
        "dangerously_allow_any_origin_with_credentials": st.just(True),
        "dangerously_allow_insecure_origins": st.just(True),
    },
    optional={
        "allow_origin_regex": some([r"https://[a-d]\.example", re.compile("null|https://.*8443")]),
        "origin_check": some([nods, nods_later]),
        "max_age": some([0, 600, "1h"]),
        "strict_preflight": st.booleans(),
        "preflight_status": some([200, 204]),
        "denied_status": some([403, 400]),
        "timing_allow_origin": st.booleans(),
    },
)
HEADERS = [
    (b"x-a", b"1"), (b"x-b", b"2"), (b"x-c", b"3"), (b"authorization", b"Bearer 1"), (b"accept", b"text/html"),
    (b"accept-language", b"de_DE"), (b"content-type", b"application/json"), (b"content-type", b"text/plain"),
]  # fmt: skip
PAGES = st.builds(
    Page,
    st.one_of(st.just(A), some(ORIGINS)),
    method=some(["GET", "HEAD", "POST", "PUT", "put", "PATCH", "patch", "purge", "DELETE"]),
    headers=st.lists(some(HEADERS), unique_by=lambda pair: pair[0], max_size=3).map(tuple),
    include=st.booleans(),
)
CASES = st.builds(
    Case,
    status=some([200, 201, 404, 500]),
    answer_headers=some([OWN, (*OWN, *pairs("ACAO: * | ACAC: true | ACEH: *"))]),
)


def lets_in(options: Options, origin: str) -> bool:
    """Whether the options mean an origin."""
    regex, check = options.get("allow_origin_regex"), options.get("origin_check")
    if options["allow_origins"] == ["*"]:
        return origin != "null" or not options.get("allow_credentials")
    if origin == "null":
        return False
    listed = any(origin in MEANT[text] for text in options["allow_origins"])
    return listed or bool(regex and re.fullmatch(regex, origin)) or (check is not None and origin.endswith("7.example"))


def intended(options: Options, page: Page) -> bool:
    """Whether the options mean a page to have its answer."""
    method = "PUT" if page.method == "put" else page.method
    named = {"accept", "accept-language", "content-type", *(name.lower() for name in options["allow_headers"])}
    names = {name.decode() for name in unsafe_names(page.headers)} - named
    with_credentials = bool(options.get("allow_credentials"))
    return (
        lets_in(options, page.origin)
        and (with_credentials or not page.include)
        and (method in SAFE_METHODS or method in options["allow_methods"] or options["allow_methods"] == ["*"])
        and (not names or ("*" in options["allow_headers"] and (with_credentials or "authorization" not in names)))
    )


def shown(options: Options) -> set[bytes]:
    """The names among the application's own headers that the options mean a page to read."""
    names, exposed = {name for name, _ in OWN} - {b"set-cookie"}, options["expose_headers"]
    return names if exposed == ["*"] else names & (SAFE_RESPONSE_NAMES | {name.lower().encode() for name in exposed})


def made(options: Options) -> CORS:
    try:
        return CORS(**options)
    except ConfigError:
        assume(False)
        raise


def visit(layer: CORS, page: Page, case: Case, serve: Serve) -> tuple[Fetched, list[str]]:
    """What a browser makes of it, and the methods that reached the application."""
    reached: list[str] = []

    def server(method: str, url: str, headers: Pairs) -> Response:
        reply = serve(stack(layer), Case(method, "/", tuple(headers), case.status, case.answer_headers, case.body))
        if case.body in reply.body:
            reached.append(method)
        return Response(reply.status, reply.headers)

    return fetch(page, server), reached


@given(OPTIONS, PAGES, CASES, some([via_asgi, via_wsgi]))
@settings(max_examples=600)
def test_a_page_reads_exactly_what_the_options_intend(options: Options, page: Page, case: Case, serve: Serve) -> None:
    fetched, reached = visit(made(options), page, case, serve)
    own = {name for name, _ in OWN}
    if intended(options, page):
        assert (fetched.failure, fetched.status) == ("", case.status)
        assert (fetched.names or frozenset()) & own == shown(options)
    else:
        assert (fetched.status, fetched.names) == (None, None)
    asks_first = len(fetched.sent) == 2 or fetched.sent == ["OPTIONS"]
    assert ("OPTIONS" in reached) is False
    assert bool(reached) is (not asks_first or intended(options, page))


CHECKLESS = OPTIONS.map(lambda options: {name: value for name, value in options.items() if name != "origin_check"})
NAMED = [pair for pair in HEADERS if pair not in {(b"content-type", b"text/plain"), (b"accept-language", b"de_DE")}]


@given(
    CHECKLESS,
    st.builds(
        Page,
        some(ORIGINS),
        method=some(["GET", "POST", "PUT", "PATCH", "patch", "purge"]),
        headers=st.lists(some(NAMED), unique_by=lambda pair: pair[0], max_size=3).map(tuple),
        include=st.booleans(),
    ),
)
@settings(max_examples=300)
def test_a_verdict_is_what_a_browser_does(options: Options, page: Page) -> None:
    layer = made(options)
    fetched, _ = visit(layer, page, Case(answer_headers=OWN), via_asgi)
    verdict = layer.verdict(
        origin=page.origin,
        method=page.method,
        headers=[name.decode() for name, _ in page.headers],
        credentials=page.include,
    )
    assert verdict.allowed is (fetched.status is not None)
    assert verdict.preflight is (fetched.sent[0] == "OPTIONS")
    readable = {name.encode() for name in verdict.readable}
    own = {name for name, _ in OWN} - {b"set-cookie"}
    assert (fetched.names or frozenset()) & own == (own if b"*" in readable else own & readable)
