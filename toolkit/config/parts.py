"""The layers, the foreign middleware and the handlers of a configuration, each made of its table.

Rule: a layer whose options are wrong stays as a draft, an instance without them, so that its place in the order, its
name and what routes say of it are checked all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from toolkit.config.anchors import anchored
from toolkit.config.defaults import Defaults
from toolkit.config.foreign import foreign_element, foreign_handler
from toolkit.config.kinds import Kinds, Role, role_of
from toolkit.config.references import Resolver
from toolkit.config.sections import Entry, plain, respelt
from toolkit.config.set_up import failure
from toolkit.config.spelling import Spelling
from toolkit.config.stores import Stores
from toolkit.engine.overrides import Wrong
from toolkit.options import (
    MISSING,
    ConfigError,
    Invalid,
    Options,
    Problem,
    declared,
    structure_options,
)
from toolkit.options.dotted import is_dotted
from toolkit.options.options import moved
from toolkit.options.suggestions import Suggestions


class Used(NamedTuple):
    """An entry, and what its `use` was found to be: MISSING, where that is wrong."""

    entry: Entry
    use: str | None
    found: Any
    label: str | None = None
    """The name it was given beside its kind."""

    @property
    def role(self) -> Role | None:
        """None for what is no kind."""
        return role_of(self.found)

    @property
    def kind(self) -> str:
        """Its kind: a file knows it by the name that it is used by, or else by its class's."""
        return self.found.kind if self.use is None or ":" in self.use else self.use


class Finder:
    """Finds what the entries of a list use."""

    def __init__(self, kinds: Kinds, resolver: Resolver, problems: list[Problem], spelling: Spelling) -> None:
        self._kinds = kinds
        self._spelling = spelling
        self._resolver = resolver
        self._problems = problems

    def find(self, entry: Entry, want: Role) -> Used:
        """What an entry uses, and its own options with all references resolved."""
        use, data = respelt(entry, "use", self._is_use, self._problems)
        label = data.get("name") if want == "layer" else None
        label = label if isinstance(label, str) else None
        data = self._resolver.resolve(data, entry.path)
        entry = replace(entry, data=data)
        if use is MISSING:
            self._refuse(entry.at("use"), Invalid("missing", self._use_of(data)))
            return Used(entry, None, MISSING, label)
        text = plain(use, entry.at("use"), "a kind or a dotted path", self._problems)
        return Used(entry, text, MISSING if text is None else self._found(text, entry, want), label)

    def _found(self, use: str, entry: Entry, want: Role) -> Any:
        try:
            return self._kinds.find(use, want)
        except Invalid as refused:
            self._refuse(entry.at("use"), refused)
            return MISSING

    def _use_of(self, data: Mapping[str, Any]) -> str:
        """The fix for an entry that does not say what it uses."""
        kind = next((key for key in data if key in self._kinds.names), None)
        if kind is None:
            return "give the kind, or 'package.module:name'"
        return f"{kind!r} is a kind: write {self._spelling.set('use', kind)}, and its options beside it"

    def _is_use(self, value: object) -> bool:
        return isinstance(value, str) and (value in self._kinds.names or is_dotted(value))

    def _refuse(self, where: str, refused: Invalid) -> None:
        self._problems.append(Problem(where, refused.reason, refused.fix))


class Parts:
    """Makes the parts of a stack of the entries of a configuration; what is wrong with them is added to `problems`."""

    def __init__(self, defaults: Defaults, stores: Stores, resolver: Resolver, problems: list[Problem]) -> None:
        self.defaults = defaults
        self._stores = stores
        self._suggestions = Suggestions()
        self._resolver = resolver
        self._problems = problems

    def element(self, used: Used) -> Any:
        """A layer, a draft of one, or foreign middleware; None where nothing is known of it."""
        if used.role == "layer":
            return self.options(used)
        return self._foreign(used, foreign_element)

    def handler(self, used: Used) -> Any:
        """A handler or any application; None where there is none."""
        if used.role == "handler":
            return self.options(used)
        return self._foreign(used, foreign_handler)

    def options(self, used: Used) -> Any:
        """An instance of the class used, or a draft of it."""
        cls, entry = used.found, used.entry
        given = {**self.defaults.of(used.kind), **entry.data}
        if used.role == "layer" and used.kind != cls.kind:
            given.setdefault("name", used.kind)
        try:
            given = anchored(cls, given, self._resolver.base)
            made = cls(**given)
        except Exception as error:
            return self._draft(used, given, error)
        self._tell(used, [*self._stores.problems_of(cls, given, entry.where)])
        return made

    def _draft(self, used: Used, given: Mapping[str, Any], refused: Exception) -> Any:
        cls, entry = used.found, used.entry
        try:
            values, _ = structure_options(cls, given, entry.where, partial=True)
            problems = [*self._set_up_problems(used, refused), *self._stores.problems_of(cls, given, entry.where)]
            self._tell(used, problems)
            wrong = Wrong.of(cls, given, values, problems, entry.where)
            if "name" in wrong.names:  # a wrong one: it is called as nothing else is
                values["name"] = entry.where
            return draft(cls, values, given, wrong)
        except Exception as error:  # a class of others may break in any way
            reason = f"{used.use!r} cannot be set up: {self._failure(used, error)}"
            self._problems.append(Problem(entry.at("use"), reason))
            return None

    def _set_up_problems(self, used: Used, refused: Exception) -> list[Problem]:
        """What a class finds wrong only when an instance is made."""
        where = used.entry.where
        if isinstance(refused, ConfigError):
            return [moved(problem, used.found.__name__, where) for problem in refused.problems]
        return [Problem(where, f"its set-up failed: {self._failure(used, refused)}")]

    def _failure(self, used: Used, error: Exception) -> str:
        return failure(error, self._resolver, used.entry.where, self.defaults.where(used.kind))

    def _tell(self, used: Used, problems: list[Problem]) -> None:
        """Each where its option was written; an option that defaults give to many is told once."""
        reserved = ("path", "layers") if used.role == "handler" else ("name",)
        for problem, is_default in self.defaults.moved(problems, used.kind, used.entry):
            self._problems.append(problem if is_default else self._hinted(problem, reserved))

    def _hinted(self, problem: Problem, reserved: tuple[str, ...]) -> Problem:
        if problem.reason != "unknown option" or problem.fix:
            return problem
        return replace(problem, fix=self._suggestions.of(problem.where.rpartition(".")[2], reserved))

    def _foreign(self, used: Used, make: Callable[..., Any]) -> Any:
        entry = used.entry
        if used.found is MISSING:
            return None
        try:
            return make(used.found, used.use, entry.data, entry, self._problems)
        except Invalid as refused:
            self._problems.append(Problem(entry.at("use"), refused.reason, refused.fix))
            return None


def draft(cls: type[Options], values: Mapping[str, Any], given: Mapping[str, Any], wrong: Wrong) -> Any:
    """An instance without its checks; None if its class cannot be asked what stacks ask."""
    made: Any = object.__new__(cls)
    otherwise = {entry.name: entry.otherwise() for entry in declared(cls) if not entry.is_required}
    made.__dict__.update({**otherwise, **values, "_draft": wrong})
    made.__dict__["_given"] = {
        name: value for name, value in given.items() if name not in wrong.names and name in values
    }
    try:
        for asked in ("label", "may_answer"):
            getattr(made, asked, None)
    except Exception:  # it looks at an option that is not there
        return None
    return made
