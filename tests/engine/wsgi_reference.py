"""What a stack means under WSGI: one layer around an application, from the rules alone. Nesting it defines every stack.

Hooks are plain functions here, and no request is a HEAD.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from types import SimpleNamespace
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

Failing = BaseException | None


def one(layer: Any, app: WSGIApplication) -> WSGIApplication:
    """`app` inside one layer."""
    return lambda environ, start_response: Request(layer, environ, start_response).run(app)


class Request:
    left: bytes

    def __init__(self, layer: Any, environ: dict[str, Any], start_response: StartResponse) -> None:
        self.layer, self.environ, self.outward = layer, environ, start_response
        self.exchange = SimpleNamespace(environ=environ, memo={})
        self.held: Any = None
        self.out: Any = None
        self.answer: Any = None
        self.inside: Any = None
        self.failure: Failing = None
        self.seen = False

    def run(self, app: WSGIApplication) -> Iterable[bytes]:
        called = False
        try:
            answer = plain(self.layer.request(self.exchange))
            if answer is not None:
                return self.reply(answer, None)
            called = True
            self.inside = app(self.environ, self.start)
            chunks = iter(self.inside) if self.seen else from_first(self.inside)
            assert self.held, "not started"
        except BaseException as failure:
            return self.failed(closed(self, failure), called)
        try:
            if not self.seen:
                self.begin()
        except BaseException as failure:
            closed(self)
            self.done(failure)
            raise
        if self.answer is None:
            return Returned(self, chunks, None)
        return Returned(self, iter([self.left] if self.left else []), closed(self, self.failure))

    def failed(self, failure: Any, called: bool) -> Iterable[bytes]:
        answer = None
        if called and not self.seen and isinstance(failure, Exception):
            try:
                answer = plain(self.layer.error(self.exchange, failure))
            except BaseException as raised:
                failure = raised
        if answer is None:
            self.done(failure)
            raise failure
        return self.reply(answer, None if answer.status_code < 500 else failure)

    def start(self, line: str, headers: Any, exc_info: Any = None) -> Any:
        if self.answer is not None:
            return self.write
        if self.seen:
            return self.outward(line, headers, exc_info)
        assert exc_info or not self.held, "started twice"
        self.held = (line, headers)
        return self.write

    def write(self, chunk: bytes) -> None:
        if self.answer is None and (self.seen or chunk):
            self.write_on(chunk)

    def write_on(self, chunk: bytes) -> None:
        if not self.seen:
            self.begin()
        self.out(chunk if self.answer is None else self.answer.body)
        self.left = b""

    def begin(self) -> None:
        self.seen, (line, headers) = True, self.held
        message = {"status": int(line[:3]), "headers": [(name.lower().encode(), v.encode()) for name, v in headers]}
        answer = self.answer = plain(self.layer.response(self.exchange, message))
        if answer is not None:
            self.left, self.failure = answer.body, closed(self)
            message = {"status": answer.status_code, "headers": answer.raw_headers}
        self.out = self.outward(f"{message['status']} Same", text(message["headers"]))

    def reply(self, answer: Any, failure: Failing) -> Iterable[bytes]:
        self.outward(f"{answer.status_code} Same", text(answer.raw_headers))
        return Returned(self, iter([answer.body]), failure)

    def done(self, failure: Failing) -> None:
        self.layer.done(self.exchange, failure)


class Returned(Iterator[bytes]):
    """What goes to the server: chunks, then a failure where there is one. What was inside is closed when it is."""

    def __init__(self, request: Request, chunks: Iterator[bytes], failure: Failing) -> None:
        self.request, self.chunks, self.failure = request, chunks, failure
        self.raised: Failing = None

    def __next__(self) -> bytes:
        try:
            return next(self.chunks)
        except StopIteration:
            self.fail()
            raise
        except BaseException as failure:
            self.failure = self.raised = failure
            raise

    def close(self) -> None:
        self.failure = closed(self.request, self.failure)
        try:
            self.request.done(self.failure)
        except BaseException as failure:
            self.failure = failure
        self.fail()

    def fail(self) -> None:
        if self.failure is not None and self.failure is not self.raised:
            self.raised = self.failure
            raise self.failure


def closed(request: Request, failure: Failing = None) -> Failing:
    """Close what the application returned, once. What it raises comes after the failure so far."""
    iterable, request.inside = request.inside, None
    try:
        getattr(iterable, "close", lambda: None)()
    except BaseException as raised:
        return raised
    return failure


def from_first(iterable: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks from the first non-empty one, which is waited for."""
    chunks = iter(iterable)
    first = list(islice(filter(None, chunks), 1))
    return chain(first, chunks)


def plain(answer: Any) -> Any:
    if answer is not None and not hasattr(answer, "body"):
        raise TypeError("a hook answers with a plain Response")
    return answer


def text(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers]
