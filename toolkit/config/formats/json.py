"""JSON (RFC 8259), read here because the standard library tells no places; its texts are unescaped by json.

Rules:
1. What is not JSON but can be read past is told and read past: NaN, True, a last comma, a key given twice.
2. A text that is no Unicode, an unpaired surrogate, is refused.
3. Of a key given twice the first value is kept.
"""

import json
import math
import re
from typing import Any, Final, NoReturn

from toolkit.config.document import Path, Unread
from toolkit.config.formats.found import DIGITS, Found, is_unicode
from toolkit.options.problems import show

_SPACE: Final = re.compile(r"[ \t\r\n]*+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?")
_WORD: Final = re.compile(r"[-+.0-9A-Za-z_$]++")
_WORDS: Final = {"true": True, "false": False, "null": None}
_FAR: Final = frozenset(("NaN", "Infinity", "-Infinity", "+Infinity"))
_CASED: Final = {"True": "true", "False": "false", "None": "null"}
_BROKEN: Final = {
    "Unterminated": ("text is not closed", "close its double quotes"),
    "Invalid control": ("a line break or control character in text", "write it as an escape, such as \\n"),
    "Invalid": ("a '\\' that begins no escape", "double it"),
}
_DECODER: Final = json.JSONDecoder()


def parse(found: Found) -> Any:
    """What the text says, None if it is blank; its lines and problems go to `found`. Raises Stopped."""
    scan = _Scan(found)
    if scan.peek() == "":
        return None
    value = scan.value(())
    if scan.peek():
        scan.lose("something follows the end of the value", "a file holds one value")
    return value


class _Scan:
    def __init__(self, found: Found) -> None:
        self.found = found
        self.text = found.text
        self.at = 0

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def value(self, path: Path) -> Any:
        match self.peek():
            case "{":
                return self.members(path)
            case "[":
                return self.elements(path)
            case '"':
                return self.unicode(path)
            case _:
                return self.word(path)

    def members(self, path: Path) -> dict[str, Any]:
        held: dict[str, Any] = {}
        self.at += 1
        while self.more("}", first=not held):
            start, key = self.at, self.key()
            if key in held:
                self.found.repeated((*path, key), start)
                with self.found.aside():
                    self.value((*path, key))
                continue
            self.found.put((*path, key), start)
            value = self.value((*path, key))
            held[key] = value if self.is_unicode(key, path, start) else Unread(of_key=True)
        return held

    def key(self) -> str:
        if self.peek() != '"':
            self.lose("a key is wanted here", "put it in double quotes")
        key = self.string()
        if self.peek() != ":":
            self.lose("':' is missing after the key")
        self.at += 1
        return key

    def elements(self, path: Path) -> list[Any]:
        held: list[Any] = []
        self.at += 1
        while self.more("]", first=not held):
            self.found.put((*path, len(held)), self.at)
            held.append(self.value((*path, len(held))))
        return held

    def more(self, bracket: str, *, first: bool) -> bool:
        """Whether one more follows; now at it, or past the closing bracket."""
        if self.peek() == bracket:
            self.at += 1
            return False
        if first:
            return True
        comma = self.at
        if self.peek() != ",":
            self.lose(f"',' or '{bracket}' is missing here")
        self.at += 1
        if self.peek() != bracket:
            return True
        self.found.tell(comma, f"a comma stands before '{bracket}'", "remove it")
        self.at += 1
        return False

    def unicode(self, path: Path) -> Any:
        start, text = self.at, self.string()
        return text if self.is_unicode(text, path, start) else Unread()

    def is_unicode(self, text: str, path: Path, start: int) -> bool:
        """Whether a text can be written as UTF-8; what cannot is told."""
        if is_unicode(text):
            return True
        self.found.refuse(path, start, "holds half of a surrogate pair", "write the character itself")
        return False

    def string(self) -> str:
        text: str
        try:
            text, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as refused:
            reason, fix = next(words for begin, words in _BROKEN.items() if refused.msg.startswith(begin))
            self.found.stop(refused.pos, reason, fix)
        return text

    def word(self, path: Path) -> Any:
        start = self.at
        match = _WORD.match(self.text, start)
        word = match[0] if match else ""
        self.at += len(word)
        if number := _NUMBER.fullmatch(word):
            return self.number(path, start, number)
        if word in _WORDS:
            return _WORDS[word]
        if word in _FAR:
            self.found.refuse(path, start, f"{word} is no JSON", "write a number")
        elif word in _CASED:
            self.found.tell(start, f"{word} is no JSON", f"write {_CASED[word]}")
        else:
            self.at = start
            reason = f"{show(word)} is no JSON value" if word else "a value is wanted here"
            self.lose(reason, "put text in double quotes")
        return Unread()

    def number(self, path: Path, start: int, number: re.Match[str]) -> Any:
        if number.end() > DIGITS:
            self.found.refuse_number(path, start, number.end())
            return Unread()
        if number[1] is None and number[2] is None:
            return int(number[0])
        value = float(number[0])
        if math.isinf(value):
            self.found.refuse(path, start, f"{show(number[0])} is too large a number", "write a smaller one")
            return Unread()
        return value

    def lose(self, reason: str, fix: str = "") -> NoReturn:
        char = self.text[self.at : self.at + 1]
        if not char:
            self.found.stop(len(self.text.rstrip()), "the file ends in the middle", "close every bracket")
        if char in "/#":
            self.found.stop(self.at, "JSON has no comments", "remove it, or write the file in TOML or YAML")
        self.found.stop(self.at, reason, fix)
