"""TOML: values by tomllib, lines and limits by a scanner of our own, refusals in our words."""

import re
import tomllib
from contextlib import suppress
from typing import Any, Final, NoReturn

from toolkit.config.formats.found import Found, Stopped
from toolkit.config.formats.toml_lines import Lost, scan

_POSITION: Final = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)\s*\Z")
_CONFLICT: Final = re.compile(r"Cannot (?:declare|overwrite|mutate|redefine)|Duplicate inline table key")

_QUOTE_KEY: Final = "quote a key that is more than letters, digits, - and _"

# What tomllib says, by how it begins: what we say, and the fix.
_WORDS: Final = {
    "Invalid statement": ("a key or a [table] is wanted here", ""),
    "Expected newline or end of document": ("this is left over on the line", "write one setting a line"),
    "Expected '=' after a key": ("'=' is missing after the key", _QUOTE_KEY),
    "Invalid initial character for a key": ("a key is wanted here", _QUOTE_KEY),
    "Invalid value": ("no value can be read here", "quote text, and write true and false in lower case"),
    "Unclosed array": ("a '[' is not closed", "put commas between the elements and a ']' after them"),
    "Unclosed inline table": ("a '{' is not closed", "keep it on one line, without a comma before its '}'"),
    "Expected ']": ("a table's name is not closed", "close it with as many ']' as it has '['"),
    "Unescaped '\\'": ("a '\\' that begins no escape", "double it, or use single quotes"),
    "Invalid hex value": ("an escape that is no character", "use \\u with four hexadecimal digits"),
    "Escaped character is not": ("an escape that is no character", "use \\u with four hexadecimal digits"),
    "Unterminated string": ("text is not closed", "close its quotes"),
    "Expected \"'": ("text is not closed", "close its quotes"),
    "Illegal character '\\n'": ("text is not closed on its line", "close its quotes, or use three of them"),
    "Illegal character": ("a control character", "write it as an escape, such as \\t"),
    "Found invalid character": ("a control character", "write it as an escape, such as \\t"),
    "Invalid date or datetime": ("there is no such date or time", ""),
}


def parse(found: Found) -> Any:
    """What the text says; its lines and problems go to `found`. Raises Stopped where it cannot be read."""
    with suppress(Lost):
        scan(found)
    try:
        data = tomllib.loads(found.text)
    except tomllib.TOMLDecodeError as refused:
        _tell(found, str(refused))
    except ValueError:  # an integer of too many digits: the scanner has refused it
        raise Stopped from None
    if found.problems:  # one that is too long, but can be read
        raise Stopped
    return data


def _tell(found: Found, refusal: str) -> NoReturn:
    position = _position(found, refusal)
    if _CONFLICT.match(refusal):
        _tell_conflict(found, position)
    reason, fix = next((words for start, words in _WORDS.items() if refusal.startswith(start)), ("this is no TOML", ""))
    found.stop(position, reason, fix)


def _tell_conflict(found: Found, position: int) -> NoReturn:
    """Keys that are simply given twice were told by the scanner, all of them."""
    if not found.problems:
        line = found.line(position)
        path = next((path for path in reversed([*found.lines]) if found.lines[path] == line), ())
        found.refuse(path, position, "is defined twice, in ways that exclude each other", "remove one of them")
    raise Stopped


def _position(found: Found, refusal: str) -> int:
    told = _POSITION.search(refusal)
    if told is None or told[1] is None:
        return max(len(found.text.rstrip()) - 1, 0)
    return found.position(int(told[1]), int(told[2]))
