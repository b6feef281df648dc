"""Whatever is wrong with a configuration, each mistake is one problem, on its line, however many there are."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolkit
from toolkit import ConfigError

BROKEN = Path(__file__).parent / "broken"


@pytest.fixture(scope="module", autouse=True)
def modules() -> Iterator[None]:
    sys.path.insert(0, str(BROKEN))
    yield
    sys.path.remove(str(BROKEN))
    for name in [name for name in sys.modules if name.startswith("broken_")]:
        del sys.modules[name]


class Mistake(NamedTuple):
    """Line `at` of a block is written so, or left out; the problem is told on line `told`.

    Where `last`, it is told only if nothing else is wrong.
    """

    at: int
    written: str | None
    told: int
    last: bool = False


class Block(NamedTuple):
    """A table of a file, and the mistakes that may be made in it. `{n}` is its number."""

    lines: Sequence[str]
    mistakes: Sequence[Mistake]


def wrong(at: int, written: str) -> Mistake:
    return Mistake(at, written, at)


CORS = Block(
    ["[[middleware]]", 'use = "cors"', 'allow_origins = ["https://a.example"]', "max_age = 60",
     "allow_credentials = true"],
    [
        wrong(1, 'use = "corz"'),
        wrong(1, 'use = "${KIND}"'),
        wrong(1, "use = 5"),
        Mistake(1, None, 0),
        wrong(2, 'alow_origins = ["https://a.example"]'),
        wrong(2, 'allow_origins = "https://a.example"'),
        wrong(2, 'allow_origins = ["https://a.example", "a.example"]'),
        wrong(2, 'allow_origins = ["${UNSET}"]'),
        wrong(2, 'allow_origins = ["http://a.example"]'),
        wrong(2, 'allow_origins = ["*"]'),
        wrong(3, "max_age = -1"),
        wrong(3, 'max_age = "${UNSET}"'),
        wrong(3, 'max_age = "${PLACE}"'),
        wrong(4, "allow_credential = true"),
        wrong(4, 'allow_credentials = "true"'),
    ],
)  # fmt: skip
MIDDLEWARE = [
    Block(
        ["[[middleware]]", 'use = "broken_parts:Session"', 'name = "session{n}"', 'store = "memory:"'],
        [
            wrong(1, 'use = "broken_parts:Sesion"'),
            wrong(1, 'use = "broken_raising:Session"'),
            wrong(2, "name = {n}"),
            wrong(3, 'store = "main{n}"'),
            wrong(3, 'stor = "memory:"'),
        ],
    ),
    Block(
        ["[[middleware]]", 'use = "broken_parts:Login"', 'name = "login{n}"', 'secret = "x"', "tries = 4"],
        [
            wrong(1, 'use = "respond"'),
            wrong(3, "secret = 5"),
            wrong(3, 'secrt = "x"'),
            wrong(3, 'secret = "${UNSET}"'),
            Mistake(3, None, 0),
            wrong(4, "tries = 4.5"),
            wrong(4, "trials = 4"),
        ],
    ),
    Block(
        ["[[middleware]]", 'use = "broken_parts:Shout"', "volume = 11"],
        [
            wrong(1, 'use = "nowhere.at.all:Shout"'),
            wrong(1, 'use = "broken_parts:Shut"'),
            wrong(2, "volum = 11"),
            wrong(2, 'volume = "${UNSET}"'),
            Mistake(2, None, 0),
        ],
    ),
]  # fmt: skip
OTHERS = [
    Block(
        ["[[route]]", 'match = "GET /route{n}/*"', "cors.max_age = {n}", "cors.conflict = 'keep'"],
        [
            wrong(1, 'match = "get /route{n}/*"'),
            wrong(1, 'match = "route{n}"'),
            wrong(1, 'match = "/route{n}/**/**"'),
            wrong(1, 'math = "/route{n}"'),
            wrong(1, "match = 5"),
            Mistake(1, None, 0),
            wrong(2, "cors.max_age = -1"),
            wrong(2, "cors.max_agee = 5"),
            wrong(2, 'cors.max_age = "${UNSET}"'),
            wrong(2, "crs.max_age = 5"),
        ],
    ),
    Block(
        ["[[handler]]", 'path = "/moved{n}/{slug}"', 'use = "redirect"', 'to = "/new/{slug}"', "status = 308"],
        [
            wrong(1, 'path = "moved{n}/{slug}"'),
            wrong(1, 'path = "/moved{n}/{slug:strr}"'),
            wrong(1, 'pth = "/moved{n}/{slug}"'),
            wrong(2, 'use = "redirekt"'),
            wrong(2, 'use = "cors"'),
            Mistake(2, None, 0),
            wrong(3, 'to = "/new/{slog}"'),
            wrong(3, 'too = "/new/{slug}"'),
            wrong(4, "status = 200"),
            wrong(4, "statuss = 301"),
        ],
    ),
    Block(
        ["[[handler]]", 'path = "/listed{n}"', 'use = "broken_parts:answering"', 'items = ["a"]'],
        [
            wrong(2, 'use = "broken_parts:answerin"'),
            Mistake(2, 'use = "broken_parts:listing"', 2, last=True),
            Mistake(2, 'use = "broken_parts:failing"', 2, last=True),
            wrong(3, 'itms = ["a"]'),
            wrong(3, 'items = ["${UNSET}"]'),
            Mistake(3, None, 0),
        ],
    ),
    Block(
        ["[[handler]]", 'path = "/said{n}"', 'use = "respond"', "layers.cors = false"],
        [wrong(3, "layers.crs = false"), wrong(3, "layers = 5"), wrong(3, "layers.cors.max_age = -1")],
    ),
    Block(
        ["[[route]]", 'match = "/off{n}"', "cors = false"],
        [wrong(2, "c0rs = false"), wrong(2, 'cors = "${UNSET}"'), Mistake(1, None, 0)],
    ),
]  # fmt: skip
"""Any number of these may follow the middleware."""


class Planted(NamedTuple):
    text: str
    lines: list[int]


@st.composite
def files(draw: st.DrawFn) -> Planted:
    """A file of blocks, each with one mistake or none, and the lines that problems must be on."""
    middle = draw(st.lists(st.sampled_from(MIDDLEWARE), max_size=4))
    others = draw(st.lists(st.sampled_from(OTHERS), max_size=6))
    lines = ['provides = ["session"]']
    told: dict[bool, list[int]] = {False: [], True: []}
    for number, block in enumerate([CORS, *middle, *others], start=1):
        mistake = draw(st.none() | st.sampled_from(block.mistakes))
        rows = list(block.lines)
        if mistake is not None:
            told[mistake.last].append(len(lines) + 1 + mistake.told)
            rows[mistake.at : mistake.at + 1] = [] if mistake.written is None else [mistake.written]
        rows = [row.replace("{n}", str(number)) for row in rows]
        lines += rows
    return Planted("\n".join(lines) + "\n", told[False] or told[True])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(planted=files())
def test_each_planted_mistake_is_one_problem_on_its_line(tmp_path: Path, planted: Planted) -> None:
    path = tmp_path / "toolkit.toml"
    path.write_text(planted.text)
    try:
        toolkit.compile(path, environ={"PLACE": "somewhere-else"})
    except ConfigError as error:
        found = error.problems
    else:
        found = ()
    assert [problem.line for problem in found] == planted.lines, [*map(str, found), planted.text]
    assert not any("somewhere-else" in str(problem) for problem in found)
