"""What the demo shows, one file a feature: each has a TITLE, an ABOUT and a `play(stage)`."""

from collections.abc import Sequence
from types import ModuleType

from examples.demo.scenes import config, cors

SCENES: Sequence[ModuleType] = (cors, config)
