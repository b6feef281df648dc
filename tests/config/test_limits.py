"""However much is wrong with a file, it is told in time, and not without end. Times are five times those measured."""

from collections.abc import Mapping
from pathlib import Path
from time import process_time
from typing import Any

import pytest

import toolkit
from tests.config.named import failing
from toolkit import ConfigError

CORS = {"use": "cors", "allow_origins": ["https://a.example"]}


def told(source: Any, environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ=environ)
    return [str(problem) for problem in caught.value.problems]


def numbered(count: int, pattern: str) -> list[str]:
    return [pattern.format(number) for number in range(count)]


MANY = {f"VARIABLE_{number:04}": "x" for number in range(300)}

NAMED = failing.__module__
UNSET = [*numbered(1_200, "${{UNSET{}}}"), *numbered(1_200, "bad{}")]
MISSPELT = [CORS | {"alow": 1, "maxage": 2, "name": f"n{number}"} for number in range(1500)]
KEPT = [{"use": f"{NAMED}:Kept", "name": name, "value": 1} for name in numbered(300, "kept{}")]
STORING = [{"use": f"{NAMED}:Storing", "name": name, "store": name} for name in numbered(1200, "stor{}")]
STORES = dict.fromkeys(numbered(300, "store{}"), "memory:")
FACTORY = {"path": "/x", "use": f"{NAMED}:failing", **dict.fromkeys(numbered(20_000, "pasword{}"), 1)}
RESPOND = {"path": "/x", "use": "respond"}
NEAR = {"match": "/x", **dict.fromkeys(numbered(300, "kepd{}"), False)}
ROUTES = [{"match": f"/{number}", f"corz{number}": False} for number in range(3000)]

SLOW: dict[str, tuple[Any, int, float]] = {
    "bad elements": ({"middleware": [CORS | {"allow_origins": numbered(30_000, "bad{}")}]}, 1001, 15),
    "unknown sections": (dict.fromkeys(numbered(90_000, "section{}"), 1), 1001, 7),
    "unknown defaults": ({"defaults": {name: {} for name in numbered(20_000, "kind{}")}}, 1001, 4),
    "unknown options": ({"middleware": [CORS | dict.fromkeys(numbered(50_000, "alow_{}"), 1)]}, 1001, 5),
    "unknown options of many": ({"middleware": MISSPELT}, 1001, 7),
    "unknown keywords": ({"handler": [FACTORY]}, 1001, 4),
    "unknown uses": ({"middleware": [{"use": name} for name in numbered(5_000, "cor{}")]}, 1001, 6),
    "unknown stores": ({"stores": STORES, "middleware": STORING}, 1001, 5),
    "unset variables": ({"middleware": [CORS | {"allow_headers": numbered(1_000, "${{VARIABL_{:04}}}")}]}, 1000, 3),
    "unset variables and problems": ({"middleware": [CORS | {"allow_origins": UNSET}]}, 1001, 2),
    "unclosed references": ({"handler": [RESPOND | {"text": "${" * 500_000}]}, 1, 3),
    "wrong references": ({"handler": [RESPOND | {"text": "".join(numbered(50_000, "${{{}}}"))}]}, 20, 1),
    "near misses of names": ({"middleware": [CORS, *KEPT], "route": [NEAR]}, 300, 3),
    "unknown names in many routes": ({"middleware": [CORS], "route": ROUTES}, 1001, 4),
}
"""By what there is too much of: the source, how many lines are told, and in how many seconds of CPU time."""

TRACED = 4
"""How many times as long it may take while coverage traces it, beside other processes."""


@pytest.mark.parametrize(("source", "lines", "seconds"), SLOW.values(), ids=SLOW)
def test_it_is_told_in_time(source: Mapping[str, Any], lines: int, seconds: float) -> None:
    began = process_time()
    assert len(told(source, MANY)) == lines
    assert process_time() - began < seconds * TRACED


def test_what_is_more_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "toolkit.toml"
    path.write_text("".join(numbered(1_234, "section{} = 1\n")))
    lines = told(path, {})
    assert lines[999].startswith(f"{path}:1000: section999: unknown section")
    assert lines[1000:] == [f"{path}: and 234 more"]


def test_what_references_stand_for_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_text("x" * 65536)
    texts = [f"${{file:{tmp_path}/large.txt}}"] * 300
    (line,) = told({"middleware": [{"use": f"{NAMED}:Kept", "value": "".join(texts)}]}, {})
    assert line == "middleware[0].value: the references of this file stand for more than 16 MiB of text"
