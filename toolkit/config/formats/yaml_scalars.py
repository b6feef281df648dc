"""What a YAML scalar means: the core schema of YAML 1.2 (section 10.3.2), without what readers disagree about.

Sources: YAML 1.2.2, section 10.3.2; YAML 1.1 types int, float, bool, timestamp, merge and value.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final

from toolkit.config.formats.found import DIGITS
from toolkit.options.problems import show

_YES: Final = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_NO: Final = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF"))
_WORDS: Final = {
    **dict.fromkeys(("null", "Null", "NULL", "~"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

# Shapes that YAML 1.1 and 1.2, or readers of either, take for different things.
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9:. \t+-]*Z?)?")
_OLD_NUMBER: Final = re.compile(
    r"[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
)
_OLD_EXPONENT: Final = re.compile(r"[-+]?[0-9]*\.[0-9]*[eE][-+][0-9]+")

_SHOWN: Final = 40  # characters of a text or tag in a message
_CORE: Final = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    _CORE + "int": (int,),
    _CORE + "float": (float, int),
    _CORE + "bool": (bool,),
    _CORE + "null": (type(None),),
}


class Trap(Exception):  # noqa: N818 - its reader makes it a problem
    """A scalar that is not read: `reason` without final stop, and `fix`."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason, fix)
        self.reason = reason
        self.fix = fix


def scalar(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar; `plain`: it has no quotes. Raises Trap for what it may not have been meant to be."""
    if tag is None and plain:
        return _resolved(text)
    if tag in (None, "!", _CORE + "str"):
        return text
    if tag not in _TYPES:
        raise Trap(f"the tag {named(str(tag))} is not read", "remove it")
    value = _resolved(text)
    if type(value) not in _TYPES[tag]:
        raise Trap(f"{show(text)} is no {named(tag)}", "remove the tag")
    return float(value) if tag == _CORE + "float" else value


def is_text(key: str, tag: str | None, *, plain: bool) -> bool:
    """Whether a scalar is text by the core schema; what only other readers take for something else is text in a key."""
    if tag is None and plain:
        return key not in _WORDS and not any(p.fullmatch(key) for p in (_INTEGER, _HEXADECIMAL, _OCTAL, _FLOAT))
    return tag in (None, "!", _CORE + "str")


def named(tag: str) -> str:
    """A tag as it is written."""
    name = tag.replace(_CORE, "!!", 1) if tag.startswith(_CORE) else tag
    return name if name.isprintable() and len(name) <= _SHOWN else show(name)


def quoting(text: str) -> str:
    """The fix for text that needs quotes."""
    return f'quote it: "{text}"' if len(text) <= _SHOWN else "quote it"


def _resolved(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    for refuse in _TRAPS:
        refuse(text)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Trap(f"{show(text)} is too large a number", f"write a smaller one, or {quoting(text)}")
    return value


def _refuse_nothing(text: str) -> None:
    if not text:
        raise Trap("has no value", 'write one, null or ""')


def _refuse_word(text: str) -> None:
    if text in _YES or text in _NO:
        meant = "true" if text in _YES else "false"
        raise Trap(f"{text} is {meant} in YAML 1.1 and text in YAML 1.2", f"write {meant}, or {quoting(text)}")


def _refuse_mark(text: str) -> None:
    if text in ("=", "<<"):
        raise Trap(f"{text} has a meaning of its own in YAML 1.1", quoting(text))


def _refuse_length(text: str) -> None:
    if len(text) > DIGITS and _OLD_NUMBER.fullmatch(text):
        raise Trap(f"is a number of {len(text):,} characters", f"use at most {DIGITS}, or quote it")


def _refuse_base_60(text: str) -> None:
    if _BASE_60.fullmatch(text):
        raise Trap(f"{show(text)} is a number in base 60 in YAML 1.1 and text in YAML 1.2", quoting(text))


def _refuse_date(text: str) -> None:
    if _DATE.fullmatch(text):
        raise Trap(f"{show(text)} is a date in YAML 1.1 and text in YAML 1.2", quoting(text))


def _refuse_leading_zero(text: str) -> None:
    if _LEADING_ZERO.fullmatch(text):
        reason = f"{text} begins with a 0: YAML 1.1 reads it in base 8, YAML 1.2 in base 10"
        raise Trap(reason, f"write {int(text)}, or {quoting(text)}")


def _refuse_disputed(text: str) -> None:
    """Numbers that only one of the versions knows: 1_000, 0b11, -0x1f; 0o17, 1e3."""
    old = _OLD_NUMBER.fullmatch(text) is not None and not _is_new_exponent(text)
    new = _is_new(text)
    if old != new:
        versions = "YAML 1.1 and text in YAML 1.2" if old else "YAML 1.2 and text in YAML 1.1"
        raise Trap(f"{text} is a number in {versions}", f"write it plainly, or {quoting(text)}")


def _is_new(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (_INTEGER, _HEXADECIMAL, _OCTAL, _FLOAT))


def _is_new_exponent(text: str) -> bool:
    return "e" in text.lower() and "x" not in text and not _OLD_EXPONENT.fullmatch(text.replace("_", ""))


_TRAPS: Final[tuple[Callable[[str], None], ...]] = (
    _refuse_nothing,
    _refuse_word,
    _refuse_mark,
    _refuse_length,
    _refuse_base_60,
    _refuse_date,
    _refuse_leading_zero,
    _refuse_disputed,
)
