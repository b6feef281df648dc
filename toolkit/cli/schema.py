"""`toolkit schema`: the JSON Schema of a configuration file, for editors."""

import argparse
from typing import Any

from toolkit.cli.guard import Refusal
from toolkit.cli.output import elsewhere, say_json
from toolkit.config.kinds import Kinds
from toolkit.config.schema import kind_schema, schema
from toolkit.options import Invalid, did_you_mean


def add(commands: Any) -> argparse.ArgumentParser:
    """The command's options."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "schema",
        help="write the JSON Schema of a configuration file",
        description="Write the JSON Schema (2020-12) of a configuration file, with all kinds that are installed.",
        allow_abbrev=False,
    )
    parser.add_argument("--kind", metavar="KIND", help="the options of this kind alone")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Write the schema."""
    kinds = Kinds()
    with elsewhere():
        made = schema(kinds.classes()) if arguments.kind is None else _of_kind(kinds, arguments.kind)
    say_json(made)
    return 0


def _of_kind(kinds: Kinds, kind: str) -> dict[str, Any]:
    if kind not in kinds.names:
        fix = did_you_mean(kind, kinds.names) or f"there are {', '.join(kinds.names)}"
        raise Refusal(f"nothing is of the kind {kind!r}; {fix}")
    try:
        return kind_schema(kinds.load(kind))
    except Invalid as refused:
        raise Refusal(str(refused)) from None
