"""Refusals: in the form that the request prefers, and with nothing of the request in them."""

import json
import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from tests.engine.asgi import http_scope
from toolkit.http.answers import preferred, refusal

PROBLEM, HTML, TEXT = OFFERED = ("application/problem+json", "text/html", "text/plain")
CHROME = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def scope(accept: bytes | None = None) -> Scope:
    return http_scope("GET", "/secret", [] if accept is None else [(b"accept", accept)])


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (b"", PROBLEM),
        (b"*/*", PROBLEM),
        (CHROME, HTML),
        (b"application/json, text/plain, */*", PROBLEM),  # axios
        (b"text/html, */*; q=0.01", HTML),  # jQuery
        (b"text/html, */*", HTML),
        (b"text/plain", TEXT),
        (b"text/*", HTML),
        (b"text/*;q=0.5, text/plain", TEXT),
        (b"text/*, text/html;q=0", TEXT),
        (b"application/*", PROBLEM),
        (b"application/json", PROBLEM),
        (b"application/json, text/plain;q=0.5", PROBLEM),
        (b"application/problem+json;q=0.1, text/html;q=0.2", HTML),
        (b"*/*;q=0.5, application/problem+json;q=0", HTML),
        (b"TEXT/HTML;Q=1.0", HTML),
        (b"text/html;charset=utf-8", HTML),
        (b"text/html;level=1;q=0.3, text/plain;q=0.4", TEXT),
        (b"image/png", PROBLEM),
        (b"text/html;q=0", PROBLEM),
        (b"text/html;q=2, text/plain", TEXT),
        (b"text/html;q=nan", PROBLEM),
        (b"nonsense, ;;, /, text/plain", TEXT),
    ],
)
def test_the_form_is_the_one_that_accept_prefers(accept: bytes, chosen: str) -> None:
    assert preferred(accept, OFFERED) == chosen


def test_repeated_headers_are_one_list() -> None:
    asked = http_scope("GET", "/", [(b"accept", b"text/plain;q=0.5"), (b"accept", b"text/html")])
    assert refusal(asked, 404, "x").media_type == HTML


WEIGHTS = st.sampled_from(["0", "0.3", "0.5", "1"])
RANGES = st.dictionaries(st.sampled_from([*OFFERED, "text/*", "application/*", "*/*"]), WEIGHTS, min_size=1)


@settings(max_examples=200)
@given(RANGES, st.randoms())
def test_no_other_form_has_more_weight(ranges: dict[str, str], random: Random) -> None:
    def weight(media_type: str) -> float:
        named = (media_type, media_type.partition("/")[0] + "/*", "*/*")
        return next((float(ranges[name]) for name in named if name in ranges), 0.0)

    written = list(ranges.items())
    random.shuffle(written)
    chosen = preferred(",".join(f"{name};q={q}" for name, q in written).encode(), OFFERED)
    assert weight(chosen) == max(map(weight, OFFERED))


@given(st.binary(max_size=60))
def test_whatever_accept_holds_there_is_an_answer(accept: bytes) -> None:
    assert refusal(scope(accept), 404, "x").status_code == 404


def test_a_problem_is_one_of_rfc_9457() -> None:
    answer = refusal(scope(), 405, "Use GET.", headers={"Allow": "GET"})
    assert json.loads(bytes(answer.body)) == {"title": "Method Not Allowed", "status": 405, "detail": "Use GET."}
    assert answer.headers["content-type"] == PROBLEM
    assert (answer.headers["vary"], answer.headers["allow"]) == ("Accept", "GET")


@pytest.mark.parametrize("accept", [b"", CHROME, b"text/plain"])
def test_what_it_says_is_escaped_and_nothing_of_the_request_is_in_it(accept: bytes) -> None:
    answer = refusal(scope(accept), 400, '<script>alert("&")</script>', title="a <b>")
    body = bytes(answer.body).decode()
    assert "secret" not in body
    if answer.media_type == HTML:
        assert "<script" not in body
        assert "&lt;script&gt;" in body
        assert "<h1>a &lt;b&gt;</h1>" in body


def test_a_page_names_its_status_and_language() -> None:
    page = bytes(refusal(scope(CHROME), 404, "Gone fishing.").body).decode()
    assert re.search(r'<html lang="en">.*<title>404 Not Found</title>.*<p>Gone fishing\.</p>', page, re.DOTALL)


def test_vary_is_not_said_twice() -> None:
    answer = refusal(scope(), 404, "x", headers=[("Vary", "Origin, Accept"), ("X-A", "1"), ("X-A", "2")])
    assert answer.headers["vary"] == "Origin, Accept"
    assert answer.headers.getlist("x-a") == ["1", "2"]


def test_a_status_without_a_phrase_has_a_title_too() -> None:
    assert json.loads(bytes(refusal(scope(), 499, "x").body))["title"] == "Refused"
