"""The annotation is the rule: from an annotation and a value as given to the value as held.

Rules of this file:

- What is held cannot be changed from outside: sequences become tuples, sets frozensets, mappings read-only copies.
  Only `list[T]` stays a list, as a copy.
- Nothing is guessed: "5" is no number, 1 is no boolean, True is no number, text is no list of characters.
- A place is relative to the value read, so that places cost nothing where nothing is wrong.
- An annotation that cannot be checked is a TypeError, never silently anything.
"""

import json
import types
import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from toolkit.options.kinds import KINDS, Builder, Kind, enumeration, instance, unsupported
from toolkit.options.problems import MISSING, ConfigError, Invalid, Mismatch, Problem, Several, Shown, either, show
from toolkit.options.reference import of_meaning, of_text_or_meaning

_Check = TypeVar("_Check", bound=Callable[..., Any])


def check(annotation: Any, value: object, where: str) -> Any:
    """The value as held under `annotation`: an Options class, or any annotation that an option may have.

    Raises ConfigError with every problem found, each placed at or under `where`, and TypeError if the annotation itself
    cannot be checked.
    """
    problems: list[Problem] = []
    held = structure(annotation, value, where, problems)
    if problems:
        raise ConfigError(problems)
    return held


def structure(annotation: Any, value: object, where: str, problems: list[Problem]) -> Any:
    """As `check`, but what is wrong is appended to `problems` and MISSING returned."""
    try:
        return kind(annotation).read(value)
    except Invalid as refused:
        problems.extend(refused.problems(where))
        return MISSING


def reads(*names: str, schema: Mapping[str, Any] | None = None) -> Callable[[_Check], _Check]:
    """Mark a check that makes the value itself: first in `Annotated[T, check]`, it gets the value as written.

    `names` say in messages what it accepts: `@reads("a duration")`; `schema` says it in JSON Schema.
    """

    def mark(check: _Check) -> _Check:
        check.__reads__ = names  # type: ignore[attr-defined]
        check.__schema__ = schema  # type: ignore[attr-defined]
        return check

    return mark


def kind(annotation: Any, shown: Shown = show) -> Kind:
    """Compile an annotation; `shown` renders values in messages. Raises TypeError if it cannot be checked."""
    compiled = _kind(annotation, shown)
    of = of_meaning if annotation in _ANYTHING else of_text_or_meaning
    return compiled._replace(read=of(compiled.read))


def _kind(annotation: Any, shown: Shown) -> Kind:
    origin = get_origin(annotation)
    key = annotation if origin is None else origin
    build = _BUILDERS.get(key) if isinstance(key, Hashable) else None
    if build is not None:
        return build(annotation, shown)
    if isinstance(key, type) and not _is_uncheckable(key, annotation):
        return _object(key, shown)
    return _alias(annotation, shown)


def _alias(annotation: Any, shown: Shown) -> Kind:
    """What a NewType or a `type` statement stands for."""
    meant = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if meant is None or isinstance(annotation, type):
        raise unsupported(annotation)
    try:
        return kind(meant, shown)
    except RecursionError:  # an alias that names itself
        raise unsupported(annotation) from None


def _is_uncheckable(key: type, annotation: Any) -> bool:
    """Structural types have no isinstance; the elements of a foreign container would go unchecked."""
    structural = getattr(key, "_is_protocol", False) and not getattr(key, "_is_runtime_protocol", False)
    container = bool(get_args(annotation)) and issubclass(key, Iterable)
    return structural or container or typing.is_typeddict(key)


def _object(key: type, shown: Shown) -> Kind:
    if issubclass(key, Enum):
        return enumeration(key, shown)
    return _nested(key, shown) if hasattr(key, "__structure__") else instance(key, shown)


def _nested(key: Any, shown: Shown) -> Kind:
    """Options within options: an instance, or a mapping of them."""
    names = (f"a mapping of {key.__name__} options",)

    def read(value: Any) -> Any:
        if isinstance(value, key):
            return value
        if not isinstance(value, Mapping):
            raise Mismatch(value, names, shown)
        return key.__structure__(value)

    return Kind(names, f"mappings of {key.__name__} options", read)


# Either of several kinds


def _union(annotation: Any, shown: Shown) -> Kind:
    kinds = {member: kind(member, shown) for member in get_args(annotation)}
    names = tuple(name for one in kinds.values() for name in one.names)
    readers = [kinds[member].read for member in sorted(kinds, key=_is_float)]

    def read(value: Any) -> Any:
        refusals = []
        for reader in readers:
            try:
                return reader(value)
            except Invalid as refused:
                refusals.append(refused)
        raise _closest(refusals, names)

    return Kind(names, either(one.plural for one in kinds.values()), read)


def _is_float(member: Any) -> bool:
    """Read last: under `float | int` 5 stays an int."""
    return member is float


def _closest(refusals: list[Invalid], names: tuple[str, ...]) -> Invalid:
    """What to say when no alternative fits: the reason of those of the right shape, else the list of alternatives."""
    mismatches = [refused for refused in refusals if isinstance(refused, Mismatch)]
    inside = [refused for refused in refusals if not isinstance(refused, Mismatch)]
    if not inside:
        value, shown = mismatches[0].value, mismatches[0].shown
        return Mismatch(value, names, shown, lambda _: next(filter(None, (one.fix for one in mismatches)), ""))
    if any(part.at for refused in inside for part in refused.parts):
        return inside[0]
    reasons = dict.fromkeys(refused.reason for refused in inside)
    return Invalid(" and ".join(reasons), inside[0].fix)


# Lists and sets


def _list(annotation: Any, shown: Shown) -> Kind:
    wanted, hold = _LISTS[get_origin(annotation) or annotation]
    (element, *_) = (*get_args(annotation), Any)
    item = kind(element, shown)
    names = (f"a list of {item.plural}",)

    def read(value: Any) -> Any:
        if not _is_list(value, wanted):
            raise _NoList(value, names, shown, lambda one: _listed(one, item, shown))
        return hold(_items(value, item.read))

    return Kind(names, f"lists of {item.plural}", read)


def _tuple(annotation: Any, shown: Shown) -> Kind:
    args = get_args(annotation)
    if not args or args[-1] is Ellipsis:
        return _list(annotation, shown)
    kinds = [kind(arg, shown) for arg in args]
    noun = f"of {len(args)} ({', '.join(either(one.names) for one in kinds)})"

    def read(value: Any) -> Any:
        if not _is_list(value, Sequence) or len(value) != len(kinds):
            raise Mismatch(value, (f"a list {noun}",), shown)
        readers = iter(kinds)
        return tuple(_items(value, lambda item: next(readers).read(item)))

    return Kind((f"a list {noun}",), f"lists {noun}", read)


def _is_list(value: object, wanted: type) -> bool:
    return type(value) is list or (isinstance(value, wanted) and not isinstance(value, _NO_LIST))


def _items(values: Iterable[Any], read: Callable[[Any], Any]) -> list[Any]:
    held: list[Any] = []
    refused: list[Invalid] = []
    for index, value in enumerate(values):
        try:
            held.append(read(value))
        except Invalid as invalid:
            refused.extend(invalid.within("" if isinstance(values, AbstractSet) else f"[{index}]"))
    if refused:
        raise Several(refused)
    return held


def _frozenset(values: list[Any]) -> frozenset[Any]:
    try:
        return frozenset(values)
    except TypeError:
        raise Invalid("it holds a value that cannot be in a set") from None


class _NoList(Mismatch):
    @property
    def reason(self) -> str:
        if not isinstance(self.value, str):
            return super().reason
        return f"{self.shown(self.value)} is text where a list is wanted"


def _listed(value: object, item: Kind, shown: Shown) -> str:
    """The fix for an element where a list of such is wanted, or for several in one text."""
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    try:
        for part in parts:
            item.read(part)
    except Invalid:
        return ""
    if value is None or isinstance(value, Mapping):
        return ""
    return f"use [{', '.join(map(_quoted, parts))}]" if shown is show else "put it in a list"


def _quoted(value: object) -> str:
    """As all formats and Python write it, where it is text."""
    is_whole = isinstance(value, str) and show(value) == repr(value)
    return json.dumps(value, ensure_ascii=False) if is_whole else show(value)


# Mappings


def _mapping(annotation: Any, shown: Shown) -> Kind:
    key, element = (kind(arg, shown) for arg in get_args(annotation) or (str, Any))
    noun = f"of {key.plural} to {element.plural}"

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Mismatch(value, (f"a mapping {noun}",), shown)
        return types.MappingProxyType(_entries(value, key.read, element.read, shown))

    return Kind((f"a mapping {noun}",), f"mappings {noun}", read)


def _entries(
    values: Mapping[Any, Any], key: Callable[[Any], Any], read: Callable[[Any], Any], shown: Shown
) -> dict[Any, Any]:
    held: dict[Any, Any] = {}
    refused: list[Invalid] = []
    for name, value in values.items():
        try:
            held[key(name)] = read(value)
        except Invalid as invalid:
            refused.extend(invalid.within(f"[{shown(name)}]"))
    if refused:
        raise Several(refused)
    return held


# Checks


def _checked(annotation: Any, shown: Shown) -> Kind:
    inner, *metadata = get_args(annotation)
    checks = [one for one in metadata if callable(one)]
    names = getattr(checks[0], "__reads__", None) if checks else None
    base = Kind(names, either(names), lambda value: value) if names else kind(inner, shown)

    def read(value: Any) -> Any:
        held = base.read(value)
        try:
            for one in checks:
                held = one(held)
        except ValueError as refused:
            raise _refusal(refused) from None
        return held

    return base._replace(read=read)


def _refusal(error: ValueError) -> Invalid:
    """A check may raise any ValueError; its `reason`, `fix` and `at` are used where it has them."""
    if isinstance(error, Invalid):
        return error
    if isinstance(error, ConfigError):
        return Several(Invalid(str(problem)) for problem in error.problems)
    reason, fix, at = (str(getattr(error, name, "")) for name in ("reason", "fix", "at"))
    return Invalid(reason or str(error) or "it is refused", fix, at)


_ANYTHING = (Any, object)

_NO_LIST = (str, bytes, bytearray, memoryview, Mapping)

_LISTS: Mapping[Any, tuple[Any, Callable[[list[Any]], Any]]] = {
    list: (Sequence, list),
    tuple: (Sequence, tuple),
    Sequence: (Sequence, tuple),
    Collection: (Collection, tuple),
    Iterable: (Iterable, tuple),
    set: (Iterable, _frozenset),
    frozenset: (Iterable, _frozenset),
    AbstractSet: (Iterable, _frozenset),
}

_BUILDERS: Mapping[Any, Builder] = {
    **KINDS,
    **dict.fromkeys(_LISTS, _list),
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
    Union: _union,
    types.UnionType: _union,
    Annotated: _checked,
}
