"""The parts of an explanation: data, which programs get as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.engine.explain.settings import Place, Setting
from toolkit.options import MISSING


@dataclass(frozen=True)
class Note:
    """A sentence, and where that is written which it tells of."""

    text: str
    place: Place | None = None


@dataclass(frozen=True)
class Element:
    """A layer or a foreign middleware as one request meets it.

    Attributes:
        number: Its place, counted from 1, the outermost.
        label: What routes call it; of a foreign middleware its dotted path.
        kind: Of a layer; "" of a foreign middleware.
        place: Where it stands.
        state: "on", "changed" or "off" by a route, "silent" where it is left out because a preflight is not its own.
        notes: Why it is in that state.
        settings: Its options in force.
        reached: Whether the request comes to it at all.
        says: What it would decide, and why.
        answers: Whether it answers, so that nothing further in is reached.
    """

    number: int
    label: str
    kind: str
    place: Place
    state: str = "on"
    notes: tuple[Note, ...] = ()
    settings: tuple[Setting, ...] = ()
    reached: bool = True
    says: tuple[str, ...] = ()
    answers: bool = False


@dataclass(frozen=True)
class Answer:
    """Who answers: `by` is "layer", "handler" or "application".

    Attributes:
        label: The layer's, the handler's kind or dotted path; "" of the application.
        place: Where it stands; None of the application.
        path: The handler's path template.
        params: What the template found in the path.
        settings: The handler's options.
        says: What the handler would do, and why.
        because: Why it is the application, where handlers stand in front of it.
    """

    by: str
    label: str = ""
    place: Place | None = None
    path: str = ""
    params: tuple[tuple[str, Any], ...] = ()
    settings: tuple[Setting, ...] = ()
    says: tuple[str, ...] = ()
    because: str = ""


def element_json(element: Element) -> dict[str, Any]:
    return dict(_element(element))


def _element(element: Element) -> Iterator[tuple[str, Any]]:
    for name in ("number", "label", "kind", "state", "reached", "answers"):
        yield name, getattr(element, name)
    yield from _place(element.place).items()
    yield "notes", [note_json(note) for note in element.notes]
    yield "options", [_setting(setting) for setting in element.settings]
    yield "says", list(map(str, element.says))


def answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "by": answer.by,
        "label": answer.label,
        **_place(answer.place),
        "path": answer.path,
        "params": dict(answer.params),
        "options": [_setting(setting) for setting in answer.settings],
        "says": list(answer.says),
    }


def note_json(note: Note) -> dict[str, Any]:
    return {"text": note.text, **_place(note.place)}


def _setting(setting: Setting) -> dict[str, Any]:
    told = {"name": setting.name, "value": setting.value, "source": setting.source, **_place(setting.place)}
    return told if setting.instead_of is MISSING else {**told, "instead_of": setting.instead_of}


def _place(place: Place | None) -> dict[str, Any]:
    return {"where": place.where if place else "", "written": place.written if place else ""}
