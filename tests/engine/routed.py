"""Random stacks with routes, and a naive way to find the layers of a request."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from tests.engine.comparing import by_hand, nested, same
from tests.engine.recording import Case, Ending, LayerScript, play, recorded, scripted
from tests.engine.strategies import HOOKS, LAYERS, cases, stopped

KEYS = ("POST /a", "GET /a", "OPTIONS /a", "/a", "GET,POST /a/b", "/a/*", "/*/b", "/a/**", "DELETE /**", "/**/b", "/**")
# The path of a scope, its root_path, and the path below it.
PATHS = (
    *[("/a", "", "/a")] * 4,
    ("/a/b", "", "/a/b"),
    ("/c/b", "", "/c/b"),
    ("/b", "", "/b"),
    ("/mnt/a", "/mnt", "/a"),
    ("/mnt/a/b", "/mnt", "/a/b"),
    ("/mnt/c/b", "/mnt", "/c/b"),
    ("/mnt", "/mnt", ""),
    ("/mnta", "/mnt", "/mnta"),
    ("/a/", "", "/a/"),
    ("/a/b/c/b", "", "/a/b/c/b"),
    ("//a", "", "//a"),
    ("/a/../b", "", "/a/../b"),
    ("/a\\b", "", "/a\\b"),
)
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
CHANGES = ("off", "on", "options", "layer")
ORIGIN = (b"origin", b"https://app.example")


@dataclass(frozen=True)
class Routed:
    """A case of a stack with routes: each a key, and what it changes about the layers by label.

    As many of the first layers as `outside` says stand outside the stack, put there by hand, and of the last inside it.
    """

    case: Case
    below: str
    routes: tuple[tuple[str, dict[str, str]], ...]
    outside: int
    inside: int


@st.composite
def routed(draw: st.DrawFn) -> Routed:
    """A request to a stack with routes."""
    path, root, below = draw(st.sampled_from(PATHS))
    layers, outside, inside = draw(LAYERS), draw(st.integers(0, 1)), draw(st.integers(0, 1))
    preflights = draw(st.sampled_from((0, 1, 0, 1, 2, 4)))  # one layer of a stack may answer them
    layers = tuple(
        LayerScript(layer.hooks, {"b": draw(HOOKS)}, place == preflights, layer.methods)
        for place, layer in enumerate(layers)
    )
    case = draw(cases(st.just(layers)))
    if case.ending.how == "close":
        case = stopped(case, Ending())
    scope = {**case.scope, "path": path, "root_path": root}
    if scope["type"] == "http":
        announced = draw(st.sampled_from(("POST", "GET", "", *METHODS)))
        asked = (b"access-control-request-method", announced.encode())
        method = draw(st.sampled_from((*["OPTIONS"] * 5, *METHODS)))
        scope |= {"method": method, "headers": [ORIGIN, asked] if announced else [ORIGIN]}
    labels = [f"l{place}" for place in range(len(layers))][outside : len(layers) - inside]
    changes = st.dictionaries(st.sampled_from(labels), st.sampled_from(CHANGES), min_size=1) if labels else st.just({})
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=2, max_size=4))
    return Routed(replace(case, scope=scope), below, tuple((key, draw(changes)) for key in keys), outside, inside)


def chosen(routed: Routed, layers: Sequence[Any]) -> list[Any]:
    """The layers of the request, found by trying each route in order."""
    scope = routed.case.scope
    method, headers = scope.get("method", "GET"), dict(scope.get("headers", ()))
    announced = headers.get(b"access-control-request-method", b"").decode()
    if method == "OPTIONS" and announced:
        found = _first(routed, layers, announced)
        if any(layer.answers_preflights for layer in found):
            return found
        return [layer for layer in _first(routed, layers, method) if not layer.answers_preflights]
    return _first(routed, layers, method)


def _first(routed: Routed, layers: Sequence[Any], method: str) -> list[Any]:
    changes = next((changes for key, changes in routed.routes if _takes(key, method, routed.below)), {})
    kept = [layer for layer in layers if changes.get(layer.kind) != "off"]
    return [type(layer)(variant="b") if changes.get(layer.kind) in {"options", "layer"} else layer for layer in kept]


def _takes(key: str, method: str, path: str) -> bool:
    methods, _, pattern = key.rpartition(" ")
    if methods and method.replace("HEAD", "GET") not in methods.split(","):
        return False
    if "//" in path or "\\" in path or {".", ".."} & set(path.split("/")):
        return False
    parts = {"**": "(?:/[^/]*)*", "*": "/[^/]+"}
    wanted = "".join(parts.get(segment, f"/{re.escape(segment)}") for segment in pattern.split("/")[1:])
    return re.fullmatch(wanted, path) is not None


def stack_of(engine: ModuleType, routed: Routed, layers: Sequence[Any]) -> Any:
    """The stack as a user writes it; not a case where a route hides another."""
    known = {layer.kind: layer for layer in layers}
    routes = {key: _written(known, changes) for key, changes in routed.routes}
    try:
        return engine.stack(*layers, routes=routes)
    except engine.ConfigError as error:
        if all("never matches" in problem.reason for problem in error.problems):
            reject()
        raise


def _written(known: dict[str, Any], changes: dict[str, str]) -> Any:
    """What changes on a route: a list if all changes are layers, else by label."""
    forms: dict[str, Any] = {"off": False, "on": True, "options": {"variant": "b"}}
    written = {label: forms.get(change) or _variant(known[label], change) for label, change in changes.items()}
    return list(written.values()) if changes and set(changes.values()) == {"layer"} else written


def _variant(layer: Any, change: str) -> Any:
    return type(layer)(variant="b") if change == "layer" else False


def split(engine: ModuleType, routed: Routed) -> tuple[list[Any], list[Any], list[Any]]:
    """The layers outside the stack, in it, and inside it."""
    layers, inner = recorded(engine, routed.case.layers), len(routed.case.layers) - routed.inside
    outer = min(routed.outside, max(inner, 0))
    return layers[:outer], layers[outer : max(inner, outer)], layers[max(inner, outer) :]


def compare_routed(engine: ModuleType, routed: Routed) -> None:
    """Raises AssertionError with both journals where the stack does not do what the layers of the route do."""
    asyncio.run(_compare_routed(engine, routed))


async def _compare_routed(engine: ModuleType, routed: Routed) -> None:
    outer, layers, inner = split(engine, routed)
    around = by_hand(outer, stack_of(engine, routed, layers)(by_hand(inner, scripted)))
    expected = nested([*outer, *chosen(routed, layers), *inner], scripted)
    same(f"{routed.routes}", routed.case, await play(expected, routed.case), await play(around, routed.case))
