"""What layers and handlers say of themselves, whatever goes wrong as they say it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from toolkit.engine.exchange import Exchange
from toolkit.engine.explain.settings import secrets_of, without_password
from toolkit.engine.layer import Ends
from toolkit.options import Options
from toolkit.options.dotted import told
from toolkit.options.secret import quotes

_MOST = 50  # sentences of one layer
_HUSHED = "a sentence is not shown because it quotes a secret"


class Explains(Protocol):
    """A layer or a handler."""

    def explain(self, exchange: Exchange) -> Iterable[str]: ...


def sentences(options: Any, exchange: Exchange, mask: Callable[[str], str]) -> tuple[str, ...]:
    """What a layer or a handler says about a request; where it raises, that it does, after what it said before.

    `mask` puts references, as they were written, in the place of what they stand for.
    """
    secrets = list(secrets_of(options)) if isinstance(options, Options) else []
    return tuple(_shown(sentence, secrets, mask) for sentence in islice(_said(options, exchange), _MOST))


def _shown(sentence: str, secrets: Iterable[Any], mask: Callable[[str], str]) -> str:
    """The sentence without what nobody may read; whether the request ends there is no secret."""
    is_hushed = any(quotes(secret, sentence) for secret in secrets)
    text = _HUSHED if is_hushed else without_password(mask(str(sentence)))
    return Ends(text) if isinstance(sentence, Ends) else text


def _said(options: Explains, exchange: Exchange) -> Iterator[str]:
    try:
        found: Any = options.explain(exchange)
        if hasattr(found, "__await__"):
            found.close()
            raise TypeError("it is a coroutine function")
        yield from (found,) if isinstance(found, str) else map(_text, found)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        yield f"what it would decide is not known: its explain raised {told(error)}"


def _text(sentence: Any) -> str:
    return sentence if isinstance(sentence, Ends) else str(sentence)
