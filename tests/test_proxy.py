"""The proxy between a client and an echoing server: what each disturbance does to connections, and that it heals."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.proxy import Proxy

SOON = 5.0
SHORT = 0.15


class Echo(socketserver.BaseRequestHandler):
    """Answers with what it hears, and keeps it."""

    heard: bytearray

    def handle(self) -> None:
        with suppress(ConnectionError):
            while data := self.request.recv(65_536):
                self.heard.extend(data)
                self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def heard() -> bytearray:
    return bytearray()


@pytest.fixture
def proxy(heard: bytearray) -> Iterator[Proxy]:
    with EchoServer(("127.0.0.1", 0), type("Recording", (Echo,), {"heard": heard})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with Proxy("127.0.0.1", server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()
        thread.join()


@pytest.fixture
def connect(proxy: Proxy) -> Iterator[Callable[[], socket.socket]]:
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", proxy.port), SOON))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def ask(connection: socket.socket, question: bytes) -> bytes:
    connection.sendall(question)
    return receive(connection, len(question))


def receive(connection: socket.socket, size: int) -> bytes:
    answer = b""
    while len(answer) < size and (data := connection.recv(size - len(answer))):
        answer += data
    return answer


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(SHORT)
    try:
        return connection.recv(1) == b"silence"
    except TimeoutError:
        return True
    finally:
        connection.settimeout(SOON)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_passes_on_what_both_say(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    one, other = connect(), connect()
    assert ask(one, b"hello") == b"hello"
    assert ask(other, b"world") == b"world"
    assert proxy.connections == 2


def test_more_than_one_piece_arrives_whole(connect: Callable[[], socket.socket]) -> None:
    connection, question = connect(), bytes(range(256)) * 2_000
    sender = threading.Thread(target=connection.sendall, args=(question,))
    sender.start()
    assert receive(connection, len(question)) == question
    sender.join()


def test_an_end_is_passed_on_in_both_directions(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    connection.sendall(b"last words")
    connection.shutdown(socket.SHUT_WR)
    assert receive(connection, 100) == b"last words"
    connection.close()
    wait_for(lambda: proxy.connections == 0)


def test_delay_makes_every_answer_wait(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    proxy.delay = SHORT
    for _ in range(2):
        started = time.monotonic()
        assert ask(connection, b"hello") == b"hello"
        assert time.monotonic() - started >= SHORT
    proxy.heal()
    assert proxy.delay == 0


def test_refuse_ends_connections_and_refuses_new_ones(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect()
    proxy.heal()
    assert ask(connect(), b"again") == b"again"


def test_reset_ends_connections_and_accepts_new_ones(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    used, unused = connect(), connect()
    assert ask(used, b"hello") == b"hello"
    proxy.reset()
    for connection in (used, unused):
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert ask(connect(), b"again") == b"again"


def test_hang_holds_everything_back_until_it_is_healed(
    proxy: Proxy, heard: bytearray, connect: Callable[[], socket.socket]
) -> None:
    before = connect()
    assert ask(before, b"1") == b"1"
    proxy.hang()
    after = connect()
    before.sendall(b"2")
    after.sendall(b"3")
    assert is_silent(before)
    assert is_silent(after)
    assert heard == b"1"
    proxy.heal()
    assert (receive(before, 1), receive(after, 1)) == (b"2", b"3")


def test_drop_loses_answers_to_what_was_done(
    proxy: Proxy, heard: bytearray, connect: Callable[[], socket.socket]
) -> None:
    connection = connect()
    proxy.drop()
    connection.sendall(b"pay 10")
    wait_for(lambda: heard == b"pay 10")
    assert is_silent(connection)
    proxy.heal()
    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert ask(connect(), b"paid?") == b"paid?"


def test_garble_turns_over_the_next_bytes_and_no_more(
    proxy: Proxy, heard: bytearray, connect: Callable[[], socket.socket]
) -> None:
    connection = connect()
    proxy.garble(3)
    assert ask(connection, b"\x00\x01") == b"\xff\xfe"
    assert ask(connection, b"\x00abc") == b"\xffabc"
    assert heard == b"\x00\x01\x00abc"


def test_what_was_not_garbled_yet_is_healed(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    proxy.garble(100)
    proxy.heal()
    assert ask(connect(), b"abc") == b"abc"


def test_disturbances_heal_together(proxy: Proxy, connect: Callable[[], socket.socket]) -> None:
    proxy.delay = SOON
    proxy.hang()
    proxy.drop()
    proxy.refuse()
    proxy.heal()
    started = time.monotonic()
    assert ask(connect(), b"abc") == b"abc"
    assert time.monotonic() - started < SOON


def test_a_target_that_is_not_there_ends_the_connection() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # holds the port, and does not listen
        with (
            Proxy("127.0.0.1", nobody.getsockname()[1]) as proxy,
            pytest.raises(ConnectionResetError),
            socket.create_connection(("127.0.0.1", proxy.port), SOON) as connection,
        ):
            connection.recv(1)


@pytest.mark.parametrize("disturbance", ["refuse", "reset", "hang", "drop"])
def test_nothing_of_it_is_left_after_the_block(disturbance: str, proxy: Proxy) -> None:
    with (
        Proxy("127.0.0.1", proxy.port) as second,
        socket.create_connection(("127.0.0.1", second.port), SOON) as connection,
    ):
        assert ask(connection, b"hello") == b"hello"
        getattr(second, disturbance)()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", second.port), SOON)
    assert sum(thread.name == "proxy" for thread in threading.enumerate()) == 1
