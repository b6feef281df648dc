"""Take something for the time of a request, and give it back unless the request succeeds."""

from dataclasses import dataclass

from starlette.responses import PlainTextResponse

from toolkit import Exchange, Layer

SOLD_OUT = PlainTextResponse("Sold out.\n", 409)


@dataclass
class Stock:
    """What is left. It is shared by all requests: a layer itself never changes."""

    left: int

    def take(self) -> bool:
        """Take one, if there is one."""
        if self.left == 0:
            return False
        self.left -= 1
        return True

    def put_back(self) -> None:
        self.left += 1


class Reservation(Layer):
    """Takes one of `stock` for each request. One that fails, is cut off or answers with an error puts it back.

    `done` is a plain `def`: it cannot be interrupted, so that nothing is lost however a request ends.
    """

    stock: Stock

    def request(self, exchange: Exchange) -> PlainTextResponse | None:
        if not self.stock.take():
            return SOLD_OUT
        exchange.memo[self] = "taken"
        return None

    def done(self, exchange: Exchange, exc: BaseException | None) -> None:
        succeeded = exc is None and exchange.complete and exchange.status is not None and exchange.status < 400
        if self in exchange.memo and not succeeded:
            self.stock.put_back()
