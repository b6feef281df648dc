"""Patterns of origins and of paths: the one place that calls fnmatch2.

fnmatch2 alone is no safe matcher: it matches prefixes, lets `*` cross dots and ports, reads a backslash as a slash, and
is quadratic in `**`. Rules that make it one:
1. It sees texts and patterns of equal segment counts, and never a `**`: heads and tails are matched apart.
2. It sees the host of an origin alone, label by label; scheme and port are compared exactly.
3. Whatever has no wildcard is compared, not matched.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fnmatch2 import fnmatchcase2

from toolkit.http.objections import Objection, objection_to_origin, objection_to_path, parts
from toolkit.http.origins import is_origin, split_origin
from toolkit.http.segments import FRESH, Segment, of_pattern, samples_around

__all__ = ["OriginPattern", "OriginSet", "PathPattern", "PatternError", "is_origin", "is_plain_path"]

_MEMO = 1024


class PatternError(ValueError):
    """A pattern is refused: `value` is the pattern, `reason` says why, `fix` what to write instead (may be empty)."""

    def __init__(self, value: str, reason: str, fix: str = "") -> None:
        super().__init__(value, reason, fix)
        self.value = value
        self.reason = reason
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.value!r}: {self.reason}" + (f"; {self.fix}" if self.fix else "")


@dataclass(frozen=True, slots=True, init=False)
class OriginPattern:
    """`scheme://host[:port]`, where `*` may stand for whole leading labels of the host or for the whole port.

    `https://*.example.com` is exactly one label more than example.com, `https://**.example.com` one or more; neither is
    example.com itself. `http://localhost:*` is any port, the default one included. Two labels must follow a wildcard,
    or one with `allow_public_suffix`. Raises PatternError for what no browser sends and for wildcards elsewhere.
    """

    text: str
    scheme: str = field(compare=False, repr=False)
    host: str = field(compare=False, repr=False)
    port: str | None = field(compare=False, repr=False)
    is_exact: bool = field(compare=False, repr=False)

    def __init__(self, text: str, *, allow_public_suffix: bool = False) -> None:
        _accept(text, objection_to_origin(text, literal_labels=1 if allow_public_suffix else 2))
        scheme, host, port = parts(text)
        _set(self, text=text, scheme=scheme, host=host, port=port, is_exact="*" not in text)

    @property
    def suffix(self) -> str:
        """The literal labels of the host: all of it, or what follows the wildcards."""
        return self.host.rpartition("*.")[2]

    def covers(self, other: "OriginPattern") -> bool:
        """Whether every origin that `other` matches is matched by this one."""
        if self.scheme != other.scheme or self.port not in (other.port, "*"):
            return False
        return all(self.matches_host(host) for host in _sample_hosts(other.host))

    def matches_host(self, host: str) -> bool:
        """Whether `host`, that of a serialized origin, is one of this pattern; scheme and port are not looked at."""
        if "*" not in self.host:
            return host == self.host
        texts, globs = host.split("."), self.host.split(".")
        if globs[0] == "**":  # one label or more: what stands before the last of them is free
            texts, globs[0] = texts[-len(globs) :], "*"
        return _glob(texts, globs)


def _sample_hosts(host: str) -> Iterator[str]:
    # What matches a fresh label in place of a wildcard matches any label there; `**` is one, and one more.
    yield host.replace("**", "*").replace("*", FRESH)
    if "**" in host:
        yield host.replace("**", f"{FRESH}.{FRESH}").replace("*", FRESH)


class OriginSet:
    """Which origins are allowed: `origin in set`, for any bytes, never raises; what no browser sends is never in it.

    Exact origins, and up to 1024 that a wildcard or `regex` has matched, are found by one look-up; refusals are not
    remembered. `regex` must match the whole origin. Safe to share between threads.

    It remembers although a CORS policy remembers its answers: where an answer depends on more than the origin (strict
    and echoing preflights, names listed with credentials, WebSockets), the policy asks about it on every request, and
    there a wildcard takes 5 µs, a look-up 0.1 µs.
    """

    __slots__ = ("_index", "_known", "_recent", "patterns", "regex")

    patterns: tuple["OriginPattern", ...]
    regex: re.Pattern[str] | None

    def __init__(self, patterns: Iterable[OriginPattern], *, regex: re.Pattern[str] | None = None) -> None:
        self.patterns = tuple(patterns)
        self.regex = regex
        self._known = {pattern.text.encode("ascii") for pattern in self.patterns if pattern.is_exact}
        self._recent: deque[bytes] = deque()
        self._index = _index(pattern for pattern in self.patterns if not pattern.is_exact)

    def __contains__(self, origin: bytes) -> bool:
        return origin in self._known or self._learn(origin)

    def __repr__(self) -> str:
        return f"OriginSet({[pattern.text for pattern in self.patterns]}, regex={self.regex})"

    def _learn(self, origin: bytes) -> bool:
        if not self._matches(origin):
            return False
        # In this order each remembered origin has a later place in the queue, so that threads cannot leave one behind.
        self._known.add(origin)
        self._recent.append(origin)
        if len(self._recent) > _MEMO:
            self._known.discard(self._recent.popleft())
        return True

    def _matches(self, origin: bytes) -> bool:
        found = split_origin(origin)
        if found is None:
            return False
        if self._index and self._is_indexed(*found):
            return True
        return self.regex is not None and self.regex.fullmatch(origin.decode("ascii")) is not None

    def _is_indexed(self, scheme: str, host: str, port: str | None) -> bool:
        for group in (self._index.get((scheme, port)), self._index.get((scheme, "*"))):
            if group and any(pattern.matches_host(host) for pattern in _candidates(group, host)):
                return True
        return False


_Group = dict[str, tuple[OriginPattern, ...]]


def _index(patterns: Iterable[OriginPattern]) -> dict[tuple[str, str | None], _Group]:
    """(scheme, port) to literal suffix to patterns: as many look-ups as the host has labels, however many patterns."""
    index: dict[tuple[str, str | None], _Group] = {}
    for pattern in dict.fromkeys(patterns):
        group = index.setdefault((pattern.scheme, pattern.port), {})
        group[pattern.suffix] = (*group.get(pattern.suffix, ()), pattern)
    return index


def _candidates(group: _Group, host: str) -> Iterator[OriginPattern]:
    while host:
        yield from group.get(host, ())
        host = host.partition(".")[2]


class Sampled(Protocol):
    """What a path pattern can be compared with: it says by samples which paths it matches."""

    @property
    def prefix(self) -> tuple[str, ...]: ...
    @property
    def suffix(self) -> tuple[str, ...]: ...
    def samples(self, head: int, tail: int) -> Iterable[tuple[str, ...]] | None: ...


@dataclass(frozen=True, slots=True, init=False)
class PathPattern:
    """A path where `*` stands for text within one segment and one `**` for zero or more whole segments.

    A lone `*` is any one segment but the empty one that a trailing slash leaves: `/api/*` matches /api/x, not /api/.
    `/api/**` matches /api, /api/ and all below; `/**` also the empty path of a mounted app. Case-sensitive, over
    decoded paths. `prefix` and `suffix` hold the leading and the final segments without wildcard, `segments` all.
    Raises PatternError.
    """

    text: str
    is_exact: bool = field(compare=False, repr=False)
    prefix: tuple[str, ...] = field(compare=False, repr=False)
    suffix: tuple[str, ...] = field(compare=False, repr=False)
    segments: tuple[Segment, ...] = field(compare=False, repr=False)
    _lead: str = field(compare=False, repr=False)  # what every path of the pattern begins with
    _head: tuple[str, ...] = field(compare=False, repr=False)
    _tail: tuple[str, ...] | None = field(compare=False, repr=False)  # None where there is no `**`

    def __init__(self, text: str) -> None:
        _accept(text, objection_to_path(text))
        segments = _segments(text)
        prefix = _literals(segments)
        suffix = _literals(segments[::-1])[::-1]
        lead = "".join(f"/{segment}" for segment in prefix)
        cut = segments.index("**") if "**" in segments else None
        head, tail = (segments, None) if cut is None else (segments[:cut], segments[cut + 1 :])
        exact = "*" not in text
        _set(self, text=text, is_exact=exact, prefix=prefix, suffix=suffix, segments=tuple(map(of_pattern, segments)))
        _set(self, _lead=lead, _head=head, _tail=tail)

    def matches(self, path: str) -> bool:
        """Whether the decoded `path` is one of this pattern; never where it is not a plain path."""
        if self.is_exact:
            return path == self.text
        if not path.startswith(self._lead) or path[:1] not in ("", "/"):
            return False
        return is_plain_path(path) and self._matches(_segments(path))

    def covers(self, other: "Sampled") -> bool:
        """Whether every path that `other` matches is matched by this one.

        Between patterns it is exactly so. Of a template with several `path` parameters, or with one beside text, it may
        not see it where this pattern looks at more than what stands before and after them.
        """
        if other.prefix[: len(self.prefix)] != self.prefix or not _ends(other.suffix, self.suffix):
            return False
        samples = other.samples(len(self._head), len(self._tail or ()))
        return samples is not None and all(map(self._matches, samples))

    def _matches(self, segments: tuple[str, ...]) -> bool:
        head, tail = self._head, self._tail
        if tail is None:
            return _fits(segments, head)
        if len(segments) < len(head) + len(tail):
            return False
        return _fits(segments[: len(head)], head) and _fits(segments[len(segments) - len(tail) :], tail)

    def samples(self, head: int, tail: int) -> Iterable[tuple[str, ...]]:
        """Paths by their segments, with a fresh symbol for what `*` stands for.

        A pattern of `head` segments before `**` and `tail` after it matches all of these iff it matches every path of
        this one: the symbol fits nothing but a wildcard.
        """
        before = _with_fresh(self._head)
        if self._tail is None:
            return (before,)
        return samples_around(before, _with_fresh(self._tail), 0, head, tail)


def is_plain_path(path: str) -> bool:
    """False where `path` holds `//`, a `.` or `..` segment, a backslash or a NUL: such a path matches no route."""
    if "//" in path or "\\" in path or "\0" in path:
        return False
    return "." not in path or not _DOTS.search(path)


_DOTS = re.compile(r"(?:\A|/)\.\.?(?:/|\Z)")


def _segments(path: str) -> tuple[str, ...]:
    """What follows each '/': the empty path has no segment, '/' has one, which is empty."""
    return tuple(path.split("/")[1:])


def _literals(segments: tuple[str, ...]) -> tuple[str, ...]:
    wild = (place for place, segment in enumerate(segments) if "*" in segment)
    return segments[: next(wild, len(segments))]


def _ends(segments: tuple[str, ...], suffix: tuple[str, ...]) -> bool:
    return segments[len(segments) - len(suffix) :] == suffix if suffix else True


def _with_fresh(globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(glob.replace("*", FRESH) for glob in globs)


def _fits(segments: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    # Only a last segment may be empty, and no wildcard stands for that one.
    if segments == globs:
        return True
    return ("" in segments) == ("" in globs) and _glob(segments, globs)


def _glob(texts: Sequence[str], globs: Sequence[str]) -> bool:
    """fnmatchcase2 under rule 1; a text holds no '/' and no backslash, which fnmatch2 takes for one.

    It is asked only about what is neither a whole `*` nor literal: it takes 20 µs for four segments.
    """
    if len(texts) != len(globs):
        return False
    open_ = [(text, glob) for text, glob in zip(texts, globs, strict=True) if glob not in ("*", text)]
    if not open_:
        return True
    if any("*" not in glob for _, glob in open_):
        return False
    return bool(fnmatchcase2("/".join(text for text, _ in open_), "/".join(glob for _, glob in open_)))


def _accept(text: str, objection: Objection | None) -> None:
    if objection is not None:
        raise PatternError(text, *objection)


def _set(frozen: object, **fields: object) -> None:
    for name, value in fields.items():
        object.__setattr__(frozen, name, value)
