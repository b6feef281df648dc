"""One case, through ASGI and through WSGI: for tables that hold under both.

@pytest.mark.parametrize("serve", [via_asgi, via_wsgi])
def test_…(serve): status, headers, body = serve([layer], Case(method="OPTIONS", headers=((b"origin", b"…"),)))
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from wsgiref.types import StartResponse

from starlette.types import Receive, Scope, Send

from tests.engine import asgi, wsgi
from toolkit import Layer, Stack, stack

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Case:
    """A request, and what the application answers, or raises before it does. `path` is percent-encoded nowhere."""

    method: str = "GET"
    path: str = "/"
    headers: Pairs = ()
    status: int = 200
    answer_headers: Pairs = ((b"content-type", b"text/plain"),)
    body: bytes = b"from the application"
    fails: Exception | None = None


class Reply(NamedTuple):
    """What the client gets: header names in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """A header's only value; None where it is absent. Repeats are an error of the test."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, found
        return found[0] if found else None


Serve = Callable[[Sequence[Layer] | Stack, Case], Reply]


def via_asgi(layers: Sequence[Layer] | Stack, case: Case) -> Reply:
    """The reply under ASGI. What the application raises is raised where no layer answered, and else swallowed."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if case.fails is not None:
            raise case.fails
        await asgi.answering(case.status, case.answer_headers, case.body)(scope, receive, send)

    scope = asgi.http_scope(case.method, case.path, case.headers)
    outcome = asyncio.run(asgi.run(_stack(layers)(app), scope))
    _raise_unanswered(outcome.raised, case, outcome.sent)
    return Reply(outcome.status, outcome.headers, outcome.body)


def via_wsgi(layers: Sequence[Layer] | Stack, case: Case) -> Reply:
    """The same under WSGI."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if case.fails is not None:
            raise case.fails
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in case.answer_headers]
        start_response(f"{case.status} Whatever", headers)
        return [case.body]

    wrapped: Any = _stack(layers).wsgi(app)
    environ = wsgi.environ_of(case.method, "/", case.headers)
    outcome = wsgi.run(wrapped, environ | {"PATH_INFO": case.path.encode().decode("latin-1")})
    wrapped.close()
    _raise_unanswered(outcome.raised, case, outcome.starts)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in outcome.headers]
    return Reply(outcome.status, headers, outcome.body)


def _stack(layers: Sequence[Layer] | Stack) -> Stack:
    return layers if isinstance(layers, Stack) else stack(*layers)


def _raise_unanswered(raised: BaseException | None, case: Case, sent: Sequence[object]) -> None:
    if raised is not None and not (raised is case.fails and sent):
        raise raised
