"""What a class declares: its options in order, each with its kind and default, and its rules.

Rules of this file:

- Annotations are resolved at the first construction, not at the definition: a class may name one defined below it.
- What is found is kept with its class.
- A mistake in a class is a TypeError that names class and attribute; only values are ConfigErrors.
"""

from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, ClassVar, NamedTuple, TypeVar, get_origin, get_type_hints

from toolkit.options.kinds import Kind
from toolkit.options.problems import MISSING, Invalid, Problem, either, show
from toolkit.options.secret import conceal
from toolkit.options.structure import kind

_Rule = TypeVar("_Rule", bound=Callable[..., Problem | Iterable[Problem] | None])


def option(
    *, default: Any = MISSING, factory: Callable[[], Any] | None = None, kw_only: bool = True, secret: bool = False
) -> Any:
    """Declare an option that needs more than an annotation and a default.

    `factory` makes the default at each construction. With `kw_only=False` the option may be given by position, in
    declared order. The value of a `secret` option is never shown in a repr or an error.
    """
    return _Specifier(default, factory, kw_only, secret)


def rule(*names: str) -> Callable[[_Rule], _Rule]:
    """Declare a method as a rule across the named options (none named: across all).

    It runs when every option named is valid by itself, and returns None, a Problem or an iterable of Problems. It reads
    no other option. What it raises is a bug of the rule and is not caught.
    """

    def mark(method: _Rule) -> _Rule:
        method.__rule__ = names  # type: ignore[attr-defined]
        return method

    return mark


class Declared(NamedTuple):
    """One option as its class declares it."""

    name: str
    annotation: Any
    kind: Kind
    default: Any
    factory: Callable[[], Any] | None
    kw_only: bool
    secret: bool

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.factory is None and self.default is MISSING

    def otherwise(self) -> Any:
        """The value of an option that is not given. Raises Invalid if there is none."""
        if self.factory is not None:
            return self.factory()
        if self.is_required:
            raise Invalid("missing", f"give {either(self.kind.names)}")
        return self.default


class Rule(NamedTuple):
    """A rule and the options that must be valid for it to run."""

    method: Callable[[Any], Problem | Iterable[Problem] | None]
    names: frozenset[str]


class Declarations(NamedTuple):
    """All that a class declares, that of its bases first."""

    options: tuple[Declared, ...]
    names: frozenset[str]
    rules: tuple[Rule, ...]
    secrets: tuple[str, ...]


def declarations(cls: type[Any]) -> Declarations:
    """What an Options class declares. Raises TypeError for an annotation that cannot be resolved or checked."""
    found: Declarations | None = vars(cls).get("__declarations__")
    if found is None:
        found = cls.__declarations__ = _declarations(cls)
    return found


def declared(cls: type[Any]) -> tuple[Declared, ...]:
    """The options of an Options class in declared order, those of its bases first; raises as a construction does."""
    return declarations(cls).options


def collect_specifiers(cls: type[Any]) -> None:
    """Take the results of `option()` out of the class's attributes, where they would pass for values."""
    cls.__specifiers__ = {name: value for name, value in vars(cls).items() if isinstance(value, _Specifier)}
    for name in cls.__specifiers__:
        delattr(cls, name)


class _Specifier(NamedTuple):
    default: Any = MISSING
    factory: Callable[[], Any] | None = None
    kw_only: bool = True
    secret: bool = False


def _declarations(cls: type[Any]) -> Declarations:
    options = tuple(_declare(cls, name, annotation) for name, annotation in _annotations(cls).items())
    names = frozenset(entry.name for entry in options)
    if bare := [name for name in vars(cls).get("__specifiers__", ()) if name not in names]:
        raise TypeError(f"{cls.__qualname__}.{bare[0]}: an option has an annotation, and no name that begins with _")
    secrets = tuple(entry.name for entry in options if entry.secret)
    return Declarations(options, names, tuple(_rules(cls, names)), secrets)


def _annotations(cls: type[Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        hint = f"an annotation names {error.name!r}, which cannot be found in {cls.__module__} when options are made"
        raise TypeError(f"{cls.__qualname__}: {hint}; define it there, outside of any function") from error
    return {name: hint for name, hint in hints.items() if not name.startswith("_") and not _is_class_variable(hint)}


def _is_class_variable(hint: Any) -> bool:
    return hint is ClassVar or get_origin(hint) is ClassVar


def _declare(cls: type[Any], name: str, annotation: Any) -> Declared:
    specifier = _specifier(cls, name)
    try:
        compiled = kind(annotation, conceal if specifier.secret else show)
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.{name}: {error}") from None
    return Declared(name, annotation, compiled, *specifier)


def _specifier(cls: type[Any], name: str) -> _Specifier:
    """The nearest default, and whether the option is secret or by position from where it was declared with `option`.

    In a subclass a bare `x = 5` changes the default of an option and nothing else.
    """
    declared = [vars(base).get("__specifiers__", {}).get(name) for base in cls.__mro__]
    specifier: _Specifier = next(filter(None, declared), _Specifier())
    for base, found in zip(cls.__mro__, declared, strict=True):
        if found or name in vars(base):
            return found or specifier._replace(default=_default(cls, base, name), factory=None)
    return specifier


def _default(cls: type[Any], base: type[Any], name: str) -> Any:
    value = vars(base)[name]
    method = isinstance(value, FunctionType) and value.__qualname__ == f"{base.__qualname__}.{name}"
    if method or isinstance(value, (property, classmethod, staticmethod)):
        raise TypeError(f"{cls.__qualname__}.{name}: an option cannot have the name of a method")
    return value


def _rules(cls: type[Any], known: frozenset[str]) -> Iterator[Rule]:
    attributes = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    for attribute, method in attributes.items():
        names = getattr(method, "__rule__", None)
        if names is None:
            continue
        if unknown := sorted(set(names) - known):
            raise TypeError(f"{cls.__qualname__}.{attribute}: the rule names {unknown[0]!r}, which is no option")
        yield Rule(method, frozenset(names) or known)
