"""Kinds of values that hold no others: text, numbers, one of a few, patterns, instances and classes.

A kind names what it accepts and reads a value as given into the value as held.
"""

import os
import re
import types
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, AnyStr, Literal, NamedTuple, get_args

from toolkit.options.dotted import FORM, is_dotted, load
from toolkit.options.problems import Invalid, Mismatch, Shown, did_you_mean, either, show


class Kind(NamedTuple):
    """A compiled annotation."""

    names: tuple[str, ...]  # the alternatives it accepts: "text", "a list of text"
    plural: str  # the same after "a list of"
    read: Callable[[Any], Any]  # from the value as given to the value as held; raises Invalid


Builder = Callable[[Any, Shown], Kind]


def simple(
    names: tuple[str, ...],
    plural: str,
    accepts: Callable[[Any], bool],
    hold: Callable[[Any], Any] | None = None,
    hint: Shown | None = None,
) -> Builder:
    """A kind with one test: `hold` makes the value held of one accepted, `hint` the fix for one that is not."""

    def build(annotation: Any, shown: Shown) -> Kind:
        def read(value: Any) -> Any:
            if not accepts(value):
                raise Mismatch(value, names, shown, hint)
            return hold(value) if hold else value

        return Kind(names, plural, read)

    return build


UNQUOTED = "write it without quotes"
"""The fix for text where its content would do."""

TELLING = frozenset({UNQUOTED, "write true", "write false"})
"""Fixes that say what a text says, or how it is written: nothing for a variable."""


_TRUTH = ("true", "false")
_MEANT = {"true": ("true", "yes", "y", "on", "1"), "false": ("false", "no", "n", "off", "0")}

# Numbers


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Invalid("the number is too large") from None


def _unquote(pattern: str) -> Callable[[object], str]:
    quoted = re.compile(pattern)
    return lambda value: UNQUOTED if isinstance(value, str) and quoted.fullmatch(value) else ""


_unquoted_truth = _unquote("true|false")


def _truth(value: object) -> str:
    word = str(value).lower()
    meant = next((name for name, words in _MEANT.items() if word in words), "")
    return _unquoted_truth(value) or (f"write {meant}" if meant else "")


# One of a few


def _literal(annotation: Any, shown: Shown) -> Kind:
    return _choice([(value, value) for value in get_args(annotation)], shown)


def enumeration(annotation: type[Enum], shown: Shown) -> Kind:
    """An Enum: its members, or their values as a file writes them."""
    choice = _choice([(member.value, member) for member in annotation], shown)
    return choice._replace(read=lambda value: value if isinstance(value, annotation) else choice.read(value))


def _choice(choices: list[tuple[Any, Any]], shown: Shown) -> Kind:
    names = tuple("null" if value is None else repr(value) for value, _ in choices)
    words = [value for value, _ in choices if isinstance(value, str)]

    def read(value: Any) -> Any:
        for choice, held in choices:
            if _same(choice, value):
                return held
        raise Mismatch(value, names, shown, lambda word: did_you_mean(word, words) if isinstance(word, str) else "")

    return Kind(names, either(names), read)


def _same(choice: object, value: object) -> bool:
    """Equal and of one type: 1 is neither True nor 1.0."""
    return isinstance(value, type(choice)) and isinstance(value, bool) == isinstance(choice, bool) and choice == value


# Objects


def _named(builder: Builder) -> Builder:
    """A kind of objects that files cannot write: dotted paths name them."""

    def build(annotation: Any, shown: Shown) -> Kind:
        built = builder(annotation, shown)
        return built._replace(read=lambda value: built.read(load(value) if is_dotted(value) else value))

    return build


def _dotted_form(value: object) -> str:
    return FORM if isinstance(value, str) else ""


def _pattern(annotation: Any, shown: Shown) -> Kind:
    (text,) = get_args(annotation) or (str,)
    names = ("a regular expression",)

    def read(value: Any) -> Any:
        if not isinstance(value.pattern if isinstance(value, re.Pattern) else value, text):
            raise Mismatch(value, names, shown)
        return regular_expression(value, shown)

    return Kind(names, "regular expressions", read)


def regular_expression(value: AnyStr | re.Pattern[AnyStr], shown: Shown = show) -> re.Pattern[AnyStr]:
    """A regular expression, compiled if it is not yet. Raises Invalid if it does not compile."""
    if isinstance(value, re.Pattern):
        return value
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise Invalid(f"{shown(value)} is not a regular expression: {error}") from None


def _class(annotation: Any, shown: Shown) -> Kind:
    (wanted,) = get_args(annotation) or (object,)
    wanted = object if wanted is Any else wanted
    if not isinstance(wanted, (type, types.UnionType)):
        raise unsupported(annotation)
    noun = "class" if wanted is object else f"subclass of {getattr(wanted, '__name__', wanted)}"
    plural = noun.replace("class", "classes", 1)
    build = simple((f"a {noun}",), plural, lambda value: _is_subclass(value, wanted), hint=_dotted_form)
    return build(annotation, shown)


def _is_subclass(value: object, wanted: Any) -> bool:
    return isinstance(value, type) and issubclass(value, wanted)


def instance(wanted: type, shown: Shown) -> Kind:
    """An instance of a class."""
    name = wanted.__name__
    article = "an" if name[0] in "AEIOUaeiou" else "a"
    build = simple((f"{article} {name}",), f"{name} values", lambda value: isinstance(value, wanted))
    return build(wanted, shown)


def unsupported(annotation: Any) -> TypeError:
    """The error for an annotation that no kind stands for."""
    name = annotation.__qualname__ if isinstance(annotation, type) else repr(annotation)
    return TypeError(f"the annotation {name} cannot be checked")


_ANYTHING = simple(("anything",), "anything", lambda value: True)
_NULL = simple(("null",), "null", lambda value: value is None)
_PATH_OBJECT = ("a path object",)

KINDS: Mapping[Any, Builder] = {
    Any: _ANYTHING,
    object: _ANYTHING,
    None: _NULL,
    type(None): _NULL,
    str: simple(("text",), "text", lambda value: isinstance(value, str)),
    bytes: simple(("bytes",), "bytes", lambda value: isinstance(value, bytes)),
    bool: simple(_TRUTH, "true or false", lambda value: isinstance(value, bool), hint=_truth),
    int: simple(("a whole number",), "whole numbers", _is_int, hint=_unquote("[+-]?[0-9]{1,20}")),
    float: simple(("a number",), "numbers", _is_number, _float, _unquote(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")),
    Path: simple(("a path",), "paths", lambda value: isinstance(value, (str, PurePath)), Path),
    os.PathLike: simple(_PATH_OBJECT, "path objects", lambda value: isinstance(value, os.PathLike)),
    Callable: _named(simple(("callable",), "callables", callable, hint=_dotted_form)),
    Literal: _literal,
    re.Pattern: _pattern,
    type: _named(_class),
}
"""Annotation, or the origin of one with arguments, to the kind it means."""
