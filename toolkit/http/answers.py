"""Answers of the toolkit itself: refusals that a person and a program can act on."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Scope

from toolkit.http.headers import add_vary, split_list, values

_PROBLEM, _HTML, _TEXT = _OFFERED = ("application/problem+json", "text/html", "text/plain")
_QUALITY = re.compile(r"(?i)q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def refusal(
    scope: Scope,
    status: int,
    detail: str,
    *,
    title: str | None = None,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> Response:
    """A refusal as problem+json (RFC 9457), or as HTML or plain text where the request's Accept prefers that.

    Nothing of the request stands in it.

    Args:
        scope: The ASGI scope of the request.
        status: 400 to 599.
        detail: A sentence that says what is wrong, and what to do about it.
        title: What kind of refusal it is; by default the status's own phrase.
        headers: More headers of the answer, such as Allow.
    """
    accept = b",".join(values(scope["headers"], b"accept"))
    media_type = preferred(accept, _OFFERED)
    answer = Response(_body(media_type, status, title or _phrase(status), detail), status, media_type=media_type)
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    answer.raw_headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    add_vary(answer.raw_headers, b"Accept")
    return answer


def _body(media_type: str, status: int, title: str, detail: str) -> str:
    if media_type == _HTML:
        return _PAGE.format(status=status, title=escape(title), detail=escape(detail))
    if media_type == _TEXT:
        return f"{status} {title}\n{detail}\n"
    return json.dumps({"title": title, "status": status, "detail": detail})


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{status} {title}</title>
<h1>{title}</h1>
<p>{detail}</p>
</html>
"""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


class MediaRange(NamedTuple):
    """One member of an Accept header: `text/html;q=0.5`, `text/*`, `*/*`."""

    kind: str
    subtype: str
    quality: float

    def fit(self, media_type: str) -> int:
        """How closely it names a media type: 3 exactly, 2 the type alone, 1 everything, 0 not at all.

        `application/json` names every problem+json too: it is JSON.
        """
        kind, _, subtype = media_type.partition("/")
        if (self.kind, self.subtype) == ("*", "*"):
            return 1
        if self.kind != kind:
            return 0
        return 2 if self.subtype == "*" else 3 * (self.subtype in {subtype, subtype.rpartition("+")[2]})


def preferred(accept: bytes, offered: Sequence[str]) -> str:
    """The media type that an Accept header prefers (RFC 9110 12.5.1): of equals the one it names, then the first.

    The first, too, where it takes none of them: a refusal is told all the same.
    """
    ranges = [found for member in split_list(accept) if (found := _media_range(member)) is not None]
    if not ranges:
        return offered[0]
    return max(offered, key=lambda media_type: _rank(ranges, media_type))


def _rank(ranges: Iterable[MediaRange], media_type: str) -> tuple[float, int]:
    """Quality and fit of the range that names a media type most closely: that one decides."""
    fit, quality = max((found.fit(media_type), found.quality) for found in ranges)
    return (quality, fit) if fit and quality else (0, 0)


def _media_range(member: bytes) -> MediaRange | None:
    name, *parameters = (part.strip(" \t") for part in member.decode("latin-1").lower().split(";"))
    kind, _, subtype = name.partition("/")
    weights = [parameter for parameter in parameters if parameter.startswith("q=")]
    found = _QUALITY.fullmatch(weights[0] if weights else "q=1")
    return MediaRange(kind, subtype, float(found[1])) if found else None
