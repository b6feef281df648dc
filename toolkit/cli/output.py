"""What is written to the two streams: nothing that a terminal would obey, and no character that the stream lacks."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from toolkit.cli.colours import painted, wanted
from toolkit.engine.explain.text import visible
from toolkit.options import ConfigError

Line = Iterable[tuple[str, str]]

_PIPED = 100, 24  # columns and lines where there is no terminal
_PLAIN = str.maketrans({"│": "|", "┊": ":", "→": ">", "←": "<", "–": "-", "…": "~"})


def say(*lines: str | Line) -> None:
    """Lines to standard output: text, or pieces with a role each, which have colours on a terminal."""
    colour = wanted(sys.stdout)
    for line in lines:
        pieces = [("", line)] if isinstance(line, str) else line
        shown = [(role, visible(piece)) for role, piece in pieces]
        text = "".join(painted(role, piece) if colour else piece for role, piece in shown)
        sys.stdout.write(f"{_writable(text, sys.stdout.encoding)}\n")


@contextmanager
def elsewhere() -> Iterator[None]:
    """What others print meanwhile, such as modules as they are imported, goes to standard error."""
    with redirect_stdout(sys.stderr):
        yield


def columns() -> int:
    """How wide standard output is; COLUMNS has the last word."""
    return shutil.get_terminal_size(_PIPED).columns


def say_json(data: Any) -> None:
    """Data for programs: the same bytes wherever it goes."""
    sys.stdout.write(f"{json.dumps(data, indent=2, ensure_ascii=True)}\n")


def complain(text: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"{visible(text)}\n")


def complain_of(error: ConfigError) -> None:
    """Every problem to standard error, a line each."""
    for problem in error.problems:
        complain(str(problem))


def _writable(text: str, encoding: str) -> str:
    """Text in which what the encoding cannot write is drawn plainly, or escaped."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text
