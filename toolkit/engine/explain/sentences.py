"""What layers and handlers say of themselves, whatever goes wrong as they say it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from toolkit.engine.exchange import Exchange
from toolkit.engine.explain.settings import secrets_of, without_password
from toolkit.options import Options
from toolkit.options.dotted import told
from toolkit.options.secret import quotes

_MOST = 50  # sentences of one layer
_HUSHED = "a sentence is not shown because it quotes a secret"


class Explains(Protocol):
    """A layer or a handler."""

    def explain(self, exchange: Exchange) -> Iterable[str]: ...


def sentences(options: Any, exchange: Exchange) -> tuple[str, ...]:
    """What a layer or a handler says about a request; where it raises, that it does, after what it said before."""
    secrets = list(secrets_of(options)) if isinstance(options, Options) else []
    return tuple(
        _HUSHED if any(quotes(secret, sentence) for secret in secrets) else without_password(sentence)
        for sentence in islice(_said(options, exchange), _MOST)
    )


def _said(options: Explains, exchange: Exchange) -> Iterator[str]:
    try:
        found: Any = options.explain(exchange)
        if hasattr(found, "__await__"):
            found.close()
            raise TypeError("it is a coroutine function")
        yield from (found,) if isinstance(found, str) else map(str, found)
    except Exception as error:
        yield f"what it would decide is not known: its explain raised {told(error)}"
