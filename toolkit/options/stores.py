"""What a layer stores its state in: the name of one of its stack's stores, a URL, or a store itself."""

from typing import Annotated, Any

from toolkit.options.problems import Invalid, show
from toolkit.options.structure import reads

_FIX = "use the name of a store, or a URL such as 'sqlite:///app.db'"


@reads("the name of a store", "a URL", "a store", schema={"type": "string", "minLength": 1})
def store_option(value: object) -> object:
    """The value itself: text, which has a colon if it is a URL, or an object with `open` and `close`.

    Raises Invalid for anything else. Whether the stack has a store of that name is checked where it is put together.
    """
    if isinstance(value, str) and value:
        return value
    if isinstance(value, type) or not (_has(value, "open") and _has(value, "close")):
        raise Invalid(f"{show(value)} is no store", _FIX)
    return value


def is_url(store: str) -> bool:
    """Whether the text of a store option is a URL; else it is a name."""
    return ":" in store


def _has(value: object, method: str) -> bool:
    return callable(getattr(value, method, None))


StoreOption = Annotated[Any, store_option]
"""An option that `bind` hands to `open_store`: the name of a store of the stack, a URL, or a store."""
