"""The file that the shop is protected by: what it answers itself, what is wrong with another, what it would do."""

from examples.demo.stage import Stage, Wanted

TITLE = "A stack from a file"
ABOUT = (
    "All that stands around this shop is in examples/shop.toml. The command line reads such files: it says what is "
    "wrong with one, and what it would do with a request."
)

FILE = "examples/shop.toml"
BROKEN = "examples/broken.toml"
FRONT = "https://www.shop.example"
FOREIGN = "https://partner.example.evil.example"


def play(stage: Stage) -> None:
    _handlers(stage)
    _check(stage)
    _explain(stage)


def _handlers(stage: Stage) -> None:
    stage.http(
        "Old links lead to the new catalogue. The file says so; the shop has no such address.",
        "GET /catalogue/tea?page=2",
        {"Origin": FRONT},
        Wanted(308, {"location": "/api/products?page=2", "access-control-allow-origin": FRONT}),
    )
    stage.http(
        "Whoever watches over the shop asks here. CORS is off for this answer alone.",
        "GET /health",
        {"Origin": FRONT},
        Wanted(200, {"access-control-allow-origin": None}, '"status":"open"'),
    )


def _check(stage: Stage) -> None:
    stage.command("The file is in order.", ["check", FILE], 0, ["fine"])
    stage.command(
        "This one was written in a hurry. All of its mistakes are told at once, each with its line, and nothing is "
        "served.",
        ["check", BROKEN],
        2,
        [
            "did you mean 'allow_methods'?",
            "write it without quotes",
            "did you mean 'minimum_size'?",
            "'/files/**' comes first and takes all of its requests",
            "the path has no parameter 'sku'",
        ],
    )


def _explain(stage: Stage) -> None:
    stage.command(
        "What would become of an order, and why?",
        ["explain", FILE, "POST", "/api/orders", "-H", f"Origin: {FRONT}"],
        0,
        ["no route applies", f"the origin '{FRONT}' is allowed", "the wrapped application"],
    )
    stage.command(
        "Of a stranger's question whether it may read the catalogue?",
        [
            "explain",
            FILE,
            "OPTIONS",
            "/api/products",
            *("-H", f"Origin: {FOREIGN}", "-H", "Access-Control-Request-Method: GET"),
        ],
        0,
        ["it takes the plan of the request that it announces", "the policy 'public' applies", "the browser goes on"],
    )
    stage.command(
        "Of an old link?",
        ["explain", FILE, "GET", "/catalogue/tea"],
        0,
        ["redirect answers at /catalogue/{path:path}", "redirects with 308 to /api/products"],
    )
