"""Random layers around random WSGI applications: fused and nested, they do what the one-layer reference does nested."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from tests.engine import wsgi_reference
from tests.engine.recording import Failure, Halt
from tests.engine.wsgi import environ_of
from toolkit import Layer, stack

Journal = list[tuple[Any, ...]]
Steps = list[tuple[str, Any]]


@dataclass(frozen=True)
class Script:
    """What an application does: steps when called, steps when iterated, and how it closes; what the client takes."""

    called: Steps
    iterated: Steps
    closing: str
    listed: bool
    most: int


class Recording(Layer):
    """Does in each hook what `acts` says, by turns, and writes that down."""

    acts: Any
    journal: Any
    waits: bool = False

    def request(self, exchange: Any) -> Any:
        return self._act("request", None)

    def response(self, exchange: Any, start: Any) -> Any:
        seen = (start["status"], tuple(start["headers"]))
        start["headers"].append((b"x-by", self.label.encode()))
        return self._act("response", seen)

    def error(self, exchange: Any, exc: Exception) -> Any:
        return self._act("error", said(exc))

    def done(self, exchange: Any, exc: BaseException | None) -> Any:
        return self._act("done", said(exc))

    def _act(self, hook: str, detail: Any) -> Any:
        self.journal.append((f"{self.label}.{hook}", detail))
        return self._later(hook) if self.waits else self._now(hook)

    def _now(self, hook: str) -> Any:
        by, does = f"{self.label}.{hook}", self.acts.get(hook)
        if does in {"Failure", "Halt"}:
            raise {"Failure": Failure, "Halt": Halt}[does](f"by {by}")
        if does == "junk":
            return StreamingResponse(iter(()))
        return None if does is None else Response(f"{by} {does}", does, {"x-answer": by})

    async def _later(self, hook: str) -> Any:
        return self._now(hook)


def said(exc: BaseException | None) -> str:
    if exc is None or isinstance(exc, Failure | Halt):
        return repr(exc)
    return type(exc).__name__ if not isinstance(exc, AssertionError | RuntimeError) else "a protocol error"


# ---- one run


def application(script: Script, journal: Journal) -> WSGIApplication:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        journal.append(("app",))
        take(script.called, start_response, journal)
        if script.listed:
            return [what for does, what in script.iterated if does == "chunk"]
        return Iterated(script, start_response, journal)

    return app


class Iterated(Iterator[bytes]):
    def __init__(self, script: Script, start: StartResponse, journal: Journal) -> None:
        self.script, self.start, self.journal = script, start, journal
        self.left = list(script.iterated)

    def __next__(self) -> bytes:
        while self.left:
            does, what = self.left.pop(0)
            self.journal.append(("app is asked", does))
            if does == "chunk":
                return what  # type: ignore[no-any-return]
            take([(does, what)], self.start, self.journal)
        raise StopIteration

    def close(self) -> None:
        self.journal.append(("app is closed",))
        if self.script.closing != "well":
            raise Failure("by close")


def take(steps: Steps, start: Any, journal: Journal) -> None:
    write: Any = None
    for does, what in steps:
        if does == "start":
            write = start(f"{what} Same", [("X-App", "1")])
        elif does == "restart":
            restart(what, start)
        elif does == "write" and write is not None:
            write(what)
        elif does == "raise":
            raise {"Failure": Failure, "Halt": Halt}[what]("by app")


def restart(status: int, start: Any) -> None:
    try:
        raise Failure("before a restart")
    except Failure:
        start(f"{status} Same", [("X-App", "2")], sys.exc_info())


def play(app: WSGIApplication, script: Script, journal: Journal) -> Journal:
    """What happens, in order, seen from the layers, the application and the server."""
    taken = 0

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        if exc_info is not None and taken:
            raise exc_info[1]
        assert exc_info is not None or not any(event[0] == "started" for event in journal), "started twice"
        journal.append(("started", status[:3], [(name.lower(), value) for name, value in headers]))
        return chunk_taken

    def chunk_taken(chunk: bytes) -> None:
        nonlocal taken
        taken += 1
        journal.append(("sent", chunk))

    iterable: Any = None
    try:
        iterable = app(environ_of(), start_response)
        for _, chunk in zip(range(script.most), filter(None, iterable), strict=False):
            chunk_taken(chunk)
    except BaseException as exc:
        journal.append(("raised", said(exc)))
    try:
        getattr(iterable, "close", lambda: None)()
    except BaseException as exc:
        journal.append(("raised by close", said(exc)))
    return journal


# ---- random cases

ANSWERS: list[Any] = [200, 404, 500, 503]
QUIET: list[Any] = [None] * 6
ACTS = st.fixed_dictionaries(
    {
        "request": st.sampled_from(QUIET * 3 + [*ANSWERS, "Failure", "Halt", "junk"]),
        "response": st.sampled_from([*QUIET, *ANSWERS, "Failure", "Failure", "Halt", "junk"]),
        "error": st.sampled_from([*QUIET, *ANSWERS, *ANSWERS, "Failure", "Halt", "junk"]),
        "done": st.sampled_from([*QUIET, *QUIET, "Failure", "Halt"]),
    }
)
STATUSES = st.sampled_from([200, 404, 500])
CHUNKS = st.sampled_from([b"", b"a", b"bc"])
RAISES = st.tuples(st.just("raise"), st.sampled_from(["Failure", "Failure", "Halt"]))
CALLED = st.lists(
    st.one_of(
        st.tuples(st.just("start"), STATUSES),
        st.tuples(st.just("start"), STATUSES),
        st.tuples(st.just("restart"), STATUSES),
        st.tuples(st.just("write"), CHUNKS),
        RAISES,
    ),
    max_size=3,
)
ITERATED = st.lists(
    st.one_of(
        st.tuples(st.just("chunk"), CHUNKS),
        st.tuples(st.just("chunk"), CHUNKS),
        st.tuples(st.sampled_from(["start", "restart"]), STATUSES),
        RAISES,
    ),
    max_size=5,
)
SCRIPTS = st.builds(
    Script,
    st.one_of(st.just([("start", 200)]), st.just([("start", 200), ("write", b"a")]), CALLED),
    ITERATED,
    st.sampled_from(["well", "well", "well", "badly"]),
    st.booleans(),
    st.sampled_from([0, 1, 2, 9]),
)


def recorded(acts: list[dict[str, Any]], journal: Journal, waits: bool = False) -> list[Recording]:
    return [Recording(name=f"l{place}", acts=act, journal=journal, waits=waits) for place, act in enumerate(acts)]


def expected(acts: list[dict[str, Any]], script: Script) -> Journal:
    journal: Journal = []
    layers = recorded(acts, journal)
    app = reduce(lambda inner, layer: wsgi_reference.one(layer, inner), reversed(layers), application(script, journal))
    return play(app, script, journal)


@settings(max_examples=400)
@given(st.lists(ACTS, max_size=4), SCRIPTS, st.integers(0, 4))
def test_a_stack_is_its_layers_nested(acts: list[dict[str, Any]], script: Script, cut: int) -> None:
    meant = expected(acts, script)
    journal: Journal = []
    layers, app = recorded(acts, journal), application(script, journal)
    fused = stack(*layers).wsgi(app)
    assert play(fused, script, journal) == meant

    del journal[:]
    inner = stack(*layers[cut:]).wsgi(app)

    def apart(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return inner(environ, start_response)

    assert play(stack(*layers[:cut]).wsgi(apart), script, journal) == meant


@settings(max_examples=40)
@given(st.lists(ACTS, min_size=1, max_size=3), SCRIPTS)
def test_hooks_that_wait_change_nothing(acts: list[dict[str, Any]], script: Script) -> None:
    journal: Journal = []
    wrapped: Any = stack(*recorded(acts, journal, waits=True)).wsgi(application(script, journal))
    try:
        assert play(wrapped, script, journal) == expected(acts, script)
    finally:
        wrapped.close()


@pytest.mark.parametrize("hook", ["request", "response", "error", "done"])
def test_the_comparison_notices_a_hook_that_is_left_out(hook: str) -> None:
    script = Script(
        [("raise", "Failure")] if hook == "error" else [("start", 200)], [("chunk", b"a")], "well", False, 9
    )
    quiet = dict.fromkeys(["request", "response", "error", "done"])
    meant = expected([quiet], script)
    journal: Journal = []
    layer = type("Without", (Recording,), {hook: getattr(Layer, hook)})(name="l0", acts=quiet, journal=journal)
    assert play(layer.wsgi(application(script, journal)), script, journal) != meant
