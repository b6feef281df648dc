"""Pluggable ASGI and WSGI middleware: independent layers, stacked in written order around any application."""

from starlette.middleware import Middleware as Middleware

from toolkit.config import compile as compile
from toolkit.cors import CORS as CORS
from toolkit.cors import CORSMiddleware as CORSMiddleware
from toolkit.engine.assemble import Handlers as Handlers
from toolkit.engine.assemble import Routes as Routes
from toolkit.engine.bridge import run_sync as run_sync
from toolkit.engine.exchange import Exchange as Exchange
from toolkit.engine.handler import Handler as Handler
from toolkit.engine.handler import Mounted as Mounted
from toolkit.engine.layer import Ends as Ends
from toolkit.engine.layer import Layer as Layer
from toolkit.engine.layer import middleware as middleware
from toolkit.engine.stack import Stack as Stack
from toolkit.engine.stack import stack as stack
from toolkit.options import ConfigError as ConfigError

__version__ = "0.1.0"
