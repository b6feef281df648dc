"""JSON Schema (2020-12) of a whole config file, made of what the classes of all kinds declare.

Editors complete and check files with it; the compiler does not use it.

Rules of this file:

- Every file that the compiler accepts, the schema accepts; unless a layer goes by the name of another kind.
- What the compiler refuses for an unknown option, for the type of a value or because it is none of a few, the schema
  refuses. It knows no rule that goes beyond a value: those are the compiler's.
- `use` chooses the branch. What a dotted path takes is not known: everything passes.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from toolkit.config.referable import PIECE, REFERENCES, WHOLE, referable
from toolkit.engine.layer import Layer
from toolkit.options import MISSING, Declared, Options, declared
from toolkit.options.docstrings import descriptions, summary
from toolkit.options.schemas import DOTTED, Schema, annotation_schema

_Classes = Mapping[str, type[Options]]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = "Tells two layers of one kind apart: what routes call it."
_PATH = {"type": "string", "pattern": "^/", "description": 'A path template, such as "/files/{path:path}".'}
_MATCH = {
    "type": "string",
    "description": '"[METHOD[,METHOD] ]/path", with * for one segment and one ** for any number.',
}
_OVERRIDE = {
    "description": "false switches the layer off here, options change it.",
    "type": ["boolean", "object", "string"],
    "pattern": WHOLE,
}
_STORES = {
    "type": "object",
    "description": 'Stores by name: URLs, such as "sqlite:///app.db".',
    "additionalProperties": {"type": "string", "pattern": rf":|{PIECE}"},
}
_PROVIDES = {
    "type": "array",
    "items": {"type": "string"},
    "description": 'What stands outside this stack already, such as "user".',
}


def schema(classes: Mapping[str, type[Options]]) -> dict[str, Any]:
    """The schema of a whole file, with these classes of layers and handlers by the kind that `use` names."""
    layers = {name: cls for name, cls in classes.items() if issubclass(cls, Layer)}
    handlers = {name: cls for name, cls in classes.items() if name not in layers}
    definitions = _Definitions()
    for name, cls in classes.items():
        definitions.add(f"kind.{name}", cls, required=False)
    return deepcopy(_file(layers, handlers, definitions.made))


def _file(layers: _Classes, handlers: _Classes, definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        "title": "toolkit",
        "description": "Middleware and handlers around an ASGI or WSGI application.",
        "type": "object",
        "properties": _sections(layers, handlers),
        "additionalProperties": False,
        "allOf": [
            _known_defaults([*layers, *handlers]),
            *_required(layers, "middleware"),
            *_required(handlers, "handler"),
        ],
        "$defs": {**REFERENCES, **definitions},
    }


def _sections(layers: _Classes, handlers: _Classes) -> dict[str, Any]:
    return {
        "$schema": {"type": "string", "description": "Where editors find this schema."},
        "stores": _STORES,
        "defaults": _defaults([*layers, *handlers]),
        "middleware": _list(layers, "Layers and other ASGI middleware, the first outermost.", {}),
        "route": _routes(layers),
        "handler": _list(handlers, "What is answered here: the first match wins.", _placed(layers)),
        "provides": _PROVIDES,
    }


def kind_schema(cls: type[Options]) -> dict[str, Any]:
    """The schema of the options of one kind."""
    definitions = _Definitions()
    made = definitions.options(cls, required=True)
    return deepcopy({"$schema": DIALECT, **made, "$defs": {**REFERENCES, **definitions.made}})


class _Definitions:
    """What `$defs` holds; options within options are defined where they are met first."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def add(self, name: str, cls: type[Options], *, required: bool) -> Schema:
        """Define a class of options, unless it is; a reference to it."""
        if name not in self.made:
            self.made[name] = {}  # such options may hold their own kind
            self.made[name] = self.options(cls, required=required)
        return _reference(name)

    def options(self, cls: type[Options], *, required: bool) -> dict[str, Any]:
        told = ({"name": _NAME} if issubclass(cls, Layer) else {}) | descriptions(cls)
        entries = declared(cls)
        made: dict[str, Any] = {"type": "object", "description": summary(cls)}
        made["properties"] = {entry.name: self._option(entry, told.get(entry.name, "")) for entry in entries}
        if required and (needed := [entry.name for entry in entries if is_required(entry)]):
            made["required"] = needed
        return {**made, "additionalProperties": False}

    def _option(self, entry: Declared, description: str) -> dict[str, Any]:
        accepted = referable(annotation_schema(entry.annotation, self._nested))
        made = {"not": {}} if accepted is False else {} if accepted is True else accepted
        described = {"description": description} if description else {}
        default = written_default(entry)
        return {**described, **made, **({} if default is MISSING else {"default": default})}

    def _nested(self, cls: type) -> Schema:
        return self.add(f"options.{cls.__module__}.{cls.__qualname__}", cls, required=True)


def is_required(entry: Declared) -> bool:
    """Whether an option has no default."""
    return entry.default is MISSING and entry.factory is None


def written_default(entry: Declared) -> Any:
    """The default as a file writes it; MISSING if there is none, or none that a file can write."""
    return MISSING if entry.default is MISSING or entry.secret else _written(entry.default)


def _written(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list | tuple):
        items = [_written(item) for item in value]
        return MISSING if MISSING in items else items
    if isinstance(value, Mapping):
        entries = {key: _written(item) for key, item in value.items()}
        return MISSING if MISSING in entries.values() else entries
    return MISSING


def _routes(layers: Iterable[str]) -> dict[str, Any]:
    item = {**_overrides(layers, match=_MATCH), "required": ["match"]}
    return {"type": "array", "description": "What differs where: the first match wins.", "items": item}


def _placed(layers: Iterable[str]) -> dict[str, Any]:
    """What a handler has beside its options."""
    return {"path": _PATH, "layers": {"description": "What differs for this handler.", **_overrides(layers)}}


def _overrides(layers: Iterable[str], **others: Any) -> dict[str, Any]:
    """Layers by what routes call them: those by their kind are known."""
    known = {name: {**_OVERRIDE, "if": {"type": "object"}, "then": _kind(name)} for name in layers}
    return {"type": "object", "properties": {**known, **others}, "additionalProperties": _OVERRIDE}


def _list(kinds: _Classes, description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A list of tables that choose their kind with `use`."""
    known = [{"const": name, "description": summary(cls)} for name, cls in kinds.items()]
    dotted = {"type": "string", "pattern": DOTTED, "description": "package.module:name"}
    needed = ["use", *(name for name in properties if name == "path")]
    item: dict[str, Any] = {
        "type": "object",
        "properties": {"use": {"description": "The kind, or package.module:name.", "anyOf": [*known, dotted]}},
        "required": needed,
    }
    item["properties"] |= properties
    if kinds:
        item["allOf"] = [_branch(name, cls, properties) for name, cls in kinds.items()]
    return {"type": "array", "description": description, "items": item}


def _branch(name: str, cls: type[Options], properties: Mapping[str, Any]) -> dict[str, Any]:
    own = {entry.name: _kind(name, "properties", entry.name) for entry in declared(cls)}
    known = {"use": True, **dict.fromkeys(properties, True), **own}
    return {"if": _uses(name), "then": {"properties": known, "additionalProperties": False}}


def _uses(name: str) -> dict[str, Any]:
    return {"properties": {"use": {"const": name}}, "required": ["use"]}


def _defaults(kinds: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Options for all of a kind.",
        "properties": {name: _kind(name) for name in kinds},
        "additionalProperties": {"type": "object"},
    }


def _known_defaults(kinds: Iterable[str]) -> dict[str, Any]:
    """Without a dotted path there are no kinds but the known ones."""
    dotted = {"properties": {"use": {"pattern": ":"}}, "required": ["use"]}
    somewhere = [
        {"properties": {section: {"contains": dotted}}, "required": [section]} for section in ("middleware", "handler")
    ]
    return {
        "if": {"not": {"anyOf": somewhere}},
        "then": {"properties": {"defaults": {"propertyNames": {"enum": list(kinds)}}}},
    }


def _required(kinds: _Classes, section: str) -> Iterable[dict[str, Any]]:
    """Each option without a default has to be given, if not for all of its kind."""
    for name, cls in kinds.items():
        for option in [entry.name for entry in declared(cls) if is_required(entry)]:
            given = {"properties": {"defaults": _having(name, _having(option, {}))}, "required": ["defaults"]}
            item = {"if": _uses(name), "then": {"required": [option]}}
            yield {"if": {"not": given}, "then": {"properties": {section: {"items": item}}}}


def _having(name: str, value: Any) -> dict[str, Any]:
    return {"properties": {name: value}, "required": [name]}


def _kind(name: str, *inside: str) -> dict[str, Any]:
    return _reference(f"kind.{name}", *inside)


def _reference(*steps: str) -> dict[str, Any]:
    escaped = (quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
    return {"$ref": "#/$defs/" + "/".join(escaped)}
