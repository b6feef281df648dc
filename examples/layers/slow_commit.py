"""Commit before the answer begins: a client that reads 200 may rely on what it was told."""

from collections.abc import Awaitable, Callable, Sequence

import anyio
from starlette.responses import PlainTextResponse
from starlette.types import Message

from toolkit import Exchange, Layer
from toolkit.options import Duration

UNAVAILABLE = PlainTextResponse("What you sent was not stored. Try again.\n", 503, headers={"retry-after": "5"})


class SlowCommit(Layer):
    """Stores what the application has changed, at the last moment at which the answer can still become another one.

    The application appends to `scope["toolkit.slowcommit"]`. Where its answer is no error, `commit` gets the changes;
    where that fails or takes too long, the client gets a 503 in place of the answer, of which nothing was sent yet.

    Args:
        commit: Stores a request's changes. A store that is down raises OSError.
        timeout: Seconds it may take.
    """

    commit: Callable[[Sequence[str]], Awaitable[None]]
    timeout: Duration = 2.0

    def request(self, exchange: Exchange) -> None:
        exchange.scope["toolkit.slowcommit"] = []

    def response(self, exchange: Exchange, start: Message) -> Awaitable[PlainTextResponse | None] | None:
        """Only a request that has something to store waits."""
        changes: list[str] = exchange.scope["toolkit.slowcommit"]
        return self._store(changes) if changes and start.get("status", 101) < 400 else None

    async def _store(self, changes: Sequence[str]) -> PlainTextResponse | None:
        try:
            with anyio.fail_after(self.timeout):
                await self.commit(changes)
        except OSError:  # TimeoutError is one
            return UNAVAILABLE
        return None
