"""Redis and PostgreSQL as tests meet them: real servers of the test's own that can be killed, paused and started again.

    with Redis(appendonly=True) as redis:
        client = from_url(redis.url)
        redis.kill()      # SIGKILL: what was not on its way to the disk is lost
        redis.start()     # the same data, the same port

A server listens on a port of 127.0.0.1 and on a socket in a folder of its own, which holds its data too. Server and
folder are gone when the block ends, and also when the process that started them ends in any other way.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import quote

from tests.processes import ServerError, ServerProcess
from tests.servers import CACHE, find

INITDB = ("--username=toolkit", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1")
MEMORY = Path("/dev/shm")
ROOM = 1 << 30
UNSAFE = {"fsync": "off", "full_page_writes": "off"}


class Redis(ServerProcess):
    """A Redis server. Without `appendonly` its data ends with it; `appendfsync` is Redis' own option."""

    graceful = signal.SIGTERM
    abrupt = signal.SIGKILL

    def __init__(
        self,
        *,
        password: str | None = None,
        appendonly: bool = False,
        appendfsync: Literal["always", "everysec", "no"] = "everysec",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(password)
        self._settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": str(self._socket),
            "dir": str(self.folder),
            "save": "",
            "hz": "100",  # how often a second it looks whether it was told to end
            "appendonly": "yes" if appendonly else "no",
            "appendfsync": appendfsync,
            **({"requirepass": password} if password else {}),
            **(settings or {}),
        }

    @property
    def url(self) -> str:
        return f"redis://{self._login}127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self._login}{self._socket}?db=0"

    @property
    def _login(self) -> str:
        return f":{quote(self.password, safe='')}@" if self.password else ""

    @property
    def _socket(self) -> Path:
        return self.folder / "redis.sock"

    def _prepare(self) -> None:
        self._socket.unlink(missing_ok=True)

    def _command(self) -> list[str]:
        options = [word for name, value in self._settings.items() for word in (f"--{name}", value)]
        return [str(find("redis")), *options]

    def _is_ready(self) -> bool:
        """It answers, and has read its data (it says -LOADING until then)."""
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.settimeout(1)
            connection.connect(str(self._socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def _clean(self) -> None:
        """It leaves nothing elsewhere."""


class Postgres(ServerProcess):
    """A PostgreSQL server with the superuser `toolkit`, who needs the password if there is one.

    Without `fsync` it is faster, and its data is in memory where there is room: a crash of the machine, not of the
    server, costs it. `settings` are PostgreSQL's own. For root it runs as the user postgres, or nobody, because it
    refuses root.
    """

    graceful = signal.SIGINT  # "fast shutdown": does not wait for clients to leave
    abrupt = signal.SIGQUIT  # "immediate shutdown"

    def __init__(
        self, *, password: str | None = None, fsync: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(password, None if fsync else _memory())
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "dynamic_shared_memory_type": "mmap",  # files below the data, which no crash leaves elsewhere
            "shared_buffers": "16MB",
            "max_wal_size": "1GB",
            "jit": "off",
            **({} if fsync else UNSAFE),
            **(settings or {}),
        }

    @property
    def url(self) -> str:
        return f"postgresql://{self._login}127.0.0.1:{self.port}/postgres"

    @property
    def unix_url(self) -> str:
        return f"postgresql://{self._login}/postgres?host={quote(str(self.folder), safe='')}&port={self.port}"

    @property
    def _login(self) -> str:
        return f"toolkit:{quote(self.password, safe='')}@" if self.password else "toolkit@"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        if self._data.exists():
            return
        _give(self.folder, self._identity())
        with _initialised_data().open("rb") as archive:
            _run(["tar", "--extract", "--directory", str(self.folder)], archive, self._identity())
        if self.password is not None:
            self._require_password(self.password)

    def _require_password(self, password: str) -> None:
        literal = password.replace("'", "''")
        with tempfile.TemporaryFile() as statement:
            statement.write(f"ALTER ROLE toolkit PASSWORD '{literal}'\n".encode())
            statement.seek(0)
            _run([str(find("postgresql")), "--single", "-D", str(self._data), "postgres"], statement, self._identity())
        (self._data / "pg_hba.conf").write_text(
            "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )

    def _command(self) -> list[str]:
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        return [str(find("postgresql")), "-D", str(self._data), *options]

    def _identity(self) -> dict[str, Any]:
        return _unprivileged()

    def _is_ready(self) -> bool:
        """Its own process id and `ready` stand in the file where pg_ctl looks for them."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self._data / "postmaster.pid").read_text().splitlines()
        return []

    def _clean(self) -> None:
        """Remove the System V memory segment that a killed server left: its key and its id are the 7th line."""
        lines = self._pid_file()
        if len(lines) > 6:
            remove = 0  # IPC_RMID
            ctypes.CDLL(None).shmctl(int(lines[6].split()[1]), remove, None)


def _unprivileged() -> dict[str, Any]:
    """Popen's arguments that make a program run as somebody else than root; none for anybody else."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _memory() -> Path | None:
    """A file system in memory with room for some servers. Their thousand files take 20 times as long on a disk."""
    usable = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if usable else None


def _give(folder: Path, identity: Mapping[str, Any]) -> None:
    if identity:
        os.chown(folder, identity["user"], identity["group"])


def _initialised_data() -> Path:
    """An archive of the data fresh from initdb: made once for each version of PostgreSQL, unpacked for each server."""
    version = _run([str(find("postgresql")), "--version"])
    archive = CACHE / f"postgresql-{sha256(repr((version, INITDB)).encode()).hexdigest()[:12]}.tar"
    if not archive.exists():
        _initialise(archive)
    return archive


def _initialise(archive: Path) -> None:
    initdb = find("postgresql").resolve().with_name("initdb")
    identity = _unprivileged()
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="toolkit-", dir=_memory()) as folder, _whole(archive) as part:
        _give(Path(folder), identity)
        _run([str(initdb), *INITDB, "-D", f"{folder}/data"], identity=identity, cwd=folder)
        _run(["tar", "--create", "--file", str(part), "--directory", folder, "data"])


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A path to write to; the file is moved to its own path at the end, so that nobody finds half of it there."""
    part = path.with_suffix(f".{os.getpid()}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _run(
    command: list[str],
    stdin: IO[Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    cwd: str | Path = "/",
) -> str:
    """What a program prints. Raises ServerError with it if the program fails."""
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        command,
        stdin=stdin or subprocess.DEVNULL,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        **(identity or {}),
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise ServerError(f"{command[0]} failed with {done.returncode}", output)
    return output
