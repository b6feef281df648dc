"""One request under WSGI: the start, write(), chunks and close()."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.engine.traces import Log, Mark, answer, trace, traces
from tests.engine.wsgi import Outcome, Streamed, environ_of, get, hello, run, starter, streaming
from toolkit import Exchange, Layer, stack

# ---- the start


def test_a_response_hook_changes_the_headers_and_the_application_s_names_stay() -> None:
    outcome = get(Mark().wsgi(hello))
    assert outcome.line == "200 OK"
    assert outcome.headers == [("Content-Type", "text/plain"), ("Content-Length", "5"), ("x-mark", "1")]
    assert outcome.chunks == [b"hello"]


def test_layers_see_lower_case_names_and_bytes() -> None:
    seen: list[Any] = []
    get(trace("a", [], response=lambda exchange, start: seen.append(start["headers"])).wsgi(hello))
    assert seen == [[(b"content-type", b"text/plain"), (b"content-length", b"5")]]


@pytest.mark.parametrize(
    ("given", "changed", "sent"),
    [
        ("200 Fine", None, "200 Fine"),
        ("200 Fine", 404, "404 Not Found"),
        ("299 Mine", None, "299 Mine"),
        ("200 OK", 799, "799 Unknown"),
    ],
    ids=["kept", "changed", "kept of its own", "changed to none known"],
)
def test_the_reason_phrase(given: str, changed: int | None, sent: str) -> None:
    def change(exchange: Exchange, start: Any) -> None:
        start["status"] = changed or start["status"]

    assert get(trace("a", [], response=change).wsgi(streaming([b"x"], given))).line == sent


def test_the_status_of_the_exchange_is_what_was_sent() -> None:
    seen: list[int | None] = []
    layer = trace(
        "a",
        [],
        request=lambda exchange: seen.append(exchange.status),
        done=lambda exchange, exc: seen.append(exchange.status),
    )
    get(layer.wsgi(streaming([b"x"], "202 Accepted")))
    assert seen == [None, 202]


@pytest.mark.parametrize("name", ["Connection", "transfer-encoding", "Keep-Alive", "TE", "Upgrade"])
def test_no_layer_emits_what_is_hop_by_hop(name: str) -> None:
    def add(exchange: Exchange, start: Any) -> None:
        start["headers"].append((name.encode(), b"x"))

    assert get(trace("a", [], response=add).wsgi(hello)).header(name.lower()) is None
    refused = answer(403)
    refused.headers[name] = "x"
    outcome = get(trace("a", [], request=refused).wsgi(hello))
    assert (outcome.status, outcome.header(name.lower())) == (403, None)


def test_a_header_value_is_latin_1_both_ways() -> None:
    def add(exchange: Exchange, start: Any) -> None:
        start["headers"].append((b"x-own", "é".encode("latin-1")))

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-App", "ü")])
        return []

    assert get(trace("a", [], response=add).wsgi(app)).headers == [("X-App", "ü"), ("x-own", "é")]


def test_the_start_is_held_until_the_first_chunk_that_is_not_empty() -> None:
    log: Log = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        try:
            raise ValueError("late")
        except ValueError:
            start_response("500 Sorry", [("X-Late", "1")], sys.exc_info())
        yield b""
        log.append("chunk")
        yield b"sorry"

    outcome = get(trace("a", log).wsgi(app))
    assert (outcome.starts, outcome.chunks) == ([("500 Sorry", [("X-Late", "1")])], [b"sorry"])
    assert log == ["a.request", "chunk", "a.response 500", "a.done"]


def test_a_start_after_the_first_chunk_raises_what_it_was_given() -> None:
    log: Log = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        try:
            raise ValueError("too late")
        except ValueError:
            start_response("500 Sorry", [], sys.exc_info())

    outcome = run(trace("a", log).wsgi(app))
    assert isinstance(outcome.raised, ValueError)
    assert outcome.chunks == [b"begun"]
    assert log == ["a.request", "a.response 200", "a.done ValueError"]


def test_a_generator_may_start_as_late_as_its_first_chunk() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("201 Created", [])
        yield b"a"
        yield b"b"

    outcome = get(Mark().wsgi(app))
    assert (outcome.status, outcome.header("x-mark"), outcome.chunks) == (201, "1", [b"a", b"b"])


def test_an_empty_body_has_a_start_too() -> None:
    assert get(Mark().wsgi(streaming([]))).header("x-mark") == "1"
    assert get(Mark().wsgi(streaming(iter([])))).header("x-mark") == "1"


def _never(environ: Any, start_response: Any) -> list[bytes]:
    return [b"chunk"]


def _twice(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def _write_first(environ: Any, start_response: Any) -> list[bytes]:
    write = start_response("200 OK", [])
    write(b"x")
    start_response("200 OK", [])
    return []


@pytest.mark.parametrize("app", [_never, _twice, _write_first])
def test_an_application_that_breaks_the_protocol_has_failed(app: Any) -> None:
    log: Log = []
    outcome = run(trace("a", log).wsgi(app))
    assert isinstance(outcome.raised, RuntimeError)
    assert log[-1] == "a.done RuntimeError"


# ---- write()


def test_what_is_written_goes_out_at_once_after_the_start() -> None:
    seen: list[list[bytes]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        seen.append([*outcome.chunks])
        write(b"one")
        seen.append([*outcome.chunks])
        write(b"two")
        return [b"three"]

    outcome = Outcome()
    outcome.chunks += Mark().wsgi(app)(environ_of(), starter(outcome))
    assert seen == [[], [b"one"]]
    assert (outcome.header("x-mark"), outcome.body) == ("1", b"onetwothree")


def test_a_hook_that_answers_replaces_what_is_written() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"one")
        write(b"two")
        start_response("200 OK", [])
        return [b"three"]

    outcome = get(trace("a", [], response=answer(503, "busy")).wsgi(app))
    assert (outcome.status, outcome.body) == (503, b"busy")


def test_what_is_replaced_under_write_is_left_when_the_application_has_returned() -> None:
    log: Log = []
    body = Streamed(b"two")

    def app(environ: Any, start_response: Any) -> Streamed:
        start_response("200 OK", [])(b"one")
        log.append("returns")
        return body

    layers = [trace("a", log), trace("b", log, response=answer(503)), trace("c", log)]
    iterable = stack(*layers).wsgi(app)(environ_of(), starter(Outcome()))
    assert (body.closed, body.asked) == (1, 0)
    assert log[3:] == ["c.response 200", "b.response 200", "a.response 503", "returns", "c.done"]
    assert list(iterable) == []
    iterable.close()  # type: ignore[attr-defined]
    assert log[8:] == ["b.done", "a.done"]


def test_what_a_hook_raises_under_write_the_application_may_catch() -> None:
    log: Log = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            start_response("200 OK", [])(b"lost")
        except ValueError:
            start_response("500 Sorry", [], sys.exc_info())
        return [b"sorry"]

    layers = [trace("a", log), trace("b", log, response=ValueError("by b")), trace("c", log)]
    outcome = get(stack(*layers).wsgi(app))
    assert (outcome.line, outcome.body) == ("500 Sorry", b"sorry")
    assert log[3:] == ["c.response 200", "b.response 200", "a.response 500", "c.done", "b.done", "a.done"]


def test_a_start_that_was_lost_under_write_does_not_come_back() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        with suppress(ValueError):
            write(b"lost")
        write(b"again")
        return []

    outcome = run(trace("a", [], response=ValueError()).wsgi(app))
    assert isinstance(outcome.raised, RuntimeError)
    assert outcome.starts == []


# ---- close()


def _ends(body: Streamed, most: int | None, layers: list[Layer]) -> tuple[Streamed, BaseException | None]:
    outcome = run(stack(*layers).wsgi(streaming(body)), most=most)
    return body, outcome.raised


@pytest.mark.parametrize("most", [0, 1, None], ids=["not iterated", "the client goes", "to the end"])
@pytest.mark.parametrize("layers", [[Mark()], traces("ab", []), []], ids=["no done", "done", "no layer"])
def test_the_application_s_iterable_is_closed_once(most: int | None, layers: list[Layer]) -> None:
    body, raised = _ends(Streamed(b"a", b"b"), most, layers)
    assert (body.closed, raised) == (1, None)


def test_the_second_close_does_nothing() -> None:
    log: Log = []
    for layer in (Mark(), trace("a", log)):
        body = Streamed(b"a")
        iterable: Any = layer.wsgi(streaming(body))(environ_of(), starter(Outcome()))
        iterable.close()
        iterable.close()
        assert body.closed == 1
    assert log.count("a.done") == 1


@pytest.mark.parametrize("place", [0, 1], ids=["before the start", "after it"])
def test_it_is_closed_where_iterating_fails(place: int) -> None:
    chunks: list[bytes | BaseException] = [b"a", b"b"]
    chunks.insert(place, ValueError("broken"))
    for layers in ([Mark()], traces("ab", [])):
        body, raised = _ends(Streamed(*chunks), None, [*layers])
        assert body.closed == 1
        assert isinstance(raised, ValueError)


def test_it_is_closed_where_a_hook_answers_or_raises_instead() -> None:
    for act in (answer(503), ValueError("by a")):
        body, _ = _ends(Streamed(b"a", b"b"), None, [trace("a", [], response=act)])
        assert (body.closed, body.asked) == (1, 1)


def test_what_is_dropped_is_closed_before_the_answer_goes_on_outward() -> None:
    log: Log = []
    body = Streamed(b"a")
    seen: list[int] = []
    outer = trace("a", log, response=lambda exchange, start: seen.append(body.closed))
    get(stack(outer, trace("b", log, response=answer(503)), trace("c", log)).wsgi(streaming(body)))
    assert seen == [1]
    assert log[3:] == ["c.response 200", "b.response 200", "c.done", "a.response 503", "b.done", "a.done"]


def test_done_runs_when_the_server_closes_and_not_before() -> None:
    log: Log = []
    iterable: Any = trace("a", log).wsgi(streaming(Streamed(b"a", b"b")))(environ_of(), starter(Outcome()))
    assert list(iterable) == [b"a", b"b"]
    assert log == ["a.request", "a.response 200"]
    iterable.close()
    assert log == ["a.request", "a.response 200", "a.done"]


def test_what_close_raises_reaches_the_layers_and_the_server() -> None:
    class Bad(Streamed):
        def close(self) -> None:
            raise ValueError("by close")

    log: Log = []
    _, raised = _ends(Bad(b"a"), None, [*traces("ab", log)])
    assert isinstance(raised, ValueError)
    assert log[-2:] == ["b.done ValueError", "a.done ValueError"]


# ---- streaming


def test_chunks_pass_one_at_a_time() -> None:
    body = Streamed(b"a", b"b", b"c")
    iterable = iter(trace("a", []).wsgi(streaming(body))(environ_of(), starter(Outcome())))
    asked = []
    for _ in range(3):
        next(iterable)
        asked.append(body.asked)
    assert asked == [1, 2, 3]


def test_the_body_of_the_request_is_left_alone() -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"wsgi.input.{name}")

    found: list[Any] = []
    looking = trace("a", [], request=lambda exchange: found.extend(exchange.scope["headers"]))
    get(stack(looking, Mark()).wsgi(hello), more={"wsgi.input": Untouchable()})
    assert found == [(b"host", b"127.0.0.1")]


def test_a_list_stays_a_list_where_nothing_runs_at_close() -> None:
    body = [b"a", b"b"]
    assert Mark().wsgi(streaming(body))(environ_of(), starter(Outcome())) is body


def test_a_list_keeps_its_length_where_something_does() -> None:
    iterable: Any = trace("a", []).wsgi(streaming([b"a"]))(environ_of(), starter(Outcome()))
    assert len(iterable) == 1


def test_a_file_goes_to_the_server_as_the_server_s_own_wrapper() -> None:
    file = FileWrapper(BytesIO(b"content"))
    wrapped = Mark().wsgi(streaming(file))
    assert wrapped(environ_of(more={"wsgi.file_wrapper": FileWrapper}), starter(Outcome())) is file
    with_done = trace("a", []).wsgi(streaming(FileWrapper(BytesIO(b"content"))))
    assert get(with_done, more={"wsgi.file_wrapper": FileWrapper}).body == b"content"
