"""Dotted paths name what files cannot write."""

import collections
import os.path
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from toolkit.options import ConfigError, Invalid, Options, check, load, option

MODULES = {
    "fine": "class Outer:\n    def method(self): ...\ndef handle(): ...\nnumber = 5\n_hidden = 1\n",
    "raising": "raise RuntimeError('no database\\nat all')\n",
    "silent": "raise RuntimeError\n",
    "mute": "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute\n",
    "leaving": "raise SystemExit(3)\n",
    "broken": "def (:\n",
    "long": "raise RuntimeError('x' * 1000)\n",
    "lazy": "def __getattr__(name):\n    raise OSError('gone')\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of modules, each with a name of its own."""
    package = tmp_path / "dotted_case"
    package.mkdir()
    for name, source in {"__init__": "", **MODULES}.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "dotted_case"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("collections:OrderedDict", collections.OrderedDict),
        ("collections:OrderedDict.fromkeys", collections.OrderedDict.fromkeys),
        ("os.path:join", os.path.join),
    ],
)
def test_an_object_is_found(text: str, found: object) -> None:
    assert load(text) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("handle", "'handle' is not a dotted path; write 'package.module:name'"),
        ("dotted_case.fine.handle", "'dotted_case.fine.handle' is not a dotted path; write 'package.module:name'"),
        ("a:b:c", "'a:b:c' is not a dotted path; write 'package.module:name'"),
        (".fine:handle", "'.fine:handle' is not a dotted path; write 'package.module:name'"),
        ("a:b()", "'a:b()' is not a dotted path; write 'package.module:name'"),
        ("dotted_case.non:x", "the module 'dotted_case.non' cannot be imported: "
         "ModuleNotFoundError: No module named 'dotted_case.non'"),
        ("dotted_case.raising:x", "the module 'dotted_case.raising' cannot be imported: RuntimeError: no database"),
        ("dotted_case.silent:x", "the module 'dotted_case.silent' cannot be imported: RuntimeError"),
        ("dotted_case.mute:x", "the module 'dotted_case.mute' cannot be imported: Mute"),
        ("dotted_case.leaving:x", "the module 'dotted_case.leaving' cannot be imported: SystemExit: 3"),
        ("dotted_case.broken:x", "the module 'dotted_case.broken' cannot be imported: "
         "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("dotted_case.fine:handel", "the module 'dotted_case.fine' has no 'handel'; did you mean 'handle'?"),
        ("dotted_case.fine:hidden", "the module 'dotted_case.fine' has no 'hidden'"),
        ("dotted_case.fine:Outer.methud",
         "what 'dotted_case.fine:Outer.methud' names has no 'methud'; did you mean 'method'?"),
        ("dotted_case.lazy:x", "'dotted_case.lazy:x' cannot be loaded: OSError: gone"),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_what_cannot_be_loaded_is_said_in_one_line(text: str, line: str) -> None:
    with pytest.raises(Invalid) as caught:
        load(text)
    assert str(caught.value) == line
    assert caught.value.__cause__ is None


def test_long_exceptions_are_cut() -> None:
    with pytest.raises(Invalid) as caught:
        load("dotted_case.long:x")
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize(
    ("annotation", "text", "found"),
    [
        (Callable[..., Any], "os.path:join", os.path.join),
        (Callable[..., Any] | None, "os.path:join", os.path.join),
        (type, "collections:OrderedDict", collections.OrderedDict),
        (type[dict], "collections:OrderedDict", collections.OrderedDict),
        (Mapping[str, Callable[..., Any]], {"a": "os.path:join"}, {"a": os.path.join}),
        (str | Callable[..., Any], "os.path:join", "os.path:join"),
    ],
    ids=["callable", "optional", "class", "subclass", "mapping", "text first"],
)
def test_callables_and_classes_are_named_by_dotted_paths(annotation: Any, text: object, found: object) -> None:
    assert check(annotation, text, "X") == found


@pytest.mark.parametrize(
    ("annotation", "text", "line"),
    [
        (Callable[..., Any], "join", "X: 'join' is not callable; write 'package.module:name'"),
        (Callable[..., Any], "dotted_case.fine:number", "X: 5 is not callable"),
        (Callable[..., Any], "os.path:joyn", "X: the module 'posixpath' has no 'joyn'; did you mean 'join'?"),
        (type, "join", "X: 'join' is not a class; write 'package.module:name'"),
        (type[Exception], "builtins:int", "X: <class 'int'> is not a subclass of Exception"),
        (Literal["auto"] | Callable[..., Any], "aut",
         "X: 'aut' is not 'auto' or callable; did you mean 'auto'?"),
    ],
    ids=["no dotted path", "not callable", "no attribute", "no class", "no subclass", "union"],
)  # fmt: skip
def test_a_name_that_does_not_do_is_refused(annotation: Any, text: object, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(annotation, text, "X")
    assert str(caught.value) == line


class Holder(Options):
    key: Callable[..., Any] = option(secret=True)


def test_a_dotted_path_that_is_secret_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        Holder(key="dotted_case.fine:hidden_thing")  # type: ignore[arg-type]
    assert "hidden_thing" not in str(caught.value)
