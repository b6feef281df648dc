"""The value of a secret option appears in no text."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.options import ConfigError, Invalid, Options, Problem, option, rule
from toolkit.options.secret import quotes

KEY = "correct horse battery staple"


def long(value: str) -> str:
    if len(value) < 40:
        raise Invalid("fewer than 40 characters", "use 40 or more")
    return value


def telling(value: str) -> str:
    raise Invalid(f"{value!r} is weak")


def hinting(value: str) -> str:
    raise Invalid("weak", f"use something else than {value[5:15]}")


class Text(Options):
    key: str = option(secret=True)
    other: int = 0


class Many(Options):
    key: Sequence[int] | Literal["none"] | Mapping[str, int] = option(secret=True)


class Long(Options):
    key: Annotated[str, long] = option(secret=True)


class Telling(Options):
    key: Annotated[str, telling] = option(secret=True)


class Hinting(Options):
    key: Annotated[str, hinting] = option(secret=True)


class Fallback(Options):
    key: Annotated[str, telling] = option(default=KEY, secret=True)


class Ruled(Options):
    key: str = option(secret=True)

    @rule("key")
    def _tells(self) -> Iterator[Problem]:
        yield self.problem("key", f"{self.key} is weak")
        yield self.problem("key", "in a list of weak ones")


class Outer(Options):
    inner: Text | int | None = None
    inners: Sequence[Text] = ()


HUSHED = "it is refused, for a reason that is not shown because it quotes the secret"


@pytest.mark.parametrize(
    ("cls", "options", "lines"),
    [
        (Text, {"key": [KEY]}, ["Text.key: the secret given (list) is not text"]),
        (Text, {"key": KEY, "other": "a"}, ["Text.other: 'a' is not a whole number"]),
        (Text, {"kye": KEY}, ["Text.kye: unknown option; did you mean 'key'?"]),
        (
            Many,
            {"key": KEY},
            [
                "Many.key: the secret given (str) is not a list of whole numbers, 'none' "
                "or a mapping of text to whole numbers"
            ],
        ),
        (Many, {"key": [KEY, 1]}, ["Many.key[0]: the secret given (str) is not a whole number"]),
        (Long, {"key": KEY}, ["Long.key: fewer than 40 characters; use 40 or more"]),
        (Telling, {"key": KEY}, [f"Telling.key: {HUSHED}"]),
        (Hinting, {"key": KEY}, [f"Hinting.key: {HUSHED}"]),
        (Fallback, {}, [f"Fallback.key: {HUSHED}"]),
        (Ruled, {"key": KEY}, [f"Ruled.key: {HUSHED}", "Ruled.key: in a list of weak ones"]),
        (Outer, {"inner": {"key": KEY, "x": 1}}, ["Outer.inner.x: unknown option"]),
        (
            Outer,
            {"inner": [{"key": KEY}]},
            ["Outer.inner: [{…}] is not a mapping of Text options, a whole number or null"],
        ),
        (Outer, {"inners": {"key": KEY}}, ["Outer.inners: {…} is not a list of mappings of Text options"]),
    ],
    ids=["kind", "other", "mistyped", "union", "element", "check", "telling", "hinting", "default", "rule", "nested",
         "nested list", "mapping"],
)  # fmt: skip
def test_no_error_shows_a_secret(cls: type[Options], options: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        cls(**options)
    error = caught.value
    assert [str(problem) for problem in error.problems] == lines
    for text in (str(error), repr(error), repr(error.args), "".join(traceback.format_exception(error, chain=True))):
        assert "horse" not in text


def test_no_cause_or_context_holds_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        Telling(key=KEY)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_no_repr_shows_a_secret() -> None:
    text = Text(key=KEY)
    assert repr(text) == "Text(key='***')"
    assert repr(Outer(inner=text)) == "Outer(inner=Text(key='***'))"
    nested: Any = {"key": KEY, "other": 1}
    assert repr(Outer(inner=nested, inners=[nested])) == (
        "Outer(inner=Text(key='***', other=1), inners=(Text(key='***', other=1),))"
    )


@pytest.mark.parametrize(
    ("secret", "text", "found"),
    [
        ("correct horse", "ends in ct horse, weak", True),
        ("correct horse", "a horse", False),
        ("abc", "abc is short", True),
        ("", "empty", False),
        ("a\nb\nc\nd", r"'a\nb\nc\nd' is odd", True),
        (b"correct horse", "b'correct horse'", True),
        (["correct horse", "b"], "correct horse", True),
        ({"k": {"correct horse"}}, "correct horse", True),
        (90000, "90000 is large", True),
        (True, "True is odd", False),
        (None, "None is odd", False),
    ],
)
def test_quotes(secret: object, text: str, found: bool) -> None:
    assert quotes(secret, "", text) is found


class Silent:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_object_without_text_is_quoted_by_nothing() -> None:
    assert not quotes([Silent()], "a text")


@given(st.text(min_size=1), st.text(), st.text())
def test_a_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert quotes(secret, before + secret + after)
    assert quotes([b"x", secret], f"{before}{secret!r}{after}")
