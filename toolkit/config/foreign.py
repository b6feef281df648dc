"""What is no kind: any ASGI middleware, application or factory that a dotted path names, and its options.

Rule: options are checked against the signature, so that a mistake is told before anything runs.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from inspect import Parameter, isclass, iscoroutinefunction, signature
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from toolkit.config.kinds import class_of
from toolkit.config.references import is_unresolved
from toolkit.config.sections import Entry
from toolkit.config.set_up import SetUp
from toolkit.config.taken import BY_NAME, parameters
from toolkit.engine.layer import Layer
from toolkit.options import MISSING, Invalid, Problem, Reference, did_you_mean
from toolkit.options.structure import structure

NAMELESS = "ASGI middleware from elsewhere has no name, and routes cannot change it"
"""The fix for a name where none is taken."""

_BY_POSITION = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)
_TEXT = re.compile(r"\bstr\b")
_CHECKED = (int, float, bool, str, type(None))  # annotations that are taken at their word


def foreign_element(found: Any, use: str, options: Mapping[str, Any], entry: Entry, problems: list[Problem]) -> Any:
    """The element of a stack that `use` stands for; what is wrong with its options is added to `problems`."""
    if isinstance(found, Layer):
        problems += _none_taken(options, entry, f"{use!r} is a layer with its options")
        return found
    if not callable(found):
        fix = class_of(found.__name__) if isinstance(found, ModuleType) else ""
        raise Invalid(f"{use!r} is {type(found).__name__}, not ASGI middleware", fix)
    if _is_application(found):
        raise Invalid(f"{use!r} is an application, not middleware", "move it to the section 'handler'")
    taken = parameters(found)
    if taken is not None:
        if not taken or taken[0].kind not in _BY_POSITION:
            raise Invalid(f"{use!r} takes no application: it is no ASGI middleware")
        refusals = _refusals(taken if taken[0].kind is Parameter.VAR_POSITIONAL else taken[1:], options, entry)
        problems += [_named(problem, entry) for problem in refusals]
    problems += _mistyped(found, options, entry)
    return Middleware(found, **_plain(found, options))


def foreign_handler(
    found: Any, use: str, options: Mapping[str, Any], entry: Entry, problems: list[Problem]
) -> ASGIApp | None:
    """The application that `use` stands for, or what will make it of its options; None after a problem."""
    if not callable(found):
        raise Invalid(f"{use!r} is {type(found).__name__}, not an ASGI application")
    if _is_application(found):
        problems += _none_taken(options, entry, f"{use!r} is an application")
        application: ASGIApp = found
        return application
    refusals = list(_refusals(parameters(found), options, entry))
    refusals += _mistyped(found, options, entry)
    problems += refusals
    return None if refusals or is_unresolved(options) else SetUp(found, use, _plain(found, options), entry)


def _is_application(found: Any) -> bool:
    """A coroutine function of (scope, receive, send), or an instance of a class whose call is one."""
    if isclass(found):
        return False
    if iscoroutinefunction(found):
        return _takes_three(found)
    return not hasattr(found, "__code__") and _takes_three(found) and iscoroutinefunction(type(found).__call__)


def _takes_three(found: Any) -> bool:
    try:
        signature(found).bind(None, None, None)
    except (TypeError, ValueError):
        return False
    return True


def _refusals(taken: list[Parameter] | None, options: Mapping[str, Any], entry: Entry) -> Iterator[Problem]:
    """What a signature has against options given by name."""
    if taken is None:
        return
    known = [one.name for one in taken if one.kind in BY_NAME]
    near = {name: did_you_mean(name, known) for name in options if name not in known}
    if not any(one.kind is Parameter.VAR_KEYWORD for one in taken):
        yield from (Problem(entry.at(name), "unknown option", fix) for name, fix in near.items())
    for one in taken:
        is_needed = one.default is Parameter.empty and one.kind in BY_NAME
        if is_needed and one.name not in options and _slip(one.name) not in near.values():
            yield Problem(entry.at(one.name), "missing", f"give {one.name}")


def _named(problem: Problem, entry: Entry) -> Problem:
    is_name = problem.where == entry.at("name") and problem.reason == "unknown option"
    return replace(problem, fix=NAMELESS) if is_name else problem


def _mistyped(found: Any, options: Mapping[str, Any], entry: Entry) -> list[Problem]:
    """Options of another type than a plain annotation says; what others mean by theirs nobody knows."""
    problems: list[Problem] = []
    hints = _hints(found)
    for name in (one.name for one in parameters(found) or () if one.kind in BY_NAME):
        if options.get(name) is not None and _is_plain(hints.get(name)):
            structure(hints[name], options[name], entry.at(name), problems)
    return problems


def _is_plain(hint: Any) -> bool:
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return all(any(one is known for known in _CHECKED) for one in members)


def _slip(name: str) -> str:
    """What a near miss of a name is told."""
    return did_you_mean(name, [name])


def _none_taken(options: Iterable[str], entry: Entry, reason: str) -> Iterator[Problem]:
    return (Problem(entry.at(name), f"{reason}: it takes none here", "leave it out") for name in options)


def _plain(found: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with each reference as text where text is annotated, else as what it means."""
    hints = _hints(found)
    return {name: _meant(value, _takes_text(hints.get(name))) for name, value in options.items()}


def _meant(value: Any, takes_text: bool) -> Any:
    if isinstance(value, list):
        return [_meant(inner, takes_text) for inner in value]
    if isinstance(value, dict):
        return {name: _meant(inner, takes_text) for name, inner in value.items()}
    if not isinstance(value, Reference):
        return value
    return str(value) if takes_text or value.meant is MISSING else value.meant


def _hints(found: Any) -> Mapping[str, Any]:
    function: Callable[..., Any] = found.__init__ if isclass(found) else found
    try:
        return get_type_hints(function)
    except Exception:  # annotations of others may name what only a type checker knows
        return getattr(function, "__annotations__", {})


def _takes_text(hint: Any) -> bool:
    if isinstance(hint, str):
        return _TEXT.search(hint) is not None
    return hint is str or any(map(_takes_text, get_args(hint)))
