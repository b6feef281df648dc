"""A shop as it was before anybody thought of other origins: pages, an API, live stock, files. It knows no toolkit.

uvicorn examples.shop.app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from examples.shop.goods import PRODUCTS, Goods, SoldOutError

HERE = Path(__file__).parent


async def home(request: Request) -> Response:
    return HTMLResponse((HERE / "home.html").read_text())


async def list_products(request: Request) -> Response:
    return JSONResponse(PRODUCTS)


async def list_orders(request: Request) -> Response:
    return JSONResponse(_goods(request).orders_of(_customer(request)))


async def place_order(request: Request) -> Response:
    wanted = await request.json()
    try:
        order = _goods(request).order(_customer(request), wanted["sku"])
    except SoldOutError as sold_out:
        return JSONResponse({"error": str(sold_out)}, status_code=409)
    return JSONResponse(order, status_code=201, headers={"Location": f"/api/orders/{order['number']}"})


async def cancel_order(request: Request) -> Response:
    cancelled = _goods(request).cancel(_customer(request), request.path_params["number"])
    return Response(status_code=204 if cancelled else 404)


async def report(request: Request) -> Response:
    """What an order of this customer costs on average. Nobody has thought of customers without orders."""
    orders = _goods(request).orders_of(_customer(request))
    return JSONResponse({"average": sum(order["price"] for order in orders) / len(orders)})


async def live_stock(socket: WebSocket) -> None:
    """Sends what is in stock now, and then each change, until the page is closed."""
    await socket.accept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell_stock, socket)
        async for _ in socket.iter_text():
            pass
        tasks.cancel_scope.cancel()


async def _tell_stock(socket: WebSocket) -> None:
    goods: Goods = socket.state.goods
    with suppress(WebSocketDisconnect):
        async for stock in goods.follow_stock():
            await socket.send_json(stock)


def _goods(request: Request) -> Goods:
    goods: Goods = request.state.goods
    return goods


def _customer(request: Request) -> str:
    return request.cookies.get("customer", "guest")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Goods]]:
    yield {"goods": Goods()}


def create_app() -> Starlette:
    """A shop with full shelves."""
    routes = [
        Route("/", home),
        Route("/api/products", list_products),
        Route("/api/orders", list_orders),
        Route("/api/orders", place_order, methods=["POST"]),
        Route("/api/orders/{number:int}", cancel_order, methods=["DELETE"]),
        Route("/api/report", report),
        WebSocketRoute("/api/stock", live_stock),
        Mount("/files", StaticFiles(directory=HERE / "files")),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


app = create_app()
