"""A layer: an immutable value of checked options, with a few optional hooks.

A layer knows no server, no application and no other layer. The engine finds out which hooks a layer overrides and
calls no others. Every hook may be `def`, `async def`, or either by turns: it returns its result or an awaitable of it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ClassVar, Concatenate, ParamSpec, Self
from wsgiref.types import WSGIApplication

from starlette.responses import Response
from starlette.types import ASGIApp

from toolkit.engine.exchange import Done, Exchange, Hook, Message
from toolkit.engine.lifespan import OpenStore, Resources
from toolkit.engine.reserved import NO_LABELS, refuse_reserved, unreserved
from toolkit.engine.wrap import wrap
from toolkit.engine.wsgi import refuse_asgi, wrap_wsgi
from toolkit.options import Options, Problem

P = ParamSpec("P")

HOOKS = ("request", "response", "receive", "error", "done")


class Ends(str):
    """A sentence of `explain` that says that the request ends here: the layer answers, nothing further in is reached.

    `yield Ends("refused with 429: the limit is used up")`.
    """

    __slots__ = ()


class Layer(Options):
    """Base of everything that stands in front of an application.

    Annotated class attributes are the options. `kind` is the layer's name in routes, files and errors (by default the
    class name in lower case); `name` tells two layers of one kind apart.
    """

    kind: ClassVar[str] = "layer"
    reads: ClassVar[tuple[bytes, ...]] = ()
    """Request headers it looks at, in lower case. One or two in a stack are found by a scan, more by an index."""
    methods: ClassVar[tuple[str, ...] | None] = None
    """The HTTP methods that `request` is called for; None for all. For WebSocket handshakes it is always called."""
    needs: ClassVar[tuple[str, ...]] = ()
    """What must be provided further out, such as "user"."""
    provides: ClassVar[tuple[str, ...]] = ()
    """What the layer publishes to the layers inside it."""
    answers: ClassVar[bool | None] = None
    """Whether it may answer in the application's place. None: if `request` or `error` is not annotated `-> None`."""
    covers_answers: ClassVar[bool] = False
    """True for a layer that must stand outside all that may answer, as CORS must."""
    answers_preflights: ClassVar[bool] = False
    """True if it answers every CORS preflight itself, so that none goes past it."""
    asgi_only: ClassVar[bool] = False
    """True for a layer that makes no sense around a WSGI application."""

    name: Annotated[str, unreserved] | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        refuse_reserved(cls, ("use",))
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__.lower()
        if cls.kind in NO_LABELS:
            raise TypeError(f"{cls.__qualname__}: {cls.kind!r} means something else in files; give it another kind")

    def request(self, exchange: Exchange) -> Hook:
        """On the way in. A Response answers at once: nothing further in is called."""
        return None

    def response(self, exchange: Exchange, start: Message) -> Hook:
        """As the response starts, at most once. `start` may be changed in place; a Response replaces what was begun."""
        return None

    def receive(self, exchange: Exchange, message: Message) -> Done:
        """One inbound WebSocket message. Raising WebSocketDisconnect(code, reason) closes the socket with that code."""
        return None

    def error(self, exchange: Exchange, exc: Exception) -> Hook:
        """Something further in raised before anything was sent. A Response below 500 handles it."""
        return None

    def done(self, exchange: Exchange, exc: BaseException | None) -> Done:
        """Once, after everything, if `request` was reached. What must happen under cancellation is a plain `def`."""
        return None

    def bind(self, open_store: OpenStore) -> Self:
        """Once per wrapped application: a copy with its stores in hand (`self.bound(attribute=open_store(...))`)."""
        return self

    def explain(self, exchange: Exchange) -> Iterable[str]:
        """What the layer would decide for this request, and why: a sentence a line, `Ends(…)` where it answers."""
        return ()

    def hooks(self) -> Sequence[str]:
        """The hooks that have work to do. A layer whose options make one idle may leave it out."""
        cls = type(self)
        return [hook for hook in HOOKS if getattr(cls, hook) is not getattr(Layer, hook)]

    def check_routes(self, variants: Sequence["Layer"]) -> Iterable[Problem]:
        """Problems that show only when all of a stack's overrides of this layer are known."""
        return ()

    @classmethod
    def instead_of(cls, args: tuple[Any, ...]) -> str:
        """A layer is made of options; the application comes later."""
        if not callable(args[0]):
            return super().instead_of(args)
        return f"write {cls.__name__}(…)(app), add_middleware({cls.__name__}(…)), or use {cls.__name__}Middleware"

    @property
    def label(self) -> str:
        """The key that routes and files use: the name if there is one, else the kind."""
        return self.name or self.kind

    @property
    def may_answer(self) -> bool:
        """Whether this layer may answer in the application's place."""
        if self.answers is not None:
            return self.answers
        hooks = [getattr(type(self), name) for name in ("request", "error") if name in self.hooks()]
        return any(hook.__annotations__.get("return", Response) not in {None, "None"} for hook in hooks)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI application in this one layer. Around another layer's wrapper the two fuse."""
        resources = Resources()
        return wrap((self.bind(resources.find),), app, resources=resources)

    def wsgi(self, app: WSGIApplication) -> WSGIApplication:
        """Wrap a WSGI application in this one layer. Raises ConfigError if it needs ASGI."""
        refuse_asgi((self,))
        resources = Resources()
        return wrap_wsgi((self.bind(resources.find),), app, resources=resources)


def middleware(layer: Callable[P, Layer]) -> Callable[Concatenate[ASGIApp, P], ASGIApp]:
    """The form of a layer that Starlette's `add_middleware` and `Middleware(...)` take: `(app, **options) -> app`."""

    def make(app: ASGIApp, *args: P.args, **options: P.kwargs) -> ASGIApp:
        return layer(*args, **options)(app)

    make.__name__ = make.__qualname__ = f"{getattr(layer, '__name__', 'Layer')}Middleware"
    make.__doc__ = layer.__doc__
    return make  # type: ignore[return-value]  # `app` has its name since older releases of Starlette give it by keyword
