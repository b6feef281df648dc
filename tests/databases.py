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
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from tests.processes import ServerError, ServerProcess
from tests.servers import CACHE, find

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

    Without `fsync` it is faster, and a crash of the machine (not of the server) may cost data. `settings` are
    PostgreSQL's own. For root it runs as the user postgres, or nobody, because it refuses root.
    """

    graceful = signal.SIGINT  # "fast shutdown": does not wait for clients to leave
    abrupt = signal.SIGQUIT  # "immediate shutdown"

    def __init__(
        self, *, password: str | None = None, fsync: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(password)
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "dynamic_shared_memory_type": "mmap",  # files below the data, which no crash leaves elsewhere
            "shared_buffers": "16MB",
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
        shutil.copytree(_initialised_data(), self._data)
        for path in (self.folder, *self._data.rglob("*"), self._data):
            _give(path, self._identity())
        if self.password is not None:
            self._require_password(self.password)

    def _require_password(self, password: str) -> None:
        literal = password.replace("'", "''")
        _run(
            [str(find("postgresql")), "--single", "-D", str(self._data), "postgres"],
            f"ALTER ROLE toolkit PASSWORD '{literal}'\n",
            self._identity(),
        )
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


def _give(path: Path, identity: Mapping[str, Any]) -> None:
    if identity:
        os.chown(path, identity["user"], identity["group"])


def _initialised_data() -> Path:
    """A data directory fresh from initdb, made once for each version of PostgreSQL and copied for each server."""
    options = ("--username=toolkit", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    version = _run([str(find("postgresql")), "--version"])
    made = CACHE / f"postgresql-{sha256(repr((version, options)).encode()).hexdigest()[:12]}"
    if not made.exists():
        _initialise(made, options)
    return made


def _initialise(made: Path, options: tuple[str, ...]) -> None:
    initdb = find("postgresql").resolve().with_name("initdb")
    with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
        _give(Path(folder), _unprivileged())
        _run([str(initdb), *options, "-D", f"{folder}/data"], identity=_unprivileged(), cwd=folder)
        CACHE.mkdir(exist_ok=True)
        copy = Path(tempfile.mkdtemp(prefix=f"{made.name}-", dir=CACHE))
        shutil.copytree(f"{folder}/data", copy, dirs_exist_ok=True)
    with suppress(OSError):  # another process was first
        copy.rename(made)
    shutil.rmtree(copy, ignore_errors=True)


def _run(command: list[str], stdin: str = "", identity: Mapping[str, Any] | None = None, cwd: str | Path = "/") -> str:
    """What a program prints. Raises ServerError with it if the program fails."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command,
        input=stdin,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
        **(identity or {}),
    )
    if done.returncode != 0:
        raise ServerError(f"{command[0]} failed with {done.returncode}", done.stdout)
    return done.stdout
