"""Options as a file writes them, generated from what a class declares.

What an annotation alone says needs nothing; where a rule of a kind goes further, its options stand in `BY_HAND`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from toolkit.config.schema import is_required
from toolkit.engine.layer import Layer
from toolkit.options import ConfigError, Declared, Invalid, Options, declared, duration
from toolkit.options.structure import kind

Values = st.SearchStrategy[Any]

PATH = "/a/{x}/{rest:path}"
"""The path template of generated handlers."""

TRICKY = ["", "on", "1:30", "010", "null", "~", "2026-01-02", "${", "$${X}", "${X:-y}", "a: b", "# no", "'\"\\", "- x"]
"""Text that formats or references would read as something else."""

TEXT: Values = st.sampled_from(TRICKY) | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)
KEYS: Values = TEXT.filter(lambda text: "${" not in text)
"""References cannot stand in keys, nor can what looks like one."""

NUMBERS: Values = st.integers(-100, 1000) | st.floats(-1e6, 1e6, allow_nan=False, allow_infinity=False)
DURATIONS: Values = st.sampled_from(["250ms", "15m", "1h30m", "2w"]) | st.integers(1, 10**6)
ANYTHING: Values = st.recursive(
    st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)

BY_HAND: dict[str, dict[str, Values]] = {
    "cors": {
        "allow_origins": st.lists(
            st.sampled_from(["https://app.example", "https://*.partner.example", "http://localhost:*"]),
            min_size=1,
            unique=True,
        ),
        "allow_methods": st.just(["*"]) | st.lists(st.sampled_from(["GET", "PUT", "PATCH"]), unique=True),
        "allow_headers": st.just(["*", "authorization"]) | st.lists(st.sampled_from(["x-one", "X-Two"]), unique=True),
        "expose_headers": st.just(["*"]) | st.lists(st.sampled_from(["x-one", "X-Two"]), unique=True),
        "allow_origin_regex": st.just(r"https://[a-z]+\.regex\.example"),
        "allow_private_network": st.just(False),
        "origin_check": st.just("tests.config.named:allows_nobody"),
        "max_age": st.integers(0, 86400) | st.sampled_from(["10m", "1d"]),
        "policies": st.just({"public": {"allow_origins": ["*"], "allow_credentials": False}}),
        "policy": st.just("public"),
    },
    "redirect": {
        "to": st.sampled_from(["/new", "/new/{x}", "/{rest}", "https://docs.example/{x}?a={rest}#b", "/%C3%A9?c"]),
    },
    "respond": {
        "status": st.sampled_from([200, 201, 404, 503]),
        "headers": st.dictionaries(st.sampled_from(["x-one", "X-Two"]), st.sampled_from(["", "1", "a: b", "é"])),
        "media_type": st.sampled_from(["text/csv", "application/ld+json"]),
    },
}
"""By kind and option: what the class accepts beyond what the annotation says."""

TOGETHER: dict[str, list[list[tuple[str, ...]]]] = {
    "cors": [[("allow_origins",)], [(), ("policies", "policy")]],
    "respond": [[(), ("text",), ("html",), ("json",)]],
}
"""By kind: of each list one entry is chosen, and its options are given. Options that stand in none come and go."""

UNWRITABLE: dict[tuple[str, str], str] = {}
"""Options that no file can write, by kind and option, and why."""


def options(name: str, cls: type[Options]) -> Values:
    """Options of a kind that its class accepts, as a file writes them."""
    chosen = TOGETHER.get(name, [])
    settled = {option for choices in chosen for names in choices for option in names}
    entries = [entry for entry in declared(cls) if (name, entry.name) not in UNWRITABLE]
    each = {entry.name: written(name, entry) for entry in entries}
    free = {entry.name for entry in entries} - settled
    needed = {entry.name for entry in entries if is_required(entry)} & free
    parts = [_given(each, needed, free - needed)]
    parts += [st.one_of([_given(each, names) for names in choices]) for choices in chosen]
    return st.tuples(*parts).map(_merged).filter(lambda given: is_accepted(cls, given))


def as_document(name: str, cls: type[Options], given: dict[str, Any]) -> dict[str, Any]:
    """The whole file around one entry. What begins like a reference is escaped."""
    entry = {"use": name, **escaped(given)}
    if issubclass(cls, Layer):
        return {"middleware": [entry], "provides": list(cls.needs)}
    return {"handler": [{"path": PATH, **entry}]}


def escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [escaped(one) for one in value]
    return {key: escaped(one) for key, one in value.items()} if isinstance(value, dict) else value


def written(name: str, entry: Declared) -> Values:
    """One option of a kind. Raises LookupError if it is not known what it takes."""
    by_hand = BY_HAND.get(name, {}).get(entry.name)
    found = of_annotation(entry.annotation) if by_hand is None else by_hand
    if found is None:
        raise LookupError(f"no file can write {name}.{entry.name}: it belongs into UNWRITABLE")
    return found


def is_accepted(cls: type[Options], given: dict[str, Any]) -> bool:
    try:
        cls(**given)
    except ConfigError:
        return False
    return True


def of_annotation(annotation: Any) -> Values | None:
    """What a file may write for an annotation, beside null; None if nothing."""
    origin = get_origin(annotation)
    key = annotation if origin is None else origin
    if isinstance(key, type) and issubclass(key, Enum):
        return st.sampled_from([member.value for member in key])
    if hasattr(key, "__structure__"):
        return options("", key)
    if key in _CONTAINERS:
        return _CONTAINERS[key](get_args(annotation))
    return _SIMPLE[key]


def _given(each: Mapping[str, Values], names: Iterable[str], optional: Iterable[str] = ()) -> Values:
    return st.fixed_dictionaries(
        {name: each[name] for name in sorted(names)}, optional={name: each[name] for name in sorted(optional)}
    )


def _merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


def _literal(args: tuple[Any, ...]) -> Values:
    return st.sampled_from([choice for choice in args if choice is not None])


def _union(args: tuple[Any, ...]) -> Values | None:
    members = [found for member in args if (found := of_annotation(member)) is not None]
    return st.one_of(members) if members else None


def _list(args: tuple[Any, ...]) -> Values:
    element = of_annotation(args[0] if args else Any)
    return st.just([]) if element is None else st.lists(element, max_size=3)


def _tuple(args: tuple[Any, ...]) -> Values | None:
    if not args or args[-1] is Ellipsis:
        return _list(args)
    elements = [of_annotation(arg) for arg in args]
    return None if None in elements else st.tuples(*filter(None, elements)).map(list)


def _mapping(args: tuple[Any, ...]) -> Values:
    key, element = (of_annotation(arg) for arg in args or (str, Any))
    if key is None or element is None:
        return st.just({})
    return st.dictionaries(key.filter(lambda text: "${" not in text), element, max_size=2)


def _checked(args: tuple[Any, ...]) -> Values | None:
    annotation, first = Annotated[args], next(filter(callable, args[1:]), None)
    if first is duration:
        return DURATIONS
    if getattr(first, "__reads__", None):
        raise LookupError(f"what {first} reads belongs into BY_HAND")
    found = of_annotation(args[0])
    return None if found is None else found.filter(lambda value: _is_read(annotation, value))


def _is_read(annotation: Any, value: Any) -> bool:
    try:
        kind(annotation).read(value)
    except Invalid:
        return False
    return True


_SIMPLE: dict[Any, Values | None] = {
    Any: ANYTHING,
    object: ANYTHING,
    None: None,
    type(None): None,
    bytes: None,
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-100, 1000),
    float: NUMBERS,
    Path: st.sampled_from(["public", "./public/x", "/srv/public"]),
    re.Pattern: st.sampled_from(["", "[a-z]+", r"\d\."]),
}
_CONTAINERS: dict[Any, Callable[[tuple[Any, ...]], Values | None]] = {
    Callable: lambda args: st.sampled_from(["builtins:len", "os.path:join"]),
    type: lambda args: st.sampled_from(["builtins:ValueError", "builtins:OSError"]),
    Literal: _literal,
    Union: _union,
    UnionType: _union,
    Annotated: _checked,
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
    **dict.fromkeys((list, Sequence, Collection, Iterable, set, frozenset, AbstractSet), _list),
}
