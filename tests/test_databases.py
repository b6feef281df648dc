"""Real Redis and PostgreSQL servers start, are killed, paused and restarted, keep or lose their data, and are gone.

The clients are imported where they are used, because the compatibility runs have neither client nor server; they leave
out what is marked `slow`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, LiteralString

import pytest

from tests.databases import Postgres, Redis
from tests.processes import ServerError, ServerProcess

pytestmark = pytest.mark.slow

KINDS = pytest.mark.parametrize("kind", [Redis, Postgres])
Start = Callable[..., Any]
HARD_PASSWORD = "it's 100%: @/?#"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server of some kind that ends with the test."""
    with ExitStack() as servers:
        yield lambda kind, **options: servers.enter_context(kind(**options))


def redis(url: str, *command: str, wait: float = 5) -> Any:
    from redis import Redis as Client  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    with Client.from_url(url, decode_responses=True, socket_timeout=wait, retry=Retry(NoBackoff(), 0)) as client:
        return client.execute_command(*command)


def sql(url: str, statement: LiteralString) -> Any:
    from psycopg import connect  # noqa: PLC0415

    with connect(url, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def answer(url: str) -> bool:
    return bool(redis(url, "PING") if "postgresql" not in url else sql(url, "SELECT 1"))


def remains(server: ServerProcess) -> list[str]:
    """What is left of a server: processes that name its folder, the folder, its port."""
    left = [f"folder {server.folder}"] if server.folder.exists() else []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(server.folder) in path.read_text(errors="replace"):
                left.append(f"process {path.parent.name}")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", server.port)) == 0:
            left.append(f"port {server.port}")
    return left


def memory_segments(pid: int) -> list[str]:
    """The System V segments made by a process: PostgreSQL makes one."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    identity, creator = rows[0].index("shmid"), rows[0].index("cpid")
    return [row[identity] for row in rows[1:] if row[creator] == str(pid)]


@KINDS
@pytest.mark.parametrize("password", [None, HARD_PASSWORD], ids=["open", "password"])
def test_it_answers_over_tcp_and_over_its_socket(kind: type[ServerProcess], password: str | None, start: Start) -> None:
    server = start(kind, password=password)
    assert answer(server.url)
    assert answer(server.unix_url)


@pytest.mark.parametrize("where", ["url", "unix_url"])
def test_redis_asks_for_its_password(where: str, start: Start) -> None:
    url = getattr(start(Redis, password="secret"), where)
    with pytest.raises(Exception, match=r"(?i)invalid username-password"):
        redis(url.replace(":secret@", ":guess@"), "PING")
    with pytest.raises(Exception, match=r"(?i)authenticated|authentication required"):
        redis(url.replace(":secret@", ""), "PING")


@pytest.mark.parametrize("where", ["url", "unix_url"])
def test_postgres_asks_for_its_password(where: str, start: Start) -> None:
    url = getattr(start(Postgres, password="secret"), where)
    with pytest.raises(Exception, match="password authentication failed"):
        sql(url.replace(":secret@", ":guess@"), "SELECT 1")


@KINDS
def test_two_servers_have_nothing_in_common(kind: type[ServerProcess], start: Start) -> None:
    one, other = start(kind), start(kind)
    assert {one.pid, one.port, one.folder}.isdisjoint({other.pid, other.port, other.folder})
    one.kill()
    assert answer(other.url)


@pytest.mark.parametrize(("kind", "seconds"), [(Redis, 1.5), (Postgres, 6)], ids=["redis", "postgres"])
def test_it_starts_fast(kind: type[ServerProcess], seconds: float, start: Start) -> None:
    """Five times and three times what it is to take on an idle machine."""
    start(kind).stop()
    started = time.monotonic()
    start(kind)
    assert time.monotonic() - started < seconds


@pytest.mark.parametrize(
    ("appendonly", "end", "kept"),
    [(False, "kill", None), (False, "restart", None), (True, "kill", "7"), (True, "restart", "7")],
)
def test_redis_keeps_what_it_appends_to_a_file(appendonly: bool, end: str, kept: str | None, start: Start) -> None:
    server = start(Redis, appendonly=appendonly, appendfsync="always")
    redis(server.url, "SET", "n", "7")
    port, pid = server.port, server.pid
    getattr(server, end)()
    if not server.runs:
        server.start()
    assert (server.port, server.pid == pid) == (port, False)
    assert redis(server.url, "GET", "n") == kept


@pytest.mark.parametrize("fsync", [False, True])
@pytest.mark.parametrize("end", ["kill", "restart"])
def test_postgres_keeps_what_was_committed(fsync: bool, end: str, start: Start) -> None:
    server = start(Postgres, fsync=fsync)
    sql(server.url, "CREATE TABLE kept AS SELECT 7 AS n")
    port, pid = server.port, server.pid
    getattr(server, end)()
    if not server.runs:
        server.start()
    assert (server.port, server.pid == pid) == (port, False)
    assert sql(server.url, "SELECT n FROM kept") == [(7,)]
    assert ("was not properly shut down" in server.log) is (end == "kill")


def test_postgres_loses_what_was_not_committed(start: Start) -> None:
    from psycopg import OperationalError, connect  # noqa: PLC0415

    server = start(Postgres)
    sql(server.url, "CREATE TABLE lost (n int)")
    connection = connect(server.url)
    connection.execute("INSERT INTO lost VALUES (7)")
    server.kill()
    with pytest.raises(OperationalError):
        connection.commit()
    connection.close()
    server.start()
    assert sql(server.url, "SELECT n FROM lost") == []


@pytest.mark.parametrize(
    ("options", "command", "shown"),
    [
        ({}, "appendfsync", "everysec"),
        ({"appendfsync": "always"}, "appendfsync", "always"),
        ({"appendonly": True}, "appendonly", "yes"),
        ({"settings": {"maxmemory": "3mb"}}, "maxmemory", "3145728"),
        ({}, "save", ""),
    ],
)
def test_options_of_redis_arrive(options: dict[str, Any], command: str, shown: str, start: Start) -> None:
    reply = redis(start(Redis, **options).url, "CONFIG", "GET", command)
    assert shown in (reply.values() if isinstance(reply, dict) else reply)


def test_options_of_postgres_arrive(start: Start) -> None:
    server = start(Postgres, fsync=True, settings={"max_connections": "17"})
    assert sql(server.url, "SHOW fsync") == [("on",)]
    assert sql(server.url, "SHOW max_connections") == [("17",)]
    assert sql(server.url, "SELECT current_user::text") == [("toolkit",)]
    assert sql(start(Postgres).url, "SHOW fsync") == [("off",)]


def test_a_paused_redis_keeps_its_connections_and_says_nothing(start: Start) -> None:
    server = start(Redis)
    server.pause()
    with pytest.raises(Exception, match=r"(?i)timeout"):
        redis(server.url, "PING", wait=0.1)
    server.resume()
    assert answer(server.url)


def test_a_paused_postgres_is_paused_in_the_middle_of_a_session(start: Start) -> None:
    from psycopg import connect  # noqa: PLC0415

    server = start(Postgres)
    with connect(server.url) as connection:
        connection.execute("SELECT 1")
        server.pause()
        connection.pgconn.send_query(b"SELECT 7 AS n")
        connection.pgconn.flush()
        assert not is_readable(connection.pgconn.socket, 0.2)
        server.resume()
        assert is_readable(connection.pgconn.socket, 5)
        result = connection.pgconn.get_result()
        assert result is not None
        assert result.get_value(0, 0) == b"7"
        assert connection.pgconn.get_result() is None


def is_readable(descriptor: int, seconds: float) -> bool:
    from select import select  # noqa: PLC0415

    return bool(select([descriptor], [], [], seconds)[0])


@KINDS
@pytest.mark.parametrize("before", ["nothing", "kill", "pause", "shutdown", "end of itself"])
def test_nothing_is_left_after_the_block(kind: type[ServerProcess], before: str) -> None:
    with kind() as server:  # type: ignore[call-arg]
        assert answer(server.url)
        pid = server.pid
        assert len(memory_segments(pid)) == (kind is Postgres)
        if before == "end of itself":
            os.kill(server.pid, signal.SIGTERM)
        elif before != "nothing":
            getattr(server, before)()
    assert remains(server) == []
    assert memory_segments(pid) == []


@KINDS
def test_what_does_not_run_says_so(kind: type[ServerProcess], start: Start) -> None:
    server = start(kind)
    with pytest.raises(RuntimeError, match="runs already"):
        server.start()
    server.kill()
    for act in (server.kill, server.shutdown, server.pause, server.resume, lambda: server.pid):
        with pytest.raises(RuntimeError, match="does not run"):
            act()
    server.start()
    assert answer(server.url)


@pytest.mark.parametrize(
    ("kind", "settings", "complaint"),
    [
        (Redis, {"maxmemory-policy": "no-such-policy"}, "no-such-policy"),
        (Postgres, {"no_such_setting": "1"}, "no_such_setting"),
    ],
)
def test_a_server_that_does_not_start_shows_its_log(kind: Any, settings: dict[str, str], complaint: str) -> None:
    server = kind(settings=settings)
    with pytest.raises(ServerError, match="did not start") as problem, server:
        pytest.fail("the block ran")
    assert complaint in problem.value.log
    assert complaint in str(problem.value)
    assert remains(server) == []


@KINDS
def test_a_port_that_is_taken_is_an_error(kind: type[ServerProcess], start: Start) -> None:
    server = start(kind)
    server.shutdown()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.port))
        other.listen()
        with pytest.raises(ServerError, match=r"(?i)address already in use"):
            server.start()
    server.start()
    assert answer(server.url)


ABANDONED = """
import os, signal, sys, time
from tests.databases import Postgres, Redis
server = {"Redis": Redis, "Postgres": Postgres}[sys.argv[1]]()
server.start()
print(server.pid, server.port, server.folder, flush=True)
if sys.argv[2] == "paused":
    server.pause()
    os.kill(os.getpid(), signal.SIGKILL)
elif sys.argv[2] != "exit":
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
    time.sleep(60)
"""


@KINDS
@pytest.mark.parametrize("end", ["exit", "SIGINT", "SIGTERM", "SIGKILL", "paused"])
def test_nothing_outlives_the_tests(kind: type[ServerProcess], end: str) -> None:
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED, kind.__name__, end],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=30,
        check=False,
    )
    pid, port, folder = done.stdout.split()
    deadline = time.monotonic() + 10
    while (left := [what for what in (Path(folder), Path(f"/proc/{pid}/exe")) if exists(what)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert left == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0
    assert memory_segments(int(pid)) == []


def exists(path: Path) -> bool:
    """Whether a folder, or the program of a process that is more than a name in the table of processes, is there."""
    try:
        os.lstat(path)
        return not path.is_symlink() or bool(os.readlink(path))
    except OSError:
        return False


def test_postgres_never_runs_as_root(start: Start) -> None:
    server = start(Postgres)
    owner = os.stat(f"/proc/{server.pid}").st_uid
    assert owner != 0
    assert owner == (server.folder / "data").stat().st_uid
