"""YAML: events by PyYAML, values by the core schema of YAML 1.2 (section 10.3), made here.

Rules:
1. What YAML 1.1 and 1.2 read differently, and what reads as a number or a date that its author may not have meant, is
   refused: `on`, `1:30`, `010`, `1_000`, `2024-01-01`. Nothing is guessed.
2. Events, not nodes: PyYAML composes by recursion, which deep nesting overflows, in C beyond rescue.
3. An alias stands for a copy. It has its own line; what is inside it has the lines where that is written.
4. What can be read past is told and read past: what is refused by rule 1 is `Unread`, of a key given twice the first
   value is kept, and '<<' merges as in YAML 1.1. Only what the parser itself refuses, and a second document, end it.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from toolkit.config.document import Path, Unread
from toolkit.config.formats.found import Found, is_unicode
from toolkit.config.formats.yaml_scalars import Trap, is_text, named, quoting, scalar
from toolkit.options.problems import show

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LIST: Final = "tag:yaml.org,2002:seq"
_MAPPING: Final = "tag:yaml.org,2002:map"
_CONTROL: Final = re.compile("[^\t\n -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_REFERENCE: Final = re.compile(r"\$\{[^{}\n]*\}[^\s,\]}]*")
_NO_SPACE: Final = re.compile(r"\s*(?:- +)?([A-Za-z_]\w*):([^\s:/'\"\\][^\s:]*)\s*", re.ASCII)
_TAB: Final = ("a tab stands where YAML wants spaces", "indent with spaces")

# What PyYAML says, by what it contains: what we say, and the fix. Its two parsers differ in words.
_WORDS: Final = {
    "tab character": _TAB,
    "while parsing a block collection": (
        "no element of the list",
        "indent it like the key after the '- ' above, or begin it with '- '",
    ),
    "mapping values are not allowed": (
        "a ':' stands where no key may be",
        "quote text with ': ', and indent keys alike",
    ),
    "expected ':'": ("':' is missing after the key", "write 'key: value', and quote longer text"),
    "expected ',' or ']'": ("',' or ']' is missing here", "close the list, and quote text that holds brackets"),
    "expected ',' or '}'": ("',' or '}' is missing here", "close the mapping, and quote text that holds braces"),
    "expected '-' indicator": ("no element of the list", "indent it like the others, and begin it with '- '"),
    "expected key": ("no key of the mapping", "indent it like the others"),
    "expected <block end>": ("this does not stand where it belongs", "indent it like its neighbours"),
    "block sequence entries are not allowed": (
        "a '-' stands where no list may begin",
        "begin the list on its own line",
    ),
    "block collections are not allowed": ("no list or mapping may begin here", "begin it on its own line"),
    "block mappings are not allowed": ("no mapping may begin here", "begin it on its own line"),
    "unexpected end of stream": ("text is not closed", "close its quotes"),
    "unexpected document separator": ("text is not closed", "close its quotes"),
    "unknown escape character": ("a '\\' that begins no escape", "double it, or use single quotes"),
    "escape": ("an escape that is no character", "use \\u with four hexadecimal digits"),
    "expected hex": ("an escape that is no character", "use \\u with four hexadecimal digits"),
    "undefined tag handle": ("a tag that is not declared", "remove the tag, or quote text that begins with '!'"),
    "document start": ("a second document begins here", "a file holds one document"),
    "alias": ("an alias without a name", "quote text that begins with '*'"),
    "anchor": ("an anchor without a name", "quote text that begins with '&'"),
    "incompatible": ("the file asks for another version of YAML", "remove its line '%YAML'"),
    "directive": ("a line that begins with '%' is not understood", "remove it, or quote the text"),
    "block scalar": ("the text after '|' or '>' is not understood", "begin it on the next line, indented"),
    "indentation": ("the indentation is not understood", "indent with spaces, neighbours alike"),
}


def parse(found: Found, loader: Any = _LOADER) -> Any:
    """What the text says, None if it is blank; its lines and problems go to `found`. Raises Stopped."""
    if control := _CONTROL.search(found.text):
        found.stop(control.start(), f"the character {control[0]!r} may not stand in YAML", "remove it")
    return _Composer(found, _events(found, loader)).document()


def _events(found: Found, loader: Any) -> Iterator[Any]:
    try:
        yield from yaml.parse(found.text, Loader=loader)
    except yaml.MarkedYAMLError as refused:
        mark = refused.problem_mark or refused.context_mark
        _tell(found, mark.index if mark else 0, f"{refused.problem} {refused.context}")
    except (yaml.YAMLError, ValueError, OverflowError):  # PyYAML's own chr() of an escape fails
        _tell(found, max(found.text.find("\\U"), 0), "escape")


def _tell(found: Found, position: int, refusal: str) -> NoReturn:
    words = _slip(found, position) or next((words for part, words in _WORDS.items() if part in refusal), None)
    end = len(found.text.rstrip())
    if position >= end:
        found.stop(end, *(words or ("the file ends in the middle", "close every bracket and quote")))
    if "cannot start any token" in refusal:
        words = _unquotable(found.text[position])
    found.stop(position, *(words or ("this is no YAML", "quote the text")))


def _slip(found: Found, position: int) -> tuple[str, str] | None:
    """What is wrong with the text at a position, where that shows in the text itself."""
    if reference := _REFERENCE.match(found.text, max(position - 1, 0)):
        before = found.text[found.position(found.line(position), 1) : position - 1]
        whole = re.split(r"[\s,\[{]", before)[-1] + reference[0]
        return "a reference between brackets needs quotes", quoting(whole)
    lines = found.text.splitlines()[max(found.line(position) - 2, 0) : found.line(position)]
    pair = next(filter(None, map(_NO_SPACE.fullmatch, reversed(lines))), None)
    return ("':' without a space after it ends no key", f"write '{pair[1]}: {pair[2]}'") if pair else None


def _unquotable(char: str) -> tuple[str, str]:
    if char == "\t":
        return _TAB
    return f"{char!r} begins no text without quotes", "quote the text"


class _Composer:
    """Makes plain data of events."""

    def __init__(self, found: Found, events: Iterator[Any]) -> None:
        self.found = found
        self.events = events
        self.anchors: dict[str, tuple[Path, Any]] = {}
        self.open: set[str] = set()  # anchors of what is being read

    def document(self) -> Any:
        value = None
        starts = (event for event in self.events if isinstance(event, yaml.DocumentStartEvent))
        for count, start in enumerate(starts):
            if count:
                self.found.stop(_at(start), "a second document begins here", "a file holds one document")
            event = next(self.events)
            value = None if _is_absent(event) else self.value((), event)
        return value

    def value(self, path: Path, event: Any) -> Any:
        if isinstance(event, AliasEvent):
            return self.alias(path, event)
        self.open.add(event.anchor)
        value = self.scalar(path, event) if isinstance(event, ScalarEvent) else self.collection(path, event)
        self.open.discard(event.anchor)
        self.anchors[event.anchor] = (path, value)
        return value

    def scalar(self, path: Path, event: Any) -> Any:
        if not is_unicode(event.value):
            self.found.refuse(path, _at(event), "holds half of a surrogate pair", "write the character itself")
            return Unread()
        try:
            return scalar(event.value, event.tag, plain=event.implicit[0])
        except Trap as trap:
            self.found.refuse(path, _at(event), trap.reason, trap.fix)
            return Unread()

    def collection(self, path: Path, event: Any) -> Any:
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", _LIST if is_list else _MAPPING):
            self.found.refuse(path, _at(event), f"the tag {named(event.tag)} is not read", "remove it")
        return self.elements(path) if is_list else self.members(path)

    def elements(self, path: Path) -> list[Any]:
        held: list[Any] = []
        for event in self.until_end():
            self.found.put((*path, len(held)), _at(event))
            held.append(self.value((*path, len(held)), event))
        return held

    def members(self, path: Path) -> Any:
        """A mapping; Unread, if not one of its keys could be read."""
        held: dict[str, Any] = {}
        merges: list[tuple[Path, int, Any]] = []
        for event in self.until_end():
            if _is_merge(event):
                merges.append(((*path, "<<"), _at(event), self.merge(path, event)))
            elif told := _unreadable_key(event):
                self.found.tell(_at(event), *told)
                self.skip(event)
                self.skip(next(self.events))
                held.setdefault("", Unread(of_key=True))
            else:
                self.member(path, event, held)
        for origin, at, value in merges:
            self.merged(held, path, origin, at, value)
        return Unread() if list(held) == [""] and isinstance(held[""], Unread) and held[""].of_key else held

    def member(self, path: Path, event: Any, held: dict[str, Any]) -> None:
        key: str = event.value
        self.anchors[event.anchor] = (path, key)
        told = _objection_to_key(event)
        if told:
            self.found.refuse(path, _at(event), *told)
        elif key in held:
            self.found.repeated((*path, key), _at(event))
        if key in held:
            with self.found.aside():
                self.value((*path, key), next(self.events))
            return
        self.found.put((*path, key), _at(event))
        value = self.value((*path, key), next(self.events))
        held[key] = Unread(of_key=True) if told else value

    def merge(self, path: Path, event: Any) -> Any:
        """What a '<<' merges into the mapping at `path`, as it stands under that key."""
        self.found.refuse(path, _at(event), "merging with '<<' is not read", "write the keys out here")
        event = next(self.events)
        return Unread() if isinstance(event, ScalarEvent) else self.value((*path, "<<"), event)

    def merged(self, held: dict[str, Any], path: Path, origin: Path, at: int, value: Any) -> None:
        """Add what is not given yet. What cannot be merged may hold any key."""
        if isinstance(value, list):
            for index, inner in enumerate(value):
                self.merged(held, path, (*origin, index), at, inner)
        elif isinstance(value, dict):
            for key in [key for key in value if key not in held]:
                self.found.origins[*path, key] = (*origin, key)
                held[key] = self.inside(value[key], (*origin, key), (*path, key), at)
        else:
            held.setdefault("", Unread(of_key=True))

    def skip(self, event: Any) -> None:
        """Pass over a value. What is anchored in it is known to be there, and no more."""
        depth = 0
        while True:
            if not isinstance(event, AliasEvent):
                self.anchors[getattr(event, "anchor", "")] = ((), Unread())
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if not depth:
                return
            event = next(self.events)

    def until_end(self) -> Iterator[Any]:
        """The events up to the end of the list or mapping."""
        for event in self.events:
            if isinstance(event, CollectionEndEvent):
                return
            yield event

    def alias(self, path: Path, event: Any) -> Any:
        name = event.anchor
        if name in self.open:
            self.found.refuse(path, _at(event), f"the alias *{name} stands inside what it repeats", "write it out")
        elif name not in self.anchors:
            self.found.refuse(path, _at(event), f"no anchor &{name} stands before *{name}", quoting(f"*{name}"))
        else:
            origin, value = self.anchors[name]
            self.found.origins[path] = origin
            return self.copied(value, origin, path, _at(event))
        return Unread()

    def copied(self, value: Any, origin: Path, path: Path, at: int) -> Any:
        if isinstance(value, dict):
            return {key: self.inside(held, (*origin, key), (*path, key), at) for key, held in value.items()}
        if isinstance(value, list):
            return [self.inside(held, (*origin, i), (*path, i), at) for i, held in enumerate(value)]
        return value

    def inside(self, value: Any, origin: Path, path: Path, at: int) -> Any:
        self.found.repeat(path, origin, at)
        return self.copied(value, origin, path, at)


def _is_merge(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and event.implicit[0] and event.value == "<<"


def _unreadable_key(event: Any) -> tuple[str, str] | None:
    """Why what stands in a key's place is nothing that could be one, and the fix."""
    if isinstance(event, CollectionStartEvent):
        return "a list or mapping stands where a key is wanted", "quote text with brackets"
    if isinstance(event, AliasEvent):
        return "an alias stands where a key is wanted", "write the key itself"
    return ("a key is missing before ':'", "write one") if _is_absent(event) else None


def _objection_to_key(event: Any) -> tuple[str, str] | None:
    """Why what stands in a key's place is no text, and the fix."""
    key, plain = event.value, event.implicit[0]
    if not is_unicode(key):
        return "a key holds half of a surrogate pair", "write the character itself"
    return None if is_text(key, event.tag, plain=plain) else (f"the key {show(key)} is not text", quoting(key))


def _is_absent(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and event.implicit[0] and not event.value and event.tag is None


def _at(event: Any) -> int:
    position: int = event.start_mark.index
    return position
