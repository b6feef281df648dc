"""CORS: whose pages may read the shop's answers."""

from examples.demo.stage import Stage, Wanted

TITLE = "CORS"
ABOUT = (
    "The shop's own front end and its partners' pages may call it with cookies, any page may read the catalogue, and "
    "other pages read nothing else (examples/shop.toml, or in Python examples/shop_protected.py)."
)

FRONT = "https://www.shop.example"
PARTNER = "https://tea.partner.example"
FOREIGN = "https://partner.example.evil.example"

ORIGIN = "access-control-allow-origin"
CREDENTIALS = "access-control-allow-credentials"
METHODS = "access-control-allow-methods"


def play(stage: Stage) -> None:
    _preflights(stage)
    _requests(stage)
    _routes(stage)
    _websockets(stage)


def _preflights(stage: Stage) -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    stage.http(
        "A page of the front end is about to order, with JSON. Its browser asks first; it may, and for ten minutes it "
        "need not ask again.",
        "OPTIONS /api/orders",
        {"Origin": FRONT, **asking},
        Wanted(
            204,
            {
                "vary": "Origin",
                ORIGIN: FRONT,
                CREDENTIALS: "true",
                METHODS: "GET, POST, DELETE",
                "access-control-max-age": "600",
            },
        ),
    )
    stage.http(
        "A page of some other site asks the same. It is refused, and not told who else may do what.",
        "OPTIONS /api/orders",
        {"Origin": FOREIGN, **asking},
        Wanted(403, {"vary": "Origin", ORIGIN: None, CREDENTIALS: None, METHODS: None}),
    )


def _requests(stage: Stage) -> None:
    stage.http(
        "The page orders tea, with the customer's cookie. The answer names the page's own origin, never *.",
        "POST /api/orders",
        {"Origin": FRONT, "Cookie": "customer=ada"},
        Wanted(201, {ORIGIN: FRONT, CREDENTIALS: "true", "access-control-expose-headers": "location"}, '"number":1'),
        json={"sku": "sencha"},
    )
    stage.http(
        "A partner's page reads its orders: https://*.partner.example is any one name in front of partner.example.",
        "GET /api/orders",
        {"Origin": PARTNER, "Cookie": "customer=ada"},
        Wanted(200, {"vary": "Origin", ORIGIN: PARTNER}, '"sku":"sencha"'),
    )
    stage.http(
        "Another site's page asks too. The shop answers as always, for CORS rejects no request; without headers its "
        "browser does not show the page the answer.",
        "GET /api/orders",
        {"Origin": FOREIGN},
        Wanted(200, {"vary": "Origin", ORIGIN: None, CREDENTIALS: None}),
    )
    stage.http(
        "The report fails. install() has put CORS outside everything, so that the front end sees a 500, and no riddle.",
        "GET /api/report",
        {"Origin": FRONT, "Cookie": "customer=nobody"},
        Wanted(500, {"vary": "Origin", ORIGIN: FRONT}, "Internal Server Error"),
    )


def _routes(stage: Stage) -> None:
    stage.http(
        'The catalogue has a policy of its own: any site may read it. One answer is for all, so there is no "Vary".',
        "GET /api/products",
        {"Origin": FOREIGN},
        Wanted(200, {ORIGIN: "*", CREDENTIALS: None, "vary": None}, "Assam"),
    )
    stage.http(
        "CORS is switched off for the files: not even the front end may read the price list.",
        "GET /files/prices.csv",
        {"Origin": FRONT},
        Wanted(200, {ORIGIN: None, "vary": None}, "sencha"),
    )


def _websockets(stage: Stage) -> None:
    stage.websocket(
        "Browsers let any page open a WebSocket anywhere, with cookies. The handshake of another site is refused.",
        "/api/stock",
        {"Origin": FOREIGN},
        Wanted(403),
    )
    stage.websocket(
        "The shop's own page is let in, and sees that one packet of Sencha is gone.",
        "/api/stock",
        {"Origin": stage.url},
        Wanted(101, text='"sencha":24'),
    )
