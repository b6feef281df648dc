"""Applications that factories of others make of options: only once nothing else of a configuration is wrong.

Rule: what a factory says that was given what references stand for is not shown, for it may quote that in any form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import iscoroutine
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.config.references import Resolver
from toolkit.config.sections import Entry
from toolkit.engine.handler import Mounted, application
from toolkit.options import Invalid, Problem
from toolkit.options.dotted import told


@dataclass(frozen=True, eq=False)
class SetUp:
    """Stands for an application that is still to be made.

    Attributes:
        make: What makes it.
        use: What that is called in the configuration.
        options: What it is called with.
        entry: Where it stands.
    """

    make: Callable[..., Any]
    use: str
    options: Mapping[str, Any]
    entry: Entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """No stack that is used holds it."""

    def made(self, resolver: Resolver) -> ASGIApp:
        """The application. Raises Invalid."""
        try:
            made = self.make(**self.options)
        except (Exception, SystemExit) as error:  # a factory may do anything
            said = failure(error, resolver, self.entry.where)
            raise Invalid(f"the set-up of {self.use!r} failed: {said}") from None
        if callable(made):
            return made  # type: ignore[no-any-return]
        if iscoroutine(made):
            made.close()
        reason = f"the set-up of {self.use!r} gave {type(made).__name__}, not an ASGI application"
        raise Invalid(reason, "write a function that returns one")


def failure(error: BaseException, resolver: Resolver, *wheres: str) -> str:
    """What is shown of another's exception about options that were written in these entries."""
    given = resolver.given(*wheres)
    return f"{type(error).__name__}, whose text is not shown: it may quote {given}" if given else told(error)


def has_set_ups(handlers: Mapping[str, Any]) -> bool:
    """Whether applications are still to be made."""
    return any(isinstance(application(handler), SetUp) for handler in handlers.values())


def set_up(handlers: dict[str, Any], resolver: Resolver, problems: list[Problem]) -> None:
    """Put the applications in the place of what stands for them; what goes wrong is added to `problems`."""
    for path, handler in handlers.items():
        pending = application(handler)
        if not isinstance(pending, SetUp):
            continue
        try:
            app = pending.made(resolver)
        except Invalid as refused:
            problems.append(Problem(pending.entry.at("use"), refused.reason, refused.fix))
        else:
            handlers[path] = replace(handler, app=app) if isinstance(handler, Mounted) else app
