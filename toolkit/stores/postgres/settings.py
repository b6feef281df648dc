"""What the URL of a PostgreSQL store says: its own options, and what it passes on to libpq."""

import re
from dataclasses import dataclass, field

from psycopg import pq

from toolkit.options import ConfigError, Invalid, Problem
from toolkit.stores.urls import ParsedURL, one_of, seconds, whole

_LIBPQ = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"replication", "client_encoding"}
_LIBPQ_DEFAULTS = {
    "fallback_application_name": "toolkit",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a store.

    Attributes:
        url: As it may be shown.
        conninfo: libpq's parameters, among them perhaps a password.
        secrets: What no message may hold.
        schema: Where the tables are. An identifier that needs no quotes.
        timeout: Seconds that an operation may take, with all that it waits for.
        pool: Connections of one event loop at most; one more listens while logs are followed.
        poll: Seconds between two looks at whether a followed log has grown, where no notification comes.
        prepare: After how many times a statement is prepared, or None for never: it is for the connection to the
            server itself, or to a PgBouncer that knows prepared statements.
    """

    url: str
    conninfo: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    schema: str = "toolkit"
    timeout: float = 5.0
    pool: int = 10
    poll: float = 1.0
    prepare: int | None = None


def read_settings(url: ParsedURL) -> Settings:
    """Raises ConfigError for options that are wrong, or that neither this store nor libpq knows."""
    options = url.options(_OPTIONS, passed_on=_LIBPQ)
    passed_on = {name: value for name, value in url.query.items() if name in _LIBPQ}
    written = {
        "host": url.host,
        "port": "" if url.port is None else str(url.port),
        "user": url.username,
        "password": url.password,
        "dbname": url.path.removeprefix("/"),
    }
    conninfo = {**_LIBPQ_DEFAULTS, **{name: value for name, value in written.items() if value}, **passed_on}
    if any("\0" in value for value in conninfo.values()):
        raise ConfigError(Problem("store", "libpq takes no U+0000 in a name or a password", "leave %00 out of the URL"))
    secrets = {conninfo[name] for name in ("password", "sslpassword", "passfile") if conninfo.get(name)}
    return Settings(url.masked, conninfo, tuple(secrets), **options)


def _schema(text: str) -> str:
    if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", text) or text.startswith("pg_"):
        raise Invalid("a schema's name is made of a-z, 0-9 and '_', and does not begin with pg_")
    return text


def _prepare(text: str) -> int | None:
    return 5 if one_of("no", "yes")(text) == "yes" else None


_OPTIONS = {"timeout": seconds, "pool": whole, "poll": seconds, "schema": _schema, "prepare": _prepare}
