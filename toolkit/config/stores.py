"""The stores that a configuration names, and the options of layers that name one."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from toolkit.config.anchors import anchored_url, named_stores
from toolkit.config.document import Path, Unread, place
from toolkit.config.references import Resolver
from toolkit.config.set_up import failure
from toolkit.options import ConfigError, Invalid, Options, Problem, show
from toolkit.options.problems import Several, there_are
from toolkit.options.stores import is_url, store_option
from toolkit.options.suggestions import Suggestions


class Stores:
    """The section `stores`: URLs, and in a mapping also stores themselves.

    Rule: a URL stays one, as in Python, so that each wrapped application opens and closes a store of its own.

    Attributes:
        by_name: What layers may name: URLs and stores.
        problems: What is wrong with them.
    """

    def __init__(self, entries: Sequence[tuple[Path, str, Any]], resolver: Resolver) -> None:
        self.by_name: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self._resolver = resolver
        self._suggestions = Suggestions()
        self._names = [name for _, name, _ in entries]
        for path, name, value in entries:
            try:
                self.by_name[name] = self._store(resolver.resolve(value, path), place(path))
            except Invalid as refused:
                self.problems += refused.problems(place(path))

    def _store(self, value: Any, where: str) -> Any:
        if isinstance(value, Unread):
            return None
        if isinstance(value, str) and is_url(value):
            return self._checked(anchored_url(str(value), self._resolver.base), where)
        try:
            return store_option(None if isinstance(value, str) else value)
        except Invalid:
            raise Invalid(f"{show(value)} is no URL of a store", "such as 'sqlite:///app.db' or 'memory:'") from None

    def problems_of(self, cls: type[Options], given: Mapping[str, Any], where: str) -> Iterator[Problem]:
        """What is wrong with the stores that options name."""
        for option, text in named_stores(cls, given):
            try:
                self._accept(text, where)
            except Invalid as refused:
                yield from refused.problems(f"{where}.{option}")

    def _accept(self, text: str, where: str) -> None:
        if is_url(text):
            self._checked(text, where)
        elif text not in self._names and "" not in self._names:  # "": some could not be read
            known = there_are(self._names) if self._names else "name it in stores, or write a URL"
            raise Invalid(f"no store is called {text!r}", self._suggestions.of(text, self._names) or known)

    def _checked(self, url: str, where: str) -> str:
        """The URL. Raises Invalid if no store can be made of it."""
        try:
            import_module("toolkit.stores").open_store(url)
        except ConfigError as error:
            parts = [Invalid(one.reason, one.fix, one.where.removeprefix("store")) for one in error.problems]
            raise Several(parts) from None
        except Exception as error:  # drivers have errors of their own
            raise Invalid(failure(error, self._resolver, where)) from None
        return url
