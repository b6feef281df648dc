"""What docstrings say of a class and its arguments."""

import pytest

from toolkit import CORS
from toolkit.options import declared
from toolkit.options.docstrings import arguments, descriptions, summary

CASES = {
    "none": ("", {}),
    "no section": ("Words.\n\nMore words: here.", {}),
    "one": ("Words.\n\nArgs:\n    size: Bytes.", {"size": "Bytes."}),
    "continued": (
        "Words.\n\nArgs:\n    size: Bytes, or\n        text.\n    name: N.",
        {"size": "Bytes, or text.", "name": "N."},
    ),
    "typed": ("Words.\n\nArgs:\n    size (int): Bytes.", {"size": "Bytes."}),
    "text on the next line": ("Words.\n\nArgs:\n    size:\n        Bytes.", {"size": "Bytes."}),
    "a colon within": ("Words.\n\nArgs:\n    size: One of: a, b.", {"size": "One of: a, b."}),
    "a colon in what continues": ("Words.\n\nArgs:\n    size: One\n        of: a, b.", {"size": "One of: a, b."}),
    "blank lines": ("Words.\n\nArgs:\n    size: Bytes.\n\n    name: N.", {"size": "Bytes.", "name": "N."}),
    "another section": ("Words.\n\nArgs:\n    size: Bytes.\n\nRaises:\n    ValueError: If not.", {"size": "Bytes."}),
    "text after it": ("Words.\n\nArgs:\n    size: Bytes.\nWords.\n    name: N.", {"size": "Bytes."}),
    "no entry first": ("Words.\n\nArgs:\n        lost\n    size: Bytes.", {"size": "Bytes."}),
    "indented as a whole": ("Words.\n\n    Args:\n        size: Bytes.\n    ", {"size": "Bytes."}),
    "starred": ("Words.\n\nArgs:\n    *sizes: Bytes.", {"*sizes": "Bytes."}),
}


@pytest.mark.parametrize(("docstring", "expected"), CASES.values(), ids=CASES)
def test_arguments(docstring: str, expected: dict[str, str]) -> None:
    assert arguments(docstring) == expected


class Base:
    """First
    paragraph.

    Second.

    Args:
        size: Of the base.
        name: N.
    """


class Derived(Base):
    """Second of its name.

    Args:
        size: Of the derived.
    """


class Silent(Base):
    pass


def test_the_nearest_class_has_the_last_word() -> None:
    assert descriptions(Derived) == {"size": "Of the derived.", "name": "N."}
    assert descriptions(Silent) == {"size": "Of the base.", "name": "N."}


def test_a_summary_is_of_the_class_itself() -> None:
    assert summary(Base) == "First paragraph."
    assert summary(Silent) == ""


def test_a_class_without_docstrings_says_nothing() -> None:
    assert descriptions(type("Bare", (), {"__doc__": None})) == {}


def test_every_option_of_cors_is_described() -> None:
    told = descriptions(CORS)
    assert [entry.name for entry in declared(CORS) if not told.get(entry.name)] == ["name"]  # which every layer has
