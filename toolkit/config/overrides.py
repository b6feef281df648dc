"""What routes and handlers of a configuration say of its layers, as the engine takes it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.config.anchors import anchored
from toolkit.config.defaults import partial_problems
from toolkit.config.document import Path, place
from toolkit.config.foreign import NAMELESS
from toolkit.config.references import Resolver
from toolkit.config.sections import Entry
from toolkit.config.stores import Stores
from toolkit.engine.layer import Layer
from toolkit.options import MISSING, Options, Problem, Reference


class Overrider:
    """Reads overrides: a table by label of options, or of true or false.

    Args:
        layers: The layers of the stack, drafts among them.
        doubtful: What other layers may be called, of which nothing is known.
        guesses: The classes that some of these are probably of.
        foreign: What middleware may be called that is no layer.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        doubtful: Iterable[str],
        guesses: Mapping[str, type[Options]],
        *,
        foreign: Iterable[str],
        stores: Stores,
        resolver: Resolver,
        problems: list[Problem],
    ) -> None:
        self._layers = {layer.label: layer for layer in layers}
        self._doubtful = frozenset(doubtful) - self._layers.keys()
        self._guesses = guesses
        self._foreign = frozenset(foreign) - self._layers.keys()
        self._stores = stores
        self._resolver = resolver
        self._problems = problems

    def read(self, changes: Any, path: Path) -> Any:
        """The overrides written at `path`, as a stack takes them."""
        resolved = self._resolver.resolve(changes, path)
        if resolved == []:
            self._problems.append(Problem(place(path), "[] says nothing of any layer", "leave it out"))
        return dict(self._read(resolved, path)) if isinstance(resolved, Mapping) else resolved

    def _read(self, changes: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
        for label, change in changes.items():
            meant = _meant(change)
            if label in self._doubtful:
                self._guess(label, meant, (*path, label))
            elif label in self._foreign:
                self._refuse((*path, label))
            else:
                yield label, self._options(label, meant, (*path, label)) if isinstance(meant, Mapping) else meant

    def _refuse(self, path: Path) -> None:
        self._problems.append(Problem(place(path), "no layer of this stack is called that", NAMELESS))

    def _guess(self, label: str, change: Any, path: Path) -> None:
        """Look at options by themselves: the layer that they would change is not known."""
        cls = self._guesses.get(label)
        if cls is not None and isinstance(change, Mapping):
            self._problems += partial_problems(cls, Entry(path, change), self._stores, self._resolver.base)

    def _options(self, label: str, change: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        layer = self._layers.get(label)
        if layer is None:
            return change
        given = anchored(type(layer), change, self._resolver.base)
        self._problems += self._stores.problems_of(type(layer), given, place(path))
        return given


def _meant(change: Any) -> Any:
    """A variable may switch a layer off."""
    meant = change.meant if isinstance(change, Reference) else change
    return change if meant is MISSING else meant
