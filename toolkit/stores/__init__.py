"""Where state is kept: bytes by key, counters and a log, safe under concurrency, crashes and many processes.

    store = open_store("sqlite:///app.db")
    sessions = store.at("sessions")

`toolkit.stores.contracts` says what every store does; drivers are imported when a URL asks for one.
"""

from toolkit.stores.contracts import (
    Claim,
    Counters,
    Decision,
    FullStore,
    InProcess,
    Item,
    Log,
    Reservation,
    Store,
    StoreError,
    Trimmed,
)
from toolkit.stores.rates import GCRA, Rate, Sliding, Verdict, Window
from toolkit.stores.urls import ParsedURL, open_store

__all__ = [
    "GCRA",
    "Claim",
    "Counters",
    "Decision",
    "FullStore",
    "InProcess",
    "Item",
    "Log",
    "ParsedURL",
    "Rate",
    "Reservation",
    "Sliding",
    "Store",
    "StoreError",
    "Trimmed",
    "Verdict",
    "Window",
    "open_store",
]
