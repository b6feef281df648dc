"""`toolkit explain FILE METHOD PATH`: what becomes of one request, and why.

With `--json`, the keys are these and stay these; a place is `where`, such as "middleware[0].max_age", and `written`,
such as "toolkit.toml:7", or "" where it has no line of its own:

- `request`: `method`, `target` (as given), `path` (decoded), `query`, `headers` (pairs), `websocket`
- `route`: the key of the route, or the path of the handler, whose changes apply; null
- `notes`: which route applies, and why: each `text` and a place
- `elements`: what stands around the application, outermost first, each with `number` (from 1), `label`, `kind` ("" of
  foreign middleware), a place, `state` ("on", "changed", "off", or "silent" where a preflight asks about a plan without
  it), `reached`, `answers` (whether it answers in any case), `notes`, `options` and `says` (sentences)
- `options` of an element or a handler: each `name`, `value` (secrets are "***"), `source` ("element", "defaults",
  "route" or "handler"), a place, and `instead_of` where a route or handler replaced a value
- `answer`: `by` ("application", "handler" or "layer"), `label`, a place, and of a handler `path`, `params`, `options`
  and `says`
"""

import argparse
from typing import Any

import toolkit
from toolkit.cli.guard import Refusal
from toolkit.cli.output import columns, elsewhere, say, say_json
from toolkit.engine.explain import Explanation
from toolkit.options import Invalid


def add(commands: Any) -> argparse.ArgumentParser:
    """The command's options."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "explain",
        help="show which layers a request meets, set to what, and what they would decide",
        description="Show which layers a request meets, outermost first: what each is set to, where that was written, "
        "what a route changed, what the layer would decide and why, and who answers.",
        epilog="toolkit explain toolkit.toml POST /login -H 'Origin: https://app.example'",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="TOML, YAML or JSON")
    parser.add_argument("method", metavar="METHOD", help="such as GET")
    parser.add_argument("path", metavar="PATH", help="as in a URL: percent-encoded, with a query or without")
    parser.add_argument("-H", dest="headers", metavar="'NAME: VALUE'", action="append", type=_header, default=[])
    parser.add_argument("--ws", action="store_true", help="a WebSocket handshake")
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Compile the file, and tell."""
    try:
        with elsewhere():
            stack = toolkit.compile(arguments.file)
            told = stack.explain(arguments.method, arguments.path, arguments.headers, websocket=arguments.ws)
    except Invalid as refused:
        raise Refusal(str(refused)) from None
    _say(told, as_json=arguments.json)
    return 0


def _say(told: Explanation, *, as_json: bool) -> None:
    if as_json:
        say_json(told.as_json())
    else:
        say(*told.lines(columns()))


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not 'Name: value'")
    return name, value.strip()
