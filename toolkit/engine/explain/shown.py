"""A stack as its repr shows it: without secrets, and what refers to something as it was written."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from starlette.middleware import Middleware

from toolkit.engine.explain.case import owners_of
from toolkit.engine.explain.plans import Owner
from toolkit.engine.explain.settings import Setting, dotted
from toolkit.engine.explain.sources import Sources
from toolkit.engine.handler import Handler, application
from toolkit.engine.layer import Layer
from toolkit.engine.overrides import inside
from toolkit.options import show

if TYPE_CHECKING:
    from toolkit.engine.stack import Stack


def shown(stack: "Stack") -> str:
    """Such as `stack(CORS(allow_origins=['*']), routes={'/x': {'cors': False}})`."""
    sources = Sources(stack.places, stack.defaults)
    owners = {owner.changes_at: owner for owner in owners_of(stack, sources)}
    elements = [_element(sources, number, element) for number, element in enumerate(stack.elements, 1)]
    routing = [owner for owner in owners.values() if owner.source == "route"]
    routes = [f"{owner.route.key!r}: {_changes(sources, owner)}" for owner in routing]
    handlers = [f"{path!r}: {handler}" for path, handler in _handlers(stack, sources, owners)]
    named = {"routes": ", ".join(routes), "handlers": ", ".join(handlers)}
    return f"stack({', '.join([*elements, *(f'{name}={{{of}}}' for name, of in named.items() if of)])})"


def _element(sources: Sources, number: int, element: Layer | Middleware) -> str:
    where = sources.element(number).where
    if isinstance(element, Layer):
        return _made(type(element).__name__, sources.own(element, where, element.kind))
    positional = {f"args[{index}]": value for index, value in enumerate(element.args)}
    cls = getattr(element.cls, "__name__", None) or show(element.cls)
    return _made("Middleware", sources.foreign({**positional, **element.kwargs}, where), cls)


def _made(name: str, settings: tuple[Setting, ...], *first: str) -> str:
    given = (f"{'' if one.name.startswith('args[') else f'{one.name}='}{one.value!r}" for one in settings)
    return f"{name}({', '.join([*first, *given])})"


def _handlers(stack: "Stack", sources: Sources, owners: Mapping[str, Owner]) -> Iterator[tuple[str, str]]:
    for index, (path, handler) in enumerate(stack.handlers.items()):
        where, app = sources.handler(index, path).where, application(handler)
        told = dotted(app) or stack.places.mask(show(app), where)
        if isinstance(app, Handler):
            told = _made(type(app).__name__, sources.own(app, where, app.kind))
        owner = owners.get(f"{where}.layers")
        yield path, f"Mounted({told}, {_changes(sources, owner)})" if owner and owner.changes else told


def _changes(sources: Sources, owner: Owner) -> str:
    return f"{{{', '.join(f'{layer.label!r}: {_change(sources, owner, layer)}' for layer in owner.variant)}}}"


def _change(sources: Sources, owner: Owner, layer: Layer) -> str:
    """What becomes of a layer: the options that take the place of its own, a switch or another layer."""
    change, now, where = owner.changes[layer.label], owner.variant[layer], inside(owner.changes_at, layer.label)
    if not isinstance(change, Mapping) or now is None:
        return repr(sources.told(change, where, owner.changes_at))
    changed = sources.changed(layer, now, where, owner)
    return repr({one.name: one.value for one in changed if one.name in change})
