"""One connection to the server."""

from asyncio import CancelledError
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor, pq, waiting
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from toolkit.stores.postgres.errors import cause, unreachable
from toolkit.stores.postgres.settings import Settings

RV = TypeVar("RV")

_REFUSED_BY_A_POOLER = "unsupported startup parameter"
_LOOK = 60.0  # seconds between two looks of psycopg at whether it was interrupted; asyncio tells it


class Connection(AsyncConnection[TupleRow]):
    """One whose interrupted calls end at once."""

    async def wait(self, gen: PQGen[RV], interval: float = _LOOK, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        """As psycopg's, but who is cancelled neither asks the server to cancel nor waits for it to have done so.

        The connection is closed instead: what would still arrive on it is somebody else's answer.
        """
        options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}  # which psycopg 3.2 does not know
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, **options)
        except (CancelledError, KeyboardInterrupt):
            if self.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                self.pgconn.finish()
            raise

    def __del__(self, __warn: Any = None) -> None:
        """Silent: libpq closes the socket, in the process that opened it, and only there."""

    @property
    def is_idle(self) -> bool:
        """Whether somebody else may use it now."""
        return self.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def is_alive(self) -> bool:
        """Whether the server has not closed it, as far as is known here. Twice: its last words come before the end."""
        try:
            self.pgconn.consume_input()
            self.pgconn.consume_input()
        except psycopg.OperationalError:
            return False
        return self.is_idle

    def discard(self) -> None:
        """Close the socket without a wait, from any thread."""
        self.pgconn.finish()


async def connect(settings: Settings) -> Connection:
    """A connection, each statement of which is a transaction. Raises StoreError.

    The server is told to end by itself what takes too long, even if its client is gone. A PgBouncer refuses to be told:
    there the role's own settings hold.
    """
    try:
        return await _connect(settings, {**settings.conninfo, "options": _session(settings)})
    except (psycopg.Error, ValueError) as error:
        if _REFUSED_BY_A_POOLER not in str(error):
            raise unreachable(error, settings) from cause(error, settings)
    try:
        return await _connect(settings, settings.conninfo)
    except psycopg.Error as error:
        raise unreachable(error, settings) from cause(error, settings)


async def _connect(settings: Settings, conninfo: dict[str, str]) -> Connection:
    return await Connection.connect(
        make_conninfo(**conninfo),
        autocommit=True,
        prepare_threshold=settings.prepare,
        cursor_factory=AsyncRawCursor,
    )


def _session(settings: Settings) -> str:
    milliseconds = max(1, int(settings.timeout * 1000))
    given = settings.conninfo.get("options", "")
    return f"-c statement_timeout={milliseconds} -c default_transaction_isolation=read\\ committed {given}".strip()
