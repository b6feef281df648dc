"""Handlers, their places and their defaults: what is wrong with them is told at once, each where it is written."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.engine.asgi import hello
from toolkit import ConfigError, Exchange, Layer, stack
from toolkit.engine.assemble import assemble
from toolkit.engine.handler import Handler, Mounted
from toolkit.engine.lifespan import Resources
from toolkit.engine.overrides import Wrong
from toolkit.engine.places import Places
from toolkit.engine.stack import Stack
from toolkit.options import Problem


class Guard(Layer):
    limit: int = 1
    size: int = 1

    def request(self, exchange: Exchange) -> Response | None:
        return None


class Users(Layer):
    provides: ClassVar[tuple[str, ...]] = ("user",)


class Needs(Layer):
    needs: ClassVar[tuple[str, ...]] = ("user",)


class Covers(Layer):
    covers_answers: ClassVar[bool] = True


class Files(Handler):
    root: str = "."
    depth: int = 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def check_path(self, params: Mapping[str, str]) -> Iterable[Problem]:
        if "path" not in params.values():
            yield self.problem("root", "the template has no path", "end it in {path:path}")


FILES = "/f/{path:path}"


def problems(*elements: Any, **given: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        stack(*elements, **given)
    return [str(problem) for problem in refused.value.problems]


# What a handler may be


@pytest.mark.parametrize(
    ("handler", "found"),
    [
        (5, "5 is no ASGI application; it is called with (scope, receive, send)"),
        (None, "None is no ASGI application"),
        (Starlette, "Starlette is a class, not an application; write Starlette(…)"),
        (Files, "Files is a class, not an application; write Files(…)"),
        (Guard(), "Guard() is no ASGI application"),
        (Mounted(5), "5 is no ASGI application"),  # type: ignore[arg-type]
        (lambda request: None, "is no ASGI application"),
    ],
    ids=["a number", "None", "a class", "a handler class", "a layer", "mounted", "an endpoint"],
)
def test_what_cannot_answer_is_refused(handler: Any, found: str) -> None:
    (problem,) = problems(handlers={"/a": handler})
    assert problem.startswith("handlers['/a']: ")
    assert found in problem


def test_an_endpoint_is_told_from_an_application() -> None:
    async def endpoint(request: Any) -> Response:
        return Response()

    (problem,) = problems(handlers={"/a": endpoint})
    assert problem.endswith("an endpoint becomes one by starlette.routing.request_response")


def test_a_wsgi_application_is_told_from_one() -> None:
    class Flask:
        wsgi_app = None

        def __call__(self, environ: Any, start_response: Any) -> Any: ...

    (problem,) = problems(handlers={"/a": Flask()})
    assert "is a WSGI application; wrap it for ASGI" in problem


def test_a_callable_without_a_signature_is_taken() -> None:
    unknown: Any = min
    assert stack(handlers={"/a": hello, "/b": unknown}).handlers["/b"] is unknown


def test_a_handler_stands_on_a_path_and_not_among_the_layers() -> None:
    (problem,) = problems(Files())
    assert problem.endswith('a handler answers on a path of its own: stack(…, handlers={"/path": …})')


def test_a_handler_has_to_answer() -> None:
    class Silent(Handler):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Silent()  # type: ignore[abstract]


@pytest.mark.parametrize("name", ["use", "path", "layers"])
def test_a_handler_has_no_option_that_means_something_else_in_files(name: str) -> None:
    with pytest.raises(TypeError, match=f"Wrong.{name}: '{name}' means something else in files"):
        type("Wrong", (Files,), {"__annotations__": {name: str}})


def test_nor_has_a_layer() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.use: 'use' means something else in files"):

        class Wrong(Layer):
            use: str = "x"

    with pytest.raises(TypeError, match="Match: 'match' means something else in files; give it another kind"):

        class Match(Layer):
            pass

    with pytest.raises(ConfigError, match=r"Guard\.name: 'match' means something else in the routes of a file"):
        Guard(name="match")


def test_an_option_may_be_of_a_class_that_is_defined_below() -> None:
    class Wants(Handler):
        other: "Below | None" = None

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    class Below: ...

    assert Wants.kind == "wants"


# Where they stand


@pytest.mark.parametrize("path", ["a", "/a//b", "/{x:zz}", "/{x}/{x}", "/a*"])
def test_a_path_that_is_no_template_is_an_error_that_names_the_handler(path: str) -> None:
    (problem,) = problems(handlers={path: hello})
    assert problem.startswith(f"handlers[{path!r}]: ")


def test_a_handler_that_an_earlier_one_hides_is_an_error() -> None:
    found = problems(handlers={"/a/{x}": hello, "/a/{y}/c": hello, "/a/b": hello, "/{p:path}": hello, "/z": hello})
    assert found == [
        "handlers['/a/b']: never answers: '/a/{x}' comes first and takes all of its paths; "
        "put the narrower path first, or remove one",
        "handlers['/z']: never answers: '/{p:path}' comes first and takes all of its paths; "
        "put the narrower path first, or remove one",
    ]


def test_layers_of_a_handler_that_a_route_hides_are_an_error() -> None:
    mounted = Mounted(hello, layers={"guard": False})
    (problem,) = problems(Guard(), routes={"GET /f/**": {}, "/f/**": {}}, handlers={FILES: mounted, "/f": hello})
    assert problem.startswith(f"handlers['{FILES}'].layers: never matches: the route '/f/**' comes first")


def test_a_handler_may_object_to_its_path() -> None:
    (problem,) = problems(handlers={"/f/{x}": Files()})
    assert problem == "handlers['/f/{x}'].root: the template has no path; end it in {path:path}"


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ({"gaurd": False}, "handlers['/a'].layers.gaurd: no layer of this stack is called that; did you mean 'guard'?"),
        ({"guard": {"limt": 1}}, "handlers['/a'].layers.guard.limt: unknown option; did you mean 'limit'?"),
        ({"guard": {"limit": "x"}}, "handlers['/a'].layers.guard.limit: 'x' is not a whole number"),
        ({"guard": 5}, "handlers['/a'].layers.guard: 5 cannot take its place"),
        (False, "handlers['/a'].layers: False does not say what changes for which layer"),
        (None, "handlers['/a'].layers: None does not say what changes for which layer"),
        ({"users": False}, "handlers['/a'].layers: needs needs 'user', which nothing outside it provides"),
    ],
    ids=str,
)
def test_what_is_wrong_with_the_layers_of_a_handler_is_told_where_it_is_written(layers: Any, found: str) -> None:
    (problem,) = problems(Users(), Guard(), Needs(), handlers={"/a": Mounted(hello, layers=layers)})
    assert problem.startswith(found)


def test_layers_of_a_handler_whose_path_is_wrong_are_looked_at_all_the_same() -> None:
    found = problems(Guard(), handlers={"a": Mounted(5, layers={"guard": {"limit": "x"}})})  # type: ignore[arg-type]
    assert [problem.split(":")[0] for problem in found] == [
        "handlers['a']",
        "handlers['a']",
        "handlers['a'].layers.guard.limit",
    ]


def test_what_the_stack_lacks_is_told_once_and_not_for_each_route() -> None:
    (problem,) = problems(Needs(), routes={"/a": {}, "/b": {}})
    assert problem.startswith("stack[0]: needs needs 'user'")


def test_a_layer_objects_to_its_variants_only_where_all_are_known() -> None:
    class Counts(Guard):
        def check_routes(self, variants: Any) -> Any:
            yield self.problem("limit", f"{len(variants)} variants")

    mounted = Mounted(hello, layers={"counts": {"limit": 3}})
    routes: dict[str, Any] = {"/a": {"counts": {"limit": 2}}, "/b": {"counts": False}}
    (problem,) = problems(Users(), Counts(), routes=routes, handlers={"/f": mounted})
    assert problem == "stack[1].limit: 2 variants"
    for wrong in ({"counts": {"limit": "x"}}, {"cuonts": False}, 5):
        (problem,) = problems(Counts(), routes={**routes, "/c": wrong})
        assert problem.startswith("routes['/c']")


# Defaults


def test_defaults_are_for_layers_and_handlers_of_a_kind_that_do_not_give_them() -> None:
    made = stack(
        Guard(limit=5),
        Guard(name="second"),
        handlers={FILES: Files(), "/g/{path:path}": Mounted(Files(root="/y"))},
        defaults={"guard": {"limit": 2, "size": 3}, "files": {"root": "/x"}},
    )
    assert [(layer.limit, layer.size) for layer in made.layers] == [(5, 3), (2, 3)]  # type: ignore[attr-defined]
    assert made.handlers[FILES].root == "/x"  # type: ignore[union-attr]
    assert made.handlers["/g/{path:path}"].app.root == "/y"  # type: ignore[union-attr]
    assert made.defaults == {"guard": {"limit": 2, "size": 3}, "files": {"root": "/x"}}


def test_an_override_replaces_a_default() -> None:
    made = stack(Guard(), routes={"/a": {"guard": {"limit": 9}}}, defaults={"guard": {"limit": 2, "size": 3}})
    ((_, variant),) = made.variants
    changed: Any = variant[made.layers[0]]
    assert (changed.limit, changed.size) == (9, 3)


def test_what_is_given_already_is_not_made_again() -> None:
    layer = Guard(limit=5, size=5)
    assert stack(layer, defaults={"guard": {"limit": 2}}).layers == (layer,)


@pytest.mark.parametrize(
    ("defaults", "found"),
    [
        ({"guard": {"limit": "x"}}, ["defaults['guard'].limit: 'x' is not a whole number"]),
        ({"guard": {"limt": 1}}, ["defaults['guard'].limt: unknown option; did you mean 'limit'?"]),
        ({"files": {"root": 5}}, ["defaults['files'].root: 5 is not text"]),
        ({"gaurd": {}}, ["defaults['gaurd']: nothing in this stack is of that kind; did you mean 'guard'?"]),
        ({"cors": {}}, ["defaults['cors']: nothing in this stack is of that kind; it has guard, files"]),
        ({"guard": 5}, ["defaults['guard']: 5 is no mapping of options; such as {'max_age': 600}"]),
        ({"guard": {5: 6}}, ["defaults['guard']: 5 is not text; the name of an option is text"]),
        (5, ["defaults: 5 is no mapping; such as defaults={…}"]),
        ({5: {}}, ["defaults[5]: a key that is not text; keys are text"]),
    ],
    ids=str,
)
def test_what_is_wrong_with_defaults_is_told_once(defaults: Any, found: list[str]) -> None:
    handlers = {FILES: Files(), "/g/{path:path}": Mounted(Files())}
    assert problems(Guard(), Guard(name="second"), handlers=handlers, defaults=defaults) == found


def test_what_is_wrong_with_defaults_hides_no_other_problem() -> None:
    found = problems(Guard(), routes={"/a": {"x": False}}, defaults={"guard": {"limit": "x"}})
    assert [problem.split(":")[0] for problem in found] == ["defaults['guard'].limit", "routes['/a'].x"]


def test_a_rule_that_a_default_breaks_is_told_where_the_layer_stands() -> None:
    from toolkit.options import rule  # noqa: PLC0415 - beside the one class that has a rule

    class Ruled(Guard):
        @rule("limit", "size")
        def _fits(self) -> Problem | None:
            return self.problem("limit", "more than size") if self.limit > self.size else None

    assert problems(Ruled(limit=2, size=2), Ruled(limit=2, size=3, name="b"), defaults={"guard": {}})
    (problem,) = problems(Ruled(limit=1), defaults={"ruled": {"size": 0}})
    assert problem == "stack[0].limit: more than size"


# Places, and drafts


class Lines(Places):
    """Where a file would have it."""

    def element(self, index: int) -> str:
        return f"middleware[{index}]"

    def route(self, index: int, key: str) -> str:
        return f"route[{index}]"

    def handler(self, index: int, path: str) -> str:
        return f"handler[{index}]"

    def located(self, problem: Problem) -> Problem:
        return Problem(f"file: {problem.where}", problem.reason, problem.fix)


def test_every_problem_is_placed_where_it_is_written() -> None:
    with pytest.raises(ConfigError) as refused:
        Stack(
            [Needs(), Guard(), Covers(), Guard(), "x"],  # type: ignore[list-item]
            {"/a": {"guard": {"limit": "x"}}, "b": {}, "/a/b": {}, "/a/*": {}, "/a/c": {}},
            {},
            (),
            handlers={"/h": Mounted(hello, layers={"x": False}), "/f": Files()},
            places=Lines(),
        )
    assert sorted(problem.where for problem in refused.value.problems) == [
        "file: handler[0].layers.x",
        "file: handler[1].root",
        "file: middleware[0]",
        "file: middleware[2]",
        "file: middleware[3]",
        "file: middleware[4]",
        "file: route[0].guard.limit",
        "file: route[1]",
        "file: route[4]",
    ]


def test_python_knows_no_lines() -> None:
    places, problem = Places(), Problem("stack[0]", "wrong")
    assert (places.located(problem), places.written("stack[0]"), places.default("a")) == (problem, "", "defaults['a']")


def draft(cls: Any, **values: Any) -> Any:
    """What a file makes of a layer whose options are wrong."""
    made = object.__new__(cls)
    made.__dict__.update({"name": None, "_given": values, "_draft": Wrong(), **values})
    return made


def test_a_draft_is_found_by_its_name_and_its_overrides_are_checked() -> None:
    routes: Any = {
        "/a": {"guard": {"limit": "x", "sise": 1}},
        "/b": {"guard": {"limit": 2}},
        "/c": {"guard": False},
        "/d": {"guard": 5},
        "/e": {"covers": False},
    }
    layers = [draft(Guard), draft(Covers)]
    variants, found = assemble(layers, routes, {"/f/{x}": draft(Files)}, (), Places())
    assert [problem.where for problem in found] == [
        "stack[1]",
        "routes['/a'].guard.limit",
        "routes['/a'].guard.sise",
        "routes['/d'].guard",
    ]
    assert [dict(variant) for _, variant in variants] == [{}, {}, {layers[0]: None}, {}, {layers[1]: None}]


# Stores by their URLs


def test_a_store_is_opened_once_for_each_url(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_store(url: str) -> object:
        opened.append(url)
        return object()

    monkeypatch.setattr("toolkit.stores.open_store", open_store)
    resources = Resources({"main": "memory:", "other": "sqlite:///a.db"})
    stores = [resources.find(name) for name in ("main", "memory:", "other", "main")]
    assert opened == ["memory:", "sqlite:///a.db"]
    assert stores[0] is stores[1] is stores[3] is not stores[2]


def test_no_store_is_none_either() -> None:
    with pytest.raises(ConfigError, match="no store is called None"):
        Resources().find(None)


def test_a_name_that_no_store_has_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"no store is called 'mian'; did you mean 'main'\?"):
        Resources({"main": "memory:"}).find("mian")
