"""What is wrong with a configuration, said so that a person can act on it.

Rules of this file:

- An error carries data (where, reason, fix); the text is made from it and never parsed.
- A value is shown as a short repr. The inside of a mapping is never shown: it may hold secrets.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from reprlib import Repr
from typing import Any, Final

_SHOWN = 60  # characters of a value in a message
_NAMED = 20  # names that a message lists
_WORD = 64  # characters of a word that are compared with the known ones


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final[Any] = _Missing()
"""No value: neither given nor a default."""


Shown = Callable[[object], str]
"""How a value is rendered in a message."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where it is written, why it is refused (no final stop), what to write instead.

    `file` is what its reader calls the file that it stands in, `line` counts from 1; 0: only the file is known. `where`
    is empty if a file as a whole is refused.
    """

    where: str
    reason: str
    fix: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        line = f"{self.line}:" if self.line else ""
        file = f"{self.file}:{line} " if self.file else ""
        where = f"{self.where}: " if self.where else ""
        return " ".join(f"{file}{where}{_sentence(self.reason, self.fix)}".splitlines())


class ConfigError(ValueError):
    """Everything that is wrong with a configuration, at once: `problems` in a stable order."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not self.problems:
            raise ValueError("a ConfigError carries at least one problem")
        super().__init__(self.problems)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        return lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} problems:", *lines])


class Invalid(ValueError):  # noqa: N818 - it refuses a value; the error is ConfigError
    """Raised by a check that refuses a value.

    `reason` is a sentence without final stop, `fix` says what to write instead, and `at` is the place inside the
    value that is wrong, such as "[1]" or ".name" (empty: the value itself).
    """

    def __init__(self, reason: str, fix: str = "", at: str = "") -> None:
        super().__init__(reason, fix, at)
        self._reason = reason
        self._fix = fix
        self.at = at

    @property
    def reason(self) -> str:
        return self._reason

    @property
    def fix(self) -> str:
        return self._fix

    def __str__(self) -> str:
        return _sentence(self.reason, self.fix)

    @property
    def parts(self) -> "tuple[Invalid, ...]":
        """Each single refusal; more than one where several places inside a value are wrong."""
        return (self,)

    def within(self, place: str) -> "list[Invalid]":
        """The same refusals seen from outside `place`."""
        return [Invalid(part.reason, part.fix, place + part.at) for part in self.parts]

    def problems(self, where: str) -> list[Problem]:
        """The refusals as problems of what is written at `where`."""
        return [Problem(where + part.at, part.reason, part.fix) for part in self.parts]


class Mismatch(Invalid):
    """The value is of another kind than the `wanted` ones. Its text is made only when asked for: unions meet many."""

    def __init__(self, value: object, wanted: tuple[str, ...], shown: Shown, hint: Shown | None = None) -> None:
        ValueError.__init__(self)
        self.value = value
        self.wanted = wanted
        self.shown = shown
        self.hint = hint
        self.at = ""

    @property
    def reason(self) -> str:
        return f"{self.shown(self.value)} is not {either(self.wanted)}"

    @property
    def fix(self) -> str:
        return self.hint(self.value) if self.hint else ""


class Several(Invalid):
    """Several places inside one value are wrong."""

    def __init__(self, parts: Iterable[Invalid]) -> None:
        self._parts = tuple(parts)
        first = self._parts[0]
        super().__init__(first.reason, first.fix, first.at)

    @property
    def parts(self) -> tuple[Invalid, ...]:
        return self._parts


def show(value: object) -> str:
    """A short repr of a value for a message; never raises, and never shows what a mapping holds."""
    text = _SHORT.repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def either(names: Iterable[str]) -> str:
    """Join alternatives: "a", "a or b", "a, b or c"; doubles are named once."""
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} or {last}" if others else last


def there_are(names: Iterable[str]) -> str:
    """All that could have been named: "there is cors", "there are main and other", "there is none"."""
    names = [*names]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    *others, last = [*names[:_NAMED], *more] or ["none"]
    return f"there are {', '.join(others)} and {last}" if others else f"there is {last}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The fix for a mistyped word: "did you mean 'allow_origins'?", or "" when no known word is near."""
    spelled = {name.lower(): name for name in known}
    lower = word[:_WORD].lower()
    for written in dict.fromkeys([lower.replace("-", "_"), lower]):
        if near := get_close_matches(written, spelled, n=1):
            return suggestion(spelled[near[0]])
    return ""


def suggestion(name: str) -> str:
    """The fix that suggests a name."""
    return f"did you mean {name!r}?"


def _sentence(reason: str, fix: str) -> str:
    return f"{reason}; {fix}" if fix else reason


class _Short(Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _SHOWN

    def repr_Middleware(self, x: Any, level: int) -> str:  # noqa: N802 - reprlib finds it by the name of the class
        """Of Starlette, whose own repr shows all options."""
        return f"Middleware({getattr(getattr(x, 'cls', None), '__name__', '')}, …)"

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, Mapping):
            return "{…}" if len(x) else "{}"
        try:
            return super().repr1(x, level)
        except Exception:  # whatever a foreign repr does, the message about its value is still made
            return f"<{type(x).__name__}>"


_SHORT = _Short()
