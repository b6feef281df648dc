"""Fixtures that every test may ask for."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; a test that wants trio too parametrises `anyio_backend` itself."""
    return "asyncio"
