"""respond: one answer to everything, checked when it is made."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.engine.asgi import connect, http_scope, run
from toolkit import ConfigError
from toolkit.engine.stack import stack
from toolkit.handlers import respond


def problems(**options: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        respond(**options)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("options", "kind", "body"),
    [
        ({}, None, b""),
        ({"text": "hé"}, b"text/plain; charset=utf-8", "hé".encode()),
        ({"html": "<p>"}, b"text/html; charset=utf-8", b"<p>"),
        ({"json": {"a": [1, "é", None]}}, b"application/json", '{"a":[1,"é",null]}'.encode()),
        ({"json": False}, b"application/json", b"false"),
        ({"json": None}, b"application/json", b"null"),
        ({"json": None, "text": "a"}, b"text/plain; charset=utf-8", b"a"),
        ({"text": "a", "media_type": "text/css; charset=UTF-8"}, b"text/css; charset=UTF-8", b"a"),
        ({"text": "a{}", "media_type": "text/css"}, b"text/css; charset=utf-8", b"a{}"),
        ({"json": {}, "media_type": "application/ld+json"}, b"application/ld+json", b"{}"),
        ({"text": ""}, b"text/plain; charset=utf-8", b""),
    ],
    ids=repr,
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
async def test_every_method_gets_the_one_answer(
    options: dict[str, Any], kind: bytes | None, body: bytes, method: str
) -> None:
    outcome = await run(respond(**options), http_scope(method))
    assert (outcome.status, outcome.body, outcome.header(b"content-type")) == (200, body, kind)
    assert outcome.header(b"content-length") == str(len(body)).encode()


async def test_head_gets_the_headers_alone() -> None:
    outcome = await run(respond(text="hello"), http_scope("HEAD"))
    assert (outcome.body, outcome.header(b"content-length")) == (b"", b"5")


async def test_null_is_no_body_where_there_can_be_none() -> None:
    assert (await run(respond(json=None, status=204), http_scope())).body == b""


async def test_status_and_headers_are_as_given() -> None:
    outcome = await run(respond(status=410, headers={"X-Why": "moved\tout", "Retry-After": "5"}), http_scope())
    assert outcome.status == 410
    assert (outcome.header(b"x-why"), outcome.header(b"retry-after")) == (b"moved\tout", b"5")


async def test_one_answer_does_not_change_the_next() -> None:
    app = respond(text="x")
    first = await run(app, http_scope())
    first.start["headers"].clear()
    assert (await run(app, http_scope())).header(b"content-length") == b"1"


@pytest.mark.parametrize(("denial", "status", "code"), [(True, 200, None), (False, None, 1008)])
async def test_a_handshake_is_refused(denial: bool, status: int | None, code: int | None) -> None:
    outcome = await connect(respond(text="x"), denial=denial)
    assert outcome.close_code == code
    if status:
        assert (outcome.status, outcome.body) == (status, b"x")


def test_it_stands_in_a_router_and_alone() -> None:
    app = Starlette(routes=[Mount("/m", respond(text="mounted")), Route("/r", respond(text="routed"))])
    with TestClient(app) as client:
        assert [client.get(path).text for path in ("/m/x", "/r")] == ["mounted", "routed"]
        assert client.post("/r").text == "routed"
    with TestClient(respond(text="alone")) as client:
        assert client.get("/").text == "alone"
        with pytest.raises(WebSocketDenialResponse), client.websocket_connect("/"):
            pass


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"text": "a", "html": "b"}, "Respond.html: there is a body already, text; give one of text, html and json"),
        ({"html": "b", "json": 0}, "Respond.json: there is a body already, html; give one of text, html and json"),
        ({"text": "a", "status": 204}, "Respond.text: an answer of status 204 has no body; leave it out"),
        ({"json": 1, "status": 304}, "Respond.json: an answer of status 304 has no body; leave it out"),
        ({"status": 100}, "Respond.status: 100 is no status of a whole answer; use 200 to 599"),
        ({"status": 600}, "Respond.status: 600 is no status of a whole answer; use 200 to 599"),
        ({"headers": {"X A": "1"}}, "Respond.headers['X A']: 'X A' is no header name; use letters, digits and '-'"),
        ({"headers": {"Content-Length": "1"}}, "Respond.headers['Content-Length']: 'Content-Length' is for the server"),
        ({"headers": {"Content-Type": "a/b"}}, "Respond.headers['Content-Type']: 'Content-Type' has an option of its"),
        ({"headers": {"X": "a\r\nB: c"}}, "Respond.headers['X']: 'a\\r\\nB: c' holds a control character"),
        ({"headers": {"X": " a"}}, "Respond.headers['X']: ' a' cannot be sent as it is"),
        ({"headers": {"X": "€"}}, "Respond.headers['X']: '€' cannot be sent as it is"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "Respond.headers['x-a']: 'X-A' is the same header, whatever its case"),
        (
            {"media_type": "text/plain; charset=latin-1"},
            "Respond.media_type: 'text/plain; charset=latin-1' names another",
        ),
        (
            {"media_type": 'a/b;Charset="x"'},
            "Respond.media_type: 'a/b;Charset=\"x\"' names another charset than that of",
        ),
        ({"media_type": "text"}, "Respond.media_type: 'text' is no media type"),
        ({"media_type": "text/plain\n"}, "Respond.media_type: 'text/plain\\n' holds a control character"),
        ({"json": {"a": float("nan")}}, "Respond.json: JSON cannot say it: "),
        ({"json": {"a": {1, 2}}}, "Respond.json: JSON cannot say it: "),
    ],
    ids=repr,
)
def test_what_cannot_be_answered_is_refused(options: dict[str, Any], found: str) -> None:
    (problem,) = problems(**options)
    assert problem.startswith(found)


def test_it_explains_itself() -> None:
    handlers = {"/": respond(text="hi"), "/k": respond(text="k"), "/gone": respond(status=410)}
    assert [[*app.explain(None)] for app in handlers.values()] == [  # type: ignore[arg-type]
        ["answers 200 with 2 bytes of text/plain; charset=utf-8"],
        ["answers 200 with 1 byte of text/plain; charset=utf-8"],
        ["answers 410"],
    ]


def test_it_answers_in_a_stack() -> None:
    client = TestClient(stack(handlers={"/health": respond(text="fine")}).app())
    assert [client.get(path).status_code for path in ("/health", "/health/")] == [200, 404]
