"""`toolkit kinds` and `toolkit schema`."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.running import GOOD, run
from toolkit.cli import main
from toolkit.config.read import read

POINTS = """\
[toolkit.kinds]
stamp = plugin:Stamp
lost = plugin:Lost
"""
PLUGIN = '''\
from toolkit import Layer


class Stamp(Layer):
    """Puts a stamp on every request."""

    text: str
'''


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with another package, installed there, that adds a good kind and one that cannot be imported."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    info = tmp_path / "stamps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stamps\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    return tmp_path


def test_kinds_are_listed_with_what_they_are(installed: Path) -> None:
    listed = run("kinds", cwd=installed)

    assert (listed.returncode, listed.stderr) == (0, "")
    assert "cors  layer  toolkit, toolkit.cors:CORS\n    Lets pages of other sites" in listed.stdout
    assert "respond  handler  toolkit, " in listed.stdout
    assert "stamp  layer  stamps, plugin:Stamp\n    Puts a stamp on every request.\n" in listed.stdout
    assert "lost  unusable  stamps, plugin:Lost\n    'lost' of the package stamps cannot be used" in listed.stdout


def test_kinds_as_json(installed: Path) -> None:
    listed = {one["kind"]: one for one in json.loads(run("kinds", "--json", cwd=installed).stdout)["kinds"]}

    assert listed["stamp"] == {
        "kind": "stamp",
        "role": "layer",
        "summary": "Puts a stamp on every request.",
        "package": "stamps",
        "path": "plugin:Stamp",
        "problem": "",
    }
    assert listed["lost"]["role"] is None
    assert listed["lost"]["problem"]


def test_the_schema_knows_the_kinds_that_are_installed(installed: Path) -> None:
    schema = json.loads(run("schema", cwd=installed).stdout)
    (installed / "toolkit.toml").write_text(GOOD)
    good = read(installed / "toolkit.toml").data

    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(good)
    assert validator.is_valid({"middleware": [{"use": "stamp", "text": "x"}]})
    assert not validator.is_valid({"middleware": [{"use": "stamp", "text": 5}]})


def test_the_schema_of_one_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--kind", "cors"]) == 0

    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"].keys() >= {"allow_origins", "max_age"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("corse", "toolkit: nothing is of the kind 'corse'; did you mean 'cors'?\n", id="near"),
        pytest.param("zzz", "toolkit: nothing is of the kind 'zzz'; there are cors, ", id="far"),
    ],
)
def test_a_kind_that_does_not_exist(kind: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--kind", kind]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(expected)
    assert err.count("\n") == 1


def test_a_kind_that_cannot_be_used_has_no_schema(installed: Path) -> None:
    told = run("schema", "--kind", "lost", cwd=installed)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("toolkit: 'lost' of the package stamps cannot be used")
