"""Path templates, as Starlette's routes have them: `/files/{path:path}`, `/users/{id:int}`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import compile_path

from toolkit.http.objections import Objection, objection_to_path
from toolkit.http.patterns import PathPattern, PatternError, is_plain_path
from toolkit.http.segments import FRESH, PARAMETER, WHOLE_PATH, Segment, of_template, samples_around
from toolkit.options import did_you_mean

_MOST_PARAMETERS = 16
_REWRITE = "a template has parameters, {name} or {name:path}, and no wildcards"


@dataclass(frozen=True, slots=True, init=False)
class PathTemplate:
    """A path with parameters: `{name}` is text without '/', `{name:path}` any, and `int`, `float`, `uuid` as Starlette.

    Case-sensitive, over decoded paths; it matches what a Starlette route of this text matches, apart from paths that
    are not plain (`//`, dot segments). `params` are the parameters, each with the name of its convertor; `prefix` and
    `suffix` the leading and the final segments without one; `rest` is the name of a `path` parameter that is the whole
    last segment, as in `/files/{path:path}`, or None. A final newline is a part of the path, which Starlette's `$` lets
    pass: who asks takes it off. Raises PatternError.
    """

    text: str
    params: Mapping[str, str] = field(compare=False, repr=False)
    is_exact: bool = field(compare=False, repr=False)
    prefix: tuple[str, ...] = field(compare=False, repr=False)
    suffix: tuple[str, ...] = field(compare=False, repr=False)
    rest: str | None = field(compare=False, repr=False)
    segments: tuple[Segment, ...] = field(compare=False, repr=False)
    _regex: re.Pattern[str] = field(compare=False, repr=False)
    _convertors: Mapping[str, Convertor[Any]] = field(compare=False, repr=False)

    def __init__(self, text: str) -> None:
        objection = objection_to_template(text)
        if objection is not None:
            raise PatternError(text, *objection)
        regex, _, convertors = compile_path(text)
        segments = text.split("/")[1:]
        fields = {
            "text": text,
            "params": MappingProxyType({name: kind or "str" for name, kind in PARAMETER.findall(text)}),
            "is_exact": not convertors,
            "prefix": _literals(segments),
            "suffix": _literals(segments[::-1])[::-1],
            "rest": _rest(segments[-1]),
            "segments": tuple(map(of_template, segments)),
            "_regex": regex,
            "_convertors": convertors,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def matches(self, path: str) -> bool:
        """Whether the decoded `path` is one of this template; never where it is not a plain path."""
        return self.match(path) is not None

    def match(self, path: str) -> dict[str, Any] | None:
        """The parameters that a path has, converted; None where the template does not match."""
        found = self._regex.fullmatch(path) if is_plain_path(path) else None
        if found is None:
            return None
        try:
            return {name: self._convertors[name].convert(text) for name, text in found.groupdict().items()}
        except ValueError:  # a number of more digits than Python reads
            return None

    def covers(self, other: "PathTemplate | PathPattern") -> bool:
        """Whether this template matches every path that `other` matches, line breaks apart.

        It never says so wrongly. It may not see it where parameters of different kinds stand in one segment, or a
        `path` parameter beside text.
        """
        if not (other.is_exact or isinstance(other, PathTemplate)):
            return False
        if other.is_exact and len(self.params) < 2:
            return self.matches(other.text)
        return _is_laid_over(self.segments, other.segments)

    def samples(self, head: int, tail: int) -> Iterable[tuple[str, ...]] | None:
        """Paths by their segments, with a fresh symbol for what parameters stand for.

        A pattern of `head` segments before `**` and `tail` after it that matches all of these matches every path of
        this template. None where that cannot be told from a few paths.
        """
        texts = tuple(segment.sample for segment in self.segments)
        several = [place for place, segment in enumerate(self.segments) if segment.kind == "several"]
        if not several:
            return (texts,)
        before, after = texts[: several[0]], texts[several[-1] + 1 :]
        if len(several) == 1 and self.segments[several[0]].key == WHOLE_PATH:
            return samples_around(before, after, 1, head, tail)
        return ((*before, FRESH, *after),) if head <= len(before) and tail <= len(after) else None


def objection_to_template(text: str) -> Objection | None:
    """What is wrong with a path template as somebody wrote it, or None."""
    bare = PARAMETER.sub("x", text)
    if not text.startswith("/"):
        return Objection("a path template begins with '/'", "write the path alone, such as /files/{path:path}")
    if "{" in bare or "}" in bare:
        return Objection("'{' and '}' stand around the name of a parameter alone", "write {name} or {name:path}")
    if wild := next((sign for sign in "*?[]<>" if sign in bare), None):
        return Objection(f"{wild!r} is no wildcard here", _REWRITE)
    return _parameter_objection(text) or objection_to_path(bare)


def _parameter_objection(text: str) -> Objection | None:
    known: set[str] = set()
    found = PARAMETER.findall(text)
    if len(found) > _MOST_PARAMETERS:
        reason = f"holds {len(found)} parameters, and more than {_MOST_PARAMETERS} are slow to match"
        return Objection(reason, "take the rest of the path as one, {name:path}")
    for name, kind in found:
        if kind and kind not in CONVERTOR_TYPES:
            fix = did_you_mean(kind, CONVERTOR_TYPES) or f"there are {', '.join(CONVERTOR_TYPES)}"
            return Objection(f"{kind!r} is no kind of parameter", fix)
        if name in known:
            return Objection(f"two parameters are called {name!r}", "give each a name of its own")
        known.add(name)
    return None


def _literals(segments: Sequence[str]) -> tuple[str, ...]:
    wild = (place for place, segment in enumerate(segments) if "{" in segment)
    return tuple(segments[: next(wild, len(segments))])


def _rest(segment: str) -> str | None:
    found = PARAMETER.fullmatch(segment)
    return found[1] if found is not None and found[2] == "path" else None


def _is_laid_over(mine: Sequence[Segment], theirs: Sequence[Segment]) -> bool:
    """Whether my segments can be laid over theirs so that each of mine takes whatever stands below it."""
    reached = {0}
    for segment in mine:
        if segment.key == WHOLE_PATH:  # one or more, whatever they hold
            reached = {*range(min(reached) + 1, len(theirs) + 1)}
        else:
            reached = {place + 1 for place in reached if place < len(theirs) and segment.covers(theirs[place])}
        if not reached:
            return False
    return len(theirs) in reached
