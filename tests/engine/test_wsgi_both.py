"""The same layers around the same case give the same reply through ASGI and through WSGI."""

from typing import Any

import pytest

from tests.engine.both import Case, Reply, Serve, via_asgi, via_wsgi
from tests.engine.traces import answer, trace
from toolkit import CORS, Exchange, Layer, stack


class Echo(Layer):
    """Says in a header what a layer sees of the request."""

    def response(self, exchange: Exchange, start: Any) -> None:
        seen = (exchange.method, exchange.path, exchange.header(b"x-a"), exchange.cookies, exchange.scope["scheme"])
        start["headers"].append((b"x-seen", repr(seen).encode("latin-1", "replace")))


ORIGIN = ((b"origin", b"https://app.example"),)
PREFLIGHT = (*ORIGIN, (b"access-control-request-method", b"PUT"))
CORS_LAYER = CORS(allow_origins=["https://app.example"], allow_methods=["PUT"])
STARLETTE_EMPTY = answer(204, "")

CASES: dict[str, tuple[Any, Case]] = {
    "nothing": ([], Case()),
    "what is seen": ([Echo()], Case("POST", "/café/x", ((b"x-a", b"\xe9"), (b"cookie", b"a=1")))),
    "repeated answer headers": ([Echo()], Case(answer_headers=((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")))),
    "a status": ([Echo()], Case(status=418)),
    "answered": ([Echo(), trace("a", [], request=answer(403, "no"))], Case()),
    "replaced": ([Echo(), trace("a", [], response=answer(503, "busy"))], Case()),
    "replaced twice": ([trace("o", [], response=answer(500)), trace("a", [], response=answer(503))], Case()),
    "handled": ([Echo(), trace("a", [], error=answer(404))], Case(fails=ValueError())),
    "answered and raised": ([Echo(), trace("a", [], error=answer(500))], Case(fails=ValueError())),
    "answered to HEAD": ([trace("a", [], request=answer(403, "no"))], Case("HEAD")),
    "no content": ([trace("a", [], request=STARLETTE_EMPTY)], Case()),
    "waiting": ([trace("a", [], waits=True, response=answer(503)), Echo()], Case()),
    "an origin": ([CORS_LAYER], Case(headers=ORIGIN)),
    "a preflight": ([CORS_LAYER], Case("OPTIONS", headers=PREFLIGHT)),
    "a route": (stack(CORS_LAYER, Echo(), routes={"/off": {"cors": False}}), Case(path="/off", headers=ORIGIN)),
    "a preflight of a route": (
        stack(CORS_LAYER, routes={"PUT /x": {"cors": {"max_age": 7}}}),
        Case("OPTIONS", "/x", PREFLIGHT),
    ),
}


@pytest.mark.parametrize(("layers", "case"), CASES.values(), ids=CASES)
def test_the_reply_is_the_same(layers: Any, case: Case) -> None:
    asgi, wsgi = via_asgi(layers, case), via_wsgi(layers, case)
    assert wsgi == asgi
    assert asgi.status in {case.status, 204, 403, 404, 500, 503}


SERVES: list[Serve] = [via_asgi, via_wsgi]


@pytest.mark.parametrize("serve", SERVES, ids=["asgi", "wsgi"])
def test_a_case_has_the_reply_that_it_says(serve: Serve) -> None:
    assert serve([], Case(status=201, answer_headers=((b"x-a", b"1"),), body=b"made")) == Reply(
        201, [(b"x-a", b"1")], b"made"
    )
    reply = serve([Echo()], Case("PUT", "/café", ((b"x-a", b"1"),)))
    assert reply.header(b"x-seen") == b"('PUT', '/caf\xe9', b'1', {}, 'http')"
    assert reply.header(b"x-none") is None


@pytest.mark.parametrize("serve", SERVES, ids=["asgi", "wsgi"])
def test_a_failure_that_nobody_answers_is_raised(serve: Serve) -> None:
    with pytest.raises(LookupError):
        serve([Echo()], Case(fails=LookupError()))
    with pytest.raises(LookupError):
        serve([trace("a", [], request=LookupError())], Case())
