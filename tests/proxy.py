"""A TCP proxy that does to a connection what networks do: it delays, drops, resets, hangs and garbles, on command.

    with Proxy("127.0.0.1", redis.port) as proxy:
        client = Client(f"redis://127.0.0.1:{proxy.port}")
        proxy.hang()      # nothing gets through, nothing is closed
        proxy.heal()      # what was held back arrives

It runs on an event loop in a thread of its own, so its commands may be given from anywhere; each has taken effect when
it returns.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.processes import free_port

CHUNK = 65_536
COMMAND_SECONDS = 10
ACCEPTING_TURNS = 10  # of the event loop, more than a connection needs from the system's queue to its task
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Proxy:
    """Stands on `port` of 127.0.0.1 in front of a target. Use it as a context manager, or `close` it.

    `delay` is how many seconds every piece that the target sends waits before it goes on to the client.
    """

    def __init__(self, target_host: str, target_port: int) -> None:
        self.port = free_port()
        self.delay = 0.0
        self._target = target_host, target_port
        self._garbled = 0
        self._dropping = False
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._flows = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self.heal()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    def refuse(self) -> None:
        """Reset every connection; until `heal`, the port refuses new ones."""
        self._do(self._refuse())

    def reset(self) -> None:
        """Reset every connection, once: new ones work."""
        self._do(self._reset())

    def hang(self) -> None:
        """Until `heal`, connections are accepted and stay open, and nothing passes in either direction."""
        self._do(self._hang())

    def drop(self) -> None:
        """Until `heal`, the target hears everything, and nothing of what it answers arrives."""
        self._do(self._drop())

    def garble(self, size: int) -> None:
        """Turn over every bit of the next `size` bytes that the target sends."""
        self._do(self._garble(size))

    def heal(self) -> None:
        """End every disturbance. What `hang` held back arrives; connections that lived through `drop` are reset."""
        self._do(self._heal())

    def close(self) -> None:
        """Reset every connection and end."""
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, command: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(command, self._loop).result(COMMAND_SECONDS)

    async def _refuse(self) -> None:
        await _accept_waiting()
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        await _accept_waiting()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hang(self) -> None:
        self._flows.clear()

    async def _drop(self) -> None:
        self._dropping = True

    async def _garble(self, size: int) -> None:
        self._garbled = size

    async def _heal(self) -> None:
        if self._dropping:
            await self._reset()
        self.delay, self._garbled, self._dropping = 0.0, 0, False
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        task = asyncio.create_task(self._relay(reader, writers))
        self._open[task] = writers
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        for writer in self._open.pop(task):
            _reset(writer)
        if not task.cancelled() and not isinstance(task.exception(), OSError | None):
            task.result()

    async def _relay(self, reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]) -> None:
        """One client's connection: from here to the target, until both have said all, or one breaks off."""
        back, onward = await asyncio.open_connection(*self._target)
        writers.append(onward)
        there = asyncio.create_task(self._pump(reader, onward, answers=False))
        here = asyncio.create_task(self._pump(back, writers[0], answers=True))
        try:
            await asyncio.gather(there, here)
            await _finish(writers)
        finally:
            there.cancel()
            here.cancel()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await source.read(CHUNK):
            await self._flows.wait()
            if answers:
                await asyncio.sleep(self.delay)
                data = self._disturbed(data)
            sink.write(data)
            await sink.drain()
        await self._flows.wait()
        sink.write_eof()

    def _disturbed(self, data: bytes) -> bytes:
        if self._dropping:
            return b""
        garbled, self._garbled = data[: self._garbled], max(0, self._garbled - len(data))
        return bytes(byte ^ 0xFF for byte in garbled) + data[len(garbled) :]


async def _accept_waiting() -> None:
    """Let the event loop take the connections that the system has made already."""
    for _ in range(ACCEPTING_TURNS):
        await asyncio.sleep(0)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, unless it is closed already."""
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        writer.transport.abort()


async def _finish(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
    for writer in writers:
        await writer.wait_closed()
