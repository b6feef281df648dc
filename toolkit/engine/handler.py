"""A handler: what answers on some paths in the place of the wrapped application."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, ClassVar, Self

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.exchange import Exchange
from toolkit.engine.lifespan import OpenStore, complete
from toolkit.engine.overrides import Changes
from toolkit.engine.reserved import refuse_reserved
from toolkit.engine.run import answer_messages
from toolkit.options import Invalid, Options, Problem, show


class Handler(Options, ABC):
    """Base of the ready-made applications that a stack answers some paths with.

    Annotated class attributes are the options. An instance is a plain ASGI application: it may also stand in a router's
    `Mount` or `Route`, or be served alone. `kind` is its name in files (by default the class name in lower case).
    """

    kind: ClassVar[str] = "handler"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        refuse_reserved(cls, ("use", "path", "layers"))
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__.lower()

    @abstractmethod
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a handshake. `scope["path_params"]` has what the path template found."""

    def bind(self, open_store: OpenStore) -> Self:
        """Once per wrapped application: a copy with its stores in hand (`self.bound(attribute=open_store(...))`)."""
        return self

    def check_path(self, params: Mapping[str, str]) -> Iterable[Problem]:
        """What is wrong with these options on a path template, such as a parameter that it lacks.

        Args:
            params: The template's parameters, each with the name of its convertor: "str", "int", "path".
        """
        return ()

    def explain(self, exchange: Exchange) -> Iterable[str]:
        """What it would answer this request with, and why: a sentence a line."""
        return ()


@dataclass(frozen=True)
class Mounted:
    """A handler with overrides of its own: `handlers={"/files/{path:path}": Mounted(app, layers={"auth": False})}`.

    Attributes:
        app: The handler, or any ASGI application.
        layers: What changes about the stack's layers where it answers, as in a route.
    """

    app: ASGIApp
    layers: Changes = field(default_factory=dict)


async def answered(answer: Callable[[Scope], Response], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request or a handshake with a plain response, which is never called; a lifespan has nothing to do."""
    if scope["type"] == "lifespan":
        await complete(receive, send)
        return
    for message in answer_messages(scope, answer(scope)):
        await send(message)


def application(handler: ASGIApp | Mounted) -> ASGIApp:
    """What answers, without the overrides that come with it."""
    return handler.app if isinstance(handler, Mounted) else handler


def unfit(app: Any) -> Iterator[Invalid]:
    """Why something could not be called as an ASGI application."""
    if isinstance(app, type):
        yield Invalid(f"{app.__name__} is a class, not an application", f"write {app.__name__}(…)")
    elif _has(app, "wsgi_app"):
        yield Invalid(f"{show(app)} is a WSGI application", "wrap it for ASGI, such as with a2wsgi.WSGIMiddleware")
    elif not _takes_three(app):
        fix = "it is called with (scope, receive, send); an endpoint becomes one by starlette.routing.request_response"
        yield Invalid(f"{show(app)} is no ASGI application", fix)


def _has(app: Any, name: str) -> bool:
    try:
        return hasattr(app, name)
    except Exception:  # whatever others' attributes do, the application is looked at
        return False


def _takes_three(app: Any) -> bool:
    if not callable(app):
        return False
    try:
        taken = signature(app)
    except Exception:  # it has no signature to look at
        return True
    try:
        taken.bind(None, None, None)
    except TypeError:
        return False
    return True
