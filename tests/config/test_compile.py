"""From a configuration to a stack: what is made, what it is called, what importing it costs."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

import pytest
import tomli_w
import yaml
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

import toolkit
from toolkit import CORS, ConfigError, Layer, Middleware, Mounted, stack
from toolkit.engine.lifespan import OpenStore
from toolkit.options.stores import StoreOption

ORIGINS = ["https://a.example"]
WHOLE: dict[str, Any] = {
    "stores": {"unused": "memory:"},
    "defaults": {"cors": {"max_age": 60}, "respond": {"status": 404}},
    "middleware": [
        {"use": "cors", "allow_origins": ORIGINS},
        {"use": "starlette.middleware.gzip:GZipMiddleware", "minimum_size": 10},
    ],
    "route": [
        {"match": "POST /login", "cors": {"max_age": 5}},
        {"match": "/health", "cors": False},
    ],
    "handler": [
        {"path": "/old/{slug}", "use": "redirect", "to": "/new/{slug}", "status": 308},
        {"path": "/gone", "use": "respond", "text": "gone", "layers": {"cors": False}},
    ],
    "provides": ["user"],
}


class Keeping(Layer):
    """Holds a store open."""

    store: StoreOption = "main"

    def bind(self, open_store: OpenStore) -> Self:
        return self.bound(held=open_store(self.store))


def problems(source: Any, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        toolkit.compile(source, environ=environ)
    return [str(problem) for problem in caught.value.problems]


def written(folder: Path, source: Mapping[str, Any], suffix: str) -> Path:
    path = folder / f"toolkit{suffix}"
    dumps: dict[str, Any] = {".toml": tomli_w.dumps, ".yaml": yaml.safe_dump, ".json": json.dumps}
    path.write_text(dumps[suffix](source))
    return path


@pytest.mark.parametrize("suffix", [".toml", ".yaml", ".json", ""])
def test_every_spelling_is_the_same_stack(tmp_path: Path, suffix: str) -> None:
    made = toolkit.compile(written(tmp_path, WHOLE, suffix) if suffix else WHOLE)
    assert repr(made.elements) == repr(
        (CORS(max_age=60, allow_origins=ORIGINS), Middleware(cast(Any, GZipMiddleware), minimum_size=10))
    )
    assert list(made.routes) == ["POST /login", "/health"]
    assert list(made.handlers) == ["/old/{slug}", "/gone"]
    mounted = made.handlers["/gone"]
    assert isinstance(mounted, Mounted)
    assert mounted.layers == {"cors": False}
    assert made.provides == {"user"}
    assert [len(changes) for _, changes in made.variants] == [len(changes) for _, changes in by_python().variants]


def by_python() -> toolkit.Stack:
    return stack(
        CORS(allow_origins=ORIGINS, max_age=60),
        routes={"POST /login": {"cors": {"max_age": 5}}, "/health": {"cors": False}},
        handlers=dict(toolkit.compile(WHOLE).handlers),
    )


@pytest.mark.parametrize("suffix", [".toml", ".yaml", ".json", ""])
def test_a_compiled_stack_answers(tmp_path: Path, suffix: str) -> None:
    made = toolkit.compile(written(tmp_path, WHOLE, suffix) if suffix else WHOLE)
    client = TestClient(made(Starlette()), follow_redirects=False)
    headers = {"origin": ORIGINS[0]}
    moved = client.get("/old/a%20b", headers=headers)
    assert (moved.status_code, moved.headers["location"]) == (308, "/new/a%20b")
    assert moved.headers["access-control-allow-origin"] == ORIGINS[0]
    gone = client.get("/gone", headers=headers)
    assert (gone.status_code, gone.text) == (404, "gone")
    assert "access-control-allow-origin" not in gone.headers
    asked = {**headers, "access-control-request-method": "POST"}
    assert client.options("/login", headers=asked).headers["access-control-max-age"] == "5"
    assert client.options("/other", headers=asked).headers["access-control-max-age"] == "60"


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[[middleware]]\nuse = "cors"\nallow_origins = ["*"]\n[[route]]\nmatch = "/x"\ncors = false\n')
    places = toolkit.compile(path).places
    assert places.element(0) == "middleware[0]"
    assert places.route(0, "/x") == "route[0]"
    assert places.written("middleware[0].allow_origins") == f"{path}:3"
    assert places.written("middleware[0].max_age") == ""


def test_problems_of_a_mapping_have_no_file() -> None:
    assert problems({"middleware": [{"use": "corz"}]}) == [
        "middleware[0].use: no layer is called 'corz'; did you mean 'cors'?"
    ]


def test_each_application_has_stores_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "toolkit.toml").write_text(f"""
        stores.main = "sqlite:///app.db"
        [[middleware]]
        use = "{__name__}:Keeping"
        store = "main"
        [[middleware]]
        use = "{__name__}:Keeping"
        name = "inner"
        store = "sqlite:///{tmp_path}/app.db"
    """)
    protect = toolkit.compile(tmp_path / "toolkit.toml")
    first, second = ([layer.held for layer in protect(PlainTextResponse("fine")).layers] for _ in range(2))  # type: ignore[attr-defined]

    assert protect.stores == {"main": f"sqlite:///{tmp_path}/app.db"}
    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_an_object_may_be_a_store() -> None:
    class Store:
        async def open(self) -> None: ...
        async def close(self) -> None: ...

    store = Store()
    assert toolkit.compile({"stores": {"main": store}}).stores == {"main": store}
    (refused,) = problems({"stores": {"main": Store}})
    assert refused.startswith("stores.main: <class ")


def test_importing_toolkit_loads_no_reader() -> None:
    code = "import sys, toolkit; print(sorted({'yaml', 'tomllib', 'uvicorn', 'redis'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_of_a_source_is_changed() -> None:
    source = json.loads(json.dumps(WHOLE))
    toolkit.compile(source)
    assert source == WHOLE


@pytest.mark.parametrize(
    ("value", "environ", "held"),
    [
        ("${AGE}", {"AGE": "90"}, 90),
        ("${AGE}", {"AGE": "15m"}, 900),
        ("${AGE:-30}", {}, 30),
        ("${AGE:-30}", {"AGE": ""}, 30),
        ("${AGE}m", {"AGE": "15"}, 900),
        ("${file:age.txt}", {}, 45),
    ],
)
def test_references_are_resolved(tmp_path: Path, value: str, environ: dict[str, str], held: int) -> None:
    (tmp_path / "age.txt").write_text("45\n")
    source = {"middleware": [{"use": "cors", "allow_origins": "${O}", "max_age": value}]}
    made = toolkit.compile(written(tmp_path, source, ".toml"), environ={"O": '["https://a.example"]', **environ})
    layer = made.layers[0]
    assert isinstance(layer, CORS)
    assert layer.max_age == held
    assert layer.allow_origins == ("https://a.example",)


def test_a_variable_switches_a_layer_off() -> None:
    source = {"middleware": WHOLE["middleware"], "route": [{"match": "/x", "cors": "${ON}"}]}
    made = toolkit.compile(source, environ={"ON": "false"})
    assert [*made.variants[0][1].values()] == [None]


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("${SECRET}", "hunter2-and-more"),
        ("x${SECRET}", "hunter2-and-more"),
        (["${SECRET}"], "hunter2-and-more"),
        (["https://${SECRET}/"], "hunter2.example"),
        (["http://${SECRET}"], "hunter2.example"),
        ("${SECRET}", '["hunter2", "hunter2"]'),
        ("${SECRET}", "hunter2" * 40),
        ("${SECRET}", '{"hunter2": "hunter2"}'),
    ],
)
@pytest.mark.parametrize("option", ["allow_origins", "max_age", "conflict", "policy", "policies", "origin_check"])
def test_no_problem_shows_what_a_reference_stands_for(option: str, value: Any, secret: str) -> None:
    found = problems({"middleware": [{"use": "cors", option: value, "allow_credentials": True}]}, SECRET=secret)
    assert found
    assert not any("hunter" in line for line in found)
