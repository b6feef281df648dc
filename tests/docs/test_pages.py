"""Every Python block of the documentation runs, and what the pages point at is there."""

import os
import re
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "examples/README.md"]
PAGES += sorted(ROOT.glob("docs/*.md"))

_SHOWN_FILE = re.compile(r"^```(\w+)\n# (\w+\.\1)\n(.*?)^```", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_python_blocks_run(
    page: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is one program, whose blocks run in order beside the files it shows; what it prints is on the page."""
    for _, name, text in _SHOWN_FILE.findall(page.read_text()):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(page.parent)).parse(page)
    document.namespace["__name__"] = "__main__"
    blocks = list(document.examples())
    assert len(blocks) == page.read_text().count("```python\n")
    for block in blocks:
        block.evaluate()
    assert capsys.readouterr().out in page.read_text()


@each_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    lost = [link for link in re.findall(r"\]\(([^)]+)\)", page.read_text()) if not leads_somewhere(page, link)]
    assert lost == []


@each_page
def test_scripts_and_modules_exist(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"\./(scripts/\w+)", text))
    assert [name for name in named if not os.access(ROOT / name, os.X_OK)] == []
    modules = set(re.findall(r"python -m ((?:examples|tests|bench)[\w.]*)", text))
    assert [module for module in modules if not find_module(module)] == []


def test_the_readme_names_the_two_commands() -> None:
    assert {"scripts/demo", "scripts/test"} <= set(re.findall(r"\./(scripts/\w+)", (ROOT / "README.md").read_text()))


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link is to another site, or to a file here and one of its headings."""
    if re.match(r"https?://", link):
        return True
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: lower case, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def find_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()
