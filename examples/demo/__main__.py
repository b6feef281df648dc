"""Command line of the demo: `python -m examples.demo [--serve] [--port N]`."""

import argparse
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from types import ModuleType
from typing import TextIO

from examples.demo.report import Report
from examples.demo.scenes import SCENES
from examples.demo.server import listen, log_requests, serve
from examples.demo.stage import Stage
from examples.shop_by_file import app

INTERRUPTED = 130
"""The exit status of what Ctrl-C has ended before its time, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the shop and play every scene. Returns 0 if all was as expected, else 1."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        listener = listen(options.port)
    except OSError as refused:
        parser.error(f"port {options.port}: {refused.strerror}")
    report = Report(_output())
    with serve(app, listener) as url:
        play(SCENES, url, report)
        if options.serve:
            _stay(url, report)
    return 1 if report.failed else 0


def play(scenes: Iterable[ModuleType], url: str, report: Report) -> None:
    """Play scenes against what is served at `url`."""
    for scene in scenes:
        report.scene(scene.TITLE, scene.ABOUT)
        scene.play(Stage(url, report))
    report.total()


def _stay(url: str, report: Report) -> None:
    log_requests()
    report.note(
        f"\nThe shop stays open until you press Ctrl-C:\n  page       {url}/\n  catalogue  {url}/api/products\n"
        f"  orders     {url}/api/orders\n  stock      {url.replace('http', 'ws')}/api/stock\n"
    )
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _output() -> TextIO:
    """Standard output; what its encoding lacks becomes a question mark."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="Drives the protected shop over HTTP.")
    parser.add_argument("--serve", action="store_true", help="leave the shop running afterwards")
    parser.add_argument("--port", type=int, default=0, help="where on this machine (default: any free port)")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
