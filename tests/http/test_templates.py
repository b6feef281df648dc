"""Path templates: what they match is what a Starlette route matches, and `covers` says so only where it is so."""

import re
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import compile_path

from toolkit.http.patterns import PathPattern, PatternError, is_plain_path
from toolkit.http.templates import PathTemplate

# What is written


@pytest.mark.parametrize(
    ("text", "params", "prefix", "suffix"),
    [
        ("/", {}, ("",), ("",)),
        ("/a/b", {}, ("a", "b"), ("a", "b")),
        ("/a/{x}", {"x": "str"}, ("a",), ()),
        ("/{x}/b", {"x": "str"}, (), ("b",)),
        ("/a/{x:int}/b/", {"x": "int"}, ("a",), ("b", "")),
        ("/a/v{x}/{p:path}", {"x": "str", "p": "path"}, ("a",), ()),
    ],
)
def test_a_template_has_parameters_and_literal_ends(
    text: str, params: dict[str, str], prefix: tuple[str, ...], suffix: tuple[str, ...]
) -> None:
    template = PathTemplate(text)
    assert (dict(template.params), template.prefix, template.suffix) == (params, prefix, suffix)
    assert template.is_exact is (params == {})
    assert template == PathTemplate(text)


@pytest.mark.parametrize(
    ("text", "reason", "fix"),
    [
        ("", "a path template begins with '/'", "/files/{path:path}"),
        ("users", "a path template begins with '/'", "/files/{path:path}"),
        ("https://a.example/x", "a path template begins with '/'", "/files/{path:path}"),
        ("//a", "empty segment", "single '/'"),
        ("/a//b", "empty segment", "single '/'"),
        ("/a/../b", "'..' segment", "the path it leads to"),
        ("/a/.", "'.' or '..' segment", "the path it leads to"),
        ("/{x:pth}", "'pth' is no kind of parameter", "did you mean 'path'?"),
        ("/{x:zzz}", "'zzz' is no kind of parameter", "there are str, path, int, float, uuid"),
        ("/{x}/{x:int}", "two parameters are called 'x'", "a name of its own"),
        ("/a" * 65, "more than 64 segments", "let the last stand for the rest"),
        ("/" + "-".join(f"{{p{n}}}" for n in range(17)), "holds 17 parameters", "{name:path}"),
        ("/{x", "stand around the name of a parameter", "write {name} or {name:path}"),
        ("/x}", "stand around the name of a parameter", "write {name} or {name:path}"),
        ("/{}", "stand around the name of a parameter", "write {name} or {name:path}"),
        ("/{1}", "stand around the name of a parameter", "write {name} or {name:path}"),
        ("/{{x}}", "stand around the name of a parameter", "write {name} or {name:path}"),
        ("/a/*", "'*' is no wildcard here", "no wildcards"),
        ("/a/**", "'*' is no wildcard here", "no wildcards"),
        ("/a?b", "'?' is no wildcard here", "no wildcards"),
        ("/[ab]", "'[' is no wildcard here", "no wildcards"),
        ("/<id>", "'<' is no wildcard here", "{name}"),
        ("/a\\b", "a backslash", "'/'"),
        ("/a\nb", "a control character", "remove it"),
        ("/a%20b", "percent escape", "the character itself"),
    ],
)
def test_what_is_no_template_is_refused_with_the_way_to_write_it(text: str, reason: str, fix: str) -> None:
    with pytest.raises(PatternError) as refused:
        PathTemplate(text)
    assert reason in refused.value.reason
    assert fix in refused.value.fix


def test_what_a_path_holds_is_converted() -> None:
    template = PathTemplate("/{a}/{b:int}/{c:float}/{d:uuid}/{e:path}")
    code = "12345678-1234-5678-1234-567812345678"
    assert template.match(f"/x/7/1.5/{code}/y/z") == {"a": "x", "b": 7, "c": 1.5, "d": UUID(code), "e": "y/z"}
    assert template.match(f"/x/seven/1.5/{code}/y/z") is None


def test_a_number_that_python_cannot_read_matches_nothing() -> None:
    digits = "9" * 5000
    assert PathTemplate("/{n:int}").match(f"/{digits}") is None
    assert not PathTemplate("/{n:int}").matches(f"/{digits}")


def test_a_template_ends_where_the_path_ends() -> None:
    assert PathTemplate("/x/{n:int}").match("/x/5") == {"n": 5}
    assert PathTemplate("/x/{n:int}").match("/x/5\n") is None


# What is matched

PARTS = ("a", "b", "{x}", "{y:int}", "{z:float}", "{p:path}", "v{x}", "{x}.txt", "", "7")
TEXTS = [
    text
    for count in (1, 2, 3)
    for parts in product(PARTS, repeat=count)
    if re.search("//", text := f"/{'/'.join(parts)}") is None
    and len(set(names := re.findall(r"\{(\w)", text))) == len(names)
]
TEMPLATES = st.sampled_from(TEXTS).map(PathTemplate)
PATHS = st.builds(
    lambda segments: "/" + "/".join(segments),
    st.lists(st.sampled_from(["a", "b", "7", "1.5", "va", "a.txt", "c", "", "."]), min_size=1, max_size=4),
)


@settings(max_examples=400)
@given(TEMPLATES, PATHS)
def test_it_matches_what_a_route_of_starlette_matches(template: PathTemplate, path: str) -> None:
    regex, _, convertors = compile_path(template.text)
    found = regex.match(path)
    if found is None or not is_plain_path(path):
        assert template.match(path) is None
    else:
        assert template.match(path) == {
            name: convertors[name].convert(text) for name, text in found.groupdict().items()
        }
    assert template.matches(path) is (template.match(path) is not None)


WORDS = ("a", "b", "7", "1.5", "va", "a.txt", "")
EVERY = ["/" + "/".join(segments) for count in (1, 2, 3) for segments in product(WORDS, repeat=count)]
SHORT = [PathTemplate(text) for text in TEXTS if text.count("/") < 3]
MATCHED = {template: {path for path in EVERY if template.matches(path)} for template in SHORT}


def test_covers_never_claims_what_a_path_contradicts() -> None:
    wrong = [
        (one.text, other.text)
        for one, other in product(SHORT, repeat=2)
        if one.covers(other) and not MATCHED[other] <= MATCHED[one]
    ]
    assert wrong == []


@pytest.mark.parametrize("key", ["/**", "/a/**", "/*", "/a/*", "/*/b", "/**/b", "/a*", "/a", "/*.txt"])
def test_a_pattern_that_covers_a_template_matches_all_its_paths(key: str) -> None:
    pattern = PathPattern(key)
    covered = [template for template in SHORT if pattern.covers(template)]
    assert covered
    assert [one.text for one in covered if not all(map(pattern.matches, MATCHED[one]))] == []


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        ("/a", "/a", True),
        ("/{x}", "/a", True),
        ("/{x}", "/{y}", True),
        ("/{x}", "/{y:int}", True),
        ("/{x}", "/v{y}", True),
        ("/{x:float}", "/{y:int}", True),
        ("/{x:int}", "/7", True),
        ("/{p:path}", "/", True),
        ("/{p:path}", "/a/{x}/b", True),
        ("/a/{p:path}", "/a/{q:path}", True),
        ("/a/{p:path}/b", "/a/{x}/b", True),
        ("/{x}.{y}/c", "/a.b/c", True),
        ("/v{x}/b", "/v{y}w/b", True),
        ("/v{p:path}", "/va/b", True),
        ("/{a:path}/b/{c:path}", "/x/{q:path}/b/c", True),
        ("/" + "a" * 330 + "{x}", "/" + "a" * 330 + "{x}b", True),
        ("/" + "a" * 99_999 + "{x}", "/" + "a" * 99_999 + "{x}b", True),
        ("/" + "a" * 99_999 + "{x}b", "/" + "a" * 99_999 + "{x}", False),
        ("/" + "a".join(f"{{p{n}}}" for n in range(16)) + "b", "/" + "a" * 99_999, False),
        ("/{x:int}/{y}", "/" + "9" * 5000 + "/a", False),
        ("/a", "/{x}", False),
        ("/{x:int}", "/{y}", False),
        ("/{x}", "/{p:path}", False),
        ("/{x}", "/a/b", False),
        ("/{x}", "/", False),
        ("/a/{p:path}", "/a", False),
        ("/a/{p:path}", "/b/{q:path}", False),
        ("/v{x}", "/{y}", False),
        ("/{x}/", "/{y}", False),
    ],
)
def test_which_template_takes_all_paths_of_another(one: str, other: str, covers: bool) -> None:
    assert PathTemplate(one).covers(PathTemplate(other)) is covers


@pytest.mark.parametrize(
    ("pattern", "template", "covers"),
    [
        ("/**", "/{p:path}", True),
        ("/a/**", "/a/{p:path}", True),
        ("/a/*", "/a/{x}", True),
        ("/a/*", "/a/{x:int}", True),
        ("/*/b", "/{x}/b", True),
        ("/**/b", "/a/{p:path}/b", True),
        ("/*/**", "/{p:path}/b", True),
        ("/a/**/b", "/a/{p:path}/{x}/{q:path}/b", True),
        ("/a/**", "/a/v{p:path}", True),
        ("/*/**", "/{p:path}", False),
        ("/*/*", "/{p:path}/b", False),
        ("/a/*", "/a/v{p:path}", False),
        ("/a/*", "/a/{p:path}", False),
        ("/a/*", "/{x}/b", False),
        ("/a/b", "/a/{x}", False),
        ("/b/**", "/a/{p:path}", False),
    ],
)
def test_which_pattern_takes_all_paths_of_a_template(pattern: str, template: str, covers: bool) -> None:
    assert PathPattern(pattern).covers(PathTemplate(template)) is covers


def test_a_template_covers_a_pattern_that_is_a_path() -> None:
    assert PathTemplate("/{x}").covers(PathPattern("/a"))
    assert not PathTemplate("/{x}").covers(PathPattern("/*"))
