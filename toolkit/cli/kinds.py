"""`toolkit kinds`: the layers and handlers that a configuration file may name.

With `--json`: `{"kinds": [{"kind", "role", "summary", "package", "path", "problem"}]}`, where `role` is "layer" or
"handler", and null where `problem` says why the kind cannot be used.
"""

import argparse
import textwrap
from collections.abc import Iterator
from typing import Any

from toolkit.cli.output import Line, columns, elsewhere, say, say_json
from toolkit.config.kinds import Kinds, Listed

_NARROWEST = 40


def add(commands: Any) -> argparse.ArgumentParser:
    """The command's options."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "kinds",
        help="list the kinds of layers and handlers that are installed",
        description="List the kinds of layers and handlers that are installed, this project's and those of other "
        "packages: what `use` may be in a configuration file.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """List them. A kind that cannot be used is listed with the reason."""
    with elsewhere():
        listed = Kinds().listed()
    if arguments.json:
        say_json({"kinds": [one._asdict() for one in listed]})
    else:
        width = max(columns(), _NARROWEST)
        say(*(line for one in listed for line in _lines(one, width)))
    return 0


def _lines(listed: Listed, width: int) -> Iterator[Line]:
    """What it is called, what it is and where it comes from; below, what it does."""
    yield [
        ("label", listed.kind),
        ("", f"  {listed.role or 'unusable'}  "),
        ("where", f"{listed.package}, {listed.path}"),
    ]
    role, text = ("bad", listed.problem) if listed.problem else ("", listed.summary)
    for part in textwrap.wrap(text, width - 4):
        yield [("", "    "), (role, part)]
