"""The protected shop once more, with everything in shop.toml: what stands around it is for those who run it to say.

uvicorn examples.shop_by_file:app
"""

from pathlib import Path

import toolkit
from examples.shop.app import create_app

protect = toolkit.compile(Path(__file__).with_name("shop.toml"))

app = create_app()
protect.install(app)
