"""Stacks under uvicorn, seen by real clients."""

import logging
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.engine.asgi import echo, failing
from tests.engine.traces import Log, answer, only, trace, traces
from tests.servers import serve
from toolkit import stack


def without_denials(app: ASGIApp) -> ASGIApp:
    """A server that has no denial responses."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    return run


def refused(app: ASGIApp, **options: Any) -> tuple[int, bytes, str | None]:
    """The status, the body and a header with which a handshake was refused."""
    with serve(app, lifespan="off", **options) as url:
        with pytest.raises(InvalidStatus) as refusal:
            connect(url.replace("http", "ws"), open_timeout=5)
        response = refusal.value.response
        return response.status_code, bytes(response.body or b""), response.headers.get("x-mark")


def mark(exchange: Any, start: Any) -> None:
    start["headers"].append((b"x-mark", b"yes"))


@pytest.mark.parametrize("hook", ["request", "response"])
def test_a_client_of_a_refused_handshake_is_told_why(hook: str) -> None:
    log: Log = []
    acts: dict[str, Any] = {hook: answer(429, "too many")}
    app = stack(trace("O", log, response=mark), trace("A", log, **acts))(echo)
    assert refused(app) == (429, b"too many", "yes")
    assert only(log, "done") == ["A.done", "O.done"]


@pytest.mark.parametrize("hook", ["request", "response"])
def test_without_denial_responses_it_is_a_403(hook: str) -> None:
    acts: dict[str, Any] = {hook: answer(429, "too many")}
    status, body, marked = refused(without_denials(stack(trace("O", [], response=mark), trace("A", [], **acts))(echo)))
    assert (status, body, marked) == (403, b"", None)


def test_a_handshake_that_failed_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = trace("A", [], error=answer(503, "later"))(failing(OSError("disk full")))
    with caplog.at_level(logging.ERROR):
        assert refused(app, log_config=None) == (503, b"later", None)
    assert "disk full" in [str(record.exc_info[1]) for record in caplog.records if record.exc_info]


def test_messages_pass_a_stack_both_ways() -> None:
    log: Log = []
    app = stack(*traces("AB", log))(echo)
    with serve(app, lifespan="off") as url, connect(url.replace("http", "ws")) as socket:
        for message in ("text", b"bytes"):
            socket.send(message)
            assert socket.recv(timeout=5) == message
    assert only(log, "receive", "done") == ["A.receive", "B.receive"] * 2 + ["B.done", "A.done"]
