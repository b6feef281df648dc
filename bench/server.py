"""One subject behind uvicorn, in a process of its own: `python -m bench.server SUBJECT`.

Prints its port, then answers every line it reads with the nanoseconds of CPU time it has spent. Ends with its input.
"""

import sys
import threading
import time

import uvicorn

from bench.cases_wire import APPS


def main(subject: str) -> None:
    """Serve until standard input ends."""
    config = uvicorn.Config(
        APPS[subject](),
        host="127.0.0.1",
        port=0,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    threading.Thread(target=_answer, args=(server, listener.getsockname()[1]), daemon=True).start()
    server.run(sockets=[listener])


def _answer(server: uvicorn.Server, port: int) -> None:
    while not server.started:
        time.sleep(0.01)
    print(port, flush=True)
    for _ in sys.stdin:
        print(time.process_time_ns(), flush=True)
    server.should_exit = True


if __name__ == "__main__":
    main(sys.argv[1])
