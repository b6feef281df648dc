"""`python -m bench`: measures, and writes a table, JSON and a plot."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from bench.measure import Case, Result, WrongAnswerError, measure
from bench.peers import PeerMissingError
from bench.plot import plot
from bench.report import as_json, machine, table

GROUPS = ("cors", "fusion", "routes", "config", "wsgi", "wire")
ROUNDS = 400
QUICK_ROUNDS = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench. Returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    groups = options.only or GROUPS
    if options.svg and "cors" not in groups:
        parser.error("--svg plots the cors group, which --only leaves out")
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    measured = machine(rounds)
    try:
        results = _measured(groups, rounds)
    except (PeerMissingError, WrongAnswerError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print(table(results, measured))
    if options.json:
        options.json.write_text(json.dumps(as_json(results, measured), indent=1) + "\n")
    if options.svg:
        options.svg.write_text(plot(results, measured))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--rounds", type=_positive, help=f"samples of each case (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, for a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a plot of the cors group there")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of rounds")
    return int(text)


def _measured(groups: Sequence[str], rounds: int) -> list[Result]:
    """Groups run one after the other, so that no server of one disturbs the samples of another."""
    results: list[Result] = []
    for group in groups:
        with ExitStack() as closing:
            cases: list[Case] = list(import_module(f"bench.cases_{group}").cases(closing))
            results += asyncio.run(measure(cases, rounds=rounds))
    return results


if __name__ == "__main__":
    sys.exit(main())
