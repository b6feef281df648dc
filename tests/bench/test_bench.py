"""The real entry point, with as little as it can measure."""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.__main__ import GROUPS, main
from bench.measure import OURS

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def run_bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], str]:
    """What one round of everything prints and writes."""
    folder = tmp_path_factory.mktemp("bench")
    done = run_bench("--rounds", "1", "--json", folder / "all.json", "--svg", folder / "cors.svg")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, json.loads((folder / "all.json").read_text()), (folder / "cors.svg").read_text()


def test_every_group_is_measured_row_by_row(outcome: tuple[str, dict[str, Any], str]) -> None:
    rows = [(result["group"], result["row"]) for result in outcome[1]["results"]]

    assert {group for group, _ in rows} == set(GROUPS)
    assert len(list(groupby(rows))) == len(set(rows))


def test_every_row_has_the_toolkit_and_what_it_is_compared_with(outcome: tuple[str, dict[str, Any], str]) -> None:
    for _, in_row in groupby(outcome[1]["results"], lambda result: (result["group"], result["row"])):
        subjects = {result["subject"]: result for result in in_row}
        assert subjects[OURS]["ratio"] == (None if subjects[OURS]["over"] is None else 1)
        for result in subjects.values():
            assert (result["added"] is None) == (result["over"] is None)
            assert result["over"] is None or subjects[result["over"]]["added"] is None


def test_every_figure_is_there(outcome: tuple[str, dict[str, Any], str]) -> None:
    for result in outcome[1]["results"]:
        assert result.keys() == {"group", "row", "subject", "over", "calls", "cpu", "wall", "added", "ratio"}
        assert result["calls"] > 0
        for figure in (result["cpu"], result["wall"], result["added"]):
            assert figure is None or figure.keys() == {"median", "minimum", "spread"}
        assert 0 < result["cpu"]["minimum"] <= result["cpu"]["median"]


def test_the_run_says_where_it_was_made(outcome: tuple[str, dict[str, Any], str]) -> None:
    document = outcome[1]

    assert (document["format"], document["unit"], document["measured"]["rounds"]) == (1, "ns", 1)
    assert all(document["measured"]["versions"].values())
    assert len(document["measured"]["load"]) == 3


def test_the_table_names_every_row_and_subject(outcome: tuple[str, dict[str, Any], str]) -> None:
    table, document, _ = outcome

    lines = table.splitlines()
    assert [line for line in lines if line in {result["row"] for result in document["results"]}]
    for result in document["results"]:
        assert result["row"] in lines
        assert any(line.startswith(f"  {result['subject']} ") for line in lines)


def test_the_plot_is_svg_with_a_bar_and_a_number_each(outcome: tuple[str, dict[str, Any], str]) -> None:
    _, document, svg = outcome
    listed = [one for one in document["results"] if one["row"].startswith("list: ") and one["added"]]

    root = ElementTree.fromstring(svg)
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("class") != "card"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert root.tag == f"{SVG}svg"
    assert len(bars) == len(listed)
    assert all(float(bar.get("x", 0)) + float(bar.get("width", 0)) <= float(root.get("width", 0)) for bar in bars)
    for result in listed:
        assert f"{result['added']['median'] / 1000:.2f} µs" in texts


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--only", "fusion", "--svg", "cors.svg"], "--svg plots the cors group", id="nothing to plot"),
        pytest.param(["--only", "rooms"], "invalid choice: 'rooms'", id="no such group"),
        pytest.param(["--rounds", "0"], "0 is not a number of rounds", id="no rounds"),
        pytest.param(["--rounds", "few"], "few is not a number of rounds", id="no number"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("group", "module"),
    [("cors", "asgi_cors"), ("cors", "blacksheep"), ("wsgi", "a2wsgi"), ("wire", "uvloop")],
)
def test_a_peer_that_is_missing_is_an_error_that_names_the_script(
    group: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    assert main(["--only", group, "--rounds", "1"]) == 2
    assert capsys.readouterr().err.strip() == (
        f"{module} is not installed: run scripts/bench, which installs the peers and measures"
    )
