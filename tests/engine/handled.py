"""Random stacks with handlers, and a naive way to find who answers a request inside which layers."""

import asyncio
import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.engine.asgi import http_scope as scope_of
from tests.engine.asgi import run
from tests.engine.routed import KEYS, METHODS, PATHS, _takes
from toolkit.engine.exchange import route_path

TEMPLATES = ("/a", "/{x}", "/a/{x}", "/{x}/b", "/a/{n:int}", "/a/{p:path}", "/{p:path}", "/b", "/{p:path}/b")
CHANGES = ("off", "options", "on")
NUMBERED = (*PATHS, ("/a/5", "", "/a/5"), ("/mnt/a/5", "/mnt", "/a/5"), *[("/a/c\n", "", "/a/c\n")] * 4)


@dataclass(frozen=True)
class Handled:
    """A request to a stack: what each route changes about its layer, and each handler that has layers of its own."""

    method: str
    path: tuple[str, str, str]
    routes: tuple[tuple[str, str], ...]
    handlers: tuple[tuple[str, str | None], ...]


@st.composite
def handled(draw: st.DrawFn) -> Handled:
    """A request to a stack with handlers."""
    routes = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=2))
    templates = draw(st.lists(st.sampled_from(TEMPLATES), unique=True, min_size=1, max_size=4))
    changes = st.sampled_from(CHANGES)
    return Handled(
        draw(st.sampled_from(METHODS)),
        draw(st.sampled_from(NUMBERED)),
        tuple((key, draw(changes)) for key in routes),
        tuple((template, draw(changes | st.none())) for template in templates),
    )


def expected(example: Handled) -> tuple[str, str, dict[str, Any], str]:
    """What the layer is, who answers, with which parameters and which path: found by trying each in order."""
    method, below = example.method, example.path[2]
    who, params = next(
        ((text, found) for text, _ in example.handlers if (found := _found(text, below)) is not None), ("app", {})
    )
    change = next((change for key, change in example.routes if _takes(key, method, below.removesuffix("\n"))), None)
    own = change or dict(example.handlers).get(who)
    path = f"/{params['p']}" if who.endswith("/{p:path}") else below.removesuffix("\n")
    return {"off": "off", "options": "b"}.get(own or "on", "a"), who, params, path


def _found(template: str, path: str) -> dict[str, Any] | None:
    if "//" in path or "\\" in path or {".", ".."} & set(path.split("/")):
        return None
    regex, _, convertors = compile_path(template)
    match = regex.match(path.removesuffix("\n"))
    return match and {name: convertors[name].convert(text) for name, text in match.groupdict().items()}


def stack_of(engine: ModuleType, example: Handled, seen: list[Any]) -> Any:
    """The stack as a user writes it; not a case where one handler or route hides another."""
    mounted = importlib.import_module("toolkit.engine.handler").Mounted

    class Tag(engine.Layer):  # type: ignore[misc, name-defined]
        variant: str = "a"

        def request(self, exchange: Any) -> None:
            seen.append(self.variant)

    forms: dict[str, Any] = {"off": {"tag": False}, "options": {"tag": {"variant": "b"}}, "on": {"tag": True}}
    handlers = {
        text: _telling(text, seen) if change is None else mounted(_telling(text, seen), forms[change])
        for text, change in example.handlers
    }
    try:
        return engine.stack(Tag(), routes={key: forms[change] for key, change in example.routes}, handlers=handlers)
    except engine.ConfigError as error:
        if all("never" in problem.reason for problem in error.problems):
            reject()
        raise


def _telling(name: str, seen: list[Any]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([name, scope.get("path_params", {}), route_path(scope).removesuffix("\n")])
        await PlainTextResponse(name)(scope, receive, send)

    return app


def compare_handled(engine: ModuleType, example: Handled) -> None:
    """Raises AssertionError where another answers than should, or inside other layers."""
    seen: list[Any] = []
    app = stack_of(engine, example, seen)(_telling("app", seen))
    layer, who, *told = expected(example)
    wanted = [*([] if layer == "off" else [layer]), who, *told]
    path, root, _ = example.path
    scope = scope_of(example.method, path, root_path=root)
    for _ in range(2):  # the second is remembered
        seen.clear()
        outcome = asyncio.run(run(app, scope))
        assert seen == wanted, f"it differs in {example}:\n  expected {wanted}\n  found    {seen}"
        assert outcome.body == who.encode(), f"the answer differs in {example}: {outcome}"
        assert "path_params" not in scope, f"the scope differs in {example}: it is another's"
