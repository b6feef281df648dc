"""What a class says of itself and of its options: the first paragraph of its docstring, and the section Args.

    Args:
        max_age: Seconds, 0 to 86400: how long a browser keeps
            a preflight's answer.

Rule: an entry begins one step further in than its heading, with `name: ` or `name (type): `; what stands deeper belongs
to it. A blank line ends nothing; the next heading does.
"""

import inspect
import re
from collections.abc import Iterator
from itertools import takewhile

_ENTRY = re.compile(r" {4}(\*{0,2}\w+)(?: \([^)]*\))?:(?: +(.*))?")
_DEEPER = " " * 5


def summary(cls: type) -> str:
    """The first paragraph of the class's own docstring on one line, or "" where it has none."""
    lines = inspect.cleandoc(vars(cls).get("__doc__") or "").splitlines()
    return " ".join(line.strip() for line in takewhile(str.strip, lines))


def descriptions(cls: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each argument; the nearest class has the last word."""
    told: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        told |= arguments(vars(base).get("__doc__") or "")
    return told


def arguments(docstring: str) -> dict[str, str]:
    """The entries of a docstring's section Args by name, each on one line."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in _section(inspect.cleandoc(docstring), "Args:"):
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            name = entry[1]
            found[name] = [entry[2] or ""]
        elif name and line.startswith(_DEEPER):
            found[name].append(line.strip())
    return {name: " ".join(filter(None, words)) for name, words in found.items()}


def _section(text: str, heading: str) -> Iterator[str]:
    lines = iter(text.splitlines())
    for line in lines:
        if line == heading:
            yield from takewhile(lambda one: not one or one[0] == " ", lines)
            return
