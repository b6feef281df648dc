"""Relative paths start where the configuration stands."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import pytest

from toolkit.config.anchors import anchored, anchored_url
from toolkit.options import Options, Reference
from toolkit.options.stores import StoreOption

Root = NewType("Root", Path)


def existing(path: Path) -> Path:
    return path


class Inner(Options):
    file: Path | None = None
    name: str = ""


class Outer(Options):
    path: Path | None = None
    checked: Annotated[Path, existing] | None = None
    root: Root | None = None
    text_first: str | Path = ""
    word: Literal["auto"] | Path | None = None
    paths: Sequence[Path] = ()
    named: Mapping[str, Path] = {}
    inner: Inner | None = None
    inners: Sequence[Inner] = ()
    store: StoreOption = "memory:"
    name: str = ""
    anything: Any = None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"path": "a/b"}, {"path": "/base/a/b"}),
        ({"path": "/a"}, {"path": "/a"}),
        ({"path": Reference("a")}, {"path": "/base/a"}),
        ({"path": Path("a")}, {"path": Path("a")}),
        ({"path": 5}, {"path": 5}),
        ({"checked": "a"}, {"checked": "/base/a"}),
        ({"root": "a"}, {"root": "/base/a"}),
        ({"text_first": "a"}, {"text_first": "a"}),
        ({"word": "auto"}, {"word": "auto"}),
        ({"word": "other"}, {"word": "/base/other"}),
        ({"paths": ["a", "/b", 5]}, {"paths": ["/base/a", "/b", 5]}),
        ({"named": {"a": "b"}}, {"named": {"a": "/base/b"}}),
        ({"inner": {"file": "a", "name": "b"}}, {"inner": {"file": "/base/a", "name": "b"}}),
        ({"inners": [{"file": "a"}]}, {"inners": [{"file": "/base/a"}]}),
        ({"store": "sqlite:///a.db"}, {"store": "sqlite:////base/a.db"}),
        ({"store": "main"}, {"store": "main"}),
        ({"name": "a", "anything": "b", "unknown": "c"}, {"name": "a", "anything": "b", "unknown": "c"}),
    ],
    ids=repr,
)
def test_paths_among_options(given: dict[str, Any], found: dict[str, Any]) -> None:
    assert anchored(Outer, given, Path("/base")) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("sqlite:///a.db", "sqlite:////base/a.db"),
        ("sqlite:///a/b.db?synchronous=normal", "sqlite:////base/a/b.db?synchronous=normal"),
        ("sqlite:////a.db", "sqlite:////a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///", "sqlite:///"),
        ("memory:", "memory:"),
        ("redis://host/0", "redis://host/0"),
    ],
)
def test_paths_of_stores(url: str, found: str) -> None:
    assert anchored_url(url, Path("/base")) == found
