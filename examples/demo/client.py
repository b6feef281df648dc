"""Makes one request, or opens one WebSocket, over the network, and tells what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

try:
    import httpx2 as httpx
except ImportError:
    import httpx  # type: ignore[no-redef]

TIMEOUT = 10


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers by lower-case name, and the body, or a WebSocket's first message."""

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)


def request(method: str, url: str, headers: Mapping[str, str], json: Any = None) -> Answer:
    """One HTTP request; redirects are answers too. Raises the client's errors where there is no answer."""
    response = httpx.request(method, url, headers=headers, json=json, timeout=TIMEOUT, trust_env=False)
    return Answer(response.status_code, dict(response.headers), response.text)


def open_socket(url: str, headers: Mapping[str, str]) -> Answer:
    """A WebSocket handshake and, where it is accepted, the first message."""
    target = url.replace("http", "ws", 1)
    try:
        with connect(target, additional_headers=headers, proxy=None, open_timeout=TIMEOUT) as socket:
            return Answer(101, {}, str(socket.recv(timeout=TIMEOUT)))
    except InvalidStatus as refusal:
        return Answer(refusal.response.status_code, {}, (refusal.response.body or b"").decode())
