"""Names that files need for themselves: no option and no layer may have them."""

import inspect
import sys
from collections.abc import Collection
from functools import partial
from typing import Any

from toolkit.options import Invalid

if sys.version_info >= (3, 14):
    from annotationlib import Format

    _annotations = partial(inspect.get_annotations, format=Format.STRING)  # what is named need not exist yet
else:
    _annotations = inspect.get_annotations


NO_LABELS = frozenset({"match"})
"""Keys of a route in a file, where the labels of layers stand beside them."""


def refuse_reserved(cls: type[Any], reserved: Collection[str]) -> None:
    """Raise TypeError for an option that a class declares under a name that means something else in files."""
    for name in reserved:
        if name in _annotations(cls):
            reason = f"{name!r} means something else in files, so no option can have that name"
            raise TypeError(f"{cls.__qualname__}.{name}: {reason}")


def unreserved(label: str) -> str:
    """The name of a layer. Raises Invalid for one that means something else in files."""
    if label in NO_LABELS:
        raise Invalid(f"{label!r} means something else in the routes of a file", "choose another name")
    if not label.strip():
        raise Invalid(f"{label!r} is no name", "leave it out, or choose one")
    return label
