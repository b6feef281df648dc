"""The shop, open to the front ends that may call it: not a line of its own code has changed.

uvicorn examples.shop_protected:app
"""

from examples.shop.app import create_app
from toolkit import CORS, stack

protect = stack(
    CORS(
        allow_origins=["https://www.shop.example", "https://*.partner.example"],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["content-type"],
        allow_credentials=True,
        expose_headers=["location"],
        policies={"public": {"allow_origins": ["*"], "allow_credentials": False}},
    ),
    routes={
        "GET /api/products": {"cors": {"policy": "public"}},  # any site may show the catalogue
        "/files/**": {"cors": False},  # and none but the shop's own pages may read the files
    },
)

app = create_app()
protect.install(app)
