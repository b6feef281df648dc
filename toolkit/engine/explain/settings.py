"""What a layer is set to, and where each of its options was written.

Rules of this file:

- A secret is `***`, and so is the password of a URL, wherever it stands.
- What is shown of a value is JSON, so that programs can read it too; what JSON does not know is told by its name.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from os import PathLike, fspath
from typing import Any, Final

from toolkit.options import MISSING, Options, Reference, declared, show

HIDDEN: Final = "***"
_DEEPEST = 16
_PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):[^/?#\s]*@")
_SECRETIVE = re.compile(r"secret|passw|passphrase|token|credential|private|(?:\A|_)key\Z|api_?key|salt", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where something stands: what it is called, such as `middleware[0]`, and `file:line` if it is in a file."""

    where: str
    written: str

    def __str__(self) -> str:
        return self.written or self.where


@dataclass(frozen=True)
class Setting:
    """One option as it is in force. `source` is what gave it: the element itself, defaults, a route or a handler.

    `value` and `instead_of` are JSON data; `instead_of` is what a route replaced, MISSING where it replaced nothing.
    """

    name: str
    value: Any
    source: str
    place: Place
    instead_of: Any = MISSING


def settings_of(options: Options) -> dict[str, Any]:
    """The options given, as JSON data with secrets hidden."""
    secrets = {entry.name for entry in declared(type(options)) if entry.secret}
    return {
        name: HIDDEN if name in secrets else _shown(value, getattr(options, name))
        for name, value in options.given.items()
    }


def foreign_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a class that declares no secrets: those called like one are taken for one."""
    return {name: HIDDEN if _SECRETIVE.search(name) else _without_secrets(value) for name, value in options.items()}


def _without_secrets(value: Any) -> Any:
    """A value of a foreign option, which may hold options of its own."""
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return foreign_settings(value)
    return [_without_secrets(one) for one in value] if isinstance(value, list | tuple) else plain(value)


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON data. Never raises."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Options):
        return settings_of(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(one, depth + 1) for one in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(one, depth + 1) for one in value]
    return _simple(value)


def _simple(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _simple(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return without_password(str(value))
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    if isinstance(value, PathLike):
        return str(fspath(value))
    return dotted(value) or without_password(show(value))


def without_password(text: str) -> str:
    """Text in which the passwords of URLs are hidden."""
    return _PASSWORD.sub(rf"\1:{HIDDEN}@", text)


def dotted(value: Any) -> str:
    """`package.module:name` of a class or function, or "" for anything else."""
    try:
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    except Exception:  # attributes of others may do anything
        return ""
    return f"{module}:{name}" if isinstance(module, str) and isinstance(name, str) else ""


def secrets_of(options: Options) -> Iterator[Any]:
    """The values of secret options, those of options within options too."""
    for entry in declared(type(options)):
        value = getattr(options, entry.name, None)
        if entry.secret:
            yield value
        else:
            yield from _inner_secrets(value)


def _inner_secrets(value: Any) -> Iterator[Any]:
    for inner in _options_in(value):
        yield from secrets_of(inner)


def _shown(given: Any, held: Any) -> Any:
    """As given; but a mapping given for nested options may hold secrets, and the options made of it know theirs."""
    if isinstance(given, Reference) or any(True for _ in _options_in(held)):
        return plain(held)
    return plain(given)


def _options_in(value: Any) -> Iterator[Options]:
    if isinstance(value, Options):
        yield value
    elif isinstance(value, Mapping):
        yield from _options_among(value.values())
    elif isinstance(value, list | tuple | AbstractSet):
        yield from _options_among(value)


def _options_among(values: Iterable[Any]) -> Iterator[Options]:
    for value in values:
        yield from _options_in(value)
