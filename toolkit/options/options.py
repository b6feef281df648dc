"""A class of options: everything is checked at construction, and nothing changes afterwards."""

import copy
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, dataclass_transform, get_args

from toolkit.options.declared import Declared, Rule, collect_specifiers, declarations, declared, option
from toolkit.options.problems import MISSING, ConfigError, Invalid, Problem, Several, show, suggestion
from toolkit.options.secret import hush, hushed
from toolkit.options.suggestions import Suggestions


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(option,))
class Options:
    """Annotated class attributes are the options; the annotation is the rule.

    `ClassVar` and names that begin with `_` are no options. Annotate derived attributes in `compile`, where a type
    checker does not take them for options. Two instances are equal only if they are the same object.
    """

    def __init__(self, /, *args: Any, **options: Any) -> None:
        """Check everything and hold it. Raises one ConfigError with every problem."""
        cls = type(self)
        given, problems = _by_name(cls, args, options) if args else (options, [])
        values, refused = structure_options(cls, given, cls.__name__)
        if problems or refused:
            raise ConfigError([*problems, *refused])
        state = self.__dict__
        state.update(values)
        state["_given"] = {name: _kept(value, values[name]) for name, value in given.items()}
        self.compile()
        state["_sealed"] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        collect_specifiers(cls)

    def compile(self) -> None:
        """Override to build derived attributes (`self._policy = …`): every option is good, nothing is sealed yet."""

    def replace(self, /, **changes: Any) -> Self:
        """A new instance of this class: the options given to this one overlaid by `changes`, checked again whole."""
        return type(self)(**{**self.given, **changes})

    @property
    def given(self) -> Mapping[str, Any]:
        """The options given explicitly, as given (read-only)."""
        return MappingProxyType(self.__dict__["_given"])

    @classmethod
    def problem(cls, option: str, reason: str, fix: str = "") -> Problem:
        """A problem of one option, for rules: `return self.problem("max_age", "…", "use …")`."""
        return Problem(f"{cls.__name__}.{option}", reason, fix)

    @classmethod
    def instead_of(cls, args: tuple[Any, ...]) -> str:
        """What to write instead of arguments that may not be given by position."""
        return "give options by name"

    @classmethod
    def __structure__(cls, value: Mapping[Any, Any]) -> Self:
        """Make these options of a mapping, where this class is the annotation of an option. Raises Invalid."""
        if unnamed := [name for name in value if not isinstance(name, str)]:
            raise Several(Invalid("the name of an option is text", at=f"[{show(name)}]") for name in unnamed)
        try:
            return cls(**value)
        except ConfigError as error:
            problems = [moved(problem, cls.__name__, "") for problem in error.problems]
        raise Several(Invalid(problem.reason, problem.fix, problem.where) for problem in problems)

    def bound(self, **attributes: Any) -> Self:
        """A copy with derived attributes set, for `bind`. Options are changed with `replace`."""
        made = copy.copy(self)
        made.__dict__.update(attributes)
        return made

    def __repr__(self) -> str:
        entries = {entry.name: entry for entry in declared(type(self))}
        shown = (f"{name}={_represented(self, entries[name], value)}" for name, value in self.given.items())
        return f"{type(self).__name__}({', '.join(shown)})"

    if not TYPE_CHECKING:  # a type checker would take every attribute for settable

        def __setattr__(self, name: str, value: Any) -> None:
            if "_sealed" in self.__dict__:
                raise _immutable(self, name)
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            raise _immutable(self, name)


def structure_options(
    cls: type[Options], given: Mapping[str, Any], where: str, *, partial: bool = False, without: Container[str] = ()
) -> tuple[dict[str, Any], list[Problem]]:
    """The options of `cls` as held, and every problem of what is given; `where` stands in front of each name.

    The values are complete if there is no problem. With `partial` only what is given is looked at, each option by
    itself: none is missing, and no rule is asked. Nothing is known of the options `without`: they are neither looked at
    nor missing, and no rule is asked about them. Raises TypeError if `cls` declares what cannot be checked.
    """
    known = declarations(cls)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for entry in known.options:
        if entry.name in without or (partial and entry.name not in given):
            continue
        value = given.get(entry.name, MISSING)
        try:
            value = entry.otherwise() if value is MISSING else value
            values[entry.name] = entry.kind.read(value)
        except Invalid as refused:
            told = hush(refused, value) if entry.secret and value is not MISSING else refused
            problems += told.problems(f"{where}.{entry.name}")
    unknown = [] if given.keys() <= known.names else [*_unknown(given, known.names, where)]
    problems += unknown
    if known.rules and not partial:
        problems += _broken(cls, known.rules, values, where)
    return values, _without_misspelt(problems, unknown, [name for name in known.names if name not in given], where)


def _by_name(
    cls: type[Options], args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Options given by position and by name as options given by name, and what is wrong with that."""
    names = [entry.name for entry in declared(cls) if not entry.kw_only]
    problems = []
    if len(args) > len(names):
        taken = f"at most {len(names)} ({', '.join(names)})" if names else "none"
        reason = f"{len(args)} given by position where {taken} may be"
        problems.append(Problem(cls.__name__, reason, cls.instead_of(args)))
    positional = dict(zip(names, args, strict=False))
    problems += [
        cls.problem(name, "given by position and by name", "give it once") for name in positional if name in options
    ]
    return {**positional, **options}, problems


def _unknown(given: Iterable[str], known: Collection[str], where: str) -> Iterator[Problem]:
    suggestions = Suggestions()
    for name in given:
        if name not in known:
            place = f".{name}" if str(name).isidentifier() else f"[{show(name)}]"
            yield Problem(where + place, "unknown option", suggestions.of(str(name), known))


def _without_misspelt(
    problems: list[Problem], unknown: Iterable[Problem], absent: Iterable[str], where: str
) -> list[Problem]:
    """Nothing is said of options that are absent because their names were misspelt: that says it."""
    fixes = {problem.fix for problem in unknown}
    meant = tuple(f"{where}.{name}" for name in absent if suggestion(name) in fixes) if fixes else ()
    return [problem for problem in problems if not _is_at(problem.where, meant)] if meant else problems


def _is_at(where: str, places: tuple[str, ...]) -> bool:
    return any(where == place or where.startswith((f"{place}.", f"{place}[")) for place in places)


def _broken(cls: type[Options], rules: Iterable[Rule], values: dict[str, Any], where: str) -> Iterator[Problem]:
    """What the rules find on a draft that holds the valid options alone."""
    draft = object.__new__(cls)
    draft.__dict__.update(values)
    secrets = [values[name] for name in declarations(cls).secrets if name in values]
    for rule in rules:
        found = rule.method(draft) if rule.names <= values.keys() else None
        for problem in (found,) if isinstance(found, Problem) else found or ():
            yield hushed(moved(problem, cls.__name__, where), secrets)


def moved(problem: Problem, label: str, where: str) -> Problem:
    """A problem that a class placed under its own name, as seen from where its options are written."""
    inside = re.match(re.escape(label) + r"(?![^.\[])", problem.where)
    place = problem.where[inside.end() :] if inside else f": {problem.where}"
    return replace(problem, where=where + place)


def _kept(value: Any, held: Any) -> Any:
    """What `given` keeps: no list that its owner may still change, no iterator that is used up."""
    if type(value) in (list, dict, set):
        return value.copy()
    return held if hasattr(value, "__next__") else value


def _represented(options: Options, entry: Declared, value: Any) -> str:
    if entry.secret:
        return "'***'"
    return repr(getattr(options, entry.name) if _holds_options(entry.annotation) else value)


def _holds_options(annotation: Any) -> bool:
    """A mapping given for nested options may hold secrets; the options made of it do not show theirs."""
    return hasattr(annotation, "__structure__") or any(_holds_options(inner) for inner in get_args(annotation))


def _immutable(options: Options, name: str) -> AttributeError:
    cls = type(options)
    fix = f"; use .replace({name}=…)" if name in declarations(cls).names else ""
    return AttributeError(f"{cls.__name__} is immutable{fix}", name=name, obj=options)
