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
    "NOAUTH": "the server wants a password",
    "WRONGPASS": "the server refuses the user or the password",
    "WRONGTYPE": "a key of the store holds somebody else's data: use another database, or ?prefix=",
    "CLUSTERDOWN": "the server is a node of a cluster, which is down",
    "MOVED": "the server is a node of a cluster, which the store does not support",
    "ASK": "the server is a node of a cluster, which the store does not support",
}
_CODE = re.compile(rf"\b({'|'.join(_CODES)})\b")
_KINDS: dict[type[Exception], str] = {
    driver.OutOfMemoryError: "OOM",
    driver.ReadOnlyError: "READONLY",
    driver.BusyLoadingError: "LOADING",
    driver.NoPermissionError: "NOPERM",
    driver.AuthenticationError: "WRONGPASS",
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
    code = _CODE.search(text)
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if "Authentication required" in text:
        return _CODES["NOAUTH"]
    if isinstance(error, tuple(_KINDS)):
        return next(_CODES[code] for kind, code in _KINDS.items() if isinstance(error, kind))
    if isinstance(error, driver.ResponseError):
        return _CODES[code[1]] if code else "Redis refuses a command of the store: it needs Redis 6.2 or later"
    if isinstance(error, (driver.ConnectionError, OSError)):
        return _connection_reason(text)
    return "the answer is none that Redis gives: something else listens there, or garbles it"


def _connection_reason(text: str) -> str:
    if "max number of clients" in text:
        return "Redis has as many clients as it takes: raise its maxclients, or lower ?pool="
    if "Invalid Database" in text or "DB index" in text:
        return "the server has no database of that number"
    if "CERTIFICATE" in text or "SSL" in text:
        return "no TLS connection can be made: its certificate is refused, or the port speaks no TLS"
    if "connecting to" in text:
        return "it cannot be reached"
    return "the connection broke off before the answer came"
