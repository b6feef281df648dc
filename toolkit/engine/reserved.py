"""Names that files need for themselves: no option may have them."""

import inspect
import sys
from collections.abc import Collection
from functools import partial
from typing import Any

if sys.version_info >= (3, 14):
    from annotationlib import Format

    _annotations = partial(inspect.get_annotations, format=Format.STRING)  # what is named need not exist yet
else:
    _annotations = inspect.get_annotations


def refuse_reserved(cls: type[Any], reserved: Collection[str]) -> None:
    """Raise TypeError for an option that a class declares under a name that means something else in files."""
    for name in reserved:
        if name in _annotations(cls):
            reason = f"{name!r} means something else in files, so no option can have that name"
            raise TypeError(f"{cls.__qualname__}.{name}: {reason}")
