"""However a command ends: an exit status, and a sentence where one is needed."""

import os
import sys
from collections.abc import Callable

from toolkit.cli.output import complain, complain_of
from toolkit.options import ConfigError
from toolkit.options.dotted import told

PROBLEM = 2
UNFORESEEN = 1
INTERRUPTED = 130
UNREAD = 141


class Refusal(Exception):  # noqa: N818 - a command that cannot be carried out; the message says why
    """What a person asked for cannot be done. The message is a sentence on one line."""


def guarded(run: Callable[[], int]) -> int:
    """The exit status of a command, whatever happens in it."""
    try:
        return run()
    except ConfigError as error:
        complain_of(error)
        return PROBLEM
    except Refusal as refusal:
        complain(f"toolkit: {refusal}")
        return PROBLEM
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return UNREAD
    except SystemExit:
        raise
    except BaseException as error:
        if os.environ.get("TOOLKIT_DEBUG"):
            raise
        complain(f"toolkit: it failed unexpectedly: {told(error)} (TOOLKIT_DEBUG=1 shows where)")
        return UNFORESEEN


def _discard_output() -> None:
    """Nobody reads it: what is left in the buffers must not raise again as the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
