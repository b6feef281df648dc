"""The files that the documentation shows compile, or are wrong as it says; the reference of all kinds is complete."""

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

import toolkit
from tests.docs import config_reference
from toolkit import ConfigError
from toolkit.config.kinds import GROUP, Kinds
from toolkit.config.read import read
from toolkit.config.schema import schema
from toolkit.options import Options, declared

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "examples/README.md", *sorted(ROOT.glob("docs/*.md"))]
ENVIRON = {"APP_HOST": "app.example"}
KINDS = Kinds([]).classes()

_BLOCK = re.compile(r"^```(toml|yaml|json)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A file as a page shows it, and the text right after it: what `toolkit check` says of it."""

    name: str
    text: str
    told: str


def blocks(page: Path) -> list[Block]:
    return [Block(f"toolkit.{form}", text, told) for form, text, told in _BLOCK.findall(page.read_text())]


def is_project(block: Block) -> bool:
    return block.text.startswith("# pyproject.toml\n")


ALL = [
    pytest.param(block, id=f"{page.name}-{number}") for page in PAGES for number, block in enumerate(blocks(page), 1)
]
FILES = [param for param in ALL if not is_project(param.values[0])]  # type: ignore[arg-type]


@pytest.mark.parametrize("block", FILES)
def test_files_compile_or_are_wrong_as_the_page_says(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(block.name).write_text(block.text)
    assert problems(block.name) == block.told.splitlines()


def problems(source: Any) -> list[str]:
    try:
        toolkit.compile(source, environ=ENVIRON)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize("block", [param for param in FILES if not param.values[0].told])  # type: ignore[union-attr]
def test_the_schema_accepts_them(block: Block, tmp_path: Path) -> None:
    file = tmp_path / block.name
    file.write_text(block.text)
    document = read(file).data
    assert [error.message for error in Draft202012Validator(schema(KINDS)).iter_errors(document)] == []


@pytest.mark.parametrize("block", [param for param in ALL if is_project(param.values[0])])  # type: ignore[arg-type]
def test_a_project_adds_kinds(block: Block) -> None:
    assert tomllib.loads(block.text)["project"]["entry-points"][GROUP]


def test_the_page_has_broken_files() -> None:
    assert [block.name for block in blocks(config_reference.PAGE) if block.told] == ["toolkit.toml", "toolkit.yaml"]


def test_the_reference_is_complete() -> None:
    """If this fails: python -m tests.docs.config_reference"""
    page = config_reference.PAGE.read_text()
    assert page == config_reference.with_reference(page, KINDS), "run: python -m tests.docs.config_reference"


@pytest.mark.parametrize("cls", KINDS.values(), ids=KINDS)
def test_every_option_is_described(cls: type[Options]) -> None:
    rows = config_reference.cells(cls)
    assert [row[0] for row in rows if not row[-1]] == []
    assert [row[0].strip("`") for row in rows] == [entry.name for entry in declared(cls) if entry.name != "name"]


def test_every_section_has_its_row() -> None:
    page = config_reference.PAGE.read_text().split("## Sections")[1].split("\n## ")[0]
    told = set(re.findall(r"^\| \[?`\[*(\w+)", page, re.MULTILINE))
    assert told == schema(KINDS)["properties"].keys() - {"$schema"}
