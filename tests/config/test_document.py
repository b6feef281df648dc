"""Lines of places: what a problem says and what was written."""

from pathlib import Path as File

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.formats.trees import DOCUMENTS, paths
from toolkit.config.document import Document, Path, place
from toolkit.options import Problem

DOCUMENT = Document(
    "toolkit.toml",
    {
        "defaults": {"cors": {"max_age": 1, "max": 2}},
        "middleware": [
            {"use": "cors", "allow_origins": ["a", "b"], "policies": {"public": {"x": 1}, "a.b": 2, "it's": 3}}
        ],
        "route": [{"x": 1, "x.y": 2, "x.y.z": {"deep": 3}}],
    },
    {
        ("defaults",): 1,
        ("defaults", "cors"): 2,
        ("defaults", "cors", "max_age"): 3,
        ("defaults", "cors", "max"): 4,
        ("middleware",): 5,
        ("middleware", 0): 6,
        ("middleware", 0, "use"): 7,
        ("middleware", 0, "allow_origins"): 8,
        ("middleware", 0, "allow_origins", 1): 9,
        ("middleware", 0, "policies"): 10,
        ("middleware", 0, "policies", "public"): 11,
        ("middleware", 0, "policies", "public", "x"): 12,
        ("middleware", 0, "policies", "a.b"): 13,
        ("middleware", 0, "policies", "it's"): 14,
        ("route",): 15,
        ("route", 0): 16,
        ("route", 0, "x"): 17,
        ("route", 0, "x.y"): 18,
        ("route", 0, "x.y.z"): 19,
    },
    File("/"),
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("middleware", 0, "use"), 7),
        (("middleware", 0, "allow_origins", 0), 8),
        (("middleware", 0, "unknown", "deeper"), 6),
        (("middleware", 9), 5),
        (("unknown",), 0),
        ((), 0),
    ],
)
def test_line_of_a_path_or_of_its_nearest_ancestor(path: Path, line: int) -> None:
    assert DOCUMENT.line(path) == line


@pytest.mark.parametrize(
    ("where", "line", "is_exact"),
    [
        ("middleware[0].allow_origins[1]", 9, True),
        ("middleware[0].allow_origins[7]", 8, False),
        ("middleware[0].policies['public'].x", 12, True),
        ("middleware[0].policies.public.x", 12, True),
        ("middleware[0].policies['a.b']", 13, True),
        ("middleware[0].policies.a.b", 13, True),
        ('middleware[0].policies["it\'s"]', 14, True),
        ("middleware[0].policies['other']", 10, False),
        ("middleware[0]: needs a session", 6, False),
        ("middleware[0].us", 6, False),
        ("middleware[0].used", 6, False),
        ("middleware[0]use", 6, False),
        ("middleware[-1]", 5, False),
        ("middleware[99999999999999999999]", 5, False),
        ("defaults.cors.max", 4, True),
        ("defaults.cors.max_age", 3, True),
        ("defaults.cors.max_age: too long", 3, False),
        ("defaults.cors.max_age.deeper", 3, False),
        ("route[0].x", 17, True),
        ("route[0].x.y", 18, True),
        ("route[0].x.y.z.w", 19, False),
        ("unknown.place", 0, False),
        ("", 0, False),
    ],
)
def test_a_place_in_words(where: str, line: int, is_exact: bool) -> None:
    assert DOCUMENT.located(Problem(where, "is wrong")).line == line
    assert DOCUMENT.written(where) == (f"toolkit.toml:{line}" if is_exact else "")


def test_located_adds_file_and_line_and_keeps_the_rest() -> None:
    located = DOCUMENT.located(Problem("middleware[0].use", "is wrong", "fix it"))
    assert located == Problem("middleware[0].use", "is wrong", "fix it", file="toolkit.toml", line=7)
    assert str(located) == "toolkit.toml:7: middleware[0].use: is wrong; fix it"


def test_a_problem_that_is_located_already_stays() -> None:
    problem = Problem("middleware[0].use", "is wrong", file="other.toml", line=3)
    assert DOCUMENT.located(problem) is problem


def test_a_mapping_has_no_lines() -> None:
    document = Document("", {"middleware": [{"use": "cors"}]}, {}, File("/"))
    problem = Problem("middleware[0].use", "is wrong")
    assert document.located(problem) is problem
    assert document.written("middleware[0].use") == ""


@settings(max_examples=200)
@given(DOCUMENTS, st.data())
def test_every_path_is_found_by_how_it_is_spelled(data: dict[str, object], drawn: st.DataObject) -> None:
    lines = {path: number for number, (path, _) in enumerate(paths(data), 1)}
    document = Document("file", data, lines, File("/"))
    path = drawn.draw(st.sampled_from(list(lines)))
    assert document.written(place(path)) == f"file:{lines[path]}"


def test_a_long_key_is_found_by_how_it_is_shown() -> None:
    key = "https://" + "x" * 200
    document = Document("file", {"a": {key: 1}}, {("a",): 1, ("a", key): 2}, File("/"))
    assert len(place(("a", key))) < 80
    assert document.written(place(("a", key))) == "file:2"
