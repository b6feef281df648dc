"""What is told about one request: data, which programs get as JSON and people as text."""

from dataclasses import dataclass
from typing import Any

from toolkit.engine.explain.parts import Answer, Element, Note, answer_json, element_json, note_json
from toolkit.engine.explain.request import Request
from toolkit.engine.explain.text import Line, lines_of


@dataclass(frozen=True)
class Explanation:
    """What a stack does with one request, and why. `str()` is the text for people.

    Attributes:
        request: What was asked about.
        notes: Which route applies, and why: sentences with places.
        elements: All that stands around the application, outermost first.
        answer: Who answers, if no layer does so for reasons of its own.
        route: The key of the route whose plan the request takes, or the path template of a handler with layers.
    """

    request: Request
    notes: tuple[Note, ...]
    elements: tuple[Element, ...]
    answer: Answer
    route: str | None = None

    def __str__(self) -> str:
        return "\n".join("".join(text for _, text in line) for line in self.lines())

    def lines(self, width: int = 100) -> list[Line]:
        """The text for people in lines of pieces, each a role and what is said: colours hang on the roles."""
        return lines_of(self.request, self.notes, self.elements, self.answer, width)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data; `toolkit.cli.explain` documents the keys."""
        request = self.request
        return {
            "request": {
                "method": request.method,
                "target": request.target,
                "path": request.path,
                "query": request.query,
                "headers": [list(pair) for pair in request.headers],
                "websocket": request.websocket,
            },
            "route": self.route,
            "notes": [note_json(note) for note in self.notes],
            "elements": [element_json(element) for element in self.elements],
            "answer": answer_json(self.answer),
        }
