"""Middleware from elsewhere: it is set up when an application is wrapped, and may fail then in any way."""

from collections.abc import Iterator
from dataclasses import replace

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from toolkit.engine.explain.settings import dotted
from toolkit.engine.handler import unfit
from toolkit.engine.places import Places, references
from toolkit.options import ConfigError, Problem, show
from toolkit.options.dotted import told


def set_up(element: Middleware, index: int, app: ASGIApp, places: Places) -> ASGIApp:
    """The middleware around the application. Raises ConfigError: it fails, or gives no ASGI application.

    Args:
        element: The middleware, with its options.
        index: Its place among the elements of the stack.
        app: What stands inside it.
        places: What the elements are called.
    """
    where = places.use(index)
    use = places.as_written(where)
    name = use if isinstance(use, str) else dotted(element.cls) or show(element.cls)
    try:
        made = element.cls(app, *element.args, **element.kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may do anything
        raise ConfigError(map(places.located, _failed(error, index, name, places))) from error
    if any(True for _ in unfit(made)):
        reason = f"the set-up of {name!r} gave {type(made).__name__}, not an ASGI application"
        raise ConfigError(places.located(Problem(where, reason, "write a class or a function that returns one")))
    return made


def _failed(error: BaseException, index: int, name: str, places: Places) -> Iterator[Problem]:
    """What it says may quote its options, in whatever form: it is not told where they refer to something."""
    where = places.use(index)
    given = ", ".join(dict.fromkeys(references(places.as_written(places.element(index)))))
    if given:
        reason = f"{type(error).__name__}, whose text is not shown: it may quote {given}"
        yield Problem(where, f"the set-up of {name!r} failed: {reason}")
    elif isinstance(error, ConfigError):
        yield from (replace(problem, where=f"{where}: {problem.where}") for problem in error.problems)
    else:
        yield Problem(where, f"the set-up of {name!r} failed: {told(error)}")
