"""Where each option of a layer or handler comes from: written with it, defaults of its kind, or what changes it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.engine.explain.plans import Owner
from toolkit.engine.explain.settings import HIDDEN, Place, Setting, foreign_settings, plain, settings_of
from toolkit.engine.layer import Layer
from toolkit.engine.overrides import inside
from toolkit.engine.places import Places
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
        value = self._told(value, inside(at, name))
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
                return Setting(name, self._told(value, default.where), "defaults", default)
        return Setting(name, self._told(value, place.where), "element", place)

    def _told(self, value: Any, where: str) -> Any:
        """A value that refers to something is told as it was written: what it refers to may be a secret."""
        written = self._places.as_written(where)
        return plain(written) if value != HIDDEN and _refers(written) else value


def _in_order(before: Iterable[str], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The options that stand there now, in the order in which they stood before."""
    for name in dict.fromkeys([*before, *after]):
        if name in after:
            yield name, after[name]


def _refers(written: Any) -> bool:
    """Whether a value as written refers to a variable or a file."""
    if isinstance(written, Mapping):
        return any(map(_refers, written.values()))
    return any(map(_refers, written)) if isinstance(written, list) else isinstance(written, str) and "${" in written
