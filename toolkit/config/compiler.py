"""From a configuration to the stack that Python makes with `stack(...)`, or to everything that is wrong with it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from toolkit.config.defaults import Defaults, partial_problems
from toolkit.config.document import Document, place
from toolkit.config.draft import Draft
from toolkit.config.keyed import Keyed
from toolkit.config.kinds import Kinds, role_of
from toolkit.config.masking import Mask
from toolkit.config.overrides import Overrider
from toolkit.config.parts import Finder, Parts, Used
from toolkit.config.places import FilePlaces
from toolkit.config.read import read
from toolkit.config.references import Resolver
from toolkit.config.sections import Entry, is_slip, near, read_sections
from toolkit.config.set_up import has_set_ups, set_up
from toolkit.config.spelling import SPELLINGS
from toolkit.config.stores import Stores
from toolkit.config.taken import declares
from toolkit.config.telling import Telling
from toolkit.config.unread import Gaps
from toolkit.engine.handler import Mounted
from toolkit.engine.layer import Layer
from toolkit.engine.stack import Stack
from toolkit.options import MISSING, ConfigError, Invalid, Options, Problem
from toolkit.options.problems import suggestion


def compile(source: str | os.PathLike[str] | Mapping[str, Any], *, environ: Mapping[str, str] = os.environ) -> Stack:
    """The stack that a configuration describes.

    Args:
        source: The path of a .toml, .yaml, .yml or .json file, or a mapping with the same sections: `stores`,
            `defaults`, `middleware`, `route`, `handler`, `provides`.
        environ: What `${VAR}` in values stands for.

    Raises:
        ConfigError: With everything that is wrong, each with its file and line.
    """
    return compile_document(read(source), environ, Kinds())


def compile_document(document: Document, environ: Mapping[str, str], kinds: Kinds) -> Stack:
    """The stack that a document describes, made of these kinds. Raises ConfigError."""
    compilation = _Compilation(document, environ, kinds)
    draft = compilation.draft()
    if compilation.wrong or has_set_ups(draft.handlers.values):
        compilation.problems += draft.problems()
    if not compilation.wrong:
        set_up(draft.handlers.values, compilation.resolver, compilation.problems)
    if not compilation.wrong:
        try:
            return draft.stack(compilation.mask)
        except ConfigError as error:
            compilation.problems += error.problems
    raise ConfigError(compilation.telling(draft.places).told(compilation.gaps.unexplained(compilation.problems)))


class _Compilation:
    """Makes a draft of a document; `problems` and those of the `resolver` are what is wrong with its parts."""

    def __init__(self, document: Document, environ: Mapping[str, str], kinds: Kinds) -> None:
        self.problems: list[Problem] = []
        self.resolver = Resolver(document.base, environ)
        self._document = document
        self._kinds = kinds
        self._sections = read_sections(document, kinds, self.problems)
        self.adopted = self._sections.adopted
        self.gaps = Gaps(document)
        self.gaps.blur(self._sections)
        self._known = {str(one.data.get(key)) for one in self._sections.middleware for key in ("name", "use")}
        self._stores = Stores(self._sections.stores, self.resolver)
        self.problems += self._stores.problems

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong, as far as it is known."""
        return bool(self.problems or self.resolver.problems or self._document.problems)

    def draft(self) -> Draft:
        """The stack as far as it can be made."""
        finder = Finder(self._kinds, self.resolver, self.problems, SPELLINGS[self._document.form])
        layers = [finder.find(entry, "layer") for entry in self._sections.middleware]
        handlers = Keyed("path")
        sites = [self._site(entry, handlers, finder) for entry in self._sections.handler]
        used = [*layers, *(site.used for site in sites)]
        self._beside = {one.entry.where: place(("defaults", one.kind)) for one in used if one.role}
        parts = Parts(self._defaults(used), self._stores, self.resolver, self.problems)
        elements = [(one, parts.element(one)) for one in layers]
        self._labels = {part.label: one.entry.where for one, part in elements if isinstance(part, Layer)}
        overrider = self._overrider(elements, self._doubtful(used))
        for site in sites:
            handlers.values[site.path] = _mounted(site, parts.handler(site.used), overrider)
        return Draft(
            document=self._document,
            elements=[(one.entry.where, part) for one, part in elements if part is not None],
            is_whole=all(part is not None for _, part in elements) and not self._sections.vague,
            routes=self._routes(overrider),
            handlers=handlers,
            provides=self._sections.provides,
            stores=self._stores.by_name,
            defaults=parts.defaults.given(),
        )

    def telling(self, places: FilePlaces) -> Telling:
        """How what is wrong is told."""
        return Telling(places, self.resolver, self.adopted, self.mask)

    @property
    def mask(self) -> Mask:
        """Takes out of what is told what references stand for."""
        return Mask(self.resolver.resolved, self._beside, self._labels)

    def _site(self, entry: Entry, handlers: Keyed, finder: Finder) -> "_Site":
        path, data = handlers.take(entry, self.problems)
        layers = data.pop("layers") if "layers" in data else self._misspelt_layers(entry, data)
        return _Site(path, finder.find(replace(entry, data=data), "handler"), layers)

    def _misspelt_layers(self, entry: Entry, data: dict[str, Any]) -> Any:
        """Changes of layers under nearly their key, taken out of what a factory might swallow; MISSING without."""
        for name, value in data.items():
            changes = isinstance(value, Mapping) and not self._known.isdisjoint(value)
            if changes and is_slip(name, "layers") and not declares(data.get("use"), name, self._kinds):
                self.problems.append(Problem(entry.at(name), "unknown key", suggestion("layers")))
                return data.pop(name)
        return MISSING

    def _routes(self, overrider: Overrider) -> Keyed:
        routes = Keyed("match")
        for entry in self._sections.route:
            key, changes = routes.take(entry, self.problems)
            routes.values[key] = overrider.read(changes, entry.path)
        return routes

    def _defaults(self, used: Sequence[Used]) -> Defaults:
        classes = {one.kind: one.found for one in used if one.role}
        known = [*self._kinds.names, *classes]
        defaults = Defaults(self._sections.defaults, known, self._doubtful(used), self.resolver)
        self.problems += defaults.problems
        for kind, entry in defaults.items():
            cls = classes.get(kind) or self._unused(kind, entry)
            if cls and (role := role_of(cls)):
                self.problems += defaults.reserved(kind, role)
                shared = replace(entry, data=defaults.of(kind))
                self.problems += partial_problems(cls, shared, self._stores, self.resolver.base)
        return defaults

    def _unused(self, kind: str, entry: Entry) -> type[Options] | None:
        """The class of a kind that only defaults name; None where nothing is known of it."""
        try:
            return self._kinds.load(kind) if kind in self._kinds.names else None
        except Invalid as refused:
            self.problems.append(Problem(entry.where, refused.reason, refused.fix))
            return None

    def _doubtful(self, used: Iterable[Used]) -> set[str]:
        """What may be the kind or the name of parts of which nothing is known."""
        return self._sections.vague.union(*(_names(one, self._kinds) for one in used if one.found is MISSING))

    def _overrider(self, elements: Sequence[tuple[Used, Any]], doubtful: set[str]) -> Overrider:
        layers = [part for _, part in elements if isinstance(part, Layer)]
        unusable = {one.label or one.kind for one, part in elements if part is None and one.role}
        foreign = [one for one, _ in elements if one.found is not MISSING and not one.role]
        told = {problem.where for problem in self.problems}
        nameless = {one.label for one in foreign if one.label and one.entry.at("name") in told}
        misspelt = [one for one, _ in elements if one.found is MISSING and ":" not in (one.use or "")]
        meant = self._sections.vague.union(*(_names(one, self._kinds) for one in misspelt))
        guesses = {name: cls for name, cls in self._kinds.classes().items() if name in meant} if meant else {}
        return Overrider(
            layers,
            doubtful | unusable | nameless,
            guesses,
            foreign={name for one in foreign for name in _called(one)},
            stores=self._stores,
            resolver=self.resolver,
            problems=self.problems,
        )


class _Site(NamedTuple):
    """A handler, its path, and what it says of the layers."""

    path: str
    used: Used
    layers: Any


def _names(used: Used, kinds: Kinds) -> set[str]:
    label = {used.label} if used.label else set()
    if used.use is None:
        return label or set(kinds.names)
    meant = near(used.use, kinds.names)
    return label | {used.use, used.use.rpartition(":")[2].lower()} | ({meant} if meant else set())


def _called(used: Used) -> set[str]:
    """What routes may call foreign middleware, which they cannot change."""
    name = (used.use or "").rpartition(":")[2].lower()
    return {name, name.removesuffix("middleware"), *filter(None, [used.label])}


def _mounted(site: _Site, app: Any, overrider: Overrider) -> Any:
    """The handler as a stack takes it; its path and its overrides are checked where there is none."""
    answering = _nobody if app is None else app
    if site.layers is MISSING:
        return answering
    return Mounted(answering, overrider.read(site.layers, (*site.used.entry.path, "layers")))


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for a handler that could not be made, in a stack that never is."""
