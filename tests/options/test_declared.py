"""What a class declares, and the mistakes a class can make."""

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import pytest

from toolkit.options import MISSING, ConfigError, Invalid, Options, Problem, declared, option, rule

T = TypeVar("T")


class Early(Options):
    late: "Late | None" = None
    lates: "Sequence[Late]" = ()


class Late(Options):
    size: int = 0


class Parent(Options):
    kind: ClassVar[str] = "parent"
    bare: ClassVar = 5
    size: int = option(default=1, kw_only=False)
    key: str = option(default="", secret=True)
    _cache: str = ""

    @rule("size")
    def _positive(self) -> Problem | None:
        return self.problem("size", "negative") if self.size < 0 else None


class Child(Parent):
    color: str = "red"
    size = 7
    key = "hidden"


class Grandchild(Child):
    size: int

    @rule("size")
    def _positive(self) -> Problem | None:
        return self.problem("size", "zero") if self.size == 0 else None


class Plain(Child):
    def _positive(self) -> Problem | None:
        return self.problem("size", "never")


def described(cls: type[Options]) -> list[tuple[Any, ...]]:
    return [(entry.name, entry.default, entry.kw_only, entry.secret) for entry in declared(cls)]


def test_options_are_declared_base_first() -> None:
    assert described(Parent) == [("size", 1, False, False), ("key", "", True, True)]
    assert [entry.name for entry in declared(Child)] == ["size", "key", "color"]


def test_a_bare_default_of_a_subclass_changes_the_default_alone() -> None:
    assert described(Child) == [("size", 7, False, False), ("key", "hidden", True, True), ("color", "red", True, False)]
    assert repr(Child(3, key="x")) == "Child(size=3, key='***')"
    assert Parent().size == 1


def test_a_rule_can_be_overridden_or_switched_off() -> None:
    assert Grandchild(size=-1).size == -1
    with pytest.raises(ConfigError, match=r"^Grandchild\.size: zero$"):
        Grandchild(size=0)
    assert Plain(size=-1).size == -1
    with pytest.raises(ConfigError, match=r"^Child\.size: negative$"):
        Child(size=-1)


def test_class_variables_and_private_names_are_no_options() -> None:
    with pytest.raises(ConfigError) as caught:
        Parent(kind="x", bare=1, _cache="")  # type: ignore[call-arg]
    assert {problem.reason for problem in caught.value.problems} == {"unknown option"}


def test_annotations_may_name_what_is_defined_later() -> None:
    early: Any = Early
    assert early(late={"size": 5}).late.size == 5
    assert early(lates=[{}, Late(size=2)]).lates[1].size == 2


def test_what_is_declared_is_found_once() -> None:
    assert declared(Late) is declared(Late)


def test_otherwise_is_the_default_or_invalid() -> None:
    size, _ = declared(Parent)
    assert size.otherwise() == 1
    with pytest.raises(Invalid, match="missing; give a whole number"):
        size._replace(default=MISSING).otherwise()
    assert size._replace(factory=lambda: 2).otherwise() == 2


def test_a_module_with_postponed_annotations() -> None:
    source = """
from __future__ import annotations
from collections.abc import Sequence
from typing import ClassVar
from toolkit.options import Duration, Options, option
class Box(Options):
    kind: ClassVar[str] = "box"
    inner: Inner | None = None
    ages: Sequence[Duration] = ()
    names: list[str] = option(kw_only=False)
class Inner(Options):
    size: int
"""
    module = ModuleType("postponed_options")
    sys.modules[module.__name__] = module
    try:
        exec(source, module.__dict__)
        box = module.Box(["a"], inner={"size": 5}, ages=["1m"])
    finally:
        del sys.modules[module.__name__]
    assert (box.inner.size, box.ages, box.names) == (5, (60.0,), ["a"])


def undefined() -> type[Options]:
    class Local(Options):
        size: "Nowhere"  # type: ignore[name-defined] # noqa: F821

    return Local


def unsupported() -> type[Options]:
    class Generic(Options):
        fine: int
        size: list[T]  # type: ignore[valid-type]

    return Generic


def method_name() -> type[Options]:
    class Shadow(Options):
        replace: Callable[[], None]  # type: ignore[assignment]

    return Shadow


def property_name() -> type[Options]:
    class Shadow(Options):
        given: int  # type: ignore[assignment]

    return Shadow


def unknown_rule() -> type[Options]:
    class Ruled(Options):
        size: int

        @rule("size", "sise")
        def _rule(self) -> None:
            return None

    return Ruled


def unannotated() -> type[Options]:
    class Bare(Options):
        size = option(default=5)

    return Bare


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (undefined, "undefined.<locals>.Local: an annotation names 'Nowhere', which cannot be found in "),
        (unsupported, "unsupported.<locals>.Generic.size: the annotation ~T cannot be checked"),
        (method_name, "method_name.<locals>.Shadow.replace: an option cannot have the name of a method"),
        (property_name, "property_name.<locals>.Shadow.given: an option cannot have the name of a method"),
        (unknown_rule, "unknown_rule.<locals>.Ruled._rule: the rule names 'sise', which is no option"),
        (unannotated, "unannotated.<locals>.Bare.size: an option has an annotation, and no name that begins with _"),
    ],
)
def test_a_mistake_in_a_class_names_the_attribute(make: Callable[[], type[Options]], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()(size=1)
    assert str(caught.value).startswith(message)
