"""The URL of a store: which store it means, and what of it may be shown.

Rules of this file:

- No message and no repr quotes a password, nor what may be a piece of one.
- What is in doubt is refused with the fix: a password must not end up in a host name.
"""

import re
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from toolkit.options import ConfigError, Invalid, Problem, did_you_mean, duration
from toolkit.stores.contracts import FullStore

Clock = Callable[[], float]
"""Seconds since 1970."""

_STORES = {
    "memory": "memory:MemoryStore",
    "sqlite": "sqlite:SQLiteStore",
    "redis": "redis:RedisStore",
    "rediss": "redis:RedisStore",
    "unix": "redis:RedisStore",
    "postgresql": "postgres:PostgresStore",
    "postgres": "postgres:PostgresStore",
}
_EXTRAS = {"redis": "redis", "psycopg": "postgres"}
_KNOWN = "use memory:, sqlite:///file.db, redis://, rediss://, unix:// or postgresql://"
_FIXES = {
    "file": "use sqlite:///file.db",
    "sqlite3": "use sqlite:///file.db",
    "valkey": "use redis://",
    "valkeys": "use rediss://",
    "redis+unix": "use unix:///path/of/the/socket",
    "redis+socket": "use unix:///path/of/the/socket",
    "redis+sentinel": "name the primary with redis://",
    "redis+cluster": "name one server with redis://",
    "async+redis": "use redis://",
    "async+memory": "use memory:",
}
_SECRET = re.compile("pass|secret|token|key$|auth|credential|user", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedURL:
    """A store's URL in parts; percent-encoding is undone in all but `text`.

    Attributes:
        scheme: In lower case: memory, sqlite, redis, rediss, unix, postgresql or postgres.
        masked: The URL as it may be shown, without its password.
        path: Of sqlite: the file, relative or absolute. Of the others: what follows the host, with its slash.
        query: The options as they are written. Each name stands there once.
        text: The URL as it was given, for a driver. It may hold a password.
    """

    scheme: str
    masked: str
    host: str = ""
    port: int | None = None
    path: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"ParsedURL({self.masked!r})"

    def __str__(self) -> str:
        return self.masked

    def options(self, known: Mapping[str, Callable[[str], Any]], passed_on: Container[str] = ()) -> dict[str, Any]:
        """The options of the query, each read by its function (which raises Invalid).

        Raises one ConfigError for all that are unknown or wrong; those in `passed_on` are somebody else's.
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, text in self.query.items():
            try:
                if name in known:
                    values[name] = known[name](text)
                elif name not in passed_on:
                    raise Invalid("unknown option", did_you_mean(name, known))
            except Invalid as refused:
                problems += refused.problems(f"store.{name[:40]}")
        if problems:
            raise ConfigError(problems)
        return values


def open_store(url: str | ParsedURL, *, now: Clock = time.time) -> FullStore:
    """The store that a URL means. It connects when it is opened or first used.

    Args:
        url: `memory:`, `sqlite:///relative.db`, `sqlite:////absolute.db`, `redis://`, `rediss://`, `unix://`,
            `postgresql://` or `postgres://`, with options in the query.
        now: The clock, in seconds since 1970.

    Raises ConfigError for any other URL, for unknown options, and where the driver is not installed.
    """
    parsed = url if isinstance(url, ParsedURL) else parse_url(url)
    module, _, name = _STORES[parsed.scheme].partition(":")
    try:
        make = getattr(import_module(f"toolkit.stores.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        extra = _EXTRAS[error.name]
        fix = f"pip install 'asgi-toolkit[{extra}]'"
        raise ConfigError(
            Problem("store", f"{parsed.scheme}: needs {error.name}, which is not installed", fix)
        ) from error
    return cast("FullStore", make(parsed, now=now))


def parse_url(text: str) -> ParsedURL:
    """The parts of a store's URL. Raises ConfigError for what is no URL of a store, without quoting secrets."""
    if not isinstance(text, str):
        raise _refused(f"a store's URL is text, not {type(text).__name__}", _KNOWN)
    scheme, colon, _ = text.partition(":")
    if not colon or not re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise _refused("it is no URL", _file_fix(text))
    if scheme.lower() not in _STORES:
        raise _refused(f"no store is known for {scheme.lower()[:40]}:", _scheme_fix(scheme.lower()))
    return _parsed(text, _split(text))


def seconds(text: str) -> float:
    """An option in seconds: `0.5`, or text such as `500ms`. Raises Invalid."""
    return duration(float(text) if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text) else text)


def whole(text: str) -> int:
    """An option that is a number from 1. Raises Invalid."""
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) < 1:
        raise Invalid("it is no whole number from 1")
    return int(text)


def one_of(*words: str) -> Callable[[str], str]:
    """The reader of an option that is one of some words."""

    def read(text: str) -> str:
        if text not in words:
            raise Invalid(f"it is none of {', '.join(words)}", did_you_mean(text, words))
        return text

    return read


def _split(text: str) -> SplitResult:
    """Refuse what would be split at the wrong place."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise _refused("white space may not stand in a URL", "write it percent-encoded: %20")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise _refused("its host or port cannot be read", "write the password percent-encoded") from None
    if "#" in text:
        raise _refused("'#' may not stand in a URL of a store", "write it percent-encoded: %23")
    if parts.scheme not in {"memory", "sqlite"} and "@" in parts.path + parts.query:
        raise _refused("'@' may not stand after the host", "write '@', '/' and '?' of a password percent-encoded")
    return parts


def _parsed(text: str, parts: SplitResult) -> ParsedURL:
    path = _file(parts) if parts.scheme == "sqlite" else unquote(parts.path)
    if parts.scheme == "memory" and (parts.netloc or parts.path):
        raise _refused("memory: has neither host nor path", "use memory:")
    if parts.scheme == "unix" and not path.startswith("/"):
        raise _refused("the socket's path is missing", "use unix:///path/of/the/socket")
    return ParsedURL(
        scheme=parts.scheme,
        masked=_masked(parts),
        host=parts.hostname or "",
        port=parts.port,
        path=path,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        query=_query(parts.query),
        text=text,
    )


def _file(parts: SplitResult) -> str:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    if parts.netloc or not parts.path.startswith("/"):
        raise _refused("a file stands after three slashes", "use sqlite:///relative.db or sqlite:////absolute.db")
    path = unquote(parts.path[1:])
    if not path or path.endswith("/") or "\0" in path:
        raise _refused("the file is missing", "use sqlite:///relative.db or sqlite:////absolute.db")
    if path == ":memory:":
        raise _refused("SQLite's :memory: would be another database for each connection", "use memory:")
    return path


def _query(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in options:
            raise ConfigError(Problem(f"store.{name[:40]}", "given twice", "give it once"))
        options[name] = value
    return options


def _masked(parts: SplitResult) -> str:
    """The URL with *** for its password, and for options that may hold one."""
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    name, colon = (name, colon) if colon or parts.scheme.startswith("postgres") else ("", at and ":")
    shown = [f"{key}=***" if _SECRET.search(key) else f"{key}={value}" for key, value in parse_qsl(parts.query)]
    authority = f"{name}{':***' if colon else ''}{at}{host}"
    slashes = "//" if parts.scheme != "memory" else ""
    return f"{parts.scheme}:{slashes}{authority}{parts.path}{'?' if shown else ''}{'&'.join(shown)}"


def _scheme_fix(scheme: str) -> str:
    if scheme in _FIXES:
        return _FIXES[scheme]
    plain, plus, _ = scheme.partition("+")
    if plus and plain in _STORES:
        return f"use {plain}:// without a driver's name"
    return did_you_mean(scheme, _STORES) or _KNOWN


def _file_fix(text: str) -> str:
    return f"use sqlite:///{text}" if re.fullmatch(r"[\w./-]{1,80}\.(db|sqlite3?)", text) else _KNOWN


def _refused(reason: str, fix: str) -> ConfigError:
    return ConfigError(Problem("store", reason, fix))
