"""Path templates, as Starlette's routes have them: `/files/{path:path}`, `/users/{id:int}`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import compile_path

from toolkit.http.objections import Objection, objection_to_path
from toolkit.http.patterns import PathPattern, PatternError, is_plain_path
from toolkit.options import did_you_mean

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([A-Za-z_][A-Za-z0-9_]*))?\}")
_FRESH = "\0"  # a symbol that no pattern holds
_REWRITE = "a template has parameters, {name} or {name:path}, and no wildcards"


@dataclass(frozen=True, slots=True, init=False)
class PathTemplate:
    """A path with parameters: `{name}` is text without '/', `{name:path}` any, and `int`, `float`, `uuid` as Starlette.

    Case-sensitive, over decoded paths; it matches what a Starlette route of this text matches, apart from paths that
    are not plain (`//`, dot segments). `params` are the parameters, each with the name of its convertor; `prefix` and
    `suffix` the leading and the final segments without one; `rest` is the name of a `path` parameter that is the whole
    last segment, as in `/files/{path:path}`, or None. Raises PatternError.
    """

    text: str
    params: Mapping[str, str] = field(compare=False, repr=False)
    is_exact: bool = field(compare=False, repr=False)
    prefix: tuple[str, ...] = field(compare=False, repr=False)
    suffix: tuple[str, ...] = field(compare=False, repr=False)
    rest: str | None = field(compare=False, repr=False)
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
            "params": MappingProxyType({name: kind or "str" for name, kind in _PARAMETER.findall(text)}),
            "is_exact": not convertors,
            "prefix": _literals(segments),
            "suffix": _literals(segments[::-1])[::-1],
            "rest": _rest(segments[-1]),
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
        found = self._regex.match(path) if is_plain_path(path) else None
        if found is None:
            return None
        try:
            return {name: self._convertors[name].convert(text) for name, text in found.groupdict().items()}
        except ValueError:  # a number of more digits than Python reads
            return None

    def covers(self, other: "PathTemplate | PathPattern") -> bool:
        """Whether this template matches every path that `other` matches, line breaks apart.

        It never says so wrongly. It may not see it where a parameter stands beside text in one segment.
        """
        if other.is_exact:
            return self.matches(other.text)
        return isinstance(other, PathTemplate) and _includes(_symbols(self.text), _symbols(other.text))

    def samples(self, most: int) -> Iterator[tuple[str, ...]]:
        """Paths by their segments, with a fresh symbol for what parameters stand for; `path` is up to `most` segments.

        A pattern without parameters that matches all of these matches every path of this template.
        """
        pieces = _PARAMETER.split(self.text)
        literals, kinds = pieces[::3], pieces[2::3]
        for chosen in product(*(_texts(kind or "str", most) for kind in kinds)):
            parts = [part for pair in zip(literals, (*chosen, ""), strict=True) for part in pair]
            *segments, last = "".join(parts).split("/")[1:]
            if "" not in segments:
                yield (*segments, last)


def objection_to_template(text: str) -> Objection | None:
    """What is wrong with a path template as somebody wrote it, or None."""
    bare = _PARAMETER.sub("x", text)
    if not text.startswith("/"):
        return Objection("a path template begins with '/'", "write the path alone, such as /files/{path:path}")
    if "{" in bare or "}" in bare:
        return Objection("'{' and '}' stand around the name of a parameter alone", "write {name} or {name:path}")
    if wild := next((sign for sign in "*?[]<>" if sign in bare), None):
        return Objection(f"{wild!r} is no wildcard here", _REWRITE)
    return _parameter_objection(text) or objection_to_path(bare)


def _parameter_objection(text: str) -> Objection | None:
    known: set[str] = set()
    for name, kind in _PARAMETER.findall(text):
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
    found = _PARAMETER.fullmatch(segment)
    return found[1] if found is not None and found[2] == "path" else None


def _texts(kind: str, most: int) -> list[str]:
    """What a parameter may stand for: of `path` no, some and many segments, with and without a final slash."""
    if kind != "path":
        return [_FRESH]
    many = ["/".join([_FRESH] * count) for count in range(1, most + 1)]
    return ["", *many, *(f"{text}/" for text in many)]


def _symbols(text: str) -> tuple[str, ...]:
    """A template as symbols: a character each, and `:kind` for a parameter."""
    literals_and_kinds = enumerate(_PARAMETER.sub(lambda found: f"\0:{found[2] or 'str'}\0", text).split("\0"))
    return tuple(symbol for place, part in literals_and_kinds for symbol in ((part,) if place % 2 else part))


def _includes(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether my symbols can be laid over theirs so that each of mine takes whatever stands below it."""

    @cache
    def from_(i: int, k: int) -> bool:
        if i == len(mine):
            return k == len(theirs)
        return any(from_(i + 1, end) for end in _ends(mine[i], theirs, k))

    return from_(0, 0)


def _ends(symbol: str, theirs: tuple[str, ...], start: int) -> Iterator[int]:
    """Where a symbol may end that takes all of theirs from `start` on."""
    if symbol == ":path":
        yield from range(start, len(theirs) + 1)
    elif symbol == ":str":
        for end in range(start, len(theirs)):
            if theirs[end] not in _WITHIN_SEGMENT and (len(theirs[end]) > 1 or theirs[end] == "/"):
                return
            yield end + 1
    elif start < len(theirs) and theirs[start] in _NARROWER.get(symbol, {symbol}):
        yield start + 1


_WITHIN_SEGMENT = frozenset({":str", ":int", ":float", ":uuid"})  # never empty, and without '/'
_NARROWER = {":float": {":float", ":int"}}
