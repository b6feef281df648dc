"""`toolkit serve FILE`: a configuration file around an application, or its handlers alone, served by uvicorn.

The file is compiled first; where something is wrong with it or with the application, nothing listens. All options but
`--app` are uvicorn's, which reads them itself. With `--reload` a change of the file counts as a change of code.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.cli import serving
from toolkit.cli.guard import UNFORESEEN, Refusal
from toolkit.cli.listening import check_options, unreachable
from toolkit.cli.output import complain
from toolkit.options.dotted import is_dotted

if TYPE_CHECKING:
    from click import Context

_EXTRA = re.compile(r"extra arguments? \((\S+).*\)")  # as click says it


def add(commands: Any) -> argparse.ArgumentParser:
    """The command's options. What it does not know is left in `rest`, the file included: uvicorn tells them apart."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "serve",
        help="serve an application behind a configuration file, or the file's handlers alone",
        usage="toolkit serve FILE [--app MODULE:APP] [options of uvicorn]",
        description="Serve an application behind a configuration file with uvicorn. Without --app, the handlers of the "
        "file are the application.",
        epilog="All other options are uvicorn's, such as --port 8080, --workers 4 and --reload: uvicorn --help lists "
        "them. With --reload, the file is watched as well.",
        allow_abbrev=False,
    )
    parser.add_argument("--app", metavar="MODULE:APP", help="an ASGI application; with --factory, what makes it")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Make the application once, to see whether it can be made; then have uvicorn serve it."""
    context = _context(arguments.rest)
    if isinstance(context, int):
        return context
    options = context.params
    file, is_factory = options["app"], options["factory"]
    _prepare(options)
    check_options(options)
    serving.build(file, arguments.app, is_factory=is_factory)
    if reason := unreachable(options):
        complain(f"toolkit: serve: {reason}")
        return UNFORESEEN
    serving.remember(file, arguments.app, is_factory=is_factory)
    options.update(app=serving.FACTORY, factory=True)
    with _watched(file, options):
        return _served(context)


def _context(rest: Sequence[str]) -> "Context | int":
    """uvicorn's own reading of its options; the file stands where it has the application. A status ends the command."""
    try:  # an extra, and slow to import: no other command needs it
        from click import ClickException, MissingParameter  # noqa: PLC0415
        from click.exceptions import Exit  # noqa: PLC0415
        from uvicorn import main  # noqa: PLC0415
    except ImportError:
        raise Refusal("serve: uvicorn is not installed: pip install 'asgi-toolkit[serve]'") from None

    try:
        return main.make_context("toolkit serve", list(rest))
    except MissingParameter as missing:
        if missing.param is None or missing.param.name != "app":
            raise Refusal(f"serve: {missing.format_message()}") from None
        raise Refusal("serve: the configuration FILE is missing: toolkit serve FILE") from None
    except ClickException as refused:
        raise Refusal(f"serve: {_too_many(refused.format_message()) or refused.format_message()}") from None
    except Exit as done:  # it was asked for its version
        return done.exit_code


def _too_many(message: str) -> str:
    """What to write instead of an application that stands beside the file, as uvicorn has it; "" for other mistakes."""
    extra = _EXTRA.search(message)
    if extra is None:
        return ""
    fix = f"write --app {extra[1]}" if is_dotted(extra[1]) else "an application is given by --app module:app"
    return f"one FILE is served, and {extra[1]!r} stands beside it; {fix}"


def _prepare(options: dict[str, Any]) -> None:
    """What uvicorn would do before it imports an application."""
    if options["app_dir"]:
        sys.path.insert(0, options["app_dir"])
    if options["env_file"]:
        try:
            import_module("dotenv").load_dotenv(dotenv_path=options["env_file"])
        except ImportError:
            raise Refusal("serve: --env-file needs python-dotenv: pip install python-dotenv") from None


@contextmanager
def _watched(file: str, options: dict[str, Any]) -> Iterator[None]:
    """Have a change of the file count as one of code, where uvicorn reloads.

    watchfiles is told its name. Without it uvicorn looks at files called `*.py` alone: a link of such a name leads it
    to the file.
    """
    folders = options["reload_dirs"] or (os.getcwd(),)
    if not options["reload"]:
        yield
    elif find_spec("watchfiles"):
        path = Path(file).resolve()
        options["reload_dirs"] = (*folders, str(path.parent))
        options["reload_includes"] = (*options["reload_includes"], path.name)
        yield
    else:
        with _orderly_end(), tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
            Path(folder, f"{Path(file).name}.py").symlink_to(Path(file).resolve())
            options["reload_dirs"] = (*folders, folder)
            yield


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Have a closed terminal and SIGTERM end this process as Ctrl-C does, so that nothing of it is left behind."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ends = {"SIGTERM": _end, "SIGHUP": lambda number, frame: os.kill(os.getpid(), signal.SIGTERM)}
    before = {name: signal.signal(getattr(signal, name), ends[name]) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _end(number: int, frame: object) -> None:
    raise SystemExit(UNFORESEEN)


def _served(context: "Context") -> int:
    try:
        with context:
            context.command.invoke(context)
    except SystemExit as stopped:  # uvicorn has said why
        return UNFORESEEN if stopped.code else 0
    except KeyboardInterrupt:  # older releases of uvicorn pass it on, once they have shut down
        return 0
    return 0
