"""What the shop sells, who ordered what, and who wants to know about changes."""

import math
from collections.abc import AsyncIterator
from typing import TypedDict

import anyio
from anyio.streams.memory import MemoryObjectSendStream


class Product(TypedDict):
    sku: str
    name: str
    price: int
    """Cents."""


class Order(TypedDict):
    number: int
    customer: str
    sku: str
    price: int


PRODUCTS = [
    Product(sku="assam", name="Assam, 100 g", price=690),
    Product(sku="sencha", name="Sencha, 100 g", price=1150),
    Product(sku="pot", name="Teapot, one litre", price=3400),
]


class SoldOutError(Exception):
    """There is none left, or never was."""


class Goods:
    """The shop's memory, empty of orders when it opens."""

    def __init__(self) -> None:
        self.stock = {"assam": 40, "sencha": 25, "pot": 3}
        self.orders: dict[int, Order] = {}
        self._numbers = 0
        self._listeners: set[MemoryObjectSendStream[dict[str, int]]] = set()

    def orders_of(self, customer: str) -> list[Order]:
        return [order for order in self.orders.values() if order["customer"] == customer]

    def order(self, customer: str, sku: str) -> Order:
        """Takes one from the shelf. Raises SoldOutError."""
        product = next((product for product in PRODUCTS if product["sku"] == sku), None)
        if product is None or not self.stock[sku]:
            raise SoldOutError(f"{sku} is sold out")
        self._numbers += 1
        order = Order(number=self._numbers, customer=customer, sku=sku, price=product["price"])
        self.orders[order["number"]] = order
        self._change(sku, -1)
        return order

    def cancel(self, customer: str, number: int) -> bool:
        """Puts it back. False where the customer has no such order."""
        order = self.orders.get(number)
        if order is None or order["customer"] != customer:
            return False
        del self.orders[number]
        self._change(order["sku"], +1)
        return True

    async def follow_stock(self) -> AsyncIterator[dict[str, int]]:
        """The stock as it is now, and then after each change."""
        tell, told = anyio.create_memory_object_stream[dict[str, int]](math.inf)
        self._listeners.add(tell)
        tell.send_nowait(dict(self.stock))
        try:
            with tell, told:
                async for stock in told:
                    yield stock
        finally:
            self._listeners.discard(tell)

    def _change(self, sku: str, by: int) -> None:
        self.stock[sku] += by
        for listener in self._listeners:
            listener.send_nowait(dict(self.stock))
