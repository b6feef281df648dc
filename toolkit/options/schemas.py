"""JSON Schema of what an annotation accepts, as a file writes it: structure.py's table of builders once more.

Rules of this file:

- What a file can write and the builder accepts, the schema accepts; what the builder refuses for its type, it refuses.
  One thing JSON Schema cannot say: that 1.0 is no whole number.
- False is the schema of what no file can write: bytes, functions given as such, instances.
- Whatever a plain check in `Annotated` refuses is not known here. A check that `reads` the value says itself what it
  accepts, with `reads(schema=…)`; without, everything passes.
"""

import os
import re
import types
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

Schema = dict[str, Any] | bool
Define = Callable[[type], Schema]
"""Gives the schema, usually a `$ref`, of a class of options that stands within other options."""

_Builder = Callable[[Any, Define], Schema]

DOTTED = r"^[^\s:]+:[^\s:]+$"
"""What a dotted path looks like: package.module:name."""

_SCALARS = (str, bool, int, float, type(None))


def annotation_schema(annotation: Any, define: Define) -> Schema:
    """The schema of one annotation that `structure.kind` compiles."""
    origin = get_origin(annotation)
    key = annotation if origin is None else origin
    build = SCHEMAS.get(key) if isinstance(key, Hashable) else None
    if build is not None:
        return build(annotation, define)
    if isinstance(key, type):
        return _object(key, define)
    return annotation_schema(_meant(annotation), define)


def _meant(alias: Any) -> Any:
    """What a NewType or a `type` statement stands for."""
    return getattr(alias, "__supertype__", None) or alias.__value__


def _object(key: type, define: Define) -> Schema:
    if issubclass(key, Enum):
        return _choice(member.value for member in key)
    return define(key) if hasattr(key, "__structure__") else False


def _constant(**schema: Any) -> _Builder:
    return lambda annotation, define: dict(schema)


def _unwritable(annotation: Any, define: Define) -> Schema:
    return False


def _literal(annotation: Any, define: Define) -> Schema:
    return _choice(get_args(annotation))


def _choice(choices: Iterable[Any]) -> Schema:
    written = [choice for choice in choices if type(choice) in _SCALARS]
    return {"enum": written} if written else False


def _pattern(annotation: Any, define: Define) -> Schema:
    return False if get_args(annotation) == (bytes,) else {"type": "string"}


def _union(annotation: Any, define: Define) -> Schema:
    """Either of several. Members that are nothing but a type are one schema."""
    members = [annotation_schema(member, define) for member in get_args(annotation)]
    if any(member in (True, {}) for member in members):
        return {}
    names: dict[str, None] = {}
    others = []
    for member in members:
        if isinstance(member, dict) and member.keys() == {"type"}:
            names |= dict.fromkeys([member["type"]] if isinstance(member["type"], str) else member["type"])
        elif member is not False and member not in others:
            others.append(member)
    plain = {"type": next(iter(names)) if len(names) == 1 else list(names)}
    either = [plain, *others] if names else others
    return {"anyOf": either} if len(either) > 1 else either[0] if either else False


def _list(annotation: Any, define: Define) -> Schema:
    (element, *_) = (*get_args(annotation), Any)
    item = annotation_schema(element, define)
    if item is False:
        return {"type": "array", "maxItems": 0}
    return {"type": "array"} if item == {} else {"type": "array", "items": item}


def _tuple(annotation: Any, define: Define) -> Schema:
    args = get_args(annotation)
    if not args or args[-1] is Ellipsis:
        return _list(annotation, define)
    items = [annotation_schema(arg, define) for arg in args]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _mapping(annotation: Any, define: Define) -> Schema:
    key, element = (annotation_schema(arg, define) for arg in get_args(annotation) or (str, Any))
    if key is False or element is False:
        return {"type": "object", "maxProperties": 0}
    schema: dict[str, Any] = {"type": "object"}
    if key not in ({}, {"type": "string"}):
        schema["propertyNames"] = key
    if element != {}:
        schema["additionalProperties"] = element
    return schema


def _checked(annotation: Any, define: Define) -> Schema:
    inner, *metadata = get_args(annotation)
    first = next(filter(callable, metadata), None)
    if getattr(first, "__reads__", None):
        return dict(getattr(first, "__schema__", None) or {})
    return annotation_schema(inner, define)


SCHEMAS: Mapping[Any, _Builder] = {
    Any: _constant(),
    object: _constant(),
    None: _constant(type="null"),
    type(None): _constant(type="null"),
    str: _constant(type="string"),
    bytes: _unwritable,
    bool: _constant(type="boolean"),
    int: _constant(type="integer"),
    float: _constant(type="number"),
    Path: _constant(type="string"),
    os.PathLike: _unwritable,
    Callable: _constant(type="string", pattern=DOTTED),
    Literal: _literal,
    re.Pattern: _pattern,
    type: _constant(type="string", pattern=DOTTED),
    **dict.fromkeys((list, Sequence, Collection, Iterable, set, frozenset, AbstractSet), _list),
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
    Union: _union,
    types.UnionType: _union,
    Annotated: _checked,
}
"""Annotation, or the origin of one with arguments, to its schema: an entry for each of structure.py's builders."""
