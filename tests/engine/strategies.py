"""Random cases for properties: the data that tests.engine.recording runs.

Strategies choose from lists written out here, a choice for each hook and each step, so that they are fast
and shrink well. What stands first in a list is what failing cases shrink to.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.engine.recording import FAILURES, Act, Acts, Case, Ending, LayerScript, ServerScript, Step

T = TypeVar("T")


def _of(options: Sequence[T]) -> st.SearchStrategy[T]:
    """One of some options; `sampled_from` would print them all."""
    return st.integers(0, len(options) - 1).map(lambda place: options[place])


# ---- layers

_FORMS = (("plain", 0), ("plain", 0), ("plain", 0), ("async", 0), ("async", 1), ("async", 2), ("object", 1))
_QUIET: list[tuple[str, Any]] = [("pass", None), ("tag", None)]
_ANSWERS: list[tuple[str, Any]] = [("answer", status) for status in (200, 404, 429, 503)]
_RAISES: list[tuple[str, Any]] = [("raise", kind) for kind in ("failure", "failure", *FAILURES)]
_WRONG: list[tuple[str, Any]] = [("stream", None), ("junk", None)]
_RECEIVES = _QUIET * 4 + _RAISES + [("raise", "disconnect")] * 4
_DOINGS: dict[str, list[tuple[str, Any]]] = {
    "request": _QUIET * 16 + _ANSWERS + _RAISES + _WRONG,
    "response": _QUIET * 4 + [("tag", None)] * 6 + _ANSWERS * 2 + _RAISES * 2 + _WRONG,
    "receive": _RECEIVES,
    "error": _QUIET * 2 + _ANSWERS * 2 + [("answer", 503)] * 4 + _RAISES + _WRONG,
    "done": _QUIET * 6 + _RAISES,
}
_CALM = {name: [doing for doing in doings if doing in _QUIET + _ANSWERS] for name, doings in _DOINGS.items()}
_METHODS = (None, None, None, None, ("GET",), ("POST", "HEAD"))
_PRESENT = {"request": 1, "response": 3, "receive": 3, "error": 2, "done": 1}


def _layers(doings: dict[str, list[tuple[str, Any]]]) -> st.SearchStrategy[LayerScript]:
    hooks = {name: _turns(doings[name], _PRESENT[name]) for name in doings}
    present = st.fixed_dictionaries(hooks).map(lambda acts: {name: turns for name, turns in acts.items() if turns})
    return st.builds(LayerScript, present, methods=_of(_METHODS))


def _turns(doings: list[tuple[str, Any]], present: int) -> st.SearchStrategy[tuple[Act, ...]]:
    """No hook, one that does the same each time, or one that does two things by turns."""
    acts = [Act(*doing, *form) for doing, form in product(doings, _FORMS)]
    one, two = _of(acts), st.tuples(_of(acts), _of(acts))
    return st.one_of(st.just(()), *[one.map(lambda act: (act,))] * present, two)


def _several(layer: st.SearchStrategy[LayerScript]) -> st.SearchStrategy[tuple[LayerScript, ...]]:
    """Up to four layers, mostly more than one."""
    some = [st.tuples(*[layer] * count) for count in range(5)]
    return _of((1, 0, 2, 2, 3, 3, 4, 4)).flatmap(lambda count: some[count])


_ANY = _layers(_DOINGS)
LAYERS = _several(_ANY)
HOOKS: st.SearchStrategy[Acts] = _ANY.map(lambda layer: layer.hooks)
OPEN_LAYERS = _several(_layers(_DOINGS | {"request": _QUIET, "response": _QUIET, "receive": _RECEIVES}))
CALM_LAYERS = _several(_layers(_CALM))

# ---- applications

_HEADERS: tuple[dict[str, Any], ...] = ({}, {"headers": []}, {"headers": [(b"x-app", b"1"), (b"x-app", b"2")]})
_DENIAL = "websocket.http.response"
_MESSAGES: dict[str, list[dict[str, Any]]] = {
    "http": [
        *(
            {"type": "http.response.start", "status": status} | more
            for status, more in product((200, 304, 500), _HEADERS)
        ),
        *(
            {"type": "http.response.body", "body": body, "more_body": more}
            for body, more in product((b"", b"a"), (True, False))
        ),
    ],
    "websocket": [
        *({"type": "websocket.accept"} | more for more in _HEADERS * 2),
        *({"type": f"{_DENIAL}.start", "status": 403} | more for more in _HEADERS),
        {"type": f"{_DENIAL}.body", "body": b"no"},
        *({"type": "websocket.send", "text": "hello"}, {"type": "websocket.close", "code": 1000}) * 2,
    ],
}
_QUIET_STEPS = [Step("receive"), Step("sleep")]
_ENDS = [Step("raise", kind) for kind in ("failure", "failure", *FAILURES)] + [Step("return"), Step("cancel")]


def _sends(kind: str) -> list[Step]:
    whole = [Step("send", message) for message in _MESSAGES[kind]]
    in_tasks = [Step("send in a task", message, ticks) for message in _MESSAGES[kind][:6] for ticks in (1, 2, 9)]
    return whole * 3 + in_tasks


def _steps(kind: str) -> st.SearchStrategy[tuple[Step, ...]]:
    sends = _of(_sends(kind))
    simple = st.one_of(sends, sends, _of(_QUIET_STEPS), _of(_ENDS))
    second = st.lists(simple, max_size=3).map(tuple)
    risky = _of([Step("receive"), *_sends(kind)])
    catching = st.builds(lambda step, steps: Step(step.does, step.what, step.ticks, steps), risky, second)
    return st.lists(st.one_of(simple, simple, catching), max_size=6).map(tuple)


def _begun(kind: str, *begin: Step) -> st.SearchStrategy[tuple[Step, ...]]:
    return _steps(kind).map(lambda steps: begin + steps)


# Most applications start in an ordinary way, and some once more if that fails.
_START = Step("send", {"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]})
_STARTING = _begun("http", _START)
_RETRYING = _begun("http", Step(_START.does, _START.what, 0, (_START,)))
_ACCEPTING = _begun("websocket", Step("receive"), Step("send", {"type": "websocket.accept"}), Step("receive"))
_STEPS = {
    "http": st.one_of(_steps("http"), _steps("http"), _STARTING, _RETRYING),
    "websocket": st.one_of(_steps("websocket"), *[_ACCEPTING] * 3),
}
_CALM_STEPS = {
    kind: st.lists(_of(_QUIET_STEPS * 2 + [Step("send", message) for message in messages]), max_size=6).map(tuple)
    for kind, messages in _MESSAGES.items()
}

# ---- requests

_SCOPES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "http": _of([{"type": "http", "method": method} for method in ("GET", "GET", "GET", "HEAD")]),
    "websocket": _of([{"type": "websocket", "extensions": {_DENIAL: {}}}, {"type": "websocket"}]),
}
_KINDS = st.sampled_from(("http", "http", "websocket"))
_ENDINGS = [Ending()] * 36 + [Ending(how, tick) for how in ("task", "scope", "close") for tick in range(1, 13)]
_FAILS: tuple[tuple[int, ...], ...] = ((), (), (), (0,), (1,), (0, 1, 2, 3, 4, 5, 6))
_SERVERS = [ServerScript(*options) for options in product(_FAILS, (0, 0, 1), (1, 2, 2))]


@st.composite
def cases(
    draw: st.DrawFn,
    layers: st.SearchStrategy[tuple[LayerScript, ...]] | None = None,
    kinds: st.SearchStrategy[str] = _KINDS,
) -> Case:
    """One request with everything around it."""
    kind = draw(kinds)
    if layers is None:
        layers = LAYERS if kind == "http" else st.one_of(LAYERS, OPEN_LAYERS)
    server, ending = draw(_of(_SERVERS)), draw(_of(_ENDINGS))
    case = Case(draw(layers), draw(_STEPS[kind]), draw(_SCOPES[kind]), server)
    return stopped(deepcopy(case), ending)


def stopped(case: Case, ending: Ending) -> Case:
    """The same request ended so.

    No `done` raises where a coroutine is closed: the interpreter tells each coroutine around a closed one that it is
    closed too, whatever came of the one inside, so that nesting says nothing about it.
    """
    layers = case.layers
    if ending.how == "close":
        layers = tuple(replace(layer, hooks=_with_calm_done(layer.hooks)) for layer in layers)
    return replace(case, layers=layers, ending=ending)


def _with_calm_done(hooks: Acts) -> Acts:
    acts = tuple(replace(act, does="pass") if act.does == "raise" else act for act in hooks.get("done", ()))
    return hooks | {"done": acts} if acts else hooks


@st.composite
def calm_cases(draw: st.DrawFn) -> Case:
    """A request where nothing raises, no send fails and nobody cancels."""
    kind = draw(_KINDS)
    return deepcopy(Case(draw(CALM_LAYERS), draw(_CALM_STEPS[kind]), draw(_SCOPES[kind]), ServerScript(texts=2)))
