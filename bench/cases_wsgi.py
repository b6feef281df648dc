"""WSGI: the toolkit's own shell, and Starlette's CORS brought there by a2wsgi, whose threads make it wait."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench.cases_cors import LIST, is_right, starlette
from bench.drive import WSGIApp, ask_wsgi, bare_wsgi, over_wsgi
from bench.measure import BARE, OURS, Case, WrongAnswerError
from bench.peers import peer
from bench.requests import CROSS_ORIGIN, PREFLIGHT, SAME_ORIGIN, Request
from toolkit import stack
from toolkit.cors import CORS

GROUP = "wsgi"
_BRIDGED = "Starlette, a2wsgi"
_PATHS = {"no Origin": SAME_ORIGIN, "allowed": CROSS_ORIGIN, "preflight allowed": PREFLIGHT}


def bridged(closing: ExitStack) -> WSGIApp:
    """A WSGI application made ASGI for a middleware, and WSGI again for its server."""
    a2wsgi = peer("a2wsgi")
    inside = a2wsgi.WSGIMiddleware(bare_wsgi)
    outside = a2wsgi.ASGIMiddleware(starlette(LIST, inside))
    closing.callback(inside.executor.shutdown)
    closing.callback(outside.loop.call_soon_threadsafe, outside.loop.stop)
    made: WSGIApp = outside
    return made


def cases(closing: ExitStack) -> Iterator[Case]:
    """Each way, on three paths."""
    ours: WSGIApp = stack(CORS(**LIST)).wsgi(bare_wsgi)
    apps: dict[str, WSGIApp] = {BARE: bare_wsgi, OURS: ours, _BRIDGED: bridged(closing)}
    for row, request in _PATHS.items():
        yield from (_case(row, subject, app, request) for subject, app in apps.items())


def _case(row: str, subject: str, app: WSGIApp, request: Request) -> Case:
    async def check() -> None:
        answer = ask_wsgi(app, request.environ())
        if subject != BARE and not is_right(answer, request):
            raise WrongAnswerError(subject, row, answer)

    run = over_wsgi(app, lambda count: [request.environ() for _ in range(count)])
    return Case(GROUP, row, subject, run, check, over=None if subject == BARE else BARE, chunk=16)
