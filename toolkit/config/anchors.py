"""Relative paths in a configuration start where it stands, whatever the current folder is."""

import os
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as File
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from toolkit.options import Options, declared
from toolkit.options.stores import store_option

_SQLITE = "sqlite:///"
_MAPPINGS = (dict, Mapping)


def anchored_url(url: str, base: File) -> str:
    """A store's URL; the path of an SQLite file starts at `base`."""
    path = url.removeprefix(_SQLITE)
    if path == url or path.startswith(("/", ":")) or not path:
        return url
    return f"{_SQLITE}{base / path}"


def anchored(cls: type[Options], given: Mapping[str, Any], base: File) -> dict[str, Any]:
    """Options as given, with all relative paths among them starting at `base`."""
    annotations = {entry.name: entry.annotation for entry in declared(cls)}
    return {
        name: _anchored(annotations[name], value, base) if name in annotations else value
        for name, value in given.items()
    }


class NamedStore(NamedTuple):
    """An option that names a store, and the text it was given."""

    option: str
    text: str


def named_stores(cls: type[Options], given: Mapping[str, Any]) -> Iterator[NamedStore]:
    """The options of a class that name a store, and were given text."""
    for entry in declared(cls):
        value = given.get(entry.name)
        if isinstance(value, str) and value and _is_store(entry.annotation):
            yield NamedStore(entry.name, str(value))


def _is_store(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return store_option in get_args(annotation)[1:] or _is_store(get_args(annotation)[0])
    return _is_union(annotation) and any(map(_is_store, get_args(annotation)))


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _anchored(annotation: Any, value: Any, base: File) -> Any:
    if isinstance(value, str):
        return _text(_first(annotation, value), value, base)
    if type(value) is list:
        return [_anchored(_element(annotation), inner, base) for inner in value]
    return _mapping(annotation, value, base) if type(value) is dict else value


def _text(kind: Any, value: str, base: File) -> Any:
    if kind is File:
        return str(base / value)
    return anchored_url(str(value), base) if kind is store_option and value.startswith(_SQLITE) else value


def _mapping(annotation: Any, value: dict[str, Any], base: File) -> dict[str, Any]:
    for one in _alternatives(annotation):
        if hasattr(one, "__structure__"):
            return anchored(one, value, base)
        if (get_origin(one) or one) in _MAPPINGS and len(get_args(one)) == 2:
            return {name: _anchored(get_args(one)[1], inner, base) for name, inner in value.items()}
    return value


def _first(annotation: Any, value: str) -> Any:
    """The alternative that reads a text: the first that takes it, as structure has it."""
    for one in _alternatives(annotation):
        if one in (str, File, store_option) or (get_origin(one) is Literal and value in get_args(one)):
            return one
    return None


def _element(annotation: Any) -> Any:
    """What a list of this annotation is made of."""
    lists = [one for one in _alternatives(annotation) if _is_list(get_origin(one))]
    return get_args(lists[0])[0] if lists and get_args(lists[0]) else Any


def _is_list(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The annotations that any of may hold, without what is written around them."""
    if _is_union(annotation):
        for one in get_args(annotation):
            yield from _alternatives(one)
    elif get_origin(annotation) is Annotated:
        inner, *checks = get_args(annotation)
        yield from [store_option] if store_option in checks else _alternatives(inner)
    elif hasattr(annotation, "__supertype__"):
        yield from _alternatives(annotation.__supertype__)
    elif hasattr(annotation, "__value__"):
        yield from _alternatives(annotation.__value__)
    else:
        yield File if annotation is os.PathLike else annotation
