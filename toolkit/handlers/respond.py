"""A handler with one answer, whatever is asked."""

import json as encoder
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from toolkit.engine.exchange import Exchange
from toolkit.engine.handler import Handler, answered
from toolkit.http.headers import is_token
from toolkit.options import Invalid, Problem, rule

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHARSET = re.compile(r"(?i);\s*charset\s*=\s*[\"']?([^\s\"';]*)")
_WITHOUT_BODY = frozenset({204, 205, 304})
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te"})


def _status(status: int) -> int:
    if not 200 <= status <= 599:
        raise Invalid(f"{status} is no status of a whole answer", "use 200 to 599")
    return status


def _header_name(name: str) -> str:
    if not is_token(name.encode()):
        raise Invalid(f"{name!r} is no header name", "use letters, digits and '-'")
    if name.lower() in _FRAMING:
        raise Invalid(f"{name!r} is for the server to say", "leave it out")
    if name.lower() == "content-type":
        raise Invalid(f"{name!r} has an option of its own", "give media_type")
    return name


def _header_value(value: str) -> str:
    if _CONTROL.search(value):
        raise Invalid(f"{value!r} holds a control character", "remove it")
    if value != value.strip() or any(ord(character) > 0xFF for character in value):
        raise Invalid(f"{value!r} cannot be sent as it is", "use Latin-1, without space at either end")
    return value


def _media_type(value: str) -> str:
    kind, _, subtype = value.partition(";")[0].strip().partition("/")
    if not (is_token(kind.encode()) and is_token(subtype.encode())):
        raise Invalid(f"{value!r} is no media type", "such as 'text/css' or 'text/plain; charset=utf-8'")
    charset = _CHARSET.search(value)
    if charset and charset[1].lower() not in {"utf-8", "utf8"}:
        raise Invalid(f"{value!r} names another charset than that of the body, which is UTF-8", "leave the charset out")
    return _header_value(value)


class Respond(Handler):
    """Answers every request with the same text, page or JSON; a WebSocket handshake is refused with it.

    Args:
        text: The body as plain text.
        html: The body as a page.
        json: The body as what JSON can say; None where it is given and nothing else is: null.
        status: 200 to 599.
        headers: More headers of the answer.
        media_type: What the body is, in the place of text/plain, text/html or application/json.
    """

    text: str | None = None
    html: str | None = None
    json: Any = None
    status: Annotated[int, _status] = 200
    headers: Mapping[Annotated[str, _header_name], Annotated[str, _header_value]] = {}
    media_type: Annotated[str, _media_type] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answered(lambda _: self._answer, scope, receive, send)

    def explain(self, exchange: Exchange) -> Iterable[str]:
        """What is answered."""
        kind = self._answer.headers.get("content-type")
        size = len(self._answer.body)
        yield f"answers {self.status}" + (f" with {size} {'byte' if size == 1 else 'bytes'} of {kind}" if kind else "")

    def compile(self) -> None:
        """The whole answer."""
        usual, body = self._content()
        self._answer = Response(body, self.status, dict(self.headers), self.media_type or usual)

    def _content(self) -> tuple[str | None, str]:
        if self.html is not None:
            return "text/html", self.html
        if self.json is not None:
            return "application/json", _encoded(self.json)
        if self.text is not None:
            return "text/plain", self.text
        return ("application/json", "null") if self._says_null() else (None, "")

    def _says_null(self) -> bool:
        return "json" in self.given and self.status not in _WITHOUT_BODY

    @rule("text", "html", "json", "status")
    def _one_body(self) -> Iterator[Problem]:
        bodies = [name for name in ("text", "html", "json") if getattr(self, name) is not None]
        for name in bodies[1:]:
            yield self.problem(name, f"there is a body already, {bodies[0]}", "give one of text, html and json")
        if bodies and self.status in _WITHOUT_BODY:
            yield self.problem(bodies[0], f"an answer of status {self.status} has no body", "leave it out")

    @rule("headers")
    def _told_apart(self) -> Iterator[Problem]:
        known: dict[str, str] = {}
        for name in self.headers:
            first = known.setdefault(name.lower(), name)
            if first != name:
                yield self.problem(f"headers[{name!r}]", f"{first!r} is the same header, whatever its case", "keep one")

    @rule("json")
    def _sayable(self) -> Iterator[Problem]:
        try:
            _encoded(self.json)
        except (TypeError, ValueError, RecursionError) as error:
            yield self.problem("json", f"JSON cannot say it: {error}")


def _encoded(value: Any) -> str:
    return encoder.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
