"""The text of a configuration file: regular files of at most 1 MiB in UTF-8, and nothing that one waits for."""

import codecs
import os
import stat
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from toolkit.options.problems import did_you_mean, either

SIZE: Final = 1 << 20
_PAUSE = 0.005  # seconds; long enough for who empties a file to write it
_LOOKED_AT = 1000  # entries of a folder that are compared with a missing name
_OTHER_CODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_UTF8 = "save it as UTF-8"


class Unreadable(Exception):  # noqa: N818 - its reader makes it a problem of the file
    """A file cannot be read as text; `where` is empty, or the column on `line`."""

    def __init__(self, reason: str, fix: str = "", where: str = "", line: int = 0) -> None:
        super().__init__(reason, fix, where, line)
        self.reason = reason
        self.fix = fix
        self.where = where
        self.line = line


class NoFile(OSError):  # noqa: N818 - its reader makes it a refusal of the file
    """What stands at a path is no regular file but `what`."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(0, f"it is {what}")
        self.what = what
        self.fix = fix


def load(given: str, suffixes: Mapping[str, str]) -> tuple[str, str]:
    """What `suffixes` has for the file's suffix, and the file's text: no byte order mark, lines end in "\\n".

    Raises Unreadable; never waits for a pipe or a device.
    """
    if not given:
        raise Unreadable("the path of a file is empty")
    path = Path(given)
    try:
        _accept_kind(os.stat(path).st_mode)
        form = _form(path, suffixes)
        return form, _decode(_bytes(path))
    except NoFile as refused:
        raise Unreadable(f"this is {refused.what}, not a file", refused.fix) from None
    except FileNotFoundError:
        raise _missing(path, suffixes) from None
    except PermissionError:
        raise Unreadable("the file may not be read", "give this user the right to read it") from None
    except OSError as refused:
        raise Unreadable(f"the file cannot be read: {refused.strerror or 'it is broken'}") from None
    except ValueError:
        raise Unreadable("no path of a file has a NUL character") from None


def _accept_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise NoFile("a folder", "name a file in it")
    if not stat.S_ISREG(mode):
        raise NoFile("a pipe, a socket or a device", "write it to a file first")


def _form(path: Path, suffixes: Mapping[str, str]) -> str:
    form = suffixes.get(path.suffix.lower())
    if form is None:
        told = f"{path.suffix!r} is no suffix of a configuration" if path.suffix else "the file's name has no suffix"
        raise Unreadable(told, f"name it {either(suffixes)}")
    return form


def read_regular(path: Path, size: int) -> tuple[bytes, bool]:
    """The bytes of a regular file, at most one more than `size`, and whether it kept its size meanwhile.

    Never waits for a pipe or a device. Raises NoFile for these and for a folder, else OSError and ValueError as `open`.
    """
    # What stands there may become a pipe once it was looked at: it is opened without waiting and asked again.
    _accept_kind(os.stat(path).st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        before = os.fstat(file.fileno())
        _accept_kind(before.st_mode)
        data = file.read(size + 1)
        after = os.fstat(file.fileno())
    return data, before.st_size == after.st_size and len(data) == min(after.st_size, size + 1)


def _bytes(path: Path) -> bytes:
    data, is_settled = read_regular(path, SIZE)
    if not data or not is_settled:  # somebody is writing it
        time.sleep(_PAUSE)
        data, _ = read_regular(path, SIZE)
    if len(data) > SIZE:
        raise Unreadable("the file is larger than 1 MiB", "split what it configures into several stacks")
    return data


def _decode(data: bytes) -> str:
    coding = next((name for mark, name in _OTHER_CODINGS.items() if data.startswith(mark)), "")
    if coding:
        raise Unreadable(f"the file is {coding}, not UTF-8", _UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        raise _at(data, data.index(b"\0"), "a NUL byte: this is no text in UTF-8")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as refused:
        raise _at(data, refused.start, f"the byte 0x{data[refused.start]:02x} is not UTF-8") from None


def _at(data: bytes, start: int, reason: str) -> Unreadable:
    before = data[:start].rpartition(b"\n")[2]
    column = len(before.decode(errors="replace")) + 1
    return Unreadable(reason, _UTF8, f"column {column}", data.count(b"\n", 0, start) + 1)


def _missing(path: Path, suffixes: Iterable[str]) -> Unreadable:
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, _LOOKED_AT) if Path(entry.name).suffix in suffixes]
    except OSError:
        return Unreadable("no such file", f"there is no folder {str(path.parent)!r}")
    return Unreadable("no such file", did_you_mean(path.name, names))
