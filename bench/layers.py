"""Eight small layers such as applications have. bench/by_hand.py does the same work without the toolkit."""

import time
from itertools import count
from typing import ClassVar

from starlette.responses import Response
from starlette.types import Message

from toolkit import Exchange, Layer

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})
HOSTS = frozenset({b"api.example", b"www.example"})
NO_SNIFF = (b"x-content-type-options", b"nosniff")
REFERRER = (b"referrer-policy", b"same-origin")


class NoSniff(Layer):
    """Adds a header that never changes."""

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append(NO_SNIFF)


class Hosts(Layer):
    """Checks a request header."""

    reads: ClassVar = (b"host",)

    def request(self, exchange: Exchange) -> Response | None:
        return None if exchange.header(b"host") in HOSTS else Response(b"Unknown host", 400)


class Timing(Layer):
    """Keeps something from the request to the response."""

    def request(self, exchange: Exchange) -> None:
        exchange.memo[self] = time.perf_counter_ns()

    def response(self, exchange: Exchange, start: Message) -> None:
        taken = (time.perf_counter_ns() - exchange.memo[self]) / 1e6
        start["headers"].append((b"server-timing", b"app;dur=%.3f" % taken))


class Language(Layer):
    """Reads a request header for the application."""

    reads: ClassVar = (b"accept-language",)

    def request(self, exchange: Exchange) -> None:
        wanted = exchange.header(b"accept-language")
        exchange.scope["bench.language"] = "en" if wanted is None else wanted[:2].decode("latin-1")


class RequestId(Layer):
    """Numbers requests, for the application and for the client."""

    def compile(self) -> None:
        self._numbers = count()

    def request(self, exchange: Exchange) -> None:
        exchange.scope["bench.request_id"] = b"%x" % next(self._numbers)

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append((b"x-request-id", exchange.scope["bench.request_id"]))


class Referrer(Layer):
    """Adds another header that never changes."""

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append(REFERRER)


class Methods(Layer):
    """Checks the request itself."""

    def request(self, exchange: Exchange) -> Response | None:
        return None if exchange.method in METHODS else Response(b"Method not allowed", 405)


class Counted(Layer):
    """Counts by status when all is over."""

    def compile(self) -> None:
        self.seen: dict[int | None, int] = {}

    def done(self, exchange: Exchange, exc: BaseException | None) -> None:
        self.seen[exchange.status] = self.seen.get(exchange.status, 0) + 1


class Idle(Layer):
    """Sees every request and response and does nothing: what is left is the engine's own work."""

    def request(self, exchange: Exchange) -> None:
        """See it."""

    def response(self, exchange: Exchange, start: Message) -> None:
        """See it."""


LAYERS = (NoSniff(), Hosts(), Timing(), Language(), RequestId(), Referrer(), Methods(), Counted())
IDLE = tuple(Idle(name=f"idle{number}") for number in range(len(LAYERS)))
