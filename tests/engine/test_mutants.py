"""The property of tests.engine.comparing finds what is wrong: each of these engines breaks one rule and is found out.

A mutant is a small change of one file. Its old text must stand there exactly once: whoever changes that line of the
engine changes the mutant too.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import toolkit
from tests.engine.comparing import compare_fused
from tests.engine.handled import Handled, compare_handled, handled
from tests.engine.handled import stack_of as handled_stack
from tests.engine.recording import Act, Case, LayerScript, ServerScript, Step
from tests.engine.routed import Routed, compare_routed, routed, split, stack_of
from tests.engine.strategies import cases

ENGINE = Path(toolkit.__file__).parent / "engine"
CASES = 600
FOUND = r"differs in|does not end|own message"


class Mutant(NamedTuple):
    """A rule that is broken, and how: in one file, each old text becomes the new one."""

    rule: str
    file: str
    changes: tuple[tuple[str, str], ...]


def mutant(rule: str, file: str, *texts: str) -> Any:
    """A mutant as a parameter: texts are old, new, old, new and so on."""
    return pytest.param(Mutant(rule, file, tuple(zip(texts[::2], texts[1::2], strict=True))), id=rule)


UNWINDING = [
    mutant(
        "error runs though the layer has seen a start",
        "run",
        "place < innermost and not self._seen(place)",
        "place < innermost",
    ),
    mutant("error runs for the layer whose own hook raised", "run", "and place < innermost and", "and"),
    mutant(
        "CancelledError reaches error",
        "run",
        "isinstance(exc, Exception) and place < innermost",
        "exc and place < innermost",
    ),
    mutant("a 5xx is not raised again", "run", "return None if answer.status_code < 500 else exc", "return None"),
    mutant(
        "an answer below 500 does not handle", "run", "return None if answer.status_code < 500 else exc", "return exc"
    ),
    mutant(
        "an error hook that raises does not replace the failure",
        "run",
        "return actual(raised)\n        return None if",
        "return exc\n        return None if",
    ),
    mutant(
        "a done hook that raises does not replace the failure",
        "run",
        "return actual(raised)\n        return exc",
        "return exc\n        return exc",
    ),
    mutant(
        "done runs twice",
        "run",
        "            if done is not None:\n",
        "            for done in (done, done) if done else ():\n",
    ),
    mutant("done is skipped for the layer that answers", "run", "if place <= innermost:", "if place < innermost:"),
    mutant("done runs for layers that were not entered", "run", "if place <= innermost:", "if place < 99:"),
    mutant(
        "done is skipped on cancellation",
        "run",
        "            if done is not None:\n",
        "            if done is not None and isinstance(exc, Exception | None):\n",
    ),
    mutant(
        "done is not told of the failure", "run", "seen = exc or self._handled(place)", "seen = self._handled(place)"
    ),
    mutant("done is not shielded", "steps", "anyio.CancelScope(shield=True)", "anyio.CancelScope()"),
    mutant(
        "done runs from outside in",
        "plan",
        "places = sorted(errors.keys() | dones.keys(), reverse=True)",
        "places = sorted(errors.keys() | dones.keys())",
    ),
]

STARTS = [
    mutant(
        "a second start after a replacement passes",
        "run",
        "        if self._send is dropped:\n            return dropped(message)\n        start =",
        "        start =",
        '        self.status = start["status"]\n        return self._send(start)',
        '        self.status = start["status"]\n        return getattr(self, "_server", self._send)(start)',
    ),
    mutant(
        "what is sent after a replacement passes",
        "run",
        "self._server, self._send = self._send, dropped",
        "self._server = self._send",
    ),
    mutant(
        "a response hook runs again at a second start",
        "run",
        "for hook in self.left:\n            result",
        "for hook in self._plan.responses:\n            result",
    ),
    mutant(
        "a second start passes no layer",
        "run",
        "for hook in self.left:\n            result",
        "for hook in self.left if length_hint(self.left) == len(self._plan.responses) else ():\n            result",
    ),
    mutant(
        "a start's headers are not copied",
        "run",
        'start["headers"] = [*message.get("headers", ())]',
        'start.setdefault("headers", [])',
    ),
    mutant("an answer's headers are not copied", "run", "[*answer.raw_headers]", "answer.raw_headers"),
    mutant("an answer is seen by its own layer", "plan", "if place < i)", "if place <= i)"),
    mutant("an answer is seen by the layers inside", "plan", "if place < i)", ")"),
    mutant(
        "an error's answer is seen by no layer",
        "run",
        "self.left = iter(self._plan.outsides[place])\n        yield from",
        "self.left = iter(())\n        yield from",
    ),
    mutant(
        "a replacement is not seen further out",
        "run",
        "self._drop()\n        yield from",
        "self._drop()\n        self.left = iter(())\n        yield from",
    ),
    mutant("an answer to HEAD has a body", "run", 'b"" if head else bytes(answer.body)', "bytes(answer.body)"),
    mutant("response runs from outside in", "plan", 'self._hooks("response")[::-1]', 'self._hooks("response")'),
]

SOCKETS = [
    mutant(
        "an acceptance is not copied",
        "run",
        'return {**message, "headers": [*message.get("headers", ())]}',
        'message.setdefault("headers", [])\n    return message',
    ),
    mutant(
        "receive runs from inside out",
        "run",
        "for hook in self._plan.receives:",
        "for hook in self._plan.receives[::-1]:",
    ),
    mutant(
        "what is sent after a refused message passes",
        "run",
        "self._drop()\n        await self._server(",
        "self._server = self._send\n        await self._server(",
    ),
    mutant(
        "a refused message reaches the application",
        "run",
        'return await self._close(refusal.code, refusal.reason or "")',
        'await self._close(refusal.code, "")',
    ),
    mutant("error runs after a close", "run", "if self.status is None:\n            self.status = 403", "pass"),
    mutant("every refused handshake is 1008", "run", "in {429, 503}", "in {429}"),
]

ROUTES = [
    mutant("a later route wins", "routes", "sorted(found, key=_place)", "sorted(found, key=_place, reverse=True)"),
    mutant(
        "a preflight may choose a plan that lets it through",
        "wrap",
        "return answering.run if answering.silent else planned.silent or planned.run",
        "return answering.run",
    ),
    mutant("a preflight is answered where its layer is off", "wrap", "planned.silent or planned.run", "planned.run"),
    mutant("a preflight takes the plan of OPTIONS", "wrap", 'if method == "OPTIONS" else', 'if method == "" else'),
    mutant("fusing loses the routes", "wrap", "not inner.routed and ", ""),
    mutant(
        "a mounted application's routes see the whole path",
        "wrap",
        "return known or route_path",
        'return known or (lambda scope: scope["path"])',
    ),
    mutant("routes share a plan", "wrap", "key = tuple(map(id, chosen))", "key = (len(chosen),)"),
]

HANDLERS = [
    mutant("handlers see the whole path", "dispatch", "below = path(scope)", 'below = scope["path"]'),
    mutant("what a template finds is lost", "dispatch", ", **found}", "}"),
    mutant(
        "the scope is not copied",
        "dispatch",
        "{**scope, **entered(scope, template, below)}",
        "scope.update(entered(scope, template, below)) or scope",
    ),
    mutant("nothing is mounted", "dispatch", "if template.rest is not None:", "if False:"),
    mutant(
        "a final newline counts as a part of a parameter",
        "dispatch",
        'path.removesuffix("\\n")',
        "path",
    ),
    mutant("a handler that comes later answers", "dispatch", "in handlers.items()]", "in reversed(handlers.items())]"),
    mutant(
        "a handler's layers come before the routes",
        "assemble",
        "[*routed, *_with_a_say(mounted)]",
        "[*_with_a_say(mounted), *routed]",
    ),
    mutant(
        "a handler's layers count though an earlier handler answers",
        "assemble",
        "return mounted[: max(own, default=-1) + 1]",
        "return [mounted[place] for place in own]",
    ),
    mutant("a handler's layers change nothing", "assemble", "[*routed, *_with_a_say(mounted)]", "routed"),
    mutant("an override of a handler replaces nothing", "overrides", "return layer.replace(**options)", "return layer"),
    mutant("a layer that is off stays on", "overrides", "return layer if change else None", "return layer"),
]


@contextmanager
def _fresh(change: Mutant | None) -> Iterator[ModuleType]:
    """The package imported again with one file changed, beside the package that stays."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "toolkit"}
    finder = _Finder(change)
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module("toolkit")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "toolkit"]:
            del sys.modules[name]
        sys.modules.update(kept)


class _Finder:
    """Finds the changed file of the engine."""

    def __init__(self, change: Mutant | None) -> None:
        self._change = change

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if self._change is None or name != f"toolkit.engine.{self._change.file}":
            return None
        path = str(ENGINE / f"{self._change.file}.py")
        return spec_from_file_location(name, path, loader=_Loader(name, path, _changed(self._change)))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


def _changed(mutant: Mutant) -> str:
    source = (ENGINE / f"{mutant.file}.py").read_text()
    for old, new in mutant.changes:
        assert source.count(old) == 1, (
            f"{mutant.file}.py has {old!r} {source.count(old)} times: bring the mutant up to date"
        )
        source = source.replace(old, new)
    return source


HANDLED = Case(
    layers=(
        LayerScript(hooks={"done": (Act(does="tag"),)}),
        LayerScript(hooks={"error": (Act(does="answer", what=200),)}),
    ),
    steps=(Step(does="raise", what="failure"),),
    scope={"type": "http", "method": "GET"},
    server=ServerScript(texts=1),
)
"""An answer below 500 to a failure. Rare among what is drawn, which depends on the modules that are loaded."""


@cache
def _corpus(kind: str) -> tuple[Case, ...]:
    return (*_drawn(cases(kinds=st.just(kind))), *([HANDLED] if kind == "http" else []))


@cache
def _routed_corpus() -> tuple[Routed, ...]:
    def possible(example: Routed) -> object:
        return stack_of(toolkit, example, split(toolkit, example)[1])

    return tuple(_drawn(routed(), possible))


@cache
def _handled_corpus() -> tuple[Handled, ...]:
    return tuple(_drawn(handled(), lambda example: handled_stack(toolkit, example, [])))


def _drawn(strategy: st.SearchStrategy[Any], accept: Callable[[Any], object] = id) -> list[Any]:
    """The same examples at each run, for a mutant has to be found every time."""
    found: list[Any] = []

    def draw(example: Any) -> None:
        accept(example)
        found.append(example)

    fixed = settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    fixed(given(strategy)(draw))()
    return found


def _compare_all(engine: ModuleType, kind: str) -> None:
    for case in _corpus(kind):
        compare_fused(engine, deepcopy(case))


def _compare_all_routed(engine: ModuleType) -> None:
    for example in _routed_corpus():
        compare_routed(engine, deepcopy(example))


def _compare_all_handled(engine: ModuleType, examples: Iterable[Handled]) -> None:
    for example in examples:
        compare_handled(engine, example)


def test_the_engine_itself_is_not_found_out() -> None:
    examples = _handled_corpus()
    with _fresh(None) as engine:
        assert engine is not toolkit
        _compare_all(engine, "http")
        _compare_all(engine, "websocket")
        _compare_all_routed(engine)
        _compare_all_handled(engine, examples)


@pytest.mark.parametrize("mutant", [*UNWINDING, *STARTS])
def test_a_mutant_is_found_out(mutant: Mutant) -> None:
    with _fresh(mutant) as engine, pytest.raises(AssertionError, match=FOUND):
        _compare_all(engine, "http")


@pytest.mark.parametrize("mutant", SOCKETS)
def test_a_mutant_of_the_sockets_is_found_out(mutant: Mutant) -> None:
    with _fresh(mutant) as engine, pytest.raises(AssertionError, match=FOUND):
        _compare_all(engine, "websocket")


@pytest.mark.parametrize("mutant", ROUTES)
def test_a_mutant_of_the_routes_is_found_out(mutant: Mutant) -> None:
    with _fresh(mutant) as engine, pytest.raises(AssertionError, match=FOUND):
        _compare_all_routed(engine)


@pytest.mark.parametrize("mutant", HANDLERS)
def test_a_mutant_of_the_handlers_is_found_out(mutant: Mutant) -> None:
    examples = _handled_corpus()  # drawn with the engine as it is
    with _fresh(mutant) as engine, pytest.raises(AssertionError, match=FOUND):
        _compare_all_handled(engine, examples)
