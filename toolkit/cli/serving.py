"""The application that a server is to run: a configuration file around an application, or its handlers alone.

A server's own processes find out what to serve from the environment, so that it can start them again.
"""

import os
import sys
from typing import Any, Final

from starlette.types import ASGIApp

import toolkit
from toolkit import Stack
from toolkit.cli.guard import Refusal
from toolkit.cli.output import complain, complain_of
from toolkit.engine.handler import unfit
from toolkit.options import ConfigError, Invalid, load
from toolkit.options.dotted import told

FACTORY: Final = f"{__name__}:create"
"""`create` as servers name it."""

STARTUP_FAILURE: Final = 3
"""The status with which a process tells a server's supervisor that to start it again would not help."""

_FILE, _APP, _MADE = "TOOLKIT_SERVE_FILE", "TOOLKIT_SERVE_APP", "TOOLKIT_SERVE_MADE_BY_APP"


def remember(file: str, app: str | None, *, is_factory: bool) -> None:
    """Tell `create`, here and in all processes that this one starts, what to serve."""
    os.environ[_FILE] = file
    for name, value in ((_APP, app), (_MADE, "1" if is_factory else None)):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def create() -> ASGIApp:
    """The application to serve. Where it cannot be made, the process says why and ends."""
    try:
        return build(os.environ[_FILE], os.environ.get(_APP), is_factory=_MADE in os.environ)
    except ConfigError as error:
        complain_of(error)
    except Refusal as refusal:
        complain(f"toolkit: {refusal}")
    sys.exit(STARTUP_FAILURE)


def build(file: str, app: str | None, *, is_factory: bool) -> ASGIApp:
    """Make the application. Raises ConfigError for what is wrong with the file, Refusal for what is with the app."""
    stack = toolkit.compile(file)
    if app is None:
        return _alone(stack, file)
    try:
        made = _made(app) if is_factory else load(app)
        for refused in unfit(made):
            raise refused
    except Invalid as refused:
        raise Refusal(f"--app {app}: {refused}") from None
    return stack(made)


def _alone(stack: Stack, file: str) -> ASGIApp:
    if not stack.handlers:
        raise Refusal(f"{file} has no handlers, so there is nothing to serve: give the application, --app module:app")
    return stack.app()


def _made(app: str) -> Any:
    """What a factory makes: it is called without arguments, as uvicorn does with --factory."""
    factory = load(app)
    try:
        return factory()
    except (Exception, SystemExit) as error:
        raise Refusal(f"--app {app}: its factory failed: {told(error)}") from None
