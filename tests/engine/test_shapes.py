"""What a stack cannot be made of, whatever its parts say."""

from collections.abc import Callable
from typing import cast

import pytest

from toolkit import CORS, ConfigError, Stack, stack


def cors(name: str | None = None) -> CORS:
    return CORS(allow_origins=["https://a.example"], name=name)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            lambda: stack(cors(), defaults={"cors": {"name": "x"}}),
            "defaults['cors'].name: a name cannot be a default; give each layer its own",
        ),
        (
            lambda: stack(cors(name="given"), defaults={"cors": {"name": "x", "max_age": 5}}),
            "defaults['cors'].name: a name cannot be a default; give each layer its own",
        ),
        (
            lambda: stack(provides=iter(["user", cast(str, 1)])),
            "provides[1]: 1 is not text; name what stands outside the stack",
        ),
        (lambda: stack(cors(name="")), "CORS.name: '' is no name; leave it out, or choose one"),
        (lambda: stack(cors(name=" ")), "CORS.name: ' ' is no name; leave it out, or choose one"),
    ],
    ids=["name", "name beside one", "provides", "empty name", "blank name"],
)
def test_it_is_refused(make: Callable[[], Stack], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert [str(problem) for problem in caught.value.problems] == [line]


def test_what_is_provided_may_come_from_an_iterator() -> None:
    assert stack(provides=iter(["user"])).provides == {"user"}
