"""Answers of layers and failures under WSGI: who sees which, and what the server gets."""

from typing import Any

import pytest

from tests.engine.traces import Log, answer, trace, traces
from tests.engine.wsgi import Streamed, calm, environ_of, failing, get, hello, run, streaming
from toolkit import stack


def test_an_answer_to_head_has_no_body() -> None:
    for layer in (trace("a", [], request=answer(403, "no")), trace("a", [], response=answer(403, "no"))):
        outcome = calm(run(layer.wsgi(hello), environ_of("HEAD")))
        assert (outcome.status, outcome.body, outcome.header("content-length")) == (403, b"", "2")


def test_an_answer_of_a_request_hook_is_seen_outside_alone() -> None:
    log: Log = []
    layers = [trace("a", log), trace("b", log, request=answer(403)), trace("c", log)]
    outcome = get(stack(*layers).wsgi(failing(AssertionError("called"))))
    assert outcome.status == 403
    assert log == ["a.request", "b.request", "a.response 403", "b.done", "a.done"]


@pytest.mark.parametrize(
    "broken", [failing(ValueError()), streaming(Streamed(b"", ValueError()))], ids=["call", "chunk"]
)
def test_an_answer_below_500_has_handled_a_failure(broken: Any) -> None:
    log: Log = []
    layers = [trace("a", log), trace("b", log, error=answer(404)), trace("c", log)]
    outcome = get(stack(*layers).wsgi(broken))
    assert (outcome.status, outcome.body) == (404, b"own")
    assert log[3:] == [
        "c.error ValueError",
        "c.done ValueError",
        "b.error ValueError",
        "a.response 404",
        "b.done",
        "a.done",
    ]


@pytest.mark.parametrize("text", ["own", ""])
def test_after_an_answer_from_500_the_failure_is_raised_again(text: str) -> None:
    log: Log = []
    failure = ValueError()
    wrapped = stack(trace("a", log), trace("b", log, error=answer(503, text))).wsgi(failing(failure))
    outcome = run(wrapped)
    assert (outcome.raised, outcome.status, outcome.chunks) == (failure, 503, [text.encode()])
    assert log[2:] == ["b.error ValueError", "a.response 503", "b.done ValueError", "a.done ValueError"]
    assert run(wrapped, most=0).raised is failure


def test_what_fails_after_the_start_is_answered_by_nobody() -> None:
    log: Log = []
    outcome = run(stack(*traces("ab", log, error=answer(404))).wsgi(streaming(Streamed(b"a", ValueError()))))
    assert isinstance(outcome.raised, ValueError)
    assert log[2:] == ["b.response 200", "a.response 200", "b.done ValueError", "a.done ValueError"]


def test_a_layer_may_have_error_without_done() -> None:
    log: Log = []
    outcome = run(stack(trace("a", log, only=("error",)), trace("b", log, only=("error",))).wsgi(failing(ValueError())))
    assert isinstance(outcome.raised, ValueError)
    assert log == ["b.error ValueError", "a.error ValueError"]


def test_an_interruption_is_for_done_alone() -> None:
    log: Log = []
    outcome = run(trace("a", log, error=answer(404)).wsgi(failing(KeyboardInterrupt())))
    assert isinstance(outcome.raised, KeyboardInterrupt)
    assert log == ["a.request", "a.done KeyboardInterrupt"]
