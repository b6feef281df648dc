"""A JSON Schema of values, widened to what a file may write for them: `${…}` stands for any value or piece of text.

Rule: where any text is accepted, nothing changes. Where none is, a whole reference is accepted beside the rest; where
some is, so is all text with a reference in it, since nobody knows what it will say.
"""

from typing import Any

from toolkit.options.schemas import Schema

WHOLE = r"^\$\{[^{}]+\}$"
"""What a value looks like that is one reference: the text may then mean a number, true, a list…"""

PIECE = r"\$\{"
"""What text looks like that has a reference in it."""

REFERENCES: dict[str, Any] = {
    "reference": {"type": "string", "pattern": WHOLE, "description": "${VAR}, ${VAR:-default} or ${file:path}"},
    "referring_text": {"type": "string", "pattern": PIECE, "description": "text with ${VAR} in it"},
}
"""The definitions that `referable` refers to."""

_RESTRICTING = ("pattern", "enum", "const", "minLength", "maxLength", "anyOf", "allOf", "oneOf", "not", "if", "$ref")
_TO_ONE = ("items", "additionalProperties", "unevaluatedProperties", "contains")
_EITHER = ("anyOf", "oneOf", "allOf")


def referable(schema: Schema) -> Schema:
    """The schema of what a file may write where a value is to fit `schema`."""
    if isinstance(schema, bool):
        return schema
    inside = _inside(schema)
    if _takes_any_text(schema):
        return inside
    if "type" in inside and "string" not in _types(inside) and not inside.keys() & set(_RESTRICTING):
        return {**inside, "type": [*_types(inside), "string"], "pattern": WHOLE}
    either = inside["anyOf"] if inside.keys() == {"anyOf"} else [inside]
    widened = "referring_text" if _mentions_text(schema) else "reference"
    return {"anyOf": [*either, {"$ref": f"#/$defs/{widened}"}]}


def _inside(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with all widened that it says of what a value holds."""
    made = dict(schema)
    for keyword in _TO_ONE:
        if keyword in schema:
            made[keyword] = referable(schema[keyword])
    if "prefixItems" in schema:
        made["prefixItems"] = [referable(one) for one in schema["prefixItems"]]
    if "properties" in schema:
        made["properties"] = {name: referable(one) for name, one in schema["properties"].items()}
    for keyword in _EITHER:
        if keyword in schema:
            made[keyword] = [one if isinstance(one, bool) else _inside(one) for one in schema[keyword]]
    return made


def _types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def _takes_any_text(schema: Schema) -> bool:
    if isinstance(schema, bool):
        return schema
    if any(_takes_any_text(one) for one in schema.get("anyOf", ())):
        return True
    free = "type" not in schema or "string" in _types(schema)
    return free and not schema.keys() & set(_RESTRICTING)


def _mentions_text(schema: Schema) -> bool:
    """Whether some text is accepted."""
    if isinstance(schema, bool):
        return schema
    choices = [*schema.get("enum", ()), schema.get("const")]
    return (
        "string" in _types(schema)
        or any(isinstance(choice, str) for choice in choices)
        or any(_mentions_text(one) for one in schema.get("anyOf", ()))
    )
