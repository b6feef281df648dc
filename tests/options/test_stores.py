"""What an option that names a store accepts."""

import pytest

from toolkit.options import ConfigError, check
from toolkit.options.stores import StoreOption, is_url


class Store:
    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Half:
    close = 5

    async def open(self) -> None: ...


def test_names_urls_and_stores_are_held_as_they_are() -> None:
    store = Store()
    assert check(StoreOption, store, "X") is store
    assert check(StoreOption, "main", "X") == "main"
    assert check(StoreOption, "sqlite:///app.db", "X") == "sqlite:///app.db"


@pytest.mark.parametrize("value", [5, None, "", True, [], Store, Half()], ids=lambda value: type(value).__name__)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="is no store; use the name of a store, or a URL such as"):
        check(StoreOption, value, "X")


def test_a_colon_tells_urls_from_names() -> None:
    assert is_url("memory:")
    assert not is_url("main")
