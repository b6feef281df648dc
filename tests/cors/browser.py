"""A browser's side of CORS: what a page gets to read, step by step as the Fetch standard has it. Knows no toolkit.

Left out, since no server's answer decides it: the preflight cache, service workers, and modes other than "cors".
"""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

Pairs = Sequence[tuple[bytes, bytes]]

SAFE_METHODS = {"GET", "HEAD", "POST"}
NORMALIZED = {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}
SAFE_RESPONSE_NAMES = set(
    b"cache-control content-language content-length content-type expires last-modified pragma".split()
)
NEVER_READ = {b"set-cookie", b"set-cookie2"}
BODY_NAMES = {b"content-encoding", b"content-language", b"content-location", b"content-type"}
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
MOST_REDIRECTS = 20


class Response(NamedTuple):
    status: int
    headers: Pairs = ()


Server = Callable[[str, str, Pairs], Response]
"""(method, URL, request headers) to the response."""


class NetworkError(Exception):
    """What a page sees as `TypeError: Failed to fetch`; the text says which check failed."""


@dataclass(frozen=True)
class Page:
    """What a script asks for: `fetch(url, {method, headers, credentials})`; header names are in lower case."""

    origin: str
    url: str = "https://api.example/"
    method: str = "GET"
    headers: Pairs = ()
    include: bool = False


@dataclass
class Fetched:
    """What came of it: the status and names of headers that the script reads, None where it reads nothing."""

    sent: list[str] = field(default_factory=list)
    status: int | None = None
    names: frozenset[bytes] | None = None
    failure: str = ""


def fetch(page: Page, server: Server) -> Fetched:
    """Fetch, "main fetch" and "HTTP fetch", with mode "cors" and redirect mode "follow"."""
    fetching = _Fetching(page, server)
    try:
        response = fetching.run()
        return Fetched(fetching.sent, response.status, frozenset(fetching.readable(response)))
    except NetworkError as failure:
        return Fetched(fetching.sent, failure=str(failure))


class _Fetching:
    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server, self.include = page, server, page.include
        self.method = page.method.upper() if page.method.upper() in NORMALIZED else page.method
        self.headers, self.urls = list(page.headers), [page.url]
        self.cors, self.sent = False, list[str]()

    def run(self) -> Response:
        for _ in range(MOST_REDIRECTS + 1):
            self.cors = self.cors or origin_of(self.urls[-1]) != self.page.origin
            if self.cors and (self.method not in SAFE_METHODS or unsafe_names(self.headers)):
                self.preflight()
            cookies = [(b"cookie", b"a=b")] if self.include or not self.cors else []
            response = self.send(self.method, [*self.headers, *cookies])
            if self.cors:
                self.check(response)
            location = get(b"location", response.headers)
            if response.status not in {301, 302, 303, 307, 308} or location is None:
                return response
            self.redirect(response.status, location.decode("latin-1"))
        raise NetworkError("too many redirects")

    def send(self, method: str, headers: Pairs) -> Response:
        says_origin = self.cors or method not in {"GET", "HEAD"}
        self.sent.append(method)
        return self.server(method, self.urls[-1], [*headers, *([(b"origin", self.origin())] if says_origin else [])])

    def origin(self) -> bytes:
        """Fetch, "serializing a request origin": `null` behind a redirect from one foreign origin to another."""
        origins = [origin_of(url) for url in self.urls]
        tainted = any(last not in (next_one, self.page.origin) for last, next_one in itertools.pairwise(origins))
        return b"null" if tainted else self.page.origin.encode()

    def preflight(self) -> None:
        """Fetch, "CORS-preflight fetch": it carries no credentials, and is checked with those of the request."""
        unsafe = unsafe_names(self.headers)
        asked = [(b"access-control-request-headers", b",".join(unsafe))] if unsafe else []
        response = self.send("OPTIONS", [(b"access-control-request-method", self.method.encode()), *asked])
        self.check(response)
        if not 200 <= response.status <= 299:
            raise NetworkError("preflight: status")
        methods = listed(b"access-control-allow-methods", response.headers)
        names = listed(b"access-control-allow-headers", response.headers)
        if methods is None or names is None:
            raise NetworkError("preflight: no list")
        folded = {name.lower() for name in names}
        if self.method.encode() not in methods and self.method not in SAFE_METHODS and not self.star(methods):
            raise NetworkError("preflight: method")
        if any(name == b"authorization" and name not in folded for name, _ in self.headers):
            raise NetworkError("preflight: authorization")
        if not self.star(names) and not folded.issuperset(unsafe):
            raise NetworkError("preflight: header")

    def star(self, members: Iterable[bytes]) -> bool:
        """With credentials `*` is a name like any other."""
        return not self.include and b"*" in members

    def check(self, response: Response) -> None:
        """Fetch, "CORS check"."""
        origin = get(b"access-control-allow-origin", response.headers)
        if origin is None:
            raise NetworkError("check: no origin")
        if origin == b"*" and not self.include:
            return
        if origin != self.origin():
            raise NetworkError("check: origin")
        if self.include and get(b"access-control-allow-credentials", response.headers) != b"true":
            raise NetworkError("check: credentials")

    def redirect(self, status: int, location: str) -> None:
        """Fetch, "HTTP-redirect fetch"."""
        url = urljoin(self.urls[-1], location)
        if urlsplit(url).scheme not in {"http", "https"}:
            raise NetworkError("redirect: scheme")
        if (urlsplit(url).username or urlsplit(url).password) and (self.cors or origin_of(url) != self.page.origin):
            raise NetworkError("redirect: userinfo")
        if (status in {301, 302} and self.method == "POST") or (status == 303 and self.method not in {"GET", "HEAD"}):
            self.method = "GET"
            self.headers = [pair for pair in self.headers if pair[0] not in BODY_NAMES]
        if origin_of(url) != origin_of(self.urls[-1]):
            self.headers = [pair for pair in self.headers if pair[0] != b"authorization"]
        self.urls.append(url)

    def readable(self, response: Response) -> set[bytes]:
        """Fetch, "main fetch", step 14.1, and "CORS filtered response"."""
        names = {name.lower() for name, _ in response.headers} - NEVER_READ
        exposed = listed(b"access-control-expose-headers", response.headers) or []
        if not self.cors or self.star(exposed):
            return names
        return names & (SAFE_RESPONSE_NAMES | {name.lower() for name in exposed})


def unsafe_names(headers: Pairs) -> list[bytes]:
    """Fetch, "CORS-unsafe request-header names": sorted, each once."""
    unsafe = {name for name, value in headers if not is_safelisted(name, value)}
    safe = [(name, value) for name, value in headers if name not in unsafe]
    too_much = sum(len(value) for _, value in safe) > 1024
    return sorted(unsafe.union(name for name, _ in safe) if too_much else unsafe)


def is_safelisted(name: bytes, value: bytes) -> bool:
    """Fetch, "CORS-safelisted request-header"."""
    if len(value) > 128:
        return False
    if name in {b"accept-language", b"content-language"}:
        return re.fullmatch(rb"[0-9A-Za-z *,.;=-]*", value) is not None
    if name == b"range":
        found = re.fullmatch(rb"bytes=([0-9]+)-([0-9]*)", value)
        return found is not None and (not found[2] or int(found[1]) <= int(found[2]))
    if name not in {b"accept", b"content-type"} or re.search(rb'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]', value):
        return False
    essence = value.partition(b";")[0].strip(b" \t").lower()
    simple = {b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain"}
    return name == b"accept" or essence in simple


def listed(name: bytes, headers: Pairs) -> list[bytes] | None:
    """Fetch, "extract header list values": empty where the header is absent, None where it is no list of tokens."""
    values = [part.strip(b" \t") for key, value in headers if key.lower() == name for part in value.split(b",")]
    members = [value for value in values if value]
    return members if all(map(TOKEN.fullmatch, members)) else None


def get(name: bytes, headers: Pairs) -> bytes | None:
    """Fetch, "get": the values of a header joined, stripped as they are read off the wire."""
    values = [value.strip(b" \t") for key, value in headers if key.lower() == name]
    return b", ".join(values) if values else None


def origin_of(url: str) -> str:
    """The serialized origin of an HTTP URL, whose default port is left out."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
