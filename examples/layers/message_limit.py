"""Limit what a client may send over a WebSocket."""

from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from toolkit import Exchange, Layer

POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009  # both RFC 6455 7.4.1


class MessageLimit(Layer):
    """Closes a WebSocket on which the client sends a message too long, or one too many.

    The application is not shown the message: it sees that the client has disconnected.

    Args:
        max_size: Bytes that one message may have.
        max_messages: Messages that one connection may carry.
    """

    max_size: int = 65_536
    max_messages: int = 1_000

    def receive(self, exchange: Exchange, message: Message) -> None:
        count = exchange.memo[self] = exchange.memo.get(self, 0) + 1
        if count > self.max_messages:
            raise WebSocketDisconnect(POLICY_VIOLATION, f"no more than {self.max_messages} messages")
        if _size(message) > self.max_size:
            raise WebSocketDisconnect(MESSAGE_TOO_BIG, f"no more than {self.max_size} bytes")


def _size(message: Message) -> int:
    text: str | None = message.get("text")
    return len(message["bytes"]) if text is None else len(text.encode())
