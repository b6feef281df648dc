"""The compiler: what a file of two hundred routes costs at start-up, and what handlers in front of an application cost.

A "request" of the first rows is one compilation, or one parse by the format's own library, which reads no lines and
checks nothing. The handlers stand beside Starlette's own router with the same paths.
"""

import json
import random
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Scope

import toolkit
from bench.drive import ask_asgi, bare, over_asgi
from bench.measure import BARE, OURS, SEED, Case, Clock, Run, Spent, WrongAnswerError
from bench.requests import CROSS_ORIGIN
from toolkit import CORS, stack

GROUP = "config"
ROUTES = 200
PARSER = "parser alone"
ROUTER = "Starlette's Router"

_POLICY = {"use": "cors", "allow_origins": ["https://app.example"], "policies": {"public": {"allow_origins": ["*"]}}}


def routes(count: int) -> list[dict[str, Any]]:
    """So many routes: each third is switched off, each third takes a policy, each third has a method and an option."""
    kinds = (
        lambda number: {"match": f"/off/{number}/**", "cors": False},
        lambda number: {"match": f"/open/{number}/*", "cors": {"policy": "public"}},
        lambda number: {"match": f"POST /slow/{number}", "cors": {"max_age": 60 + number}},
    )
    return [kinds[number % 3](number) for number in range(count)]


def document(count: int) -> dict[str, Any]:
    """A file's sections."""
    return {"middleware": [_POLICY], "route": routes(count)}


def as_toml(data: dict[str, Any]) -> str:
    """The document as somebody would write it; JSON's way of writing text and lists is TOML's too."""
    lines = ["[[middleware]]", *(f"{key} = {json.dumps(_POLICY[key])}" for key in ("use", "allow_origins"))]
    lines += ["[middleware.policies.public]", 'allow_origins = ["*"]']
    for route in data["route"]:
        lines += ["", "[[route]]", f"match = {json.dumps(route['match'])}"]
        change = route["cors"]
        options = change.items() if change else ()
        lines += [f"cors.{name} = {json.dumps(value)}" for name, value in options] or ["cors = false"]
    return "\n".join(lines)


_FORMATS: dict[str, tuple[Callable[[dict[str, Any]], str], Callable[[str], Any]]] = {
    "toml": (as_toml, tomllib.loads),
    "yaml": (yaml.safe_dump, yaml.safe_load),
    "json": (lambda data: json.dumps(data, indent=1), json.loads),
}


def cases(closing: ExitStack) -> Iterator[Case]:
    """Every format, then every number of handlers."""
    folder = Path(closing.enter_context(TemporaryDirectory()))
    data = document(ROUTES)
    for name, (write, parse) in _FORMATS.items():
        file = folder / f"toolkit.{name}"
        file.write_text(write(data))
        yield from _compiling(f"{ROUTES} routes, {name}", file, parse)
    yield _case(f"{ROUTES} routes, mapping", OURS, lambda: toolkit.compile(data), over=None)
    for count in (1, 100, 10_000):
        yield from _dispatching(count)


def _compiling(row: str, file: Path, parse: Callable[[str], Any]) -> Iterator[Case]:
    async def check() -> None:
        found = len(toolkit.compile(file).routes)
        if found != ROUTES:
            raise WrongAnswerError(OURS, row, found)

    yield _case(row, PARSER, lambda: parse(file.read_text()), over=None)
    yield replace(_case(row, OURS, lambda: toolkit.compile(file), over=PARSER), check=check)


def _case(row: str, subject: str, work: Callable[[], object], *, over: str | None) -> Case:
    return Case(GROUP, row, subject, _repeated(work), over=over, chunk=1)


def _repeated(work: Callable[[], object]) -> Run:
    async def run(count: int) -> Spent:
        clock = Clock()
        for _ in range(count):
            work()
        return clock.spent()

    return run


def _dispatching(count: int) -> Iterator[Case]:
    """A path of one handler among so many, drawn at random, behind a CORS layer that leaves it alone or none."""
    row = f"1 of {count:,} handlers"
    paths = [f"/part/{number}/{{name}}" for number in range(count)]
    draw = random.Random(SEED)

    def scopes(wanted: int) -> list[Scope]:
        numbers = [draw.randrange(count) for _ in range(wanted)]
        return [replace(CROSS_ORIGIN, path=f"/part/{number}/x").scope() for number in numbers]

    ours = stack(handlers=dict.fromkeys(paths, _named)).app()
    with_cors = stack(CORS(allow_origins=["*"]), handlers=dict.fromkeys(paths, _named)).app()
    yield Case(GROUP, row, BARE, over_asgi(bare, scopes), over=None)
    yield Case(GROUP, row, OURS, over_asgi(ours, scopes), _checked(row, OURS, ours, scopes))
    yield Case(GROUP, row, "toolkit, and CORS", over_asgi(with_cors, scopes), _checked(row, OURS, with_cors, scopes))
    if count <= 100:  # it asks one route after the other: with ten thousand there is little else to see
        router = Router([Route(path, _Endpoint()) for path in paths])
        yield Case(GROUP, row, ROUTER, over_asgi(router, scopes), _checked(row, ROUTER, router, scopes))


async def _named(scope: Scope, receive: object, send: Callable[[Message], Any]) -> None:
    """The bare application, once it has its parameter."""
    scope["bench.name"] = scope["path_params"]["name"]
    await bare(scope, receive, send)


class _Endpoint:
    """The same, as Starlette tells an application from a function that answers requests."""

    async def __call__(self, scope: Scope, receive: object, send: Callable[[Message], Any]) -> None:
        await _named(scope, receive, send)


def _checked(row: str, subject: str, app: ASGIApp, scopes: Callable[[int], list[Scope]]) -> Callable[[], Any]:
    async def check() -> None:
        [scope] = scopes(1)
        answer = await ask_asgi(app, scope)
        if answer.status != 200 or answer.body == b"":
            raise WrongAnswerError(subject, row, answer)

    return check
