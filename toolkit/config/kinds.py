"""The kinds of layers and handlers that `use` may name: those of this project, and those that other packages add.

A package adds kinds with the entry-point group `toolkit.kinds`: a name, and a subclass of Layer or Handler. They are
imported when they are used, or all are listed.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from typing import Any, Literal, NamedTuple

from toolkit.engine.handler import Handler
from toolkit.engine.layer import Layer
from toolkit.options import Invalid, Options, did_you_mean, load
from toolkit.options.docstrings import summary
from toolkit.options.dotted import is_dotted
from toolkit.options.problems import there_are

GROUP = "toolkit.kinds"

BUILT_IN: Mapping[str, str] = {
    "cors": "toolkit.cors:CORS",
    "redirect": "toolkit.handlers:Redirect",
    "respond": "toolkit.handlers:Respond",
}
"""Kind to class. No metadata is needed to find them, and none is imported before it is used."""

Role = Literal["layer", "handler"]

SECTIONS: Mapping[Role, str] = {"layer": "middleware", "handler": "handler"}
"""The section in which each stands."""

_OURS = "toolkit"


class Listed(NamedTuple):
    """A kind as `toolkit kinds` shows it; `problem` says why it cannot be used, and then `role` is None."""

    kind: str
    role: Role | None
    summary: str
    package: str
    path: str
    problem: str = ""


class Kinds:
    """All kinds by name.

    Args:
        added: The entry points of other packages; by default those of all that are installed.
    """

    def __init__(self, added: Iterable[EntryPoint] | None = None) -> None:
        self._added = added

    @cached_property
    def _claims(self) -> dict[str, list[tuple[str, str]]]:
        """Kind to the packages that claim it, each with a dotted path."""
        claims = {name: [(_OURS, path)] for name, path in BUILT_IN.items()}
        for point in entry_points(group=GROUP) if self._added is None else self._added:
            claim = point.dist.name if point.dist else point.module, point.value.replace(" ", "")
            known = claims.setdefault(point.name, [])
            if claim not in known:
                known.append(claim)
        return dict(sorted(claims.items()))

    @property
    def names(self) -> list[str]:
        """The kinds in alphabetical order."""
        return list(self._claims)

    def find(self, use: str, want: Role) -> Any:
        """What `use` names: the class of a kind, or whatever a dotted path stands for.

        Raises Invalid for what is not found or cannot be imported, and for a layer where a handler is wanted or the
        reverse.
        """
        found = self.load(use) if use in self._claims else self._local(use, want)
        role = role_of(found)
        if role is not None and role != want:
            raise Invalid(f"{use!r} is a {role}", f"move it to the section {SECTIONS[role]!r}")
        return found

    def load(self, kind: str) -> type[Options]:
        """The class of a kind. Raises Invalid."""
        claims = self._claims[kind]
        if len(claims) > 1:
            packages = " and ".join(dict.fromkeys(f"{package} ({path})" for package, path in claims))
            raise Invalid(f"{kind!r} is claimed by {packages}", "uninstall all but one, or use one by its dotted path")
        ((package, path),) = claims
        try:
            found = load(path)
        except Invalid as refused:
            raise Invalid(f"{kind!r} of the package {package} cannot be used: {refused.reason}") from None
        if role_of(found) is None:
            raise Invalid(f"{kind!r} of the package {package} is neither a layer nor a handler")
        cls: type[Options] = found
        return cls

    def listed(self) -> list[Listed]:
        """Every kind, those included that cannot be used."""
        return [listed for kind in self._claims for listed in self._listed(kind)]

    def classes(self) -> dict[str, type[Options]]:
        """The class of every kind that can be used."""
        return dict(self._usable())

    def _usable(self) -> Iterator[tuple[str, type[Options]]]:
        for kind in self._claims:
            try:
                yield kind, self.load(kind)
            except Invalid:
                continue

    def _listed(self, kind: str) -> Iterator[Listed]:
        try:
            cls = self.load(kind)
        except Invalid as refused:
            for package, path in self._claims[kind]:
                yield Listed(kind, None, "", package, path, str(refused))
        else:
            ((package, path),) = self._claims[kind]
            yield Listed(kind, role_of(cls), summary(cls), package, path)

    def _local(self, use: str, want: Role) -> Any:
        if ":" in use:
            return load(use)
        raise Invalid(f"no {want} is called {use!r}", self._instead(use, want))

    def _instead(self, use: str, want: Role) -> str:
        module, _, name = use.rpartition(".")
        if is_dotted(f"{module}:{name}"):
            return class_of(use) or f"a dotted path is written '{module}:{name}'"
        wanted = [kind for kind, cls in self._usable() if role_of(cls) == want]
        otherwise = f"{there_are(wanted)}; or give a dotted path, 'package.module:name'"
        return did_you_mean(use, wanted) or did_you_mean(use, self.names) or otherwise


def class_of(path: str) -> str:
    """The fix for the name of a module where that of a class is wanted; "" if there is no such module."""
    try:
        module = import_module(path)
    except (Exception, SystemExit):  # a module may do anything as it is imported
        return ""
    last = path.rpartition(".")[2].lower().removesuffix("s")
    own = [name for name, found in vars(module).items() if isclass(found) and found.__module__ == path]
    near = [name for name in own if name.lower().removesuffix("middleware").removesuffix("s") == last]
    return f"name the class: '{path}:{near[0] if near else '…'}'"


def role_of(found: object) -> Role | None:
    """Whether a class is one of layers or of handlers."""
    if not isinstance(found, type):
        return None
    return "layer" if issubclass(found, Layer) else "handler" if issubclass(found, Handler) else None
