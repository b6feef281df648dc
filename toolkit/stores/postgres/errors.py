"""What psycopg and PostgreSQL report, as one sentence to act on, without credentials."""

import re

import psycopg

from toolkit.stores.contracts import StoreError
from toolkit.stores.postgres.settings import Settings

_REASONS = {
    "25006": "the server takes no writes: it is a standby, or set to read-only transactions",
    "53100": "the server's disk is full",
    "53200": "the server has no memory left",
    "53300": "the server has no connection left for this role",
    "57014": "the server took too long, and gave up",
    "57P01": "the server was shut down by its administrator; whether a write was done is not known",
    "57P02": "the server crashed; whether a write was done is not known",
    "57P03": "the server is starting or shutting down",
    "40001": "other transactions were in the way each time",
    "40P01": "other transactions were in the way each time",
    "XX001": "the server's data is damaged: restore it from a copy",
    "XX002": "the server's data is damaged: restore it from a copy",
}
_UNREACHABLE = {
    "Connection refused": "the server refuses connections",
    "password authentication failed": "the server refuses the password, or knows no such user",
    "no password supplied": "the server asks for a password",
    "no pg_hba.conf entry": "the server's pg_hba.conf lets nobody in from here",
    "too many clients": "the server has no connection left",
    "remaining connection slots": "the server has no connection left for this role",
    "too many connections": "the server has no connection left for this role or database",
    "the database system is": "the server is starting or shutting down",
    "could not translate host name": "no server of that name is known",
    "Name or service not known": "no server of that name is known",
    "No such file or directory": "there is no such socket: the server does not run, or it is elsewhere",
    "server closed the connection": "the server closed the connection",
    "database": "there is no such database, or it may not be connected to",
}
_BROKEN = {"57P01", "57P02", "57P03", "25006"}
_CLASHES = {"40001", "40P01"}
_MISSING = {"42P01", "3F000", "42883"}


class UnreachableError(StoreError):
    """No connection could be made: nothing was done."""


def is_clash(error: psycopg.Error) -> bool:
    """Whether the transaction was undone because of others, and may be tried again."""
    return error.sqlstate in _CLASHES


def is_missing(error: psycopg.Error) -> bool:
    """Whether a table or function is gone. Nothing was done then."""
    return error.sqlstate in _MISSING


def spoils(error: psycopg.Error) -> bool:
    """Whether another connection may fare better: this one leads to a server that goes, or takes no writes."""
    return error.sqlstate in _BROKEN


def unreachable(error: Exception, settings: Settings) -> UnreachableError:
    """What to tell of a connection that could not be made."""
    text = str(error)
    found = next((reason for part, reason in _UNREACHABLE.items() if part in text), None)
    reason = found or f"no connection can be made: {_line(text)}"
    return UnreachableError(masked(reason, settings), settings.url)


def failed(error: psycopg.Error, settings: Settings) -> StoreError:
    """What to tell of a statement that failed."""
    code = error.sqlstate
    if code is None:
        return _told("the connection was lost; whether a write was done is not known", settings)
    reason = _REASONS.get(code)
    if code == "42501":
        reason = f"the role may not do this: {error.diag.message_primary}; have it granted, see docs/stores.md"
    return _told(reason or f"PostgreSQL refuses ({code}): {error.diag.message_primary}", settings)


def cause(error: Exception, settings: Settings) -> Exception | None:
    """The error as the cause of another; none if its message holds a password."""
    return error if masked(str(error), settings) == str(error) else None


def _told(reason: str, settings: Settings) -> StoreError:
    return StoreError(masked(reason, settings), settings.url)


def masked(text: str, settings: Settings) -> str:
    for secret in settings.secrets:
        text = text.replace(secret, "***")
    return text


def _line(text: str) -> str:
    """The last part of libpq's message, without line breaks."""
    return re.sub(r"\s+", " ", text.rpartition("failed: ")[2].removeprefix("connection is bad: ")).strip()[:300]
