"""The browser model holds to the Fetch standard: the cases of web-platform-tests, in tables of our own.

They are those of fetch/api/cors (cors-preflight-star, cors-preflight-status, cors-preflight-response-validation,
not-cors-safelisted) and of cors (origin, access-control-expose-headers-parsing, redirect-origin, redirect-userinfo).
"""

import pytest

from tests.cors.browser import Fetched, Page, Pairs, Response, fetch, unsafe_names
from tests.cors.cases import pairs

A, API, OTHER = "https://a.example", "https://api.example", "https://other.example"
TEST = ((b"x-test", b"1"),)


def preflighted(page: Page, says: str, status: int = 200) -> Fetched:
    """A page's request to a server that allows the page, and whose preflights also say this."""
    allowed = pairs("ACAO: https://a.example | ACAC: true")

    def server(method: str, url: str, headers: Pairs) -> Response:
        return Response(status, (*allowed, *pairs(says))) if method == "OPTIONS" else Response(200, allowed)

    return fetch(page, server)


def simple(says: Pairs, *, include: bool = False, status: int = 200) -> Fetched:
    """A simple request to a server that says this."""
    return fetch(Page(A, include=include), lambda *_: Response(status, says))


# Whether it passes, with credentials, Allow-Methods, Allow-Headers, the method, and a header.
STARS = [
    (True, False, "get", "x-test", "GET", b"x-test"),
    (True, False, "*", "x-test", "SUPER", b"x-test"),
    (True, False, "*", "*", "OK", b"x-test"),
    (False, True, "*", "*", "OK", b"x-test"),
    (False, True, "*", "", "PUT", None),
    (True, True, "PUT", "*", "PUT", None),
    (False, True, "get", "*", "GET", b"x-test"),
    (False, True, "*", "*", "GET", b"x-test"),
    (True, True, "*", "*", "*", b"*"),
    (False, True, "put", "*", "PUT", None),
    (False, False, "put", "*", "PUT", None),
    (False, False, "PUT", "x-other", "PUT", b"x-test"),
    (True, False, "PUT", "X-TEST", "PUT", b"x-test"),
    (True, True, "PUT", "Authorization", "PUT", b"authorization"),
    (True, False, "PUT", "*, Authorization", "PUT", b"authorization"),
    (False, False, "PUT", "*", "PUT", b"authorization"),
    (False, True, "PUT", "*", "PUT", b"authorization"),
    (True, False, "PATCH", "", "PATCH", None),
    (False, False, "PATCH", "", "patch", None),
    (True, False, "PUT", "", "put", None),
]


@pytest.mark.parametrize("row", STARS, ids=str)
def test_stars_and_lists(row: tuple[bool, bool, str, str, str, bytes | None]) -> None:
    passes, include, methods, names, method, header = row
    page = Page(A, method=method, headers=((header, b"1"),) if header else (), include=include)
    fetched = preflighted(page, f"ACAM: {methods} | ACAH: {names}")
    assert fetched.status == (200 if passes else None)
    assert len(fetched.sent) == (2 if passes else 1)


@pytest.mark.parametrize("status", [*range(200, 207), *range(300, 309), *range(400, 406), 500, 501, 502, 503, 504, 505])
def test_a_preflight_needs_a_status_of_success(status: int) -> None:
    fetched = preflighted(Page(A, headers=TEST), "ACAH: x-test", status)
    assert (fetched.status == 200) is (status < 300)


@pytest.mark.parametrize(
    "says", ["ACAH: x-test, a name with spaces", "ACAH: x-test | ACAM: Bad method", "ACAH: x-test | ACAM: GET;PUT"]
)
def test_a_preflight_whose_lists_are_none_fails(says: str) -> None:
    assert preflighted(Page(A, headers=TEST), says).failure == "preflight: no list"


def test_lists_come_in_lines_and_with_empty_members() -> None:
    assert preflighted(Page(A, headers=TEST), "ACAH: , | ACAH: x-a,, x-test ,").status == 200


LONG = b"0123456789" * 13
UNSAFE = [
    (b"accept", b'"'),
    (b"accept", b"text/html\x7f"),
    (b"accept", LONG[:129]),
    (b"accept-language", b"\x01"),
    (b"accept-language", b"@"),
    (b"accept-language", b"de_DE"),
    (b"authorization", b"basics"),
    (b"content-language", b"\x01"),
    (b"content-language", b"@"),
    (b"content-type", b"text/html"),
    (b"content-type", b"application/json"),
    (b"content-type", b"text/plain; long=" + LONG),
    (b"content-type", b'text/plain; charset="utf-8"'),
    (b"last-event-id", b"7"),
    (b"range", b"bytes 0-"),
    (b"range", b"bytes=-500"),
    (b"range", b"bytes=5-1"),
    (b"range", b"bytes=0-1,3-4"),
    (b"test", b"hi"),
    (b"dpr", b"2"),
]
SAFE = [
    (b"accept", b"*/*"),
    (b"accept", LONG[:128]),
    (b"accept", b"text/html\t"),
    (b"accept-language", b"de-DE, en;q=0.5, *"),
    (b"content-language", b"en"),
    (b"content-type", b"text/plain;charset=utf-8"),
    (b"content-type", b" TEXT/plain "),
    (b"content-type", b"multipart/form-data; boundary=x"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"range", b"bytes=0-"),
    (b"range", b"bytes=5-5"),
]


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_headers_that_need_a_preflight(name: bytes, value: bytes) -> None:
    assert unsafe_names([(name, value)]) == [name]


@pytest.mark.parametrize(("name", "value"), SAFE)
def test_headers_that_need_none(name: bytes, value: bytes) -> None:
    assert unsafe_names([(name, value)]) == []


def test_names_are_sorted_and_too_many_bytes_are_unsafe() -> None:
    assert unsafe_names([(b"x-b", b"1"), (b"accept", b"*/*"), (b"authorization", b"1")]) == [b"authorization", b"x-b"]
    languages = [(b"accept", LONG[:128]) for _ in range(8)]
    assert unsafe_names(languages) == []
    assert unsafe_names([*languages, (b"content-language", b"e")]) == [b"accept", b"content-language"]


ALLOWED = ["*", " *  ", "\t*", A, f" {A}", f" {A}   \t ", f"\t{A}"]
NOT_ALLOWED = [
    "https://x.a.example", "//a.example", "://a.example", "ftp://a.example", "https:://a.example", "https:/a.example",
    "https:a.example", "a.example", f"{A}?", f"{A}/", f"{A} /", f"{A}#", f"{A}%23", f"{A}:443", f"{A}, *", f"{A}\0",
    A.upper(), "HTTPS://a.example", "-", "**", "\0*", "*\0", "'*'", '"*"', "* *", "* null", "*://*", f"*{A}", f"* {A}",
    f"*, {A}", f"\0{A}", f"null {A}", "http://example.net", "null", "null *", "", f"{A}/page", API, "example",
    ".example", "*.example", "https://example", "https://.example", "https://*.example", f"{A}, {A}",
]  # fmt: skip


@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize("value", ALLOWED)
def test_origins_that_let_a_page_read(value: str, include: bool) -> None:
    fetched = simple(((b"Access-Control-Allow-Origin", value.encode()), *pairs("ACAC: true")), include=include)
    assert (fetched.status == 200) is (not include or "*" not in value)


@pytest.mark.parametrize("value", NOT_ALLOWED)
def test_origins_that_do_not(value: str) -> None:
    assert simple(((b"access-control-allow-origin", value.encode()),)).failure.startswith("check: ")


@pytest.mark.parametrize(("one", "two"), [("", "*"), ("*", ""), ("*", "*"), ("", A), ("*", A), (A, A)])
def test_two_headers_are_none(one: str, two: str) -> None:
    assert simple(pairs(f"ACAO: {one} | ACAO: {two}")).failure == "check: origin"


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "", "false", "true, true", "yes"])
def test_credentials_are_true_and_nothing_else(value: str) -> None:
    assert simple(pairs(f"ACAO: {A} | ACAC: {value}"), include=True).failure == "check: credentials"
    assert simple(pairs(f"ACAO: {A} | ACAC: {value}")).status == 200


# What is exposed, whether with credentials, and whether BB-8 is read.
EXPOSED = [
    ("ACEH: BB-8", False, True),
    ("ACEH: bb-8,,", False, True),
    ("ACEH: , BB-8 ,no", True, True),
    ("ACEH: no | ACEH: bb-8", False, True),
    ("ACEH: bb-8, no no", False, False),
    ("ACEH: @#$#%%&^&^*()()11!,bb-8", False, False),
    ("ACEH: bb-8 | ACEH: no no", False, False),
    ("ACEH: bb-8;", False, False),
    ("ACEH: ", False, False),
    ("ACEH: *", False, True),
    ("ACEH: *, other", False, True),
    ("ACEH: *", True, False),
    ("ACEH: bb-8, *", True, True),
    ("ACEH: set-cookie", False, False),
]


@pytest.mark.parametrize(("says", "include", "shown"), EXPOSED)
def test_exposed_names(says: str, include: bool, shown: bool) -> None:
    own = pairs("BB-8: hey | Content-Language: mkay | Set-Cookie: a=b")
    fetched = simple((*pairs(f"ACAO: {A} | ACAC: true"), *own, *pairs(says)), include=include)
    names = fetched.names or frozenset()
    assert b"content-language" in names
    assert b"set-cookie" not in names
    assert (b"bb-8" in names) is shown


@pytest.mark.parametrize("status", [200, 204, 301, 304, 401, 404, 500, 599])
def test_any_status_is_read(status: int) -> None:
    assert simple(pairs(f"ACAO: {A}"), status=status).status == status
    assert simple((), status=status).failure == "check: no origin"


def test_pages_of_the_same_origin_read_all_but_cookies() -> None:
    fetched = fetch(Page(A, f"{A}/x", "PUT", TEST), lambda *_: Response(200, pairs("BB-8: hey | Set-Cookie: a=b")))
    assert (fetched.sent, fetched.names) == (["PUT"], frozenset({b"bb-8"}))


# The page's URL, where it is sent to, what each place allows ("-": nothing), and the failure.
REDIRECTS = [
    ("to the same origin", f"{API}/1", f"{API}/2", A, A, ""),
    ("relative", f"{API}/1", "/2", A, A, ""),
    ("without headers on the redirect", f"{API}/1", f"{API}/2", "-", A, "check: no origin"),
    ("without headers behind it", f"{API}/1", f"{API}/2", A, "-", "check: no origin"),
    ("to another origin", f"{API}/1", f"{OTHER}/2", A, A, "check: origin"),
    ("to another origin, for null", f"{API}/1", f"{OTHER}/2", A, "null", ""),
    ("to another origin, for all", f"{API}/1", f"{OTHER}/2", A, "*", ""),
    ("back to the page's own origin", f"{API}/1", f"{A}/2", A, A, "check: origin"),
    ("from the page's own origin", f"{A}/1", f"{API}/2", "-", A, ""),
    ("to a userinfo", f"{API}/1", "https://u:p@api.example/2", A, A, "redirect: userinfo"),
    ("to no HTTP", f"{API}/1", "data:,x", A, A, "redirect: scheme"),
    ("in a circle", f"{API}/1", f"{API}/1", A, A, "too many redirects"),
]


@pytest.mark.parametrize(
    ("url", "to", "first", "second", "failure"), [row[1:] for row in REDIRECTS], ids=[row[0] for row in REDIRECTS]
)
def test_redirects_are_checked_at_each_step(url: str, to: str, first: str, second: str, failure: str) -> None:
    def server(method: str, asked: str, headers: Pairs) -> Response:
        allowed = first if asked == url else second
        says = pairs("" if allowed == "-" else f"ACAO: {allowed}")
        return Response(302, (*says, *pairs(f"Location: {to}"))) if asked == url else Response(200, says)

    fetched = fetch(Page(A, url), server)
    assert (fetched.failure, fetched.status) == (failure, None if failure else 200)


def test_redirects_drop_authorization_and_bodies_and_ask_again() -> None:
    seen: list[tuple[str, str, Pairs]] = []

    def server(method: str, url: str, headers: Pairs) -> Response:
        seen.append(
            (method, url, [pair for pair in headers if pair[0] in {b"authorization", b"content-type", b"origin"}])
        )
        says = pairs("ACAO: * | ACAM: PUT | ACAH: authorization, content-type")
        return (
            Response(303, (*says, *pairs(f"Location: {OTHER}/2")))
            if (method, url) == ("PUT", f"{API}/1")
            else Response(200, says)
        )

    page = Page(A, f"{API}/1", "PUT", ((b"authorization", b"1"), (b"content-type", b"application/json")))
    assert fetch(page, server).sent == ["OPTIONS", "PUT", "GET"]
    assert seen[1][2] == [*page.headers, (b"origin", A.encode())]
    assert seen[2] == ("GET", f"{OTHER}/2", [(b"origin", b"null")])
