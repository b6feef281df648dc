"""The command line: `toolkit check | explain | serve | schema | kinds`, also as `python -m toolkit`.

Rules of this package:

- What was asked for goes to standard output, what is wrong to standard error: one problem a line, and nothing else.
- The status is 0 where all is well, 2 for what is wrong with a file or with the command, 130 for Ctrl-C, 141 where
  nobody reads the output any more, and 1 for everything unforeseen. No traceback is shown; TOOLKIT_DEBUG=1 shows it.
- The current folder is importable, as with `python -m`.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from toolkit import __version__
from toolkit.cli import check, explain, kinds, schema, serve
from toolkit.cli.guard import guarded

_COMMANDS = (check, explain, serve, schema, kinds)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status.

    Args:
        argv: The arguments; by default those of the process.
    """
    return guarded(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    _make_folder_importable()
    arguments, rest = _parser().parse_known_args(argv)
    if rest and arguments.command is not serve:
        arguments.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    status: int = arguments.command.run(arguments)
    sys.stdout.flush()
    return status


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="toolkit",
        description="Check, explain and serve middleware from a configuration file.",
        epilog="toolkit COMMAND --help tells more.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"toolkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in _COMMANDS:
        made = command.add(commands)
        made.set_defaults(command=command, parser=made)
    return parser


def _make_folder_importable() -> None:
    if "" not in sys.path and (folder := _folder()) not in sys.path:
        sys.path.insert(0, folder)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed: then nothing can be imported from it
        return ""
