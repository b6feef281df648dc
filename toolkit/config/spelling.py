"""How each format writes what a message proposes."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_BARE = re.compile(r"[A-Za-z/][A-Za-z0-9_./*{}-]*")  # what needs no quotes in YAML, whoever reads it
_WORDS = {"on", "off", "yes", "no", "y", "n", "true", "false", "null"}


class Spelling(NamedTuple):
    """The words of one format; what is in braces is filled in."""

    pair: str
    table: str
    entry: str
    option: str
    inside: str
    beside: str
    layers: str
    off: str = "false"
    bare: bool = False

    def set(self, key: str, value: str) -> str:
        """A key and its text: `use = "cors"`."""
        quoted = value if self.bare and _BARE.fullmatch(value) and value not in _WORDS else json.dumps(value)
        return self.pair.format(key=key, value=quoted)

    def first(self, key: str, value: str) -> str:
        """A table in a list that begins with a key: `{use = "cors"}`."""
        return self.table.format(pair=self.set(key, value))

    def begun(self, section: str, key: str, value: str) -> str:
        """How to begin an entry of a section."""
        return self.entry.format(section=section, pair=self.set(key, value), table=self.first(key, value))


_JSON = Spelling(
    pair='"{key}": {value}',
    table="{{{pair}, …}}",
    entry='write {table} in the list "{section}"',
    option='"{label}": {{"{option}": …}}',
    inside='write it in an entry of "{section}"',
    beside="write it beside {section!r}",
    layers='write it in an entry of "handler"',
)

SPELLINGS: Mapping[str, Spelling] = {
    "toml": Spelling(
        pair="{key} = {value}",
        table="{{{pair}}}",
        entry="write [[{section}]] and {pair}",
        option="{label}.{option}",
        inside="write it below its [[{section}]]",
        beside="put it at the top of the file",
        layers="write [handler.layers] below its [[handler]]",
    ),
    "yaml": Spelling(
        pair="{key}: {value}",
        table="- {pair}",
        entry="write {table} in the list {section}",
        option="{label}: {{{option}: …}}",
        inside="it belongs to a '- ' of {section}: indent it as deep as the other keys",
        beside="write it beside {section!r}",
        layers="it belongs to a '- ' of handler: indent it as deep as the other keys",
        bare=True,
    ),
    "json": _JSON,
    "": _JSON._replace(off="False"),
}
"""By format; "" is a mapping in Python."""


def nested(name: str, known: Any) -> tuple[str, str] | None:
    """A known name and what is under it, where both are written as one key with a dot."""
    outer, dot, inner = name.partition(".")
    return (outer, inner) if dot and inner and outer in known else None
