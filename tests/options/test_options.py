"""Classes of options: construction, rules, what is kept and what is shown."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.options import ConfigError, Duration, Invalid, Options, Problem, option, rule, structure_options


def origin(value: str) -> str:
    if "://" not in value:
        raise Invalid(f"{value!r} has no scheme", f"use 'https://{value}'")
    return value.lower()


class Signing(Options):
    secret_key: str = option(secret=True)
    salt: str = "session"


class CORS(Options):
    kind: ClassVar[str] = "cors"
    allow_origins: Sequence[Annotated[str, origin]] = option(kw_only=False)
    allow_methods: Sequence[str] = option(default=("GET",), kw_only=False)
    allow_credentials: bool = False
    max_age: Duration = 600
    mode: Literal["lax", "strict"] = "lax"
    headers: list[str] = option(factory=list)
    signing: Signing | None = None
    vary: bool = True

    @rule("allow_origins", "allow_credentials")
    def _credentials(self) -> Problem | None:
        if self.allow_credentials and "https://*" in self.allow_origins:
            return self.problem("allow_origins", "credentials for every origin", "name the origins")
        return None

    @rule("max_age", "mode")
    def _ages(self) -> Iterator[Problem]:
        if self.max_age > 86400:
            yield self.problem("max_age", f"{self.max_age:.0f} is more than 86400 (one day)", "use 86400 or less")
        if self.max_age > 86400 and self.mode == "strict":
            yield self.problem("mode", "'strict' takes short ages")

    def compile(self) -> None:
        self._origins = frozenset(self.allow_origins)


def problems_of(cls: Any, *args: Any, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        cls(*args, **options)
    return [str(problem) for problem in caught.value.problems]


def test_options_are_held_and_compiled() -> None:
    cors = CORS(["HTTPS://a.example"], max_age="15m")  # type: ignore[arg-type]
    assert cors.allow_origins == ("https://a.example",)
    assert (cors.allow_methods, cors.max_age, cors.mode, cors.headers) == (("GET",), 900.0, "lax", [])
    assert cors._origins == {"https://a.example"}


def test_all_problems_are_reported_at_once_in_a_stable_order() -> None:
    found = problems_of(
        CORS,
        ["a.example", "https://b.example", 5],
        ["GET"],
        "third",
        tint=1,
        allow_credentials="true",
        allow_methods="GET",
        max_age=90000,
        mode="lox",
        headers="x-a",
        signing={"salt": 5},
        alow_origins=[],
        vary=1,
    )
    assert found == [
        "CORS: 3 given by position where at most 2 (allow_origins, allow_methods) may be; give options by name",
        "CORS.allow_methods: given by position and by name; give it once",
        "CORS.allow_origins[0]: 'a.example' has no scheme; use 'https://a.example'",
        "CORS.allow_origins[2]: 5 is not text",
        "CORS.allow_methods: 'GET' is text where a list is wanted; use [\"GET\"]",
        "CORS.allow_credentials: 'true' is not true or false; write it without quotes",
        "CORS.mode: 'lox' is not 'lax' or 'strict'; did you mean 'lax'?",
        "CORS.headers: 'x-a' is text where a list is wanted; use [\"x-a\"]",
        "CORS.signing.secret_key: missing; give text",
        "CORS.signing.salt: 5 is not text",
        "CORS.vary: 1 is not true or false; write true",
        "CORS.tint: unknown option",
        "CORS.alow_origins: unknown option; did you mean 'allow_origins'?",
    ]


def test_a_missing_option_says_what_to_give() -> None:
    assert problems_of(CORS) == ["CORS.allow_origins: missing; give a list of text"]


def test_rules_run_beside_problems_of_other_options() -> None:
    assert problems_of(CORS, [5], max_age=90000, mode="strict", vary=0) == [
        "CORS.allow_origins[0]: 5 is not text",
        "CORS.vary: 0 is not true or false; write false",
        "CORS.max_age: 90000 is more than 86400 (one day); use 86400 or less",
        "CORS.mode: 'strict' takes short ages",
    ]


def test_a_rule_waits_until_its_options_are_valid() -> None:
    assert problems_of(CORS, ["https://*"], allow_credentials="yes") == [
        "CORS.allow_credentials: 'yes' is not true or false; write true"
    ]
    assert problems_of(CORS, ["https://*"], allow_credentials=True) == [
        "CORS.allow_origins: credentials for every origin; name the origins"
    ]


def test_a_rule_that_breaks_is_not_hidden() -> None:
    class Broken(Options):
        size: int = 0

        @rule("size")
        def _share(self) -> None:
            1 // self.size

    assert Broken(size=1).size == 1
    with pytest.raises(ZeroDivisionError):
        Broken()


def test_a_rule_without_names_needs_every_option() -> None:
    class Range(Options):
        low: int
        high: int

        @rule()
        def _ordered(self) -> Problem | None:
            return Problem("Range", "low is above high") if self.low > self.high else None

    assert problems_of(Range, low=2, high=1) == ["Range: low is above high"]
    assert problems_of(Range, low=2, high="1") == ["Range.high: '1' is not a whole number; write it without quotes"]


def test_none_by_position() -> None:
    assert problems_of(Signing, "a", secret_key="b") == [
        "Signing: 1 given by position where none may be; give options by name"
    ]


def test_a_default_is_checked_as_if_given() -> None:
    class Files(Options):
        root: str = 5  # type: ignore[assignment]

    assert problems_of(Files) == ["Files.root: 5 is not text"]
    assert Files(root="a").root == "a"


def test_a_factory_makes_each_instance_its_own() -> None:
    one, two = CORS([]), CORS([])
    one.headers.append("x-a")
    assert two.headers == []


def test_an_option_may_be_called_self() -> None:
    class Odd(Options):
        self: int
        options: int
        cls: int

    odd: Any = Odd
    assert repr(odd(self=1, options=2, cls=3)) == "Odd(self=1, options=2, cls=3)"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("max_age", "CORS is immutable; use .replace(max_age=…)"),
        ("_origins", "CORS is immutable"),
        ("new", "CORS is immutable"),
    ],
)
def test_nothing_changes_after_construction(name: str, message: str) -> None:
    cors = CORS([])
    with pytest.raises(AttributeError) as caught:
        setattr(cors, name, 5)
    assert str(caught.value) == message
    with pytest.raises(AttributeError) as caught:
        delattr(cors, name)
    assert str(caught.value) == message
    assert (caught.value.name, caught.value.obj) == (name, cors)


def test_given_is_read_only_and_apart_from_what_was_given() -> None:
    origins = ["https://a.example"]
    cors = CORS(origins, vary=False)
    origins.append("b")
    assert cors.given == {"allow_origins": ["https://a.example"], "vary": False}
    with pytest.raises(TypeError):
        cors.given["vary"] = True  # type: ignore[index]


def test_what_can_be_read_once_is_kept_as_held() -> None:
    class Words(Options):
        words: Iterable[str]

    words = Words(words=iter(["a", "b"]))
    assert words.given == {"words": ("a", "b")}
    assert words.replace().words == ("a", "b")


def test_replace_overlays_what_was_given_and_checks_it_whole() -> None:
    cors = CORS(["https://a.example"], max_age=5)
    other = cors.replace(mode="strict", max_age=10)
    assert type(other) is CORS
    assert (other.allow_origins, other.max_age, other.mode) == (("https://a.example",), 10.0, "strict")
    assert other.given == {"allow_origins": ["https://a.example"], "max_age": 10, "mode": "strict"}
    assert cors.max_age == 5.0
    with pytest.raises(ConfigError, match=r"^CORS\.max_age: 90000 is more than"):
        cors.replace(max_age=90000)


def test_repr_shows_what_was_given() -> None:
    assert repr(CORS(["https://a.example"], max_age=5)) == "CORS(allow_origins=['https://a.example'], max_age=5)"
    assert repr(CORS(allow_origins=())) == "CORS(allow_origins=())"


def test_equality_is_identity() -> None:
    one, two = CORS([]), CORS([])
    assert one == one  # noqa: PLR0124
    assert one != two
    assert len({one, two}) == 2


def test_copies_take_derived_attributes() -> None:
    cors = CORS(["https://a.example"])
    assert copy.copy(cors).allow_origins == cors.allow_origins
    bound = cors.bound(_store="store")
    assert type(bound) is CORS
    assert bound.__dict__["_store"] == "store"
    assert "_store" not in cors.__dict__
    assert bound.max_age == cors.max_age
    with pytest.raises(AttributeError):
        bound.max_age = 5  # type: ignore[misc]


def test_structure_options_places_problems_where_they_are_written() -> None:
    given = {"allow_origins": ["a"], "alow_methods": [], "signing": {"x": 1}, "max_age": 90000, "a b": 1, 5: 1}
    values, problems = structure_options(CORS, given, "toolkit.toml:20: middleware[2]")  # type: ignore[arg-type]
    assert [problem.where.removeprefix("toolkit.toml:20: middleware[2]") for problem in problems] == [
        ".allow_origins[0]",
        ".signing.secret_key",
        ".signing.x",
        ".alow_methods",
        "['a b']",
        "[5]",
        ".max_age",
    ]
    assert values["max_age"] == 90000.0
    assert "allow_origins" not in values


def test_partial_options_are_looked_at_one_by_one() -> None:
    given = {"max_age": "2d", "mode": "strict", "vary": 1, "moed": "lax"}
    values, problems = structure_options(CORS, given, "route[0].cors", partial=True)
    assert values == {"max_age": 172800.0, "mode": "strict"}
    assert [str(problem) for problem in problems] == [
        "route[0].cors.vary: 1 is not true or false; write true",
        "route[0].cors.moed: unknown option; did you mean 'mode'?",
    ]


def test_structure_options_holds_every_option() -> None:
    values, problems = structure_options(CORS, {"allow_origins": []}, "here")
    assert problems == []
    assert list(values) == [
        "allow_origins", "allow_methods", "allow_credentials", "max_age", "mode", "headers", "signing", "vary",
    ]  # fmt: skip


def test_problems_of_rules_and_compile_move_with_nested_options() -> None:
    class Inner(Options):
        size: int = 0

        @rule("size")
        def _small(self) -> Problem | None:
            return self.problem("size", "too large") if self.size > 9 else None

        def compile(self) -> None:
            if self.size > 5:
                raise ConfigError([Problem("Inner", "large"), Problem("Inner[0]", "odd"), Problem("Inners", "other")])

    class Outer(Options):
        inner: Inner
        inners: Mapping[str, Inner] = {}

    assert problems_of(Outer, inner={"size": 10}) == ["Outer.inner.size: too large"]
    assert problems_of(Outer, inner={}, inners={"a": {"size": 6}}) == [
        "Outer.inners['a']: large",
        "Outer.inners['a'][0]: odd",
        "Outer.inners['a']: Inners: other",
    ]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9)
JUNK = (
    SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=9) | st.integers(), SCALARS, max_size=3)
)
NAMES = st.sampled_from(["allow_origins", "max_age", "mode", "headers", "signing", "vary", "secret_key"]) | st.text()


@settings(max_examples=200)
@given(args=st.lists(JUNK, max_size=3), options=st.dictionaries(NAMES, JUNK, max_size=5))
def test_junk_is_made_into_options_or_a_config_error(args: list[Any], options: dict[str, Any]) -> None:
    try:
        text = repr(CORS(*args, **options))
    except ConfigError as error:
        text = str(error)
    assert "CORS" in text
