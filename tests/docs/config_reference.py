"""The reference of all kinds in docs/config.md, made of what their classes declare.

`python -m tests.docs.config_reference` writes it into the page.
"""

import json
from pathlib import Path
from typing import Any

from toolkit.config.kinds import Kinds
from toolkit.config.schema import is_required, written_default
from toolkit.engine.layer import Layer
from toolkit.options import MISSING, Declared, Options, declared
from toolkit.options.docstrings import descriptions, summary
from toolkit.options.problems import either
from toolkit.options.schemas import DOTTED, annotation_schema

PAGE = Path(__file__).parents[2] / "docs/config.md"
BEGIN = "<!-- reference: python -m tests.docs.config_reference -->\n"
END = "<!-- end of reference -->\n"


def reference(kinds: dict[str, type[Options]]) -> str:
    """A heading, a sentence and a table for every kind, layers first."""
    in_order = sorted(kinds.items(), key=lambda kind: (not issubclass(kind[1], Layer), kind[0]))
    return "\n".join(_section(name, cls) for name, cls in in_order)


def _section(name: str, cls: type[Options]) -> str:
    what = "layer" if issubclass(cls, Layer) else "handler"
    rows = [["option", "takes", "default", "what it says"], ["---"] * 4, *cells(cls)]
    table = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"### The {what} `{name}`", "", summary(cls), "", *table, ""])


def cells(cls: type[Options]) -> list[list[str]]:
    """A row for each option, but for the `name` of layers: what it takes, its default, what it says."""
    told = descriptions(cls)
    entries = [entry for entry in declared(cls) if entry.name != "name" or not issubclass(cls, Layer)]
    return [[f"`{entry.name}`", _takes(entry), _default(entry), told.get(entry.name, "")] for entry in entries]


def _takes(entry: Declared) -> str:
    schema = annotation_schema(entry.annotation, lambda cls: {})
    words = either([name for name in entry.kind.names if name != "null"] or ["null"])
    if schema is False:
        return f"{words}, which no file can write"
    return f"{words}, as `package.module:name`" if json.dumps(DOTTED) in json.dumps(schema) else words


def _default(entry: Declared) -> str:
    value: Any = written_default(entry)
    if is_required(entry):
        return "required"
    return "" if value is MISSING else "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def with_reference(page: str, kinds: dict[str, type[Options]]) -> str:
    """The page with the reference between its markers."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reference(kinds)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text(), Kinds([]).classes()))
