"""The property that holds the engine: whatever way layers are put together, they do what nesting the reference does."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.engine.recording import Case, Journal, play, recorded, scripted
from tests.engine.reference import one


def nested(layers: Sequence[Any], app: ASGIApp) -> ASGIApp:
    """What a stack means."""
    for layer in reversed(layers):
        app = one(layer, app)
    return app


def by_hand(layers: Sequence[Any], app: ASGIApp) -> ASGIApp:
    """Each layer around the next: they fuse."""
    for layer in reversed(layers):
        app = layer(app)
    return app


def cut(layers: Sequence[Any], app: ASGIApp, cuts: int) -> ASGIApp:
    """Each layer around the next, with a plain function inside those whose bit is set; the bit after is outermost."""
    for place, layer in reversed(list(enumerate(layers))):
        app = layer(_plain(app) if cuts >> place & 1 else app)
    return _plain(app) if cuts >> len(layers) & 1 else app


def _plain(inner: ASGIApp) -> ASGIApp:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(scope, receive, send)

    return plain


def ways(engine: ModuleType, layers: Sequence[Any], cuts: int) -> Iterator[tuple[str, ASGIApp]]:
    """Every way to put layers around the scripted application. `cuts` says where some are cut."""
    stack, half = engine.stack, cuts % (len(layers) + 1)
    yield "nested by hand", by_hand(layers, scripted)
    yield f"cut at {cuts:b}", cut(layers, scripted, cuts)
    yield "cut everywhere", cut(layers, scripted, -1)
    yield f"a stack of {half} around a stack", stack(*layers[:half])(stack(*layers[half:])(scripted))
    yield f"a stack with a stack of {half}", stack(stack(*layers[:half]), *layers[half:])(scripted)
    yield "fused", stack(*layers)(scripted)


def compare(engine: ModuleType, case: Case, cuts: int) -> None:
    """Raises AssertionError with both journals where one way differs from the reference."""
    asyncio.run(_compare(engine, case, lambda layers: ways(engine, layers, cuts)))


def compare_fused(engine: ModuleType, case: Case) -> None:
    """The same for two requests to one stack."""
    asyncio.run(_compare(engine, case, lambda layers: [("fused", engine.stack(*layers)(scripted))] * 2))


async def _compare(engine: ModuleType, case: Case, ways: Callable[[list[Any]], Iterable[tuple[str, ASGIApp]]]) -> None:
    layers, before = recorded(engine, case.layers), repr(case)
    expected = await play(nested(layers, scripted), case)
    for way, app in ways(layers):
        same(way, case, expected, await play(app, case))
    for journal in await asyncio.gather(play(app, case), play(app, case)):
        same(f"{way}, two at once", case, expected, journal)
    assert repr(case) == before, f"an application's own message was changed:\n{before}\n{case}"


def same(way: str, case: Case, expected: Journal, found: Journal) -> None:
    """Raises AssertionError where two journals differ, and shows where."""
    if found != expected:
        raise AssertionError(f"{way} differs in {case}\n{_side_by_side(expected, found)}")


def _side_by_side(expected: Journal, found: Journal) -> str:
    common = next((place for place, pair in enumerate(zip(expected, found, strict=False)) if pair[0] != pair[1]), None)
    agreed = min(len(expected), len(found)) if common is None else common
    lines = [f"  both      {entry}" for entry in expected[:agreed]]
    lines += [f"  expected  {entry}" for entry in expected[agreed:]]
    lines += [f"  found     {entry}" for entry in found[agreed:]]
    return "\n".join(lines)
