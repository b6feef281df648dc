"""Options: annotated class attributes, checked whole at construction, immutable afterwards.

    class CORS(Options):
        allow_origins: Sequence[Annotated[str, origin]]
        max_age: Duration = 600
        secret_key: str = option(default="", secret=True)

        @rule("allow_origins", "max_age")
        def _sensible(self) -> Problem | None: ...

Rules of this package:

- All problems are reported at once, in a stable order: values given by position, options as declared, unknown options
  as given, then rules as declared (base class first).
- A default is checked like a value given.
- The value of a secret option is never shown: not in a repr, not in an error.
- What is held cannot be changed from outside.
"""

from toolkit.options.declared import Declared, declared, option, rule
from toolkit.options.dotted import load
from toolkit.options.durations import Duration, duration
from toolkit.options.kinds import regular_expression
from toolkit.options.options import Options, structure_options
from toolkit.options.problems import MISSING, ConfigError, Invalid, Problem, did_you_mean, show
from toolkit.options.reference import Reference
from toolkit.options.structure import check, reads, structure

__all__ = [
    "MISSING",
    "ConfigError",
    "Declared",
    "Duration",
    "Invalid",
    "Options",
    "Problem",
    "Reference",
    "check",
    "declared",
    "did_you_mean",
    "duration",
    "load",
    "option",
    "reads",
    "regular_expression",
    "rule",
    "show",
    "structure",
    "structure_options",
]
