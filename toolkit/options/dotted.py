"""Dotted paths: text such as "package.module:name" that stands for an object of a module."""

import re
from importlib import import_module
from types import ModuleType
from typing import Any

from toolkit.options.problems import Invalid, did_you_mean, show

FORM = "write 'package.module:name'"
"""The fix for what is no dotted path."""

_NAMES = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_DOTTED = re.compile(f"({_NAMES}):({_NAMES})")
_LONGEST = 256  # characters of a dotted path
_SHOWN = 160  # characters of another's exception in a message


def is_dotted(value: object) -> bool:
    """Whether a value is text of the form "package.module:name"; more names after the colon are attributes."""
    return isinstance(value, str) and len(value) <= _LONGEST and _DOTTED.fullmatch(value) is not None


def load(text: str) -> Any:
    """The object that a dotted path names; its module is imported.

    Raises Invalid if the text is no dotted path, if the module cannot be imported, whatever it raises, and if it has
    no such attribute.
    """
    match = _DOTTED.fullmatch(text) if is_dotted(text) else None
    if match is None:
        raise Invalid(f"{show(text)} is not a dotted path", FORM)
    module, names = match.groups()
    found: Any = _module(module)
    for name in names.split("."):
        found = _attribute(found, name, text)
    return found


def told(error: BaseException) -> str:
    """Another's exception in a message: its type, and the first line of what it says."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # whatever a foreign exception does, the message about it is still made
        lines = []
    first = lines[0] if lines else ""
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may do anything as it is imported
        raise Invalid(f"the module {name!r} cannot be imported: {told(error)}") from None


def _attribute(found: Any, name: str, text: str) -> Any:
    try:
        return getattr(found, name)
    except AttributeError:
        known = [known for known in dir(found) if not known.startswith("_")]
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Invalid(f"{text!r} cannot be loaded: {told(error)}") from None
    owner = f"the module {found.__name__!r}" if isinstance(found, ModuleType) else f"what {text!r} names"
    raise Invalid(f"{owner} has no {name!r}", did_you_mean(name, known)) from None
