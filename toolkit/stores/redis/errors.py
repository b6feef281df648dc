"""What goes wrong with Redis, as one sentence to act on.

No message of the driver or of the server is quoted: they may hold keys, values or what a connection logged in with.
"""

import re

from redis import exceptions as driver

from toolkit.stores.contracts import StoreError
from toolkit.stores.urls import ParsedURL

_CODES = {
    "OOM": "Redis is out of memory and may evict nothing: raise its maxmemory",
    "READONLY": "the server is a read-only replica: name the primary",
    "MISCONF": "Redis cannot save its data, and so refuses to change it: look at its disk and its log",
    "NOREPLICAS": "Redis has too few replicas that keep up, and so refuses to change data",
    "MASTERDOWN": "the server is a replica that has lost its primary",
    "LOADING": "Redis is still reading its data",
    "BUSY": "Redis is busy with somebody's script",
    "NOPERM": "the user may not run the commands, or use the keys or channels, that the store needs",
    "DENIED": "the server is in protected mode: it answers nobody from elsewhere without a password",
    "NOAUTH": "the server wants a password",
    "WRONGPASS": "the server refuses the user or the password",
    "WRONGTYPE": "a key of the store holds somebody else's data: use another database, or ?prefix=",
    "CLUSTERDOWN": "the server is a node of a cluster, which is down",
    "MOVED": "the server is a node of a cluster, which the store does not support",
    "ASK": "the server is a node of a cluster, which the store does not support",
}
_CODE = re.compile(rf"\b({'|'.join(_CODES)})\b")
_TLS = "no TLS connection can be made: its certificate is refused, or the port speaks no TLS"
_PHRASES = {
    "Authentication required": _CODES["NOAUTH"],
    "DB index": "the server has no database of that number",
    "max number of clients": "Redis has as many clients as it takes: raise its maxclients, or lower ?pool=",
    "CERTIFICATE_": _TLS,
    "[SSL": _TLS,
    "connecting to": "it cannot be reached",
}
_KINDS: dict[type[Exception], str] = {  # the first that fits
    driver.OutOfMemoryError: _CODES["OOM"],
    driver.ReadOnlyError: _CODES["READONLY"],
    driver.BusyLoadingError: _CODES["LOADING"],
    driver.NoPermissionError: _CODES["NOPERM"],
    driver.AuthenticationError: _CODES["WRONGPASS"],
    TimeoutError: "there was no answer in time",
    driver.TimeoutError: "there was no answer in time",
    driver.ConnectionError: "the connection broke off before the answer came",
    OSError: "the connection broke off before the answer came",
}
FOREIGN = _CODES["WRONGTYPE"]


def store_error(error: Exception, url: ParsedURL, reason: str = "") -> StoreError:
    """What to raise instead of an error, which is kept as its cause unless it tells the password."""
    failure = StoreError(reason or _reason(error), url.masked)
    failure.__cause__ = None if url.password and url.password in repr(error.args) else error
    return failure


def another(failure: StoreError) -> StoreError:
    """The same to be raised by somebody else: a traceback grows where several tasks raise one error."""
    copy = StoreError(failure.reason, failure.url)
    copy.__cause__ = failure.__cause__
    return copy


def is_answer(error: Exception) -> bool:
    """Whether the server is there, and its connection as sound as before."""
    return isinstance(error, driver.ResponseError)


def closed(url: str) -> StoreError:
    return StoreError("the store is closed", url)


def _reason(error: Exception) -> str:
    """The sentence for what the driver raised."""
    text = str(error)
    for phrase, reason in _PHRASES.items():
        if phrase in text:
            return reason
    for kind, reason in _KINDS.items():
        if isinstance(error, kind):
            return reason
    if isinstance(error, driver.ResponseError):
        code = _CODE.search(text)
        return _CODES[code[1]] if code else "Redis refuses a command of the store: it needs Redis 6.2 or later"
    return "the answer is none that Redis gives: something else listens there, or garbles it"
