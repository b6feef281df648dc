"""A handler that sends everybody elsewhere: to a path, or to a site that is written out.

Rule: whatever a request holds, its target is of the origin that was written. What comes from the request is percent-
encoded before it is put in, and no target begins with two slashes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from toolkit.engine.exchange import Exchange
from toolkit.engine.handler import Handler, answered
from toolkit.http.objections import objection_to_origin
from toolkit.options import Invalid, Problem, did_you_mean, option

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SITE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_LITERAL = "/:?#[]@!$&'()*+,;=~%"
"""What stands in a target as it was written (RFC 3986, 2.2), escapes included."""
_QUERY = "/:?@!$&'()*+,;=~%"


def _target(to: str) -> str:
    """A target as somebody wrote it. Raises Invalid where it is not clear which origin it leads to."""
    if "\\" in to or not to.isprintable() or " " in to:
        raise Invalid(f"{to!r} holds a backslash, a space or a control character", "percent-encode it, or use '/'")
    if any(sign in _PARAMETER.sub("", to) for sign in "{}"):
        raise Invalid(f"{to!r} holds a brace that is not around a parameter", "write {name}")
    if to.startswith("//"):
        raise Invalid(f"{to!r} leads to another host", "write https:// in front of it, or a single '/'")
    if not to.startswith("/"):
        _check_site(to)
    return to


def _check_site(to: str) -> None:
    site = _SITE.match(to)
    if site is None:
        raise Invalid(f"{to!r} is neither a path nor an address", "write /path or https://host/path")
    if "{" in site[0]:
        raise Invalid(
            f"{to!r} takes its host from the request", "write out the host, and put parameters behind its '/'"
        )
    if "*" in site[0] or not site[0].lower().startswith(("http://", "https://")):
        raise Invalid(f"{to!r} does not lead to one site of the web", "write /path or https://host/path")
    objection = objection_to_origin(site[0])
    if objection is not None:
        raise Invalid(f"{to!r}: {objection.reason}", objection.fix)


class Redirect(Handler):
    """Redirects every request; a WebSocket handshake is refused.

    Args:
        to: A path such as "/new/{slug}" or an address such as "https://docs.example/{page}". `{name}` is what the
            handler's own path template found under that name, percent-encoded.
        status: 307 and 308 keep the method and the body, 301 and 308 are remembered by browsers.
        keep_query: Whether the target has the query of the request.
    """

    to: Annotated[str, _target] = option(kw_only=False)
    status: Literal[301, 302, 303, 307, 308] = 307
    keep_query: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answered(self._answer, scope, receive, send)

    def check_path(self, params: Mapping[str, str]) -> Iterable[Problem]:
        """Parameters of the target that the path has not."""
        for name in dict.fromkeys(self._pieces[1::2]):
            if name not in params:
                fix = did_you_mean(name, params) or f"its parameters are {', '.join(params) or 'none'}"
                yield self.problem("to", f"the path has no parameter {name!r}", fix)

    def explain(self, exchange: Exchange) -> Iterable[str]:
        """Where this request is sent."""
        yield f"redirects with {self.status} to {self.location(exchange.scope)}"

    def location(self, scope: Scope) -> str:
        """The target of a request. Raises KeyError if its path has not all parameters of the target."""
        query = scope.get("query_string", b"") if self.keep_query else b""
        filled = self._filled(scope.get("path_params", {})) if self._fixed is None else self._target
        return _with_query(filled, query) if query else filled

    def compile(self) -> None:
        """The target in pieces, and the whole answer where nothing of a request is in it."""
        pieces = _PARAMETER.split(self.to)
        self._pieces = [quote(piece, safe=_LITERAL) if place % 2 == 0 else piece for place, piece in enumerate(pieces)]
        self._target = self._pieces[0]
        self._fixed = _answer(self._target, self.status) if len(pieces) == 1 else None

    def _answer(self, scope: Scope) -> Response:
        if self._fixed is not None and not (self.keep_query and scope["query_string"]):
            return self._fixed
        return _answer(self.location(scope), self.status)

    def _filled(self, params: Mapping[str, Any]) -> str:
        parts = [
            quote(str(params[piece]), errors="replace") if place % 2 else piece
            for place, piece in enumerate(self._pieces)
        ]
        target = "".join(parts)
        return "/" + target.lstrip("/") if target[0] == "/" else target


def _answer(location: str, status: int) -> Response:
    return Response(status_code=status, headers={"location": location})


def _with_query(target: str, query: bytes) -> str:
    target, sign, fragment = target.partition("#")
    return f"{target}{'&' if '?' in target else '?'}{quote(query, safe=_QUERY)}{sign}{fragment}"
