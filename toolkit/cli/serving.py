"""The application that a server is to run: a configuration file around an application, or its handlers alone.

A server's own processes find out what to serve from the environment, so that it can start them again.
"""

import os
import re
import sys
from inspect import signature
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

_CONFIG, _APP, _MADE = "TOOLKIT_SERVE_FILE", "TOOLKIT_SERVE_APP", "TOOLKIT_SERVE_MADE_BY_APP"

_FILE = re.compile(r"([\w/]+)\.py(?::(\w*))?")


def remember(file: str, app: str | None, *, is_factory: bool) -> None:
    """Tell `create`, here and in all processes that this one starts, what to serve."""
    os.environ[_CONFIG] = file
    for name, value in ((_APP, app), (_MADE, "1" if is_factory else None)):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def create() -> ASGIApp:
    """The application to serve. Where it cannot be made, the process says why and ends."""
    try:
        return build(os.environ[_CONFIG], os.environ.get(_APP), is_factory=_MADE in os.environ)
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
        return stack(_application(app, is_factory=is_factory))
    except Invalid as refused:
        raise Refusal(f"--app {app}: {refused}") from None


def _alone(stack: Stack, file: str) -> ASGIApp:
    if not stack.handlers:
        raise Refusal(f"{file} has no handlers, so there is nothing to serve: give the application, --app module:app")
    return stack.app()


def _application(app: str, *, is_factory: bool) -> ASGIApp:
    """The application that a dotted path names, or that is made by what it names. Raises Invalid."""
    if file := _FILE.fullmatch(app):
        raise Invalid("that is a file", f"write --app {file[1].replace('/', '.')}:{file[2] or 'app'}")
    found = load(app)
    made = _made(found) if is_factory else found
    for refused in unfit(made):
        makes_one = not is_factory and _takes_nothing(made)
        raise Invalid(refused.reason, "add --factory if it makes one" if makes_one else refused.fix)
    return made  # type: ignore[no-any-return]


def _made(factory: Any) -> Any:
    """What a factory makes: it is called without arguments, as uvicorn does with --factory."""
    if not isinstance(factory, type) and callable(factory) and not _takes_nothing(factory) and not [*unfit(factory)]:
        raise Invalid("it is an application, not a factory", "leave out --factory")
    try:
        return factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may do anything
        raise Invalid(f"its factory failed: {told(error)}") from None


def _takes_nothing(found: Any) -> bool:
    """Whether something can be called without arguments, as factories are."""
    try:
        signature(found).bind()
    except (TypeError, ValueError):
        return False
    return True
