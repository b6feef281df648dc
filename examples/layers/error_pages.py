"""Pages of one's own for errors: for those that the application answers, and for those that it raises."""

from collections.abc import Mapping

from starlette.responses import HTMLResponse
from starlette.types import Message

from toolkit import Exchange, Layer
from toolkit.http.headers import values

BODY_HEADERS = frozenset(b"content-encoding content-language content-length content-type etag last-modified".split())
"""Headers that tell of the body they came with (RFC 9110 8), and of no other."""


class ErrorPages(Layer):
    """Puts HTML pages in the place of bare error answers.

    An answer is bare where its body is plain text or nothing; an error that the application describes in HTML or JSON
    is left alone. What else the answer carried (cookies, Vary, Allow, Retry-After) goes with the page.

    Args:
        pages: HTML by status. The page of 500 is also what a client gets when the application raises.
    """

    pages: Mapping[int, str]

    def response(self, exchange: Exchange, start: Message) -> HTMLResponse | None:
        page = self.pages.get(start.get("status", 101))
        if page is None or not _is_bare(start):
            return None
        answer = HTMLResponse(page, start["status"])
        answer.raw_headers += [pair for pair in start["headers"] if pair[0].lower() not in BODY_HEADERS]
        return answer

    def error(self, exchange: Exchange, exc: Exception) -> HTMLResponse | None:
        """A 5xx is sent, and the exception raised again: the server's log still has it."""
        page = self.pages.get(500)
        return None if page is None else HTMLResponse(page, 500)


def _is_bare(start: Message) -> bool:
    return all(value.startswith(b"text/plain") for value in values(start["headers"], b"content-type"))
