"""Requests of pages in short form, and CORS layers of every kind, for tables.

Headers are written "Vary: Origin | ACAO: *", by the abbreviations of SHORT.
"""

import re
from typing import Any

from starlette.types import Scope

from tests.engine.both import Case, Pairs
from toolkit import CORS
from toolkit.cors.policy import Policy
from toolkit.http.patterns import OriginPattern, OriginSet

A, TEA, EVIL = "https://a.example", "https://tea.b.example", "https://evil.example"
ORIGIN = A.encode()
KNOWN = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY"
SAFE = "ACAH: accept, accept-language, content-language, content-type"
SHORT = {
    "ACAO": "access-control-allow-origin",
    "ACAC": "access-control-allow-credentials",
    "ACAM": "access-control-allow-methods",
    "ACAH": "access-control-allow-headers",
    "ACAPN": "access-control-allow-private-network",
    "ACEH": "access-control-expose-headers",
    "ACMA": "access-control-max-age",
    "ACRM": "access-control-request-method",
    "ACRH": "access-control-request-headers",
    "ACRPN": "access-control-request-private-network",
    "TAO": "timing-allow-origin",
}


def pairs(*lines: str) -> Pairs:
    """Header lines as they are sent: names in lower case, abbreviations written out; empty lines are none."""
    split = (line.split(": ", 1) for text in lines for line in text.split(" | ") if line)
    return tuple((SHORT.get(name, name.lower()).encode(), value.encode("latin-1")) for name, value in split)


def policy(*origins: str, regex: str | None = None, **options: Any) -> Policy:
    """What a layer decides by, from the texts of its origins."""
    patterns = [OriginPattern(text) for text in origins]
    return Policy(origins=OriginSet(patterns, regex=re.compile(regex) if regex else None), **options)


def cors_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """All that a reply says about CORS and caches, sorted: a name that is there twice is in it twice."""
    kept = (b"access-control-", b"timing-allow-origin", b"vary")
    return sorted((name.lower(), value) for name, value in headers if name.lower().startswith(kept))


def get(origin: str | None = None, sent: str = "", says: str = "", **case: Any) -> Case:
    """A page's request: its Origin, its other headers, and the headers that the application answers with."""
    own = pairs(f"Origin: {origin}") if origin is not None else ()
    return Case(headers=(*own, *pairs(sent)), answer_headers=pairs("Content-Type: text/plain", says), **case)


def ask(origin: str, method: str, headers: str | None = None, sent: str = "", **case: Any) -> Case:
    """A preflight: for which method, and for which headers."""
    asked = " | ".join([f"ACRM: {method}", *([] if headers is None else [f"ACRH: {headers}"]), *filter(None, [sent])])
    return get(origin, asked, **{"method": "OPTIONS", **case})


def tenants(origin: str, scope: Scope) -> tuple[bool, list[str]]:
    """An origin_check that goes by another header too."""
    return origin == TEA and (b"x-tenant", b"tea") in list(scope["headers"]), ["X-Tenant"]


async def awaited_tenants(origin: str, scope: Scope) -> tuple[bool, list[str]]:
    """The same, where the answer has to be waited for."""
    return tenants(origin, scope)


def broken_check(origin: str, scope: Scope) -> bool:
    """An origin_check that fails."""
    raise LookupError("the database is away")


LISTED = CORS(allow_origins=[A, "https://*.b.example"], allow_methods=["GET", "PUT"], allow_headers=["X-A"])
WITH = CORS(allow_origins=[A], allow_methods=["PUT"], allow_credentials=True, expose_headers=["X-Total", "ETag"])
PUBLIC = CORS(allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
BEARER = CORS(allow_origins=["*"], allow_headers=["*", "Authorization"])
STRICT = CORS(allow_origins=[A], allow_methods=["PUT"], allow_headers=["x-a"], strict_preflight=True)
ECHO = CORS(allow_origins=[A], allow_methods=["*"], allow_headers=["*"], allow_credentials=True)
ALL_WITH = CORS(allow_origins=["*"], allow_credentials=True, dangerously_allow_any_origin_with_credentials=True)
SHOWN = CORS(allow_origins=[A], expose_headers=["*"], allow_credentials=True)
TIMED = CORS(allow_origins=[A], timing_allow_origin=True, expose_headers=["X-Total"])
REGEX = CORS(allow_origin_regex=r"https://[a-c]\.example", expose_headers=["*"])
CHECKED = CORS(allow_origins=[A], origin_check=tenants)
AWAITED = CORS(origin_check=awaited_tenants)
BROKEN = CORS(origin_check=broken_check)
KEPT = CORS(allow_origins=[A], allow_credentials=True, conflict="keep")
LOCAL = CORS(allow_origins=["http://[::1]:8000", "http://localhost:*"])
