"""The value of a secret option stays out of every message, also where a check or a rule quotes it.

What is refused about a secret is told by its type alone. A reason written by others is told unless it holds a piece of
the secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from toolkit.options.problems import Invalid, Problem, Several

_PIECE = 8  # characters of a secret that may not stand in a message (all, where it is shorter)
_HUSHED = "it is refused, for a reason that is not shown because it quotes the secret"


def conceal(value: object) -> str:
    """What stands for a secret value in a message."""
    return f"the secret given ({type(value).__name__})"


def hush(refused: Invalid, secret: object) -> Invalid:
    """The refusal without the reasons that quote the secret."""
    parts = refused.parts
    return Several(Invalid(_HUSHED) if quotes(secret, part.reason, part.fix, part.at) else part for part in parts)


def hushed(problem: Problem, secret: object) -> Problem:
    """The problem, without its reason if it quotes the secret."""
    return replace(problem, reason=_HUSHED, fix="") if quotes(secret, problem.reason, problem.fix) else problem


def quotes(secret: object, *texts: str) -> bool:
    """Whether a text holds a piece of the secret, as it is or as its repr writes it."""
    return any(piece in text for piece in _pieces(secret) for text in texts)


def _pieces(secret: object) -> Iterator[str]:
    for leaf in _leaves(secret):
        for text in {leaf, repr(leaf)[1:-1]}:
            yield from (text[start : start + _PIECE] for start in range(len(text) - min(len(text), _PIECE) + 1) if text)


def _leaves(secret: object) -> Iterator[str]:
    if isinstance(secret, Mapping):
        yield from _leaves([*secret.keys(), *secret.values()])
    elif isinstance(secret, (list, tuple, set, frozenset)):
        for one in secret:
            yield from _leaves(one)
    elif isinstance(secret, bytes):
        yield secret.decode("latin-1")
    elif secret is not None and not isinstance(secret, bool):
        yield _text(secret)


def _text(secret: object) -> str:
    try:
        return str(secret)
    except Exception:  # a foreign object that cannot be text is not quoted either
        return ""
