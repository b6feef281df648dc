"""A layer and a handler of another package."""

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from toolkit import Exchange, Handler, Layer


class Stamp(Layer):
    """Stamps every response."""

    text: str
    header: str = "x-stamp"

    def response(self, exchange: Exchange, start: Message) -> None:
        start["headers"].append((self.header.encode(), self.text.encode()))


class Echo(Handler):
    """Answers with a part of the path."""

    prefix: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(self.prefix + scope["path_params"]["word"])(scope, receive, send)
