"""Whatever a configuration holds, it is a stack or it is refused with sentences."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from toolkit import ConfigError, Stack

WORDS = st.sampled_from([
    "cors", "corz", "redirect", "respond", "/x", "POST /x", "/{a}", "x", "", "${A}", "${", "5", "https://a.example",
    "*", "starlette.middleware.gzip:GZipMiddleware", "memory:", "toolkit:CORS", "toolkit:Layer", "toolkit:Handler",
    "json:loads",
])  # fmt: skip
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-5, 90000) | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
OPTIONS = st.sampled_from(
    ["use", "path", "match", "name", "layers", "cors", "allow_origins", "max_age", "policies", "policy",
     "allow_credentials", "to", "status", "text", "json", "headers", "minimum_size", "origin_check",
     "allow_origin_regex"]
)  # fmt: skip
TABLES = st.dictionaries(OPTIONS, VALUES, max_size=4)
USED = st.builds(lambda use, table: {"use": use, **table}, WORDS, TABLES)
SOURCES = st.fixed_dictionaries(
    {},
    optional={
        "middleware": st.lists(USED | TABLES, max_size=3) | VALUES,
        "route": st.lists(TABLES, max_size=3) | VALUES,
        "handler": st.lists(USED | TABLES, max_size=3) | VALUES,
        "defaults": st.dictionaries(WORDS, TABLES, max_size=2) | VALUES,
        "stores": st.dictionaries(WORDS, VALUES, max_size=2) | VALUES,
        "provides": VALUES,
        "middlewares": VALUES,
    },
)


@settings(max_examples=500, deadline=None)
@given(SOURCES, st.sampled_from(["5", "true", '["https://a.example"]', "cors", "{}", "null"]))
def test_any_source_is_a_stack_or_refused(source: dict[str, Any], variable: str) -> None:
    try:
        made = toolkit.compile(source, environ={"A": variable})
    except ConfigError as error:
        lines = [str(problem) for problem in error.problems]
        assert all(len(line.splitlines()) == 1 and ": " in line for line in lines)
        assert len(set(lines)) == len(lines)
    else:
        assert isinstance(made, Stack)
