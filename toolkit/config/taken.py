"""Which options something takes, be it a kind or what a dotted path names."""

from inspect import Parameter, signature
from typing import Any

from toolkit.config.kinds import Kinds, role_of
from toolkit.options import Invalid, declared, load

BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def takes(use: object, name: str, kinds: Kinds) -> bool:
    """Whether what `use` names takes an option of this name; true where nobody can tell."""
    return _takes(use, name, kinds, anything=True)


def declares(use: object, name: str, kinds: Kinds) -> bool:
    """Whether what `use` names has an option of this very name; true where nobody can tell."""
    return _takes(use, name, kinds, anything=False)


def _takes(use: object, name: str, kinds: Kinds, *, anything: bool) -> bool:
    if not isinstance(use, str):
        return True
    try:
        found = kinds.load(use) if use in kinds.names else load(use)
    except Invalid:
        return True
    if role_of(found):
        return name in {entry.name for entry in declared(found)}
    taken = parameters(found)
    return taken is None or any(
        (anything and one.kind is Parameter.VAR_KEYWORD) or (one.name == name and one.kind in BY_NAME) for one in taken
    )


def owner(option: str, kinds: Kinds) -> str | None:
    """The first kind that has an option of this name."""
    return next((kind for kind, cls in kinds.classes().items() if option in {one.name for one in declared(cls)}), None)


def parameters(found: Any) -> list[Parameter] | None:
    """What something is called with; None where that is not known."""
    try:
        return list(signature(found).parameters.values())
    except (TypeError, ValueError):  # written in C, or not callable
        return None
