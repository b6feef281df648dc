"""Documents as data, their paths, and what a line must hold to be the line of a path."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from toolkit.config.document import Path
from toolkit.config.formats import parse
from toolkit.config.formats.found import Found, Stopped

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=8
)
SCALARS = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), TEXT)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=4)


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every path below `value`, with what is there."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in held:
        yield (*path, key), inner
        yield from paths(inner, (*path, key))


def said(form: str, text: str) -> list[str]:
    """What is wrong with `text`, as it is told."""
    found = Found("file", text)
    try:
        parse(form, found)
    except Stopped:
        assert found.problems
    return [str(problem).removeprefix("file:") for problem in found.problems]
