"""A request on its way through a plan under WSGI (PEP 3333).

Rules of this file:

- The application's start is held until its first non-empty chunk, or its end: until then it may start again with
  exc_info. Then the start passes through the response hooks. Empty chunks before it are left out; chunks after it pass
  one by one.
- A layer stands around the application's iterable as around its call, like nested wrappers of which each pulls from
  the next: what a response hook raises or answers is seen by the layers outside it, and those inside it are left.
- Where nothing was sent, a failure unwinds at once: `error`, then `done`, layer by layer. Behind a start, `done` waits
  for `close()`, which closes the application's iterable first.
- An exception that follows an answer is raised after the answer's last chunk, or by `close()` if that comes earlier.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from operator import length_hint
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication

from starlette.responses import Response
from starlette.types import Scope

from toolkit.engine.bridge import Bridge
from toolkit.engine.environ import Environ, find_header, http_scope, path_info, peer, publish
from toolkit.engine.exchange import Answer, Done, Exchange, Hook, Message, route_path
from toolkit.engine.run import ResponseHook, as_messages
from toolkit.engine.steps import awaitable, plain
from toolkit.engine.wsgi_body import WHOLE, Body, Chunks, SizedBody, is_whole

if TYPE_CHECKING:
    from toolkit.engine.layer import Layer
    from toolkit.engine.plan import Plan

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

# RFC 9110 7.6.1 and RFC 2616 13.5.1. They are the server's; PEP 3333 forbids them to all that stands behind it.
HOP_BY_HOP = frozenset(
    b"""connection keep-alive proxy-authenticate proxy-authorization
    te trailer trailers transfer-encoding upgrade""".split()
)

_NONE: Mapping[bytes, str] = MappingProxyType({})


class WSGIRun(Exchange):
    """An HTTP request under way, in the thread that called."""

    __slots__ = (
        "_body",
        "_close",
        "_dropped",
        "_headers",
        "_innermost",
        "_line",
        "_made",
        "_over",
        "_start",
        "_write",
        "bridge",
        "environ",
        "failure",
        "left",
        "whole",
    )

    environ: Environ
    bridge: Bridge
    memo: "dict[Layer, Any]"
    whole: bool
    """Whether the server has taken the last chunk."""
    left: Iterator[ResponseHook]
    """The response hooks that have not seen a start, the next one outward first."""
    failure: BaseException | None
    """What the layers that have not been left are to see."""
    _innermost: int
    """The innermost of them; the number of layers while the application runs."""
    _line: str | None
    """The status line of the start that is held; None where there is none, or no more."""
    _headers: list[tuple[str, str]]
    _over: bool
    """Whether the application has returned or failed, or was not called."""
    _dropped: int | None
    """The place of the outermost layer that has answered instead of what was inside it."""
    _body: bytes
    _close: Callable[[], object] | None
    """Closes the application's iterable."""

    def __init__(self, plan: "Plan", environ: Environ, start_response: StartResponse, bridge: Bridge) -> None:
        self.environ = environ
        self.status = None
        self.memo = {}
        self.left = iter(plan.responses)
        self.failure = None
        self._plan = plan
        self.bridge = bridge
        self._start = start_response
        self._innermost = plan.size
        self._made: Scope | None = None
        self._line = None
        self._over = self.whole = False
        self._dropped = None
        self._close = None

    @property
    def scope(self) -> Scope:  # type: ignore[override]
        """The request as an ASGI scope, made when a layer looks."""
        made = self._made
        if made is None:
            made = self._made = http_scope(self.environ)
        return made

    @property
    def method(self) -> str:
        return self.environ["REQUEST_METHOD"] if self._made is None else super().method

    @property
    def path(self) -> str:
        return path_info(self.environ) if self._made is None else route_path(self._made)

    @property
    def client(self) -> tuple[str, int] | None:
        return peer(self.environ) if self._made is None else super().client

    @property
    def complete(self) -> bool:
        return self.whole and self.failure is None

    def header(self, name: bytes) -> bytes | None:
        return find_header(self.environ, name)

    def respond(self, app: WSGIApplication) -> Iterable[bytes]:
        """Run the layers around the application. What this returns is the server's to iterate and to close."""
        try:
            answer = self._enter()
            chunks = self._call(app) if answer is None else ()
        except BaseException as exc:
            return self._failed(exc)
        return self._started(chunks) if answer is None else self._answered(answer, self._innermost)

    def _enter(self) -> Answer:
        plan = self._plan
        for place, hook in plan.by_method[self.environ["REQUEST_METHOD"]]:
            self._innermost = place
            result: Hook = hook(self)
            if result is not None:
                answer = self._settle(hook, result)
                if answer is not None:
                    return answer
        self._innermost = plan.size
        return None

    def _call(self, app: WSGIApplication) -> Iterable[bytes]:
        """The application's chunks from the first non-empty one, until which it may start again."""
        if self._made is not None:
            publish(self._made, self.environ)
        iterable = app(self.environ, self.start_response)
        self._close = getattr(iterable, "close", None)
        if self.status is not None or (self._line is not None and is_whole(iterable, self.environ)):
            return iterable
        chunks = iter(iterable)
        first = next(filter(None, chunks), None)
        if self._line is None:
            raise RuntimeError("the application has not called start_response before its first chunk")
        return iter(()) if first is None else chain((first,), chunks)

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """What the application is given to start with."""
        if self._dropped is not None:
            return self.write
        if exc_info is None and (self._line is not None or self.status is not None):
            raise RuntimeError("start_response was called again, without exc_info")
        try:
            if exc_info is not None and exc_info[1] is not None and self.status is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        finally:
            exc_info = None  # it refers to this frame
        self._line, self._headers = status, headers
        return self.write

    def write(self, chunk: bytes, /) -> None:
        """What the application is given to send a chunk at once, which PEP 3333 keeps for old ones."""
        if self._dropped is not None:
            return
        if self.status is not None:
            self._write(chunk)
        elif chunk:
            self._write_first(chunk)

    def _write_first(self, chunk: bytes) -> None:
        self._begin()
        self._write(chunk if self._dropped is None else self._body)
        self._body = b""

    def _started(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """The application has started: what goes to the server."""
        self._over = True
        if self.status is None:
            try:
                self._begin()
            except BaseException as exc:
                return self._broken(exc)
        if self._dropped is not None:
            self.failure = self.leave(self._dropped, self.failure)
            return self._reply()
        if not self._plan.unwinds:
            return chunks if is_whole(chunks, self.environ) else Chunks(chunks, self._close, self.bridge)
        return SizedBody(self, chunks) if isinstance(chunks, WHOLE) else Body(self, chunks)

    def _begin(self) -> None:
        """Let the start that was held go outward."""
        line, self._line = self._line, None
        if line is None:
            raise RuntimeError("write() was called before start_response")
        if not self._plan.responses:
            self.status = int(line[:3])
            self._write = self._start(line, self._headers)
            return
        names, headers = {}, []
        for name, value in self._headers:
            key = _lower(name)
            names[key] = name
            headers.append((key, value.encode("latin-1")))
        self._outward({"type": "http.response.start", "status": int(line[:3]), "headers": headers}, line, names)

    def _outward(self, start: Message, line: str = "", names: Mapping[bytes, str] = _NONE) -> None:
        """Take a start through the layers that have not seen one, and send it.

        Args:
            start: What the layers see and change.
            line: The application's status line, which stays where they leave the status.
            names: The names of the application's headers as it wrote them, by those that the layers see.
        """
        for hook in self.left:
            result = hook(self, start)
            if result is not None:
                answer = self._settle(hook, result)
                if answer is not None:
                    return self._replace(answer)
        status = self.status = start["status"]
        if line[:3] != str(status):
            line = STATUS_LINES.get(status) or f"{status} Unknown"
        self._write = self._start(line, _as_text(start["headers"], names))
        return None

    def _replace(self, answer: Response) -> None:
        """A response hook answers in place of what was begun. That is dropped, and closed unless it still runs."""
        messages = as_messages("http.response", answer, head=self.method == "HEAD")
        self._dropped = self._plan.reached(length_hint(self.left))
        if self._over:
            self.failure = self.leave(self._dropped, self.failure)
        self._say(messages)

    def _say(self, messages: list[Message]) -> None:
        start, body = messages
        self._body = body["body"]
        self._outward(start)

    def _answered(self, answer: Response, place: int) -> Iterable[bytes]:
        """Send the answer of the layer at `place`. Only the layers outside it see it."""
        self._over = True
        self.left = iter(self._plan.outsides[place])
        try:
            self._say(as_messages("http.response", answer, head=self.method == "HEAD"))
        except BaseException as exc:
            return self._broken(exc)
        return self._reply()

    def _reply(self) -> Iterable[bytes]:
        """The body of a layer's answer. Before a failure comes a chunk, if empty: with it servers send the start."""
        failing = self.failure is not None
        chunks = [self._body] if self._body or failing else []
        waiting = self._plan.unwinds or self._close is not None or failing
        return SizedBody(self, chunks) if waiting else chunks

    def _failed(self, exc: BaseException) -> Iterable[bytes]:
        """A request hook or the application raised."""
        return self._unwind(self.leave(self._innermost, exc) or exc)

    def _broken(self, exc: BaseException) -> Iterable[bytes]:
        """A response hook raised. Whatever leaving the layers inside it raises as well is lost to it."""
        place = min(self._innermost, self._plan.reached(length_hint(self.left)))
        self.leave(place, self.failure)
        return self._unwind(exc)

    def _unwind(self, exc: BaseException) -> Iterable[bytes]:
        """Leave the layers from inside out, each by `error`, then `done`, until one answers. Raises where none does."""
        for place, error, done in self._plan.unwinds:
            if place > self._innermost:
                continue
            if error is not None and isinstance(exc, Exception) and not self._seen(place):
                try:
                    answer = self._settle(error, error(self, exc))
                except BaseException as raised:
                    exc = raised
                else:
                    if answer is not None:
                        return self._recovered(answer, place, exc)
            if done is not None:
                exc = self._done(done, exc) or exc
        try:
            raise exc
        finally:
            del exc

    def _recovered(self, answer: Response, place: int, exc: Exception) -> Iterable[bytes]:
        """The layer at `place` answers a failure. Only an answer below 500 has handled it."""
        self._innermost = place
        self.failure = None if answer.status_code < 500 else exc
        return self._answered(answer, place)

    def _seen(self, place: int) -> bool:
        """Whether the layer at `place` has seen a start, or has itself raised or answered."""
        if self.status is not None or place >= self._innermost:
            return True
        return place >= self._plan.reached(length_hint(self.left))

    def leave(self, place: int, failure: BaseException | None) -> BaseException | None:
        """Close the application's iterable, then leave the layers inside `place` by `done`. Returns the failure."""
        close, self._close = self._close, None
        if close is not None:
            try:
                close()
            except BaseException as raised:
                failure = raised
        for inner, _, done in self._plan.unwinds:
            if place < inner <= self._innermost and done is not None:
                failure = self._done(done, failure)
        self._innermost = min(place, self._innermost)
        return failure

    def _done(self, hook: Callable[..., Done], exc: BaseException | None) -> BaseException | None:
        try:
            pending = hook(self, exc)
            if pending is not None:
                self.bridge.run(pending)
        except BaseException as raised:
            return raised
        return exc

    def _settle(self, hook: Callable[..., Hook], result: Hook) -> Answer:
        """What a hook decided, waited for where it has to be."""
        if result is not None and not isinstance(result, Response):
            result = self.bridge.run(awaitable(hook, result))
        return plain(hook, result)


def _as_text(headers: Iterable[tuple[bytes, bytes]], names: Mapping[bytes, str]) -> list[tuple[str, str]]:
    """Headers for the server: the application's names as it wrote them; of the others none that is hop-by-hop."""
    made = []
    for name, value in headers:
        known = names.get(name)
        if known is None:
            if name.lower() in HOP_BY_HOP:
                continue
            known = name.decode("latin-1")
        made.append((known, value.decode("latin-1")))
    return made


@lru_cache(maxsize=256)
def _lower(name: str) -> bytes:
    return name.lower().encode("latin-1")
