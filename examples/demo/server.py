"""Serves an application with uvicorn on this machine, beside the program that calls it."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
PATIENCE = 10
"""Seconds until an application has to have started, or stopped."""


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on this machine alone; port 0 is any free one. Raises OSError where the port is taken."""
    return socket.create_server((HOST, port))


@contextmanager
def serve(app: ASGIApp, listener: socket.socket) -> Iterator[str]:
    """Serve `app` while the block runs, and close the socket; gives `http://127.0.0.1:PORT`.

    Raises RuntimeError where the application does not start.
    """
    with listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=PATIENCE))
        thread = threading.Thread(target=_run, args=(server, listener), name="server")
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def log_requests() -> None:
    """From now on the server writes a line for each request."""
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.INFO)


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    with suppress(SystemExit):  # how uvicorn says that the application did not start
        server.run(sockets=[listener])


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the application did not start")
        time.sleep(0.01)
