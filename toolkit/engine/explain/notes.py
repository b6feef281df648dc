"""Which route applies to a request, and why, in sentences."""

from collections.abc import Iterator

from toolkit.engine.explain.case import Case
from toolkit.engine.explain.parts import Note
from toolkit.engine.explain.plans import Owner
from toolkit.engine.explain.request import Request, Supposed
from toolkit.engine.layer import Layer
from toolkit.http.headers import ORIGIN, REQUEST_METHOD
from toolkit.http.patterns import is_plain_path


def notes_of(case: Case) -> Iterator[Note]:
    """What the choice of a plan depends on, and what was chosen."""
    owner = case.plan.owner
    if case.request.method == "OPTIONS" and case.answering is not None:
        yield Note(_preflight(case, case.answering))
    if owner is not None and (owner.changes or owner.source == "route"):
        yield Note(f"{owner} applies{_because(case.request, owner)}", owner.place)
    else:
        yield from map(Note, _without(case))


def _without(case: Case) -> Iterator[str]:
    """Why the layers are as written; a handler may answer all the same, so that only routes are said not to apply."""
    reason = _not_plain(case.request.path.removesuffix("\n"))
    if case.stack.routes:
        yield f"no route applies: {reason}" if reason else "no route applies"
    elif case.stack.handlers and reason:
        yield f"no handler applies: {reason}"


def _preflight(case: Case, layer: Layer) -> str:
    if case.asked is None:
        return f"no preflight: {_lacking(case.exchange)}"
    if layer in case.plan.running:
        return f"a preflight: it takes the plan of the request that it announces, {case.asked} {case.request.path}"
    announced = f"a preflight of {case.asked} {case.request.path}"
    return f"{announced}, where {layer.label} is off: it takes the plan of OPTIONS, and nothing answers in its place"


def _lacking(exchange: Supposed) -> str:
    for name in (ORIGIN, REQUEST_METHOD):
        if exchange.header(name) is None:
            return f"it has no {name.decode()} header"
    return f"its {ORIGIN.decode()} or {REQUEST_METHOD.decode()} is none that a browser sends"


def _because(request: Request, owner: Owner) -> str:
    """What is not plain to see about a route that applies."""
    named = owner.route.key.rpartition(" ")[0].split(",")
    if request.websocket and "GET" in named:
        return ": a WebSocket handshake is a GET"
    if request.method == "HEAD" and "GET" in named and "HEAD" not in named:
        return ": GET covers HEAD"
    return ": a final newline does not count" if request.path.endswith("\n") else ""


def _not_plain(path: str) -> str:
    """Why a path is not plain; "" where it is."""
    if is_plain_path(path):
        return ""
    for sign, name in (("//", "'//'"), ("\\", "a backslash"), ("\0", "a NUL")):
        if sign in path:
            return f"the path holds {name}"
    return "the path holds a '.' or '..' segment"
