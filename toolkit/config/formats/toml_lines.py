"""On which line each key and element of a TOML text stands; tomllib keeps the values, but not their places.

Rules:
1. Whatever tomllib accepts is scanned to its end. What it refuses is scanned up to where the text stops making sense;
   nothing is refused here but what is beyond the limits.
2. A table has the line of its own header; one that only longer names imply has the line of the first of them.
3. Newlines, comments and a last comma are let pass in inline tables, as in TOML 1.1.
"""

import re
from typing import Final, NoReturn

from toolkit.config.document import Path
from toolkit.config.formats.found import DIGITS, LEVELS, Found

_BLANK: Final = re.compile(r"[ \t]*+")
_GAP: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]++")
_TEXT: Final = re.compile(
    r'"""(?:[^"\\]++|\\.|""?(?!"))*+"{3,5}'
    r"|'''(?:[^']++|''?(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[^\s,\[\]{}#=\"']++(?: [0-9][^\s,\[\]{}#=\"']*+)?")  # a date and its time have one space
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Lost(Exception):  # noqa: N818 - tomllib says what is wrong
    """The text stops making sense as TOML."""


def scan(found: Found) -> None:
    """Put the line of every key and element into `found`, and every key that is given twice. Raises Stopped, Lost."""
    _Scan(found).document()


class _Scan:
    def __init__(self, found: Found) -> None:
        self.found = found
        self.text = found.text
        self.at = 0
        self.tables: dict[Path, int] = {}  # how many tables a [[list]] has so far
        self.given: dict[Path, int] = {}  # where the keys and [tables] that may not be repeated are

    def document(self) -> None:
        table: Path = ()
        self.skip(_GAP)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.end_of_line()

    def header(self) -> Path:
        start = self.at
        brackets = "[[" if self.text.startswith("[[", start) else "["
        self.at += len(brackets)
        *outer, last = self.key()
        self.expect("]" * len(brackets))
        table: Path = ()
        for part in outer:
            table = self.table((*table, part), start)
        path = (*table, last)
        return self.another(path, start) if brackets == "[[" else self.once(path, start)

    def table(self, path: Path, start: int) -> Path:
        """The table that `path` leads to inside a longer name: of a [[list]], the last one."""
        if path not in self.found.lines:
            self.found.put(path, start)
        return (*path, self.tables[path] - 1) if path in self.tables else path

    def another(self, path: Path, start: int) -> Path:
        index = self.tables.get(path, 0)
        if not index:
            self.found.put(path, start)
        self.tables[path] = index + 1
        self.found.put((*path, index), start)
        return (*path, index)

    def once(self, path: Path, start: int) -> Path:
        if path in self.given:
            first = self.found.line(self.given[path])
            self.found.refuse(path, start, f"is given twice, first on line {first}", "remove one of them")
        else:
            self.given[path] = start
            self.found.put(path, start)
        return path

    def pair(self, table: Path) -> None:
        start = self.at
        *outer, last = self.key()
        path = table
        for part in outer:
            path = (*path, part)
            if path not in self.found.lines:
                self.found.put(path, start)
        path = self.once((*path, last), start)
        self.expect("=")
        self.skip(_BLANK)
        self.value(path)

    def value(self, path: Path) -> None:
        match self.text[self.at : self.at + 1]:
            case "[":
                self.elements(path)
            case "{":
                self.inline(path)
            case '"' | "'":
                self.take(_TEXT)
            case _:
                self.plain(path)

    def plain(self, path: Path) -> None:
        start = self.at
        token = self.take(_PLAIN)
        if len(token) > DIGITS:
            self.found.refuse_number(path, start, len(token))

    def elements(self, path: Path) -> None:
        self.at += 1
        index = 0
        while not self.closed("]"):
            self.found.put((*path, index), self.at)
            self.value((*path, index))
            index += 1
            self.separated("]")

    def inline(self, path: Path) -> None:
        self.at += 1
        while not self.closed("}"):
            self.pair(path)
            self.separated("}")

    def closed(self, bracket: str) -> bool:
        """Whether the list ends here; past its bracket then."""
        self.skip(_GAP)
        ends = self.text.startswith(bracket, self.at)
        self.at += ends
        return ends

    def separated(self, bracket: str) -> None:
        self.skip(_GAP)
        if not self.text.startswith(bracket, self.at):
            self.expect(",")

    def key(self) -> list[str]:
        """The parts of a key: `a."b c".'d'`."""
        parts = [self.part()]
        while self.text.startswith(".", self.at):
            self.at += 1
            parts.append(self.part())
            self.limit(parts)
        return parts

    def part(self) -> str:
        self.skip(_BLANK)
        quoted = self.text[self.at : self.at + 1]
        token = self.take(_TEXT if quoted in ('"', "'") and quoted else _BARE)
        self.skip(_BLANK)
        return _unescaped(token[1:-1]) if quoted == '"' else token.strip("'")

    def limit(self, parts: list[str]) -> None:
        # tomllib takes the square of their number in time.
        if len(parts) > LEVELS:
            self.found.put(tuple(parts), self.at)

    def end_of_line(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at : self.at + 1] not in ("", "\n", "#"):
            self.lose()
        self.skip(_GAP)

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            self.lose()
        self.at += len(token)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            self.lose()
        self.at = match.end()
        return match[0]

    def lose(self) -> NoReturn:
        raise Lost


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    code = next((digits for digits in escape.groups()[:3] if digits), "")
    if not code:
        return _NAMED.get(escape[4], "")
    return chr(int(code, 16)) if int(code, 16) < 0x110000 else ""
