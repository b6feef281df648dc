"""What a URL says about a Redis server, and how a connection to it is made."""

import re
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from toolkit.options import ConfigError, Invalid, Problem
from toolkit.stores.urls import ParsedURL, seconds, whole

RedisConnection = Connection | UnixDomainSocketConnection


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a store.

    Attributes:
        pool: Connections of one event loop at most. Calls wait for a free one.
        timeout: Seconds that a call may take in all.
        prefix: What the names of all keys begin with.
        failures: How many in a row open the circuit breaker.
        cooldown: Seconds that it stays open before it tries again.
    """

    url: ParsedURL
    db: int
    pool: int = 20
    timeout: float = 2.0
    prefix: str = "toolkit"
    failures: int = 5
    cooldown: float = 1.0
    ca: str | None = None

    def connection(self) -> RedisConnection:
        """A new connection, which is made at its first command.

        It never waits for less than it is told to, and repeats nothing by itself: both are its user's to say.
        """
        url = self.url
        common: dict[str, Any] = {
            "db": self.db,
            "username": url.username or None,
            "password": url.password or None,
            "protocol": 2,
            "socket_timeout": None,
            "socket_connect_timeout": None,
        }
        if url.scheme == "unix":
            return UnixDomainSocketConnection(path=url.path, **common)
        place: dict[str, Any] = {"host": url.host or "localhost", "port": url.port or 6379, "socket_keepalive": True}
        if url.scheme == "rediss":
            return SSLConnection(**place, **common, ssl_ca_certs=self.ca, ssl_check_hostname=True)
        return Connection(**place, **common)


def settings(url: ParsedURL) -> Settings:
    """The settings that a URL states. Raises ConfigError for what is unknown or wrong."""
    options = url.options(_OPTIONS)
    number = url.path.strip("/") if url.scheme != "unix" else ""
    if number and "db" in options:
        raise ConfigError(Problem("store.db", "given twice", "give it as the path or as ?db="))
    if number and not re.fullmatch("[0-9]{1,5}", number):
        raise ConfigError(Problem("store", "after the host stands the number of a database", "use redis://host:6379/0"))
    return Settings(url, **{"db": int(number or 0), **options})


def _database(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text):
        raise Invalid("it is no number of a database")
    return int(text)


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", text):
        raise Invalid("it is made of letters, digits, '_', '.', ':' and '-', at most 64")
    return text


def _file(text: str) -> str:
    if not text:
        raise Invalid("it is no file")
    return text


_OPTIONS = {
    "db": _database,
    "pool": whole,
    "timeout": seconds,
    "prefix": _prefix,
    "failures": whole,
    "cooldown": seconds,
    "ca": _file,
}
