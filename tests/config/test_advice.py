"""What is told about the mistakes of newcomers, and that a file is fine once that is obeyed."""

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

import toolkit
from toolkit import CORS, ConfigError, Layer

ENVIRON = {
    "DEBIAN_FRONTEND": "noninteractive",
    "ORIGIN": "https://a.example",
    "ORIGINS": '["https://a.example"]',
    "SEVERAL": "https://a.example,https://b.example",
    "YES": "yes",
}

TOML = '[[middleware]]\nuse = "cors"\nallow_origins = ["https://a.example"]\n'
YAML = "middleware:\n  - use: cors\n    allow_origins: [https://a.example]\n"
GZIP = '[[middleware]]\nuse = "starlette.middleware.gzip:GZipMiddleware"\n'
NEEDY = f'[[middleware]]\nuse = "{__name__}:Needy"\n'
GIVING = f'[[middleware]]\nuse = "{__name__}:Giving"\n'
SHAPE = "is one table where a list of tables is wanted; "
LAYER = "no layer of this stack is called that; "
NAMELESS = "ASGI middleware from elsewhere has no name, and routes cannot change it"
AS_LIST = 'a variable holds a list as JSON: ["…", "…"]'


class Needy(Layer):
    needs: ClassVar[tuple[str, ...]] = ("user",)


class Giving(Layer):
    provides: ClassVar[tuple[str, ...]] = ("user",)


class Row(NamedTuple):
    """A file, what is told of it, and the file as it is then."""

    id: str
    written: str
    told: list[str]
    mended: str
    form: str = "toml"


SECTIONS = [
    Row(
        "a section that a layer swallowed",
        TOML + 'provides = ["user"]\n',
        ["4: middleware[0].provides: unknown option; 'provides' is a section: put it at the top of the file"],
        'provides = ["user"]\n' + TOML,
    ),
    Row(
        "a section that a layer swallowed, in YAML",
        YAML + "    provides: [user]\n",
        ["4: middleware[0].provides: unknown option; 'provides' is a section: write it beside 'middleware'"],
        YAML + "provides: [user]\n",
        "yaml",
    ),
    Row(
        "a section that a route swallowed",
        TOML + '[[route]]\nmatch = "/x"\nstores.main = "memory:"\n',
        ["6: route[0].stores: unknown option; 'stores' is a section: put it at the top of the file"],
        'stores.main = "memory:"\n' + TOML,
    ),
    Row(
        "a section that the layers of a handler swallowed",
        '[[handler]]\npath = "/x"\nuse = "respond"\n[handler.layers]\nprovides = ["user"]\n',
        ["5: handler[0].layers.provides: unknown option; 'provides' is a section: put it at the top of the file"],
        'provides = ["user"]\n[[handler]]\npath = "/x"\nuse = "respond"\n',
    ),
    Row(
        "a section that the stores swallowed",
        '[stores]\nmain = "memory:"\nprovides = ["user"]\n',
        ["3: stores.provides: unknown option; 'provides' is a section: put it at the top of the file"],
        'provides = ["user"]\n[stores]\nmain = "memory:"\n',
    ),
    Row(
        "layers at the top",
        TOML + "[layers]\ncors = false\n",
        ["4: layers: unknown section; write [handler.layers] below its [[handler]]"],
        TOML + '[[handler]]\npath = "/x"\nuse = "respond"\n[handler.layers]\ncors = false\n',
    ),
    Row(
        "a layer at the top",
        '[cors]\nallow_origins = ["*"]\n[[route]]\nmatch = "/x"\ncors = false\n',
        ['1: cors: unknown section; write [[middleware]] and use = "cors"'],
        '[[middleware]]\nuse = "cors"\nallow_origins = ["*"]\n[[route]]\nmatch = "/x"\ncors = false\n',
    ),
    Row(
        "a handler at the top, in YAML",
        "redirect: {path: /x, to: /y}\n",
        ["1: redirect: unknown section; write - use: redirect in the list handler"],
        "handler:\n  - use: redirect\n    path: /x\n    to: /y\n",
        "yaml",
    ),
    Row(
        "an option at the top",
        'allow_origins = ["*"]\n[[middleware]]\nuse = "cors"\n',
        ["1: allow_origins: unknown section; it is an option of cors: write it below its [[middleware]]"],
        '[[middleware]]\nuse = "cors"\nallow_origins = ["*"]\n',
    ),
    Row(
        "an option that is not indented",
        "middleware:\n- use: cors\nallow_origins: ['*']\n",
        [
            "3: allow_origins: unknown section; it is an option of cors: it belongs to a '- ' of middleware: "
            "indent it as deep as the other keys"
        ],
        "middleware:\n- use: cors\n  allow_origins: ['*']\n",
        "yaml",
    ),
    Row(
        "the key of an entry at the top",
        "match: /x\n",
        ["1: match: unknown section; it belongs to a '- ' of route: indent it as deep as the other keys"],
        "route:\n  - match: /x\n",
        "yaml",
    ),
    Row(
        "a section with a dot",
        '{"defaults.cors": {"max_age": 5}}',
        ["1: ['defaults.cors']: unknown section; nest it: 'cors' under 'defaults'"],
        '{"defaults": {"cors": {"max_age": 5}}}',
        "json",
    ),
]

ENTRIES = [
    Row(
        "routes by match, in YAML",
        YAML + "route: {/admin/**: {cors: false}, GET /x: {cors: {max_age: 5}}}\n",
        [f"4: route: {SHAPE}write - match: /admin/** in the list route"],
        YAML + "route:\n  - match: /admin/**\n    cors: false\n  - match: GET /x\n    cors: {max_age: 5}\n",
        "yaml",
    ),
    Row(
        "routes by match",
        TOML + '[route."/admin/**"]\ncors.max_age = -1\n',
        [
            f'4: route: {SHAPE}write [[route]] and match = "/admin/**"',
            "5: route['/admin/**'].cors.max_age: -1 is less than 0; use 0 to 86400, or text such as '10m'",
        ],
        TOML + '[[route]]\nmatch = "/admin/**"\ncors.max_age = 1\n',
    ),
    Row(
        "handlers by path",
        '[handler."/old"]\nuse = "redirect"\nto = "/y"\n',
        [f'1: handler: {SHAPE}write [[handler]] and path = "/old"'],
        '[[handler]]\npath = "/old"\nuse = "redirect"\nto = "/y"\n',
    ),
    Row(
        "layers by kind",
        '{"middleware": {"cors": {"allow_origins": ["*"]}}, "route": [{"match": "/x", "cors": false}]}',
        [f'1: middleware: {SHAPE}write {{"use": "cors", …}} in the list "middleware"'],
        '{"middleware": [{"use": "cors", "allow_origins": ["*"]}], "route": [{"match": "/x", "cors": false}]}',
        "json",
    ),
    Row(
        "a kind as a key",
        "middleware:\n  - cors: {allow_origins: ['*']}\nroute:\n  - match: /x\n    cors: false\n",
        ["2: middleware[0].use: missing; 'cors' is a kind: write use: cors, and its options beside it"],
        "middleware:\n  - use: cors\n    allow_origins: ['*']\nroute:\n  - match: /x\n    cors: false\n",
        "yaml",
    ),
    Row(
        "a kind alone",
        "middleware:\n  - cors\n",
        ["2: middleware[0]: 'cors' is not a table; such as - use: cors"],
        "middleware:\n  - use: cors\n    allow_origins: ['*']\n",
        "yaml",
    ),
    Row(
        "options of their own",
        '[[middleware]]\nuse = "cors"\n[middleware.options]\nallow_origins = ["*"]\n',
        ["3: middleware[0].options: unknown option; options stand beside 'use'"],
        '[[middleware]]\nuse = "cors"\nallow_origins = ["*"]\n',
    ),
    Row(
        "options of their own, in YAML",
        "handler:\n  - path: /x\n    use: redirect\n    options: {to: /y}\n",
        ["4: handler[0].options: unknown option; options stand beside 'use'"],
        "handler:\n  - path: /x\n    use: redirect\n    to: /y\n",
        "yaml",
    ),
    Row(
        "a module",
        '[[middleware]]\nuse = "starlette.middleware.gzip"\n',
        [
            "2: middleware[0].use: no layer is called 'starlette.middleware.gzip'; "
            "name the class: 'starlette.middleware.gzip:GZipMiddleware'"
        ],
        GZIP,
    ),
    Row(
        "a module after the colon",
        '[[middleware]]\nuse = "starlette.middleware:gzip"\n',
        [
            "2: middleware[0].use: 'starlette.middleware:gzip' is module, not ASGI middleware; "
            "name the class: 'starlette.middleware.gzip:GZipMiddleware'"
        ],
        GZIP,
    ),
    Row(
        "an unknown kind",
        '[[middleware]]\nuse = "wsproxy"\n',
        [
            "2: middleware[0].use: no layer is called 'wsproxy'; there is cors; "
            "or give a dotted path, 'package.module:name'"
        ],
        "",
    ),
]

ROUTES = [
    Row(
        "a dotted key in YAML",
        YAML + "route:\n  - match: /x\n    cors.max_age: 5\n",
        [f"6: route[0]['cors.max_age']: {LAYER}max_age is an option of cors: write cors: {{max_age: …}}"],
        YAML + "route:\n  - match: /x\n    cors: {max_age: 5}\n",
        "yaml",
    ),
    Row(
        "an option of a layer",
        TOML + '[[route]]\nmatch = "/x"\nallow_origins = ["*"]\n',
        [f"6: route[0].allow_origins: {LAYER}allow_origins is an option of cors: write cors.allow_origins"],
        TOML + '[[route]]\nmatch = "/x"\ncors.allow_origins = ["*"]\n',
    ),
    Row(
        "off as text",
        TOML + '[[route]]\nmatch = "/x"\ncors = "off"\n',
        ["6: route[0].cors: 'off' cannot take its place; write false, or options"],
        TOML + '[[route]]\nmatch = "/x"\ncors = false\n',
    ),
    Row(
        "a need that nothing provides",
        NEEDY,
        [
            "1: middleware[0]: needy needs 'user', which nothing outside it provides; "
            'put a layer that provides it further out, or add "user" to provides'
        ],
        'provides = ["user"]\n' + NEEDY,
    ),
    Row(
        "a need that is provided further in",
        NEEDY + GIVING,
        [
            "1: middleware[0]: needy needs 'user', which nothing outside it provides; "
            "move needy inside giving, which is middleware[1]"
        ],
        GIVING + NEEDY,
    ),
    Row(
        "a need that a route takes away",
        GIVING + NEEDY + '[[route]]\nmatch = "/x"\ngiving = false\n',
        [
            "6: route[0]: needy needs 'user', which nothing outside it provides; "
            "leave giving on here, or switch needy off too"
        ],
        GIVING + NEEDY + '[[route]]\nmatch = "/x"\ngiving = false\nneedy = false\n',
    ),
    Row(
        "a name for foreign middleware",
        TOML + GZIP + 'name = "zip"\n[[route]]\nmatch = "/x"\nzip = false\n',
        [f"6: middleware[1].name: unknown option; {NAMELESS}"],
        TOML + GZIP,
    ),
    Row(
        "foreign middleware in a route",
        GZIP + '[[route]]\nmatch = "/x"\ngzip = false\n',
        [f"5: route[0].gzip: {LAYER}{NAMELESS}"],
        GZIP,
    ),
]

VALUES = [
    Row(
        "a variable that is far from all names",
        TOML + 'max_age = "${FRONTEND}"\n',
        [
            "4: middleware[0].max_age: the environment variable FRONTEND is not set; "
            "set it, or write ${FRONTEND:-default}"
        ],
        TOML + 'max_age = "${FRONTEND:-5m}"\n',
    ),
    Row(
        "a reference as in a shell",
        '[[middleware]]\nuse = "cors"\nallow_origins = "$ORIGINS"\n',
        [
            "3: middleware[0].allow_origins: '$ORIGINS' is text where a list is wanted; "
            "a reference is written ${ORIGINS}"
        ],
        '[[middleware]]\nuse = "cors"\nallow_origins = "${ORIGINS}"\n',
    ),
    Row(
        "a reference as in a template",
        '[[middleware]]\nuse = "cors"\nallow_origins = ["{ORIGIN}"]\n',
        [
            "3: middleware[0].allow_origins[0]: '{ORIGIN}': holds upper case; browsers send origins in lower case; "
            "a reference is written ${ORIGIN}"
        ],
        '[[middleware]]\nuse = "cors"\nallow_origins = ["${ORIGIN}"]\n',
    ),
    Row(
        "several values in one text",
        TOML + 'allow_methods = "GET, PUT"\n',
        ['4: middleware[0].allow_methods: \'GET, PUT\' is text where a list is wanted; use ["GET", "PUT"]'],
        TOML + 'allow_methods = ["GET", "PUT"]\n',
    ),
    Row(
        "several values in one variable",
        '[[middleware]]\nuse = "cors"\nallow_origins = "${SEVERAL}"\n',
        [f"3: middleware[0].allow_origins: ${{SEVERAL}} is text where a list is wanted; {AS_LIST}"],
        '[[middleware]]\nuse = "cors"\nallow_origins = "${ORIGINS}"\n',
    ),
    Row(
        "yes",
        TOML + 'strict_preflight = "yes"\nallow_credentials = "False"\n',
        [
            "4: middleware[0].strict_preflight: 'yes' is not true or false; write true",
            "5: middleware[0].allow_credentials: 'False' is not true or false; write false",
        ],
        TOML + "strict_preflight = true\nallow_credentials = false\n",
    ),
    Row(
        "yes in a variable",
        TOML + 'strict_preflight = "${YES}"\n',
        ["4: middleware[0].strict_preflight: ${YES} is not true or false"],
        TOML,
    ),
    Row(
        "an asterisk among origins",
        '[[middleware]]\nuse = "cors"\nallow_origins = ["*", "b.example", "https://a.example/"]\n',
        [
            "3: middleware[0].allow_origins: '*' is every origin, and is given with others; "
            "give ['*'] alone, or leave it out",
            "3: middleware[0].allow_origins[1]: 'b.example': the scheme is missing; write https://b.example",
            "3: middleware[0].allow_origins[2]: 'https://a.example/': ends in a slash, which no origin does; "
            "write https://a.example",
        ],
        TOML,
    ),
    Row(
        "credentials for all",
        '[[middleware]]\nuse = "cors"\nallow_credentials = true\nallow_origins = ["*"]\n',
        [
            "4: middleware[0].allow_origins: '*' is every origin: every site on the web could act as the user and "
            "read the answers, since allow_credentials is on; name the origins, or turn on "
            "dangerously_allow_any_origin_with_credentials"
        ],
        TOML + "allow_credentials = true\n",
    ),
    Row(
        "an option of foreign middleware",
        GZIP + 'minimum_size = "5"\n',
        ["3: middleware[0].minimum_size: '5' is not a whole number; write it without quotes"],
        GZIP + "minimum_size = 5\n",
    ),
]

SYNTAX = [
    Row(
        "no space",
        "middleware:\n  - use:cors\nroute:\n  - match: /x\n    cors: false\n",
        ["2: middleware[0]: 'use:cors' is not a table; put a space after the colon: - use: cors"],
        YAML + "route:\n  - match: /x\n    cors: false\n",
        "yaml",
    ),
    Row(
        "no space, and more keys",
        "middleware:\n  - use:cors\n    allow_origins: ['*']\n",
        ["3: column 18: ':' without a space after it ends no key; write 'use: cors'"],
        "middleware:\n  - use: cors\n    allow_origins: ['*']\n",
        "yaml",
    ),
    Row(
        "an option as deep as the list",
        "middleware:\n  - use: cors\n  allow_origins: ['*']\n",
        ["3: column 3: no element of the list; indent it like the key after the '- ' above, or begin it with '- '"],
        "middleware:\n  - use: cors\n    allow_origins: ['*']\n",
        "yaml",
    ),
    Row(
        "a reference in the middle of text in brackets",
        "middleware:\n  - use: cors\n    allow_origins: [https://a.example:${PORT:-1}, https://b.example]\n",
        ['3: column 40: a reference between brackets needs quotes; quote it: "https://a.example:${PORT:-1}"'],
        'middleware:\n  - use: cors\n    allow_origins: ["https://a.example:${PORT:-1}", https://b.example]\n',
        "yaml",
    ),
    Row(
        "a reference in brackets",
        "middleware:\n  - use: cors\n    allow_origins: [${ORIGIN}]\n",
        ['3: column 22: a reference between brackets needs quotes; quote it: "${ORIGIN}"'],
        'middleware:\n  - use: cors\n    allow_origins: ["${ORIGIN}"]\n',
        "yaml",
    ),
]

ROWS = [pytest.param(row, id=row.id) for row in (*SECTIONS, *ENTRIES, *ROUTES, *VALUES, *SYNTAX)]


def told(source: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ=ENVIRON)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("row", ROWS)
def test_a_mistake_is_one_line_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(f"a.{row.form}")
    path.write_text(row.written)
    assert told(path) == [f"{path}:{line}" for line in row.told]


@pytest.mark.parametrize("row", [param for param in ROWS if param.values[0].mended])  # type: ignore[union-attr]
def test_the_file_is_fine_once_the_advice_is_obeyed(tmp_path: Path, row: Row) -> None:
    path = tmp_path / f"a.{row.form}"
    path.write_text(row.mended)
    toolkit.compile(path, environ=ENVIRON)


ORIGINS = CORS(allow_origins=["*"])


LONG = '\'[[middleware]]\\nuse = "cors...ns = ["https://a.example"]\\n\''
INSTEAD = 'use stack(…), or {"use": "cors", …}'


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (TOML, f"{LONG}: no such file; write the text to a file, and give its path"),
        (
            {"middleware": [ORIGINS], "route": [{"match": "/x", "cors": False}]},
            f"middleware[0]: {ORIGINS} is not a table; {INSTEAD}",
        ),
        ({"middleware": ORIGINS}, f"middleware: {ORIGINS} is not a list of tables; {INSTEAD}"),
        (
            {"middleware": [{"use": "cors", "allow_origins": ["*"]}], "route": [{"match": "/x", "cors": "off"}]},
            "route[0].cors: 'off' cannot take its place; write False, or options",
        ),
    ],
    ids=["text", "a layer", "one layer", "off"],
)
def test_what_python_gives_in_the_place_of_a_file(source: Any, line: str) -> None:
    assert told(source) == [line]
