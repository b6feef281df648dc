"""A load generator for one server: some connections, each with one request on its way at a time."""

import selectors
import socket
from typing import Any

CONNECTIONS = 16
_TIMEOUT = 10.0


class LoadError(Exception):
    """The server closed a connection, was silent for too long, or answered otherwise than it did at first."""


class Load:
    """Sends one request over and over.

    The first answer is read whole, by its content-length; all others must be as long and have the same status line.
    """

    def __init__(self, port: int, request: bytes, connections: int = CONNECTIONS) -> None:
        self._request = request
        self._selector = selectors.DefaultSelector()
        self._sockets = [socket.create_connection(("127.0.0.1", port), _TIMEOUT) for _ in range(connections)]
        self.answer = _first_answer(self._sockets[0], request)
        self._status = self.answer[: self.answer.index(b"\r\n")]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)

    def run(self, count: int) -> None:
        """Have so many requests answered. Raises LoadError."""
        started = min(count, len(self._sockets))
        for connection in self._sockets[:started]:
            connection.sendall(self._request)
        answered = 0
        while answered < count:
            for connection in self._ready():
                self._receive(connection)
                answered += 1
                if started < count:
                    connection.sendall(self._request)
                    started += 1

    def close(self) -> None:
        """Close the connections."""
        self._selector.close()
        for connection in self._sockets:
            connection.close()

    def _ready(self) -> list[Any]:
        ready = self._selector.select(_TIMEOUT)
        if not ready:
            raise LoadError("no answer")
        return [key.fileobj for key, _ in ready]

    def _receive(self, connection: socket.socket) -> None:
        size = len(self.answer)
        answer = connection.recv(65536)
        while answer and len(answer) < size:
            answer += connection.recv(65536)
        if len(answer) != size or not answer.startswith(self._status):
            raise LoadError(f"another answer than at first: {answer!r}")


def _first_answer(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    answer = b""
    while (end := _end(answer)) is None or len(answer) < end:
        part = connection.recv(65536)
        if not part:
            raise LoadError(f"closed after {answer!r}")
        answer += part
    return answer


def _end(answer: bytes) -> int | None:
    """Where an answer ends, None while its head is not whole."""
    head, separator, _ = answer.partition(b"\r\n\r\n")
    if not separator:
        return None
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
    return len(head) + 4 + sum(int(value) for name, _, value in fields if name == b"content-length")
