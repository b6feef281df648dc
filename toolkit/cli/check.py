"""`toolkit check FILE…`: everything that is wrong with configuration files.

A line for each file that is fine goes to standard output; problems go to standard error, one a line. With `--json` all
goes to standard output: `{"files": [{"file", "ok", "layers", "foreign", "routes", "handlers", "problems"}]}`, where a
problem is `{"file", "line", "where", "reason", "fix"}`; `line` is 0 where it is not known, and the counts are null
where there are problems. `foreign` counts the middleware that is no layer.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.types import Receive, Scope, Send

import toolkit
from toolkit import ConfigError, Stack
from toolkit.cli.guard import PROBLEM
from toolkit.cli.output import complain_of, elsewhere, say, say_json

_NONE_FOREIGN = ("foreign", 0)


def add(commands: Any) -> argparse.ArgumentParser:
    """The command's options."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="tell everything that is wrong with configuration files",
        description="Tell everything that is wrong with configuration files, a line each with file and line. "
        "Exits with 2 if there is something.",
        allow_abbrev=False,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="TOML, YAML or JSON")
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Check each file; a file that is wrong keeps no other from being checked."""
    checked = {file: _checked(file) for file in arguments.files}
    if arguments.json:
        say_json({"files": [_told(file, found) for file, found in checked.items()]})
    else:
        _say(checked)
    return PROBLEM if any(isinstance(found, ConfigError) for found in checked.values()) else 0


def _checked(file: str) -> Stack | ConfigError:
    """The stack, once it has been around an application: only then is foreign middleware set up."""
    try:
        with elsewhere():
            found = toolkit.compile(file)
            found(_application)
            return found
    except ConfigError as error:
        return error


def _say(checked: Mapping[str, Stack | ConfigError]) -> None:
    for file, found in checked.items():
        if isinstance(found, ConfigError):
            complain_of(found)
        else:
            counts = ", ".join(_counted(*count) for count in _counts(found).items() if count != _NONE_FOREIGN)
            say([("", f"{file}: "), ("good", "fine"), ("where", f" ({counts})")])


def _told(file: str, found: Stack | ConfigError) -> dict[str, Any]:
    if isinstance(found, ConfigError):
        counts: dict[str, Any] = dict.fromkeys(("layers", "foreign", "routes", "handlers"))
        return {"file": file, "ok": False, **counts, "problems": [asdict(problem) for problem in found.problems]}
    return {"file": file, "ok": True, **_counts(found), "problems": []}


def _counts(found: Stack) -> dict[str, int]:
    return {
        "layers": len(found.layers),
        "foreign": len(found.elements) - len(found.layers),
        "routes": len(found.routes),
        "handlers": len(found.handlers),
    }


def _counted(name: str, count: int) -> str:
    if name == "foreign":
        return f"{count} foreign middleware"
    return f"{count} {name if count != 1 else name[:-1]}"


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the application, which is never called."""
