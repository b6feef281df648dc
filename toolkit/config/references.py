"""References in values: `${VAR}`, `${VAR:-default}`, `${file:path}`; `$${` is the text `${`.

Rules of this file:

- A variable that is not set is a problem. An empty one is set for `${VAR}` and not for `:-`, as in a shell.
- A value that is one whole reference may mean a number, a list, true or false. Within longer text it is text.
- References do not stand in one another, and not in keys.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any, NamedTuple

from toolkit.config.ancestry import entry_of
from toolkit.config.document import Path, Unread, place
from toolkit.config.files import read_regular
from toolkit.options import Invalid, Problem, Reference, did_you_mean, show
from toolkit.options.suggestions import Suggestions

_REFERENCE = re.compile(
    r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^{}]*)?|file:(?P<file>[^{}]+))\}|(?P<wrong>\$\{[^{}]*\}?)"
)
_MEANT = re.compile(r"\$([A-Za-z_]\w*)|\{\{? ?([A-Za-z_]\w*) ?\}\}?|%([A-Za-z_]\w*)%", re.ASCII)
_FORMS = "write ${VAR}, ${VAR:-default} or ${file:path}; $${ is the text ${"
_SLIP = 2  # letters more or less that one who means a variable may write
_TOGETHER = 1 << 24  # characters that all references of a file may stand for
_REFUSED = 20  # reasons that are told of one text
_NAMED = 3  # references that are named in one message
_LARGEST = 65536  # bytes of a file that a value is taken from


class Unresolved(Unread):
    """Stands for a value whose reference is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def __repr__(self) -> str:
        return show(self._text)


class Resolved(NamedTuple):
    """A value that holds what somebody else wrote: no message may show that."""

    where: str
    written: str
    value: str
    taken: tuple[tuple[str, str], ...]
    """Each reference as written, and what it stands for."""


class Resolver:
    """Puts what references stand for in their place.

    Attributes:
        base: Where relative paths start.
        problems: What is wrong with references.
        resolved: Every value that had one.
        unresolved: The places of the values whose references are wrong.
    """

    def __init__(self, base: File, environ: Mapping[str, str]) -> None:
        self.base = base
        self._environ = environ
        self._suggestions = Suggestions()
        self._given: dict[str, dict[str, None]] = {}
        self._left = _TOGETHER
        self.problems: list[Problem] = []
        self.resolved: list[Resolved] = []
        self.unresolved: list[str] = []

    def resolve(self, value: Any, path: Path) -> Any:
        """A copy of `value`, which stands at `path`, with all references resolved."""
        if type(value) is dict:
            return {self._key(key, path): self.resolve(inner, (*path, key)) for key, inner in value.items()}
        if type(value) is list:
            return [self.resolve(inner, (*path, index)) for index, inner in enumerate(value)]
        return self._text(str(value), place(path)) if has_reference(value) else value

    def given(self, *wheres: str) -> str:
        """The references in the entries that these places lie in, as they were written; "" if there are none."""
        names = [*dict.fromkeys(name for where in wheres for name in self._given.get(entry_of(where), ()))]
        return ", ".join(names[:_NAMED] + ["…"] * (len(names) > _NAMED))

    def instead(self, value: Any) -> str:
        """The fix for a refused value that somebody may have taken for a reference; "" for any other."""
        match = _MEANT.fullmatch(value) if isinstance(value, str) else None
        name = match and (match[1] or match[2] or match[3])
        if not name or not (name.isupper() or name in self._environ):
            return ""
        return f"a reference is written ${{{name}}}"

    def _key(self, key: str, path: Path) -> str:
        if has_reference(key):
            where = place((*path, key))
            self.problems.append(Problem(where, "a reference cannot stand in a key", "write it out"))
            self.unresolved.append(where)
        return key

    def _text(self, text: str, where: str) -> Any:
        found, refused = self._found(text)
        if refused:
            self.problems += [Problem(where, one.reason, one.fix) for one in refused.values()]
            self.unresolved.append(where)
            return Unresolved(text)
        value = "".join(_woven(text, found))
        taken = tuple(dict.fromkeys((match[0], one) for match, one in found if _is_foreign(match, one)))
        if taken:
            self.resolved.append(Resolved(where, text, value, taken))
            self._given.setdefault(entry_of(where), {}).update((name, None) for name, _ in taken)
        return Reference(value) if _is_whole(text) else value

    def _found(self, text: str) -> "tuple[list[tuple[re.Match[str], str]], dict[str, Invalid]]":
        """What each reference in a text stands for, and what is wrong with them, by reason."""
        found: list[tuple[re.Match[str], str]] = []
        refused: dict[str, Invalid] = {}
        for match in _REFERENCE.finditer(text):
            try:
                found.append((match, self._stands_for(match)))
            except Invalid as invalid:
                refused[invalid.reason] = invalid
            if len(refused) == _REFUSED:
                break
        return found, refused

    def _stands_for(self, match: "re.Match[str]") -> str:
        """What a reference stands for. Raises Invalid."""
        if match["wrong"] is not None:
            raise _syntax(match)
        if match["file"] is not None:
            found = _content(self.base, match["file"])
        else:
            found = self._variable(match["name"], match["default"]) if match["name"] else "${"
        self._left -= len(found)
        if self._left < 0:
            raise Invalid("the references of this file stand for more than 16 MiB of text")
        return found

    def _variable(self, name: str, default: str | None) -> str:
        value = self._environ.get(name)
        if default is not None and not value:
            return default[2:]
        if value is None:
            known = [known for known in self._environ if abs(len(known) - len(name)) <= _SLIP]
            near = self._suggestions.of(name, known)
            fix = f"set it, or write ${{{name}:-default}}"
            raise Invalid(f"the environment variable {name} is not set", f"{near} Else {fix}" if near else fix)
        if not isinstance(value, str):
            raise Invalid(f"the environment variable {name} is {type(value).__name__}, not text")
        return value


def is_unresolved(value: object) -> bool:
    """Whether a value is one that could not be read or whose reference is wrong, or holds one."""
    if isinstance(value, list):
        return any(map(is_unresolved, value))
    if isinstance(value, dict):
        return any(map(is_unresolved, value.values()))
    return isinstance(value, Unread)


def has_reference(text: object) -> bool:
    """Whether text would be changed by resolving it."""
    return isinstance(text, str) and "${" in text


def _woven(text: str, pieces: list[tuple["re.Match[str]", str]]) -> Iterator[str]:
    end = 0
    for match, found in pieces:
        yield text[end : match.start()]
        yield found
        end = match.end()
    yield text[end:]


def _is_foreign(match: "re.Match[str]", found: str) -> bool:
    """A default stands in the file itself."""
    own = found == (match["default"] or "")[2:]
    return bool(found) and match[0] != "$${" and not own


def _is_whole(text: str) -> bool:
    match = _REFERENCE.fullmatch(text)
    return match is not None and match[0] != "$${"


def _syntax(match: "re.Match[str]") -> Invalid:
    if match[0].endswith("}"):
        return Invalid(f"{show(match[0])} is no reference", _FORMS)
    if match.string.startswith("{", match.end()):
        return Invalid("references cannot stand in one another", _FORMS)
    return Invalid(f"the reference {show(match[0])} is not closed", _FORMS)


def _content(base: File, given: str) -> str:
    """The text of a file, without the newline that ends it. Never waits for a pipe."""
    try:
        data, _ = read_regular(base / given, _LARGEST)
    except FileNotFoundError:
        raise Invalid(f"there is no file {given!r}", _neighbour(base / given)) from None
    except OSError as refused:
        raise Invalid(f"the file {given!r} cannot be read: {refused.strerror or 'it is broken'}") from None
    except ValueError:
        raise Invalid(f"{show(given)} is no path of a file") from None
    if len(data) > _LARGEST:
        raise Invalid(f"the file {given!r} is larger than 64 KiB")
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid(f"the file {given!r} is not text in UTF-8") from None


def _neighbour(path: File) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {str(path.parent)!r}"
    return did_you_mean(path.name, names)
