"""Where scenes play: each step asks the served application or a command something, and checks what comes back."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

from examples.demo.client import Answer, open_socket, request
from examples.demo.report import WIDTH, Check, Report

ROOT = Path(__file__).parents[2]
MARGIN = 6
"""Columns in front of what a command prints."""
PATIENCE = 30
"""Seconds until a command has to have ended."""


class Wanted(NamedTuple):
    """What a step has to come back with.

    `headers` maps lower-case names to the whole value, or to None where the header must be absent; `text` is part of
    the body or of a WebSocket's first message.
    """

    status: int
    headers: Mapping[str, str | None] = {}
    text: str = ""


class Stage:
    """The served application, and the report on what it does."""

    def __init__(self, url: str, report: Report) -> None:
        self.url = url
        self._report = report

    def http(self, sentence: str, line: str, headers: Mapping[str, str], wanted: Wanted, *, json: Any = None) -> Answer:
        """One request, such as `line` "GET /api/products", and the sentence that says what it shows."""
        method, path = line.split()
        answer = request(method, self.url + path, headers, json)
        shown = headers if json is None else {**headers, "body": dumps(json)}
        self._report.exchange(sentence, line, shown, answer, list(_checks(answer, wanted)))
        return answer

    def websocket(self, sentence: str, path: str, headers: Mapping[str, str], wanted: Wanted) -> Answer:
        """One WebSocket, opened and closed again."""
        answer = open_socket(self.url + path, headers)
        self._report.exchange(sentence, f"WebSocket {path}", headers, answer, list(_checks(answer, wanted)))
        return answer

    def command(self, sentence: str, arguments: Sequence[str], status: int, texts: Sequence[str]) -> str:
        """One run of `toolkit`; it has to end with `status` and to print each of the `texts`, anywhere."""
        printed = subprocess.run(
            [sys.executable, "-m", "toolkit", *arguments],
            cwd=ROOT,
            env=os.environ | {"COLUMNS": str(WIDTH - MARGIN), "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        checks = [Check("exit status", str(printed.returncode), str(status), printed.returncode == status)]
        checks += [Check("prints", text, text, text in printed.stdout) for text in texts]
        self._report.command(sentence, arguments, printed.stdout, checks)
        return printed.stdout


def _checks(answer: Answer, wanted: Wanted) -> Iterator[Check]:
    yield Check("status", str(answer.status), str(wanted.status), answer.status == wanted.status)
    for name, value in wanted.headers.items():
        found = answer.headers.get(name)
        yield Check(name, found or "(none)", value or "(none)", found == value)
    if wanted.text:
        yield Check("body", answer.text, f"… {wanted.text} …", wanted.text in answer.text)
