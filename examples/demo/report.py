"""Prints what was asked, what came back, and whether it is what was expected: in colour on a terminal."""

import os
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple, TextIO

from examples.demo.client import Answer

WIDTH = 100
NAME = 33
"""Columns for the name of a header, and..."""
VALUE = 52
"""...for its value, before the verdict."""

RED, GREEN, BOLD, DIM = "31", "32", "1", "2"

UNTOLD = frozenset(
    ("accept-ranges", "connection", "content-length", "content-type", "date", "etag", "last-modified", "server")
)
"""Response headers that show nothing here, unless a step expects them."""


class Check(NamedTuple):
    """One expectation: of the `status`, of the `body`, or of a header by its name."""

    name: str
    found: str
    wanted: str
    met: bool


class Report:
    """Writes to `out`, and counts the expectations that were `met` and those that `failed`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colours = out.isatty() and not os.environ.get("NO_COLOR")
        self._steps = 0
        self.met = 0
        self.failed = 0

    def note(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def scene(self, title: str, about: str) -> None:
        self.note(f"\n{self._painted(title, BOLD)}")
        self.note(textwrap.fill(about, WIDTH))

    def exchange(
        self, sentence: str, line: str, headers: Mapping[str, str], answer: Answer, checks: Sequence[Check]
    ) -> None:
        """One step: what it shows, what was asked, what came back."""
        self._step(sentence, line)
        for name, value in headers.items():
            self._row("", f"{name.lower():<{NAME}} {value}")
        self._answer(answer, {check.name: check for check in checks})

    def command(self, sentence: str, arguments: Sequence[str], printed: str, checks: Sequence[Check]) -> None:
        """One run of `toolkit`: what it shows, what was run, what it printed."""
        self._step(sentence, shlex.join(["toolkit", *arguments]))
        for line in printed.splitlines():
            self.note(f"      {line}".rstrip())
        for check in checks:
            self._row("=", f"{check.name:<{NAME}} {_first_line(check.found)}", check)

    def total(self) -> None:
        found = f"{self._steps} steps, {self.met} expectations met, {self.failed} not."
        self.note(f"\n{self._painted(found, RED if self.failed else GREEN)}")

    def _step(self, sentence: str, line: str) -> None:
        self._steps += 1
        self.note(
            "\n" + textwrap.fill(sentence, WIDTH, initial_indent=f"{self._steps:>3}. ", subsequent_indent=" " * 5)
        )
        self._row(">", self._painted(line, BOLD))

    def _answer(self, answer: Answer, checks: dict[str, Check]) -> None:
        self._row("<", f"{answer.status} {HTTPStatus(answer.status).phrase}", checks.pop("status", None))
        for name, value in answer.headers.items():
            if name in checks or name not in UNTOLD:
                self._row("", f"{name:<{NAME}} {value}", checks.pop(name, None))
        for name, check in checks.items():
            self._row("", f"{name:<{NAME}} {_first_line(check.found)}", check)

    def _row(self, mark: str, text: str, check: Check | None = None) -> None:
        self.note(f"   {mark:>2} {text:<{NAME + VALUE}} {self._verdict(check)}".rstrip())

    def _verdict(self, check: Check | None) -> str:
        if check is None:
            return ""
        self.met += check.met
        self.failed += not check.met
        return self._painted("ok", GREEN) if check.met else self._painted(f"WRONG: expected {check.wanted}", RED)

    def _painted(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colours else text


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= VALUE else line[: VALUE - 1] + "…"
