"""Random stacks around random applications do what a nested reference of one layer does, however put together.

`TOOLKIT_EXAMPLES=20` runs twenty times as many examples.
"""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

import toolkit
from tests.engine.comparing import by_hand, compare, nested, same
from tests.engine.recording import Case, Ending, play, recorded, scripted
from tests.engine.routed import Routed, compare_routed, routed
from tests.engine.strategies import calm_cases, cases, stopped

pytestmark = pytest.mark.slow

FACTOR = int(os.environ.get("TOOLKIT_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """As many random examples, none of them timed; some are large. What failed is not explained: that takes minutes."""
    phases = [phase for phase in Phase if phase is not Phase.explain]
    return settings(max_examples=count * FACTOR, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


@examples(700)
@given(case=cases(), cuts=st.integers(0, 31))
def test_every_way_to_put_layers_together_does_what_nesting_them_means(case: Case, cuts: int) -> None:
    compare(toolkit, case, cuts)


@examples(20)
@given(case=cases(), cuts=st.integers(0, 31))
@pytest.mark.parametrize("how", ["task", "scope", "close"])
def test_a_request_may_be_stopped_at_every_tick(how: str, case: Case, cuts: int) -> None:
    for tick in range(1, 13):
        compare(toolkit, stopped(case, Ending(how, tick)), cuts)


@examples(100)
@given(case=cases())
def test_a_layer_may_stand_in_two_places_when_nested_by_hand(case: Case) -> None:
    async def both() -> None:
        layers = recorded(toolkit, case.layers) * 2
        same("twice", case, await play(nested(layers, scripted), case), await play(by_hand(layers, scripted), case))

    asyncio.run(both())


@examples(400)
@given(routed())
def test_the_first_route_that_takes_a_request_decides_about_its_layers(routed: Routed) -> None:
    compare_routed(toolkit, routed)


@examples(200)
@given(case=calm_cases())
@pytest.mark.parametrize("way", ["added", "installed"])
def test_starlette_around_and_inside_changes_nothing_where_nothing_raises(way: str, case: Case) -> None:
    async def both() -> None:
        layers = recorded(toolkit, case.layers)
        found = await play(_starlette(way, layers), case)
        same(way, case, await play(toolkit.stack(*layers)(scripted), case), found)

    asyncio.run(both())


def _starlette(way: str, layers: list[Any]) -> ASGIApp:
    app = Starlette(routes=[Mount("/", app=scripted)])
    if way == "installed":
        toolkit.stack(*layers).install(app)
        return app
    for layer in reversed(layers):
        app.add_middleware(toolkit.middleware(type(layer)))
    return app
