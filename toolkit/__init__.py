"""A pluggable ASGI/WSGI middleware toolkit: layers that work alone, and one small compiler that stacks them."""

__version__ = "0.1.0"
