"""A value that a file took from elsewhere: it arrives as text, and may stand for a number, a list or true or false."""

import json
from collections.abc import Callable
from typing import Any

from toolkit.options.kinds import TELLING
from toolkit.options.problems import MISSING, Invalid, Mismatch

_AS_LIST = 'a variable holds a list as JSON: ["…", "…"]'
_LONGEST = 65536  # characters that are read for what they mean


class Reference(str):
    """Text that stands for a whole value, as an environment variable does. What is held of it is plain text."""

    __slots__ = ()

    @property
    def meant(self) -> Any:
        """What the text says in JSON: a number, true, false, null, a list, an object, text; MISSING if nothing."""
        try:
            return json.loads(self, parse_constant=_refuse) if len(self) <= _LONGEST else MISSING
        except (ValueError, RecursionError):
            return MISSING


def of_text_or_meaning(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reader to which a reference is its text, or, where that is refused, what the text means in JSON."""

    def read_either(value: Any) -> Any:
        if not isinstance(value, Reference):
            return read(value)
        try:
            return read(str(value))
        except Invalid as refused:
            return _read_meaning(read, value, refused)

    return read_either


def of_meaning(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same where anything is accepted: the meaning is looked for first."""

    def read_meant(value: Any) -> Any:
        if not isinstance(value, Reference):
            return read(value)
        meant = value.meant
        return read(str(value) if meant is MISSING else meant)

    return read_meant


def _read_meaning(read: Callable[[Any], Any], value: Reference, refused: Invalid) -> Any:
    """Raises the first refusal, unless the meaning is of the right kind: then what is wrong with it says more."""
    meant = value.meant
    if meant is not MISSING:
        try:
            return read(meant)
        except Mismatch:
            pass
        except Invalid as closer:
            raise closer from None
    fix = _fix(read, str(value), refused)
    raise (refused if fix == refused.fix else Invalid(refused.reason, fix, refused.at)) from None


def _fix(read: Callable[[Any], Any], text: str, refused: Invalid) -> str:
    """A variable has no quotes that could be left out, and no brackets that could be set around it."""
    try:
        read([text])
    except Invalid:
        return "" if refused.fix in TELLING else refused.fix
    return _AS_LIST


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
