"""The load generator: it counts answers, and refuses what is none."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from bench.load import Load, LoadError
from bench.requests import CROSS_ORIGIN
from tests.servers import serve

REQUEST = CROSS_ORIGIN.wire()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def answering(answer: Callable[[int], list[bytes]]) -> Iterator[int]:
    """A server for one connection on a port of its own: for each request, by its number, the pieces of an answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answer))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _serve(listener: socket.socket, answer: Callable[[int], list[bytes]]) -> None:
    connection, _ = listener.accept()
    with connection:
        number = 0
        while connection.recv(65536) == REQUEST:
            pieces = answer(number)
            for piece in pieces:
                connection.sendall(piece)
            if not pieces:
                return
            number += 1


def run(port: int, count: int) -> bytes:
    with closing(Load(port, REQUEST, connections=1)) as load:
        load.run(count)
        return load.answer


def test_every_request_is_answered_once() -> None:
    numbers: list[int] = []

    def answer(number: int) -> list[bytes]:
        numbers.append(number)
        return [ANSWER]

    with answering(answer) as port:
        assert run(port, 20) == ANSWER
    assert numbers == list(range(21))


def test_an_answer_may_come_in_pieces() -> None:
    with answering(lambda number: [ANSWER[:10], ANSWER[10:-1], ANSWER[-1:]]) as port:
        assert run(port, 5) == ANSWER


@pytest.mark.parametrize(
    ("then", "said"),
    [
        pytest.param(ANSWER.replace(b"200 OK", b"500 Oh"), "another answer", id="another status"),
        pytest.param(ANSWER + b"!", "another answer", id="longer"),
    ],
)
def test_another_answer_than_at_first_is_an_error(then: bytes, said: str) -> None:
    with answering(lambda number: [then if number == 3 else ANSWER]) as port, pytest.raises(LoadError, match=said):
        run(port, 9)


def test_a_closed_connection_is_an_error() -> None:
    with answering(lambda number: [ANSWER] if number < 3 else []) as port, pytest.raises(LoadError):
        run(port, 9)


def test_several_connections_share_the_requests_of_a_real_server() -> None:
    clients: list[object] = []

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        clients.append(scope["client"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    with serve(app, lifespan="off") as url, closing(Load(int(url.rpartition(":")[2]), REQUEST, connections=4)) as load:
        load.run(50)

    assert len(clients) == 51
    assert len(set(clients)) == 4
