"""What a stack does with one request: every element, outermost first, and who answers."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from toolkit.engine.dispatch import handler_table, parameters
from toolkit.engine.explain.case import Case
from toolkit.engine.explain.explanation import Explanation
from toolkit.engine.explain.notes import notes_of
from toolkit.engine.explain.parts import Answer, Element, Note
from toolkit.engine.explain.request import Headers, Request
from toolkit.engine.explain.sentences import sentences
from toolkit.engine.explain.settings import dotted, plain
from toolkit.engine.handler import Handler, application
from toolkit.engine.layer import Ends, Layer
from toolkit.http.templates import PathTemplate

if TYPE_CHECKING:
    from toolkit.engine.stack import Stack


def explain(
    stack: "Stack", method: str, path: str, headers: Headers | None = None, *, websocket: bool = False
) -> Explanation:
    """What the stack does with a request, and why; nothing is run and no store is opened.

    Args:
        stack: Whose elements, routes and handlers.
        method: Of the request.
        path: As it stands in the request line: percent-encoded, with a query if it has one.
        headers: By name, or as pairs where one is repeated.
        websocket: Whether it is a handshake.

    Raises:
        Invalid: A `ValueError`: the method, the path or a header could not stand in a request.
    """
    case = Case.of(stack, Request.parse(method, path, headers, websocket=websocket))
    elements = tuple(_elements(case))
    owner = case.plan.owner
    route = owner.route.key if owner and owner.changes else None
    return Explanation(case.request, tuple(notes_of(case)), elements, _answer(case, elements), route)


# Elements


def _elements(case: Case) -> Iterator[Element]:
    """Every element as the request meets it: what stands inside the layer that answers a preflight is not reached."""
    answered = ""
    for number, element in enumerate(case.stack.elements, 1):
        if answered:
            yield _beyond(case, number, element, answered)
        elif isinstance(element, Layer):
            made = _layer(case, number, element)
            answered = made.label if made.answers else ""
            yield made
        else:
            yield _foreign(case, number, element)


def _beyond(case: Case, number: int, element: Layer | Middleware, answered: str) -> Element:
    kind = element.kind if isinstance(element, Layer) else ""
    notes = (Note(f"not reached: {answered} answers"),)
    return Element(number, _label(element), kind, case.sources.element(number), notes=notes, reached=False)


def _layer(case: Case, number: int, layer: Layer) -> Element:
    plan, place = case.taken[layer], case.sources.element(number)
    now = plan.running.get(layer)
    if now is None:
        return _left_out(case, number, layer)
    if now is layer or plan.owner is None:
        state, notes = "on", list[Note]()
        settings = case.sources.own(layer, place.where, layer.kind)
    else:
        state, notes = "changed", [Note(f"changed by {plan.owner}", case.sources.override(plan.owner, layer))]
        settings = case.sources.changed(layer, now, place.where, plan.owner)
    says = sentences(now, case.exchange, partial(_masked, case, _about(case, place.where, layer)))
    answers = (case.asked is not None and now.answers_preflights) or any(isinstance(one, Ends) for one in says)
    return Element(number, layer.label, layer.kind, place, state, tuple(notes), settings, says=says, answers=answers)


def _about(case: Case, where: str, layer: Layer) -> list[str]:
    """The places whose options a layer may quote."""
    owner, kind = case.taken[layer].owner, case.sources.default(layer.kind).where
    return [where, kind, case.sources.override(owner, layer).where] if owner else [where, kind]


def _masked(case: Case, about: list[str], text: str) -> str:
    return case.stack.places.mask(text, *about)


def _left_out(case: Case, number: int, layer: Layer) -> Element:
    """A layer that a route switched off, or that is left out because a preflight is not its own."""
    owner, place = case.taken[layer].owner, case.sources.element(number)
    settings = case.sources.own(layer, place.where, layer.kind)
    if owner is not None and owner.variant.get(layer, layer) is None:
        state, note = "off", Note(f"off: {owner} switches it off", case.sources.override(owner, layer))
    else:
        state, note = "silent", Note("off: this preflight asks about a plan without it")
    return Element(number, layer.label, layer.kind, place, state, (note,), settings)


def _foreign(case: Case, number: int, element: Middleware) -> Element:
    place = case.sources.element(number)
    by_place = {f"args[{index}]": value for index, value in enumerate(element.args)}
    settings = case.sources.foreign({**by_place, **element.kwargs}, place.where)
    note = Note("ASGI middleware from elsewhere: what it would decide is not known")
    return Element(number, _label(element), "", place, notes=(note,), settings=settings)


def _label(element: Layer | Middleware) -> str:
    return element.label if isinstance(element, Layer) else dotted(element.cls) or repr(element.cls)


# Who answers


def _answer(case: Case, elements: tuple[Element, ...]) -> Answer:
    for element in elements:
        if element.answers:
            return Answer("layer", element.label, element.place)
    apps = {path: application(handler) for path, handler in case.stack.handlers.items()}
    found = handler_table(apps, _application).find(case.request.method, case.exchange.path)
    if found.template is not None:
        return _handler_answer(case, found.template, found.app)
    return Answer("application", because=", or 404 if there is none: no handler takes this path" if apps else "")


def _handler_answer(case: Case, template: PathTemplate, app: ASGIApp) -> Answer:
    """What a handler on this path template answers."""
    place = case.sources.handler(list(case.stack.handlers).index(template.text), template.text)
    found = case.exchange.scope["path_params"] = parameters(template, case.exchange.path)
    params = tuple((name, plain(value)) for name, value in found.items())
    if not isinstance(app, Handler):
        return Answer("handler", dotted(app) or type(app).__qualname__, place, template.text, params)
    settings = case.sources.own(app, place.where, app.kind)
    says = sentences(app, case.exchange, partial(_masked, case, [place.where, case.sources.default(app.kind).where]))
    return Answer("handler", app.kind, place, template.text, params, settings, says)


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the wrapped application, which nobody knows here."""
