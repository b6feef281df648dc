"""Kinds that other packages add, installed by pip and used from a file by another process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "thirdparty"
ROOT = Path(__file__).parents[2]

TOML = """
[defaults.stamp]
header = "x-mark"
[[middleware]]
use = "stamp"
text = "seen"
[[route]]
match = "/plain/*"
stamp.text = "plain"
[[handler]]
path = "/echo/{word}"
use = "echo"
prefix = "> "
"""

REQUEST = """
import sys
import toolkit
from starlette.testclient import TestClient

client = TestClient(toolkit.compile(sys.argv[1]).app())
found = client.get("/echo/hello")
print(found.text, found.headers["x-mark"], client.get("/plain/x").headers["x-mark"])
"""

CHECK = """
import sys
import toolkit

try:
    print(toolkit.compile(sys.argv[1]))
except toolkit.ConfigError as error:
    print(*error.problems, sep="\\n")
"""

LIST = """
from toolkit.config.kinds import Kinds

for one in Kinds().listed():
    print(*one, sep="|")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package that pip has put there."""
    source = shutil.copytree(PROJECT, tmp_path_factory.mktemp("source") / "example")
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    arguments = [*pip, "--disable-pip-version-check", "--target", str(target), str(source)]
    subprocess.run(arguments, env={**os.environ, "PATH": path}, check=True, timeout=100)
    return target


def claim(folder: Path, package: str, kinds: Mapping[str, str], source: str) -> Path:
    """A package as an installer leaves it: a module, and metadata with entry points."""
    module = package.replace("-", "_")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / f"{module}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    points = "".join(f"{kind} = {path}\n" for kind, path in kinds.items())
    (metadata / "entry_points.txt").write_text(f"[toolkit.kinds]\n{points}")
    return folder


def run(code: str, source: Path | None, *folders: Path) -> list[str]:
    path = os.pathsep.join(map(str, [ROOT, *folders]))
    arguments = [sys.executable, "-c", code, *([str(source)] if source else [])]
    done = subprocess.run(
        arguments, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def written(folder: Path, text: str) -> Path:
    path = folder / "toolkit.toml"
    path.write_text(text)
    return path


def test_kinds_of_an_installed_package_are_used_from_a_file(installed: Path, tmp_path: Path) -> None:
    assert run(REQUEST, written(tmp_path, TOML), installed) == ["> hello seen plain"]


def test_its_options_are_checked_like_all_others(installed: Path, tmp_path: Path) -> None:
    source = written(tmp_path, '[[middleware]]\nuse = "stamp"\ntxt = "x"\n[[middleware]]\nuse = "stmp"\n')
    assert run(CHECK, source, installed) == [
        f"{source}:3: middleware[0].txt: unknown option; did you mean 'text'?",
        f"{source}:5: middleware[1].use: no layer is called 'stmp'; did you mean 'stamp'?",
    ]


def test_its_kinds_are_listed(installed: Path) -> None:
    listed = run(LIST, None, installed)
    assert "stamp|layer|Stamps every response.|example-kinds|example_kinds:Stamp|" in listed
    assert "echo|handler|Answers with a part of the path.|example-kinds|example_kinds:Echo|" in listed


def test_a_kind_that_two_packages_claim_is_a_problem_where_it_is_used(installed: Path, tmp_path: Path) -> None:
    other = claim(tmp_path / "other", "other-kinds", {"stamp": "other_kinds:Stamp", "cors": "other_kinds:C"}, "x = 1\n")
    source = written(tmp_path, '[[middleware]]\nuse = "stamp"\ntext = "x"\n[[middleware]]\nuse = "cors"\n')
    one, two = run(CHECK, source, installed, other)
    claims = "example-kinds (example_kinds:Stamp) and other-kinds (other_kinds:Stamp)"
    fix = "uninstall all but one, or use one by its dotted path"
    assert one == f"{source}:2: middleware[0].use: 'stamp' is claimed by {claims}; {fix}"
    assert two.startswith(f"{source}:5: middleware[1].use: 'cors' is claimed by toolkit (toolkit.cors:CORS) and other-")


def test_a_package_that_is_found_twice_claims_once(installed: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(installed, tmp_path / "copy")
    assert run(REQUEST, written(tmp_path, TOML), installed, copy) == ["> hello seen plain"]


BROKEN = {
    "raising": ("raise RuntimeError('no licence')\n", "cannot be used: the module 'broken_kinds' cannot be imported: "
                "RuntimeError: no licence"),
    "leaving": ("raise SystemExit(1)\n", "cannot be used: the module 'broken_kinds' cannot be imported: SystemExit: 1"),
    "empty": ("", "cannot be used: the module 'broken_kinds' has no 'Wave'"),
    "no kind": ("class Wave: pass\n", "is neither a layer nor a handler"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_kind_that_is_broken_is_a_problem_where_it_is_used(tmp_path: Path, code: str, reason: str) -> None:
    folder = claim(tmp_path / "broken", "broken-kinds", {"wave": "broken_kinds:Wave"}, code)
    source = written(tmp_path, '[[middleware]]\nuse = "wave"\n[[route]]\nmatch = "/x"\nwave = false\n')
    line = f"'wave' of the package broken-kinds {reason}"
    assert run(CHECK, source, folder) == [f"{source}:2: middleware[0].use: {line}"]
    assert f"wave|None||broken-kinds|broken_kinds:Wave|{line}" in run(LIST, None, folder)


def test_a_broken_kind_that_is_not_used_is_no_problem(tmp_path: Path) -> None:
    folder = claim(tmp_path / "broken", "broken-kinds", {"wave": "broken_kinds:Wave"}, "raise RuntimeError")
    source = written(tmp_path, '[[middleware]]\nuse = "cors"\nallow_origins = ["*"]\n')
    assert run(CHECK, source, folder) == ["stack(CORS(allow_origins=['*']))"]


def test_a_kind_goes_by_the_name_that_it_is_used_by(tmp_path: Path) -> None:
    code = "from toolkit import Layer\nclass Wave(Layer):\n    high: int = 1\n"
    folder = claim(tmp_path / "other", "other-kinds", {"surf": "other_kinds:Wave"}, code)
    source = written(
        tmp_path, '[defaults.surf]\nhigh = 2\n[[middleware]]\nuse = "surf"\n[[route]]\nmatch = "/x"\nsurf = false\n'
    )
    assert run(CHECK, source, folder) == ["stack(Wave(high=2, name='surf'), routes={'/x': {'surf': False}})"]
