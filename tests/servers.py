"""Real programs for the tests, found or installed before pytest runs, and ASGI apps served over real sockets.

`python -m tests.servers chromium` prints where Chromium is, after installing it if it has to: it looks at the variable
TOOLKIT_TEST_CHROMIUM, at PATH, at where Debian keeps it, and at what an earlier run unpacked under .cache/. Where none
has it, root installs Debian's package, and anybody else unpacks it under .cache/. No service is started or enabled:
Redis, whose package does both, is unpacked for root too, and PostgreSQL is installed without a cluster.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

CACHE = Path(__file__).parent.parent / ".cache"
UNPACKED = CACHE / "debian"
SYSTEM = Path("/")
STARTUP_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """A program that tests start: its names on PATH, and where Debian's package keeps the binary itself, as a glob.

    `companions` are further programs beside the binary. `settings` are files, named from the root of the file system,
    that stand there while the package is installed. `service` says that installing would start or enable a service.
    """

    names: tuple[str, ...]
    package: str
    binary: str
    companions: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    service: bool = False

    @property
    def binaries(self) -> tuple[str, ...]:
        folder, _, name = self.binary.rpartition("/")
        return tuple(f"{folder}/{each}" for each in (name, *self.companions))

    @property
    def variable(self) -> str:
        return f"TOOLKIT_TEST_{self.package.upper().replace('-', '_')}"


PROGRAMS = {
    "chromium": Program(("chromium", "chromium-browser", "google-chrome"), "chromium", "usr/lib/chromium/chromium"),
    "redis": Program(("redis-server",), "redis-server", "usr/bin/redis-server", service=True),
    "postgresql": Program(
        ("postgres",),
        "postgresql",
        "usr/lib/postgresql/*/bin/postgres",
        companions=("initdb",),
        settings={"etc/postgresql-common/createcluster.d/toolkit-tests.conf": "create_main_cluster = false\n"},
    ),
}


class MissingProgramError(Exception):
    """A program that the tests need is not here, and cannot be installed by this user on this system."""

    def __init__(self, program: Program, why: str) -> None:
        self.program, self.why = program, why
        super().__init__(
            f"{why}\nInstall {program.package} (one of {', '.join(program.names)} on PATH), "
            f"or set {program.variable} to its path."
        )


@contextmanager
def serve(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI app with uvicorn on a free port of 127.0.0.1 while the block runs; gives `http://127.0.0.1:PORT`.

    `options` are uvicorn's own. Raises RuntimeError if the app's lifespan fails to start.
    """
    config = uvicorn.Config(app, **{"host": "127.0.0.1", "port": 0, "log_level": "warning", **options})
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=_run_server, args=(server, listener), name="uvicorn")
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _run_server(server: uvicorn.Server, listener: socket.socket) -> None:
    with suppress(SystemExit):  # how uvicorn says that the app did not start
        server.run(sockets=[listener])


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the app did not start; uvicorn's log says why")
        time.sleep(0.005)


def ensure(name: str) -> Path:
    """The path of a program of PROGRAMS, installed first if it is not here. Raises MissingProgramError."""
    program = PROGRAMS[name]
    found = _find(program)
    if found is None:
        _install(program)
        found = _find(program)
    if found is None:
        raise MissingProgramError(program, f"{program.package} was installed, but none of its programs was found.")
    return found


def find(name: str) -> Path:
    """The path of a program of PROGRAMS. Raises MissingProgramError."""
    program = PROGRAMS[name]
    if found := _find(program):
        return found
    raise MissingProgramError(program, f"No {name} here: run `python -m tests.servers {name}` once.")


def _find(program: Program) -> Path | None:
    if given := os.environ.get(program.variable):
        return Path(given)
    on_path = (shutil.which(name) for name in program.names)
    installed = map(shutil.which, _newest_first(SYSTEM.glob(program.binary)))
    unpacked = shutil.which(UNPACKED / Path(program.binary).name)
    return next((Path(path) for path in (*on_path, *installed, unpacked) if path), None)


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True)


def _install(program: Program) -> None:
    if not shutil.which("apt-get"):
        raise MissingProgramError(program, f"{program.package} is installed by itself only where there is apt-get.")
    install = _install_for_all if os.geteuid() == 0 and not program.service else _unpack
    try:
        install(program)
    except subprocess.CalledProcessError as failure:
        raise MissingProgramError(
            program, f"`{shlex.join(failure.cmd)}` failed with {failure.returncode}."
        ) from failure


def _install_for_all(program: Program) -> None:
    _package_tool("apt-get", "update")
    with _present(program.settings):
        _package_tool("apt-get", "install", "--yes", "--no-install-recommends", program.package)


@contextmanager
def _present(settings: dict[str, str]) -> Iterator[None]:
    """Files with these texts while the block runs."""
    paths = [SYSTEM / name for name in settings]
    for path, text in zip(paths, settings.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    try:
        yield
    finally:
        for path in paths:
            path.unlink()


def _unpack(program: Program) -> None:
    """Put Debian's package and what it needs beyond this system below .cache/, with launchers that know where."""
    apt = CACHE / "apt"
    for folder in ("lists/partial", "archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    options = (f"Dir::State::lists={apt}/lists", f"Dir::Cache={apt}", "Debug::NoLocking=1", "APT::Sandbox::User=")
    private = [argument for option in options for argument in ("-o", option)]
    _package_tool("apt-get", *private, "update")
    _package_tool(
        "apt-get", *private, "install", "--yes", "--download-only", "--no-install-recommends", program.package
    )
    for archive in sorted(apt.glob("archives/*.deb")):
        _package_tool("dpkg-deb", "--extract", str(archive), str(UNPACKED))
    for binary in program.binaries:
        _write_launcher(_newest_first(UNPACKED.glob(binary))[0])


def _write_launcher(binary: Path) -> None:
    libraries = {str(path.parent) for path in UNPACKED.glob("**/*.so*")}
    launcher = UNPACKED / binary.name
    lines = (
        "#!/bin/sh",
        f"export LD_LIBRARY_PATH={shlex.quote(':'.join(sorted(libraries)))}",
        f'exec {shlex.quote(str(binary))} "$@"',
    )
    launcher.write_text("\n".join(lines) + "\n")
    launcher.chmod(0o755)


def _package_tool(*command: str) -> None:
    """Run a package tool, silent unless it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout)
        raise subprocess.CalledProcessError(done.returncode, command)


def _main(names: list[str]) -> int:
    """Find or install every named program; list all that are missing."""
    missing = []
    for name in names or PROGRAMS:
        try:
            print(f"{name}: {ensure(name)}")
        except MissingProgramError as problem:
            missing.append(f"{name}: {problem}")
    print(*missing, sep="\n", end="\n" if missing else "", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
