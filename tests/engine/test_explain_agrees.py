"""What `explain` tells of which layers run is what the engine does: held to by random stacks that are really run."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from starlette.middleware import Middleware

from tests.engine.explaining import files
from tests.engine.routed import KEYS
from toolkit import CORS, ConfigError, Exchange, Layer, Stack, stack
from toolkit.engine.handler import Mounted

PATHS = (*("/a",) * 6, "/a/b", "/b", "/c/b", "/a/", "//a", "/a/../b", "/a%5Cb", "/a%0A", "/A")
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "options", "OPTIONS", "OPTIONS")
ORIGINS = ("https://app.example", "https://app.example", "https://evil.example", "null", None)
ASKED = (None, "GET", "POST", "DELETE", "OPTIONS", "post")
TEMPLATES = ("/a", "/a/{x}", "/{x:path}")


class Seen(Layer):
    """Enters in the scope that it was called, and with which option."""

    mark: int = 0

    def request(self, exchange: Exchange) -> None:
        exchange.scope["seen"].append((self.label, self.mark))


class Foreign:
    """Middleware from elsewhere, which parts the layers around it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    """Layers and foreign middleware, perhaps CORS among them, with routes and handlers that change them."""
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    elements: list[Any] = [Seen(name=name) for name in names]
    if draw(st.integers(0, 3)):
        elements.insert(draw(st.integers(0, len(elements))), CORS(allow_origins=["https://app.example"]))
    for _ in range(draw(st.integers(0, 2))):
        elements.insert(draw(st.integers(0, len(elements))), Middleware(Foreign))
    labels = [element.label for element in elements if isinstance(element, Layer)]
    changes = st.dictionaries(
        st.sampled_from(labels), st.booleans() | st.builds(mark, st.integers(1, 9)), min_size=1, max_size=4
    )
    routes = draw(st.dictionaries(st.sampled_from(KEYS), changes, max_size=5))
    mounted = st.builds(Mounted, st.just(files), changes) | st.just(files)
    handlers = draw(st.dictionaries(st.sampled_from(TEMPLATES), mounted, max_size=2))
    return made(elements, routes, handlers)


def mark(number: int) -> dict[str, int]:
    return {"mark": number}


def made(elements: Sequence[Any], routes: Any, handlers: Any) -> Stack:
    """The stack, unless the engine refuses it: routes that never match, options that CORS has not."""
    try:
        return stack(*elements, routes=routes, handlers=handlers)
    except ConfigError:
        assume(False)
        raise


@settings(max_examples=200)
@given(
    stacks(),
    st.sampled_from(METHODS),
    st.sampled_from(PATHS),
    st.booleans(),
    st.fixed_dictionaries(
        {"origin": st.sampled_from(ORIGINS), "access-control-request-method": st.sampled_from(ASKED)}
    ),
)
def test_the_layers_that_are_told_to_run_are_those_that_run(
    wrapping: Stack, method: str, path: str, websocket: bool, named: dict[str, str | None]
) -> None:
    headers = {name: value for name, value in named.items() if value is not None}
    websocket = websocket and method == "GET"
    told = wrapping.explain(method, path, headers, websocket=websocket)
    expected = [
        (element.label, marked(element))
        for element in told.elements
        if element.reached and element.state in {"on", "changed"} and element.kind == "seen"
    ]

    seen, answered_by_app = asyncio.run(ran(wrapping, told.request.scope))

    assert seen == expected
    assert answered_by_app == (told.answer.by == "application")


def marked(element: Any) -> int:
    return next((setting.value for setting in element.settings if setting.name == "mark"), 0)


async def ran(wrapping: Stack, scope: Any) -> tuple[list[Any], bool]:
    """What the layers entered when the stack really runs, and whether the application was called."""
    called = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        called.append(scope)

    async def receive() -> Any:
        return {"type": "websocket.connect" if scope["type"] == "websocket" else "http.request"}

    async def send(message: Any) -> None: ...

    seen: list[Any] = []
    scope["seen"] = seen
    scope["extensions"] = {"websocket.http.response": {}}
    await wrapping(app)(scope, receive, send)
    return seen, bool(called)
