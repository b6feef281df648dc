"""What every store does, as tests: the suite that a store has to pass.

    # test_my_store.py, beside a copy of this folder
    from contract import *

    @pytest.fixture
    def store_factory():
        return lambda clock: MyStore(now=clock)

Each part can be imported by itself: `contract.values`, `contract.counters`, `contract.log`. It needs pytest,
hypothesis and toolkit, and no plugin for asynchronous tests.
"""

from .clock import Clock as Clock
from .clock import StoreFactory as StoreFactory
from .counters import *  # noqa: F403
from .log import *  # noqa: F403
from .values import *  # noqa: F403
