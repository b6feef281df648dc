"""Serves the protected shop and drives it over real HTTP and WebSockets: `python -m examples.demo`."""
