"""Where each option of a layer or handler comes from: written with it, defaults of its kind, or what changes it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.engine.explain.plans import Owner
from toolkit.engine.explain.settings import HIDDEN, Place, Setting, foreign_settings, plain, settings_of
from toolkit.engine.layer import Layer
from toolkit.engine.overrides import inside
from toolkit.engine.places import Places, refers
from toolkit.options import MISSING, Options


class Sources:
    """Knows the places of one stack and its defaults."""

    def __init__(self, places: Places, defaults: Mapping[str, Mapping[str, Any]]) -> None:
        self._places = places
        self._defaults = defaults

    def element(self, number: int) -> Place:
        """Where an element of the stack stands, counted from 1."""
        return self.place(self._places.element(number - 1))

    def handler(self, index: int, path: str) -> Place:
        """Where a handler stands, counted from 0."""
        return self.place(self._places.handler(index, path))

    def default(self, kind: str) -> Place:
        """Where the defaults of a kind stand."""
        return self.place(self._places.default(kind))

    def place(self, where: str) -> Place:
        """A place, with file and line if exactly it was written."""
        return Place(where, self._places.written(where))

    def own(self, options: Options, where: str, kind: str) -> tuple[Setting, ...]:
        """The options of a layer or handler that nothing has changed, those of defaults last."""
        settings = [self._own(name, value, where, kind) for name, value in settings_of(options).items()]
        return tuple(sorted(settings, key=lambda setting: setting.source == "defaults"))

    def foreign(self, options: Mapping[str, Any], where: str) -> tuple[Setting, ...]:
        """The options of a foreign middleware."""
        return tuple(self._own(name, value, where, "") for name, value in foreign_settings(options).items())

    def changed(self, layer: Layer, now: Layer, where: str, owner: Owner) -> tuple[Setting, ...]:
        """The options of a layer where `now` stands in its place."""
        before = {setting.name: setting for setting in self.own(layer, where, layer.kind)}
        after = settings_of(now)
        change = owner.changes.get(layer.label)
        given = set(change) if isinstance(change, Mapping) else set(after)
        at = inside(owner.changes_at, layer.label)
        return tuple(
            self._replaced(name, value, at, owner, before.get(name)) if name in given else before[name]
            for name, value in _in_order(before, after)
        )

    def override(self, owner: Owner, layer: Layer) -> Place:
        """Where a route or handler says what becomes of a layer."""
        return self._near(inside(owner.changes_at, layer.label), owner.changes_at, owner.place.where)

    def _replaced(self, name: str, value: Any, at: str, owner: Owner, before: Setting | None) -> Setting:
        place = self._near(inside(at, name), at, owner.place.where)
        value = self.told(value, inside(at, name), at, owner.changes_at)
        return Setting(name, value, owner.source, place, MISSING if before is None else before.value)

    def _near(self, *wheres: str) -> Place:
        """The first place by its name, and by the line of the first that has one."""
        return Place(wheres[0], next(filter(None, map(self._places.written, wheres)), ""))

    def _own(self, name: str, value: Any, where: str, kind: str) -> Setting:
        place = self.place(inside(where, name))
        defaults = self._defaults.get(kind, {})
        if not place.written and name in defaults:
            default = self.place(inside(self._places.default(kind), name))
            if default.written or plain(defaults[name]) == value:
                return Setting(name, self.told(value, default.where, self._places.default(kind)), "defaults", default)
        return Setting(name, self.told(value, place.where), "element", place)

    def told(self, value: Any, where: str, *around: str) -> Any:
        """A value that refers to something is told as it was written: what it refers to may be a secret.

        `around` are the places that it stands in, from inside out: all of one may have come from a single reference.
        """
        written = self._places.as_written(where)
        if written is not MISSING:
            return _as_written(value, written)
        outer = next((found for place in around if (found := self._places.as_written(place)) is not MISSING), None)
        return outer if value != HIDDEN and isinstance(outer, str) and refers(outer) else value


def _in_order(before: Iterable[str], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The options that stand there now, in the order in which they stood before."""
    for name in dict.fromkeys([*before, *after]):
        if name in after:
            yield name, after[name]


def _as_written(value: Any, written: Any) -> Any:
    """The value with each reference as it was written; what is hidden of it stays hidden."""
    if value == HIDDEN or not refers(written):
        return value
    if isinstance(value, Mapping) and isinstance(written, Mapping):
        return {name: _as_written(one, written.get(name)) for name, one in value.items()}
    if isinstance(value, list) and isinstance(written, list) and any(isinstance(one, Mapping) for one in value):
        return [_as_written(one, two) for one, two in zip(value, written, strict=False)]
    return plain(written)
