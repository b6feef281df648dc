"""redirect: where it leads is where it was written to lead, whatever a request holds."""

import re
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.engine.asgi import connect, http_scope, run
from toolkit import ConfigError
from toolkit.engine.handler import Mounted
from toolkit.engine.stack import stack
from toolkit.handlers import redirect


async def location(to: str, params: dict[str, Any] | None = None, query: bytes = b"", **options: Any) -> str:
    scope = http_scope("GET", "/old", path_params=params or {}, query_string=query)
    outcome = await run(redirect(to, **options), scope)
    return (outcome.header(b"location") or b"").decode("ascii")


def problems(to: Any, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        redirect(to, **options)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("to", "params", "query", "found"),
    [
        ("/new", {}, b"", "/new"),
        ("/new", {}, b"a=1&b=%20", "/new?a=1&b=%20"),
        ("/new?x=1", {}, b"a=1", "/new?x=1&a=1"),
        ("/new#part", {}, b"a=1", "/new?a=1#part"),
        ("/new/{slug}", {"slug": "a b/c?d#e%"}, b"", "/new/a%20b/c%3Fd%23e%25"),
        ("/new/{slug}", {"slug": "é"}, b"", "/new/%C3%A9"),
        ("/{a}/{b}", {"a": "", "b": "/evil.example"}, b"", "/evil.example"),
        ("/{p}", {"p": "//evil.example"}, b"", "/evil.example"),
        ("/{p}", {"p": "\\evil.example"}, b"", "/%5Cevil.example"),
        ("/{p}", {"p": "\t/evil.example"}, b"", "/%09/evil.example"),
        ("/n/{id}", {"id": 5}, b"", "/n/5"),
        ("/search?q={q}", {"q": "a&b=c+d"}, b"", "/search?q=a%26b%3Dc%2Bd"),
        ("/übersicht/%C3%A9", {}, b"", "/%C3%BCbersicht/%C3%A9"),
        ("https://docs.example", {}, b"a=1", "https://docs.example?a=1"),
        ("https://docs.example/{p}", {"p": "@evil.example/"}, b"", "https://docs.example/%40evil.example/"),
        ("http://localhost:8000/x", {}, b"", "http://localhost:8000/x"),
        ("http://[::1]:8000/{p}", {"p": "x"}, b"", "http://[::1]:8000/x"),
        ("/new", {}, b"a=\r\nSet-Cookie: x\xff\\", "/new?a=%0D%0ASet-Cookie:%20x%FF%5C"),
    ],
)
async def test_where_it_leads(to: str, params: dict[str, Any], query: bytes, found: str) -> None:
    assert await location(to, params, query) == found


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW"])
async def test_every_method_is_redirected(status: Any, method: str) -> None:
    outcome = await run(redirect("/new", status=status), http_scope(method))
    assert (outcome.status, outcome.body, outcome.header(b"location")) == (status, b"", b"/new")


async def test_the_query_may_stay_behind() -> None:
    assert await location("/new", {}, b"a=1", keep_query=False) == "/new"
    assert await location("/new/{x}", {"x": "y"}, b"a=1", keep_query=False) == "/new/y"


async def test_one_answer_does_not_change_the_next() -> None:
    app = redirect("/new")
    (await run(app, http_scope())).start["headers"].clear()
    assert (await run(app, http_scope())).header(b"location") == b"/new"


async def test_a_handshake_is_refused() -> None:
    assert (await connect(redirect("/new"), denial=False)).close_code == 1008
    assert (await connect(redirect("/new"))).status == 307


# The target stays of the written origin

TARGETS = ["/{p}", "/{p}{q}", "/{p}/{q}", "/a/{p}", "/a{p}", "/x?u={p}", "/x#{p}", "/.{p}"]
SITES = [f"https://www.example{rest}" for rest in (*TARGETS, "?u={p}", "#{p}")]
NASTY = ["//evil.example", "/\\evil.example", "\\\\evil.example", "\t//evil.example", "@evil.example", ".evil.example"]
NASTY += [":80@evil.example", "https://evil.example", "javascript:alert(1)", "\r\nX: y", "%2f%2fevil.example", "..", ""]
VALUES = st.sampled_from(NASTY) | st.text(max_size=8) | st.text(alphabet="/\\.@:?#\t\n\0 %2fe", max_size=6)
BASE = "https://shop.example/old/page"


def browser_origin(base: str, target: str) -> str | None:
    """Where a browser goes (URL standard): None where it stays on the base's host, else the host it goes to.

    Control characters and spaces at the ends are dropped, tabs and line breaks anywhere; a backslash is a slash.
    """
    text = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    with_scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(/*)(.*)", text, re.DOTALL)
    if with_scheme is None and not text.startswith("//"):
        return None
    if with_scheme and with_scheme[1].lower() not in {"http", "https"}:
        return with_scheme[1]
    rest = with_scheme[3] if with_scheme else text.lstrip("/")
    return re.split(r"[/?#]", rest)[0].rpartition("@")[2]


@settings(max_examples=300)
@example("/{p}/{q}", "", "/evil.example", b"")
@example("/{p}", "/\\evil.example", "", b"//evil.example")
@given(st.sampled_from(TARGETS), VALUES, VALUES, st.binary(max_size=12))
def test_no_filled_path_leaves_the_host(to: str, p: str, q: str, query: bytes) -> None:
    target = redirect(to).location({"path_params": {"p": p, "q": q}, "query_string": query})
    assert re.fullmatch(r"/(?!/)[!-\[\]-~]*", target)  # no space, no control character, no backslash, ASCII
    assert urlsplit(target)[:2] == ("", "")
    assert urlsplit(urljoin(BASE, target))[:2] == ("https", "shop.example")
    assert browser_origin(BASE, target) is None


@settings(max_examples=300)
@given(st.sampled_from(SITES), VALUES, VALUES, st.binary(max_size=12))
def test_no_filled_address_leaves_its_site(to: str, p: str, q: str, query: bytes) -> None:
    target = redirect(to).location({"path_params": {"p": p, "q": q}, "query_string": query})
    assert re.fullmatch(r"[!-\[\]-~]+", target)
    assert urlsplit(target)[:2] == ("https", "www.example")
    assert browser_origin(BASE, target) == "www.example"


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_what_is_put_in_is_what_the_path_held(text: str) -> None:
    target = redirect("/a/{p}").location({"path_params": {"p": text}, "query_string": b""})
    assert unquote(target) == f"/a/{text}"


@settings(max_examples=300)
@given(st.text(alphabet="/\\htps:evil.@{}p\t ?#", max_size=14))
def test_what_is_accepted_as_a_target_leads_where_it_says(to: str) -> None:
    try:
        app = redirect(to)
    except ConfigError:
        return
    target = app.location({"path_params": dict.fromkeys(re.findall(r"\{(\w+)\}", to), "//evil"), "query_string": b""})
    if to.startswith("/"):
        assert browser_origin(BASE, target) is None
    else:
        assert browser_origin(BASE, target) == urlsplit(to).netloc


# What is refused


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("//evil.example", "leads to another host"),
        ("/\\evil.example", "holds a backslash"),
        ("/a b", "a space or a control character"),
        ("/a\n", "a space or a control character"),
        ("new", "is neither a path nor an address"),
        ("", "is neither a path nor an address"),
        ("{p}", "is neither a path nor an address"),
        ("javascript:alert(1)", "is neither a path nor an address"),
        ("https:/x", "is neither a path nor an address"),
        ("ftp://a.example/", "does not lead to one site of the web"),
        ("https://*.example.com/", "does not lead to one site of the web"),
        ("https://{host}/x", "takes its host from the request"),
        ("https://a.example{p}", "takes its host from the request"),
        ("https://a.example:{port}/", "takes its host from the request"),
        ("https://user@a.example/", "user information"),
        ("https://A.example/", "upper case"),
        ("https://a.example:443/", "default port"),
        ("https:///x", "the host is missing"),
        ("/a/{", "a brace"),
        ("/a/{x:path}", "a brace"),
    ],
)
def test_a_target_of_no_clear_origin_is_refused(to: str, reason: str) -> None:
    (problem,) = problems(to)
    assert problem.startswith("Redirect.to: ")
    assert reason in problem


def test_a_status_that_does_not_redirect_is_refused() -> None:
    (problem,) = problems("/x", status=300)
    assert problem.startswith("Redirect.status: 300 is not 301, 302, 303, 307 or 308")


def test_a_parameter_that_the_path_lacks_is_an_error_of_the_stack() -> None:
    with pytest.raises(ConfigError) as refused:
        stack(handlers={"/old/{slug}/{n:int}": Mounted(redirect("/new/{slgu}/{n}")), "/": redirect("/{x}")})
    assert [str(problem) for problem in refused.value.problems] == [
        "handlers['/old/{slug}/{n:int}'].to: the path has no parameter 'slgu'; did you mean 'slug'?",
        "handlers['/'].to: the path has no parameter 'x'; its parameters are none",
    ]


# Where it stands


def test_it_stands_in_a_router_and_in_a_stack() -> None:
    inside = Starlette(routes=[Mount("/m", redirect("/new")), Route("/r/{x}", redirect("/new/{x}"))])
    app = stack(handlers={"/old/{p:path}": redirect("/new/{p}", status=301)})(inside)
    client = TestClient(app, follow_redirects=False)
    found = [client.get(path).headers["location"] for path in ("/m/a?b=c", "/r/a", "/old/a/b", "/old/")]
    assert found == ["/new?b=c", "/new/a", "/new/a/b", "/new/"]


def test_it_explains_itself() -> None:
    class Exchange:
        scope = {"path_params": {"x": "a b"}, "query_string": b"q=1"}  # noqa: RUF012 - it is never changed

    assert [*redirect("/new/{x}", status=308).explain(Exchange())] == [  # type: ignore[arg-type]
        "redirects with 308 to /new/a%20b?q=1"
    ]
