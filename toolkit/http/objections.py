"""What is wrong with a pattern as somebody wrote it, and how to write it instead.

Rule: a pattern that could never match, or that would match more than its author meant, is refused, never guessed at.
Each table is read from the top; the first row whose expression is found in the text is the objection.
"""

import re
import unicodedata
from typing import NamedTuple

from toolkit.http.origins import DEFAULT_PORTS, IPV4, NEVER_SENT, compressed


class Objection(NamedTuple):
    """Why a pattern is refused (`reason`) and what to write instead (`fix`, may be empty): no final stops."""

    reason: str
    fix: str


_Rules = tuple[tuple[re.Pattern[str], Objection], ...]


def _rules(*rows: tuple[str, str, str]) -> _Rules:
    return tuple((re.compile(found, re.DOTALL), Objection(reason, fix)) for found, reason, fix in rows)


_OPAQUE = "|".join(sorted(NEVER_SENT - {"ws", "wss", "file"}))

# What no rewriting mends: the fix is the row's own.
_NO_ORIGIN = _rules(
    (r"\A\*\Z", "a bare '*' is every origin, not a pattern", "give '*' alone, where the option accepts it"),
    (
        r"(?i)\Anull\Z",
        "'null' is sent by every sandboxed frame, so allowing it allows any site",
        "leave it out, and serve the page from an http or https origin",
    ),
    (
        r"(?i)\Afile:",
        "pages opened from a file: address send the origin 'null'",
        "serve the page from http://localhost instead",
    ),
    (rf"(?i)\A(?:{_OPAQUE}):", "pages of this scheme send the origin 'null'", "name an http or https origin"),
    (r"\\", "a backslash has no place in an origin", "write scheme://host[:port] with forward slashes"),
    (
        r"\?",
        "'?' begins a query, which an origin has not, and is no wildcard here",
        "leave out the query; '*' stands for one whole label",
    ),
)

# What may be mended by rewriting the text; the fix stands where that fails.
_ORIGIN = _rules(
    (r",", "holds a comma", "write one origin per entry"),
    (r"\s", "holds whitespace", "write one origin per entry, without spaces"),
    (r"[\x00-\x1f\x7f-\x9f]", "holds a control character", "remove it"),
    (r"[^\x00-\x7f]", "holds a non-ASCII character; browsers send the punycode form", "write it in punycode"),
    (r"[A-Z]", "holds upper case; browsers send origins in lower case", "write it in lower case"),
    (r"\A(?!.*://)|\A:?//", "the scheme is missing", "begin with https:// or http://"),
    (
        r"\Awss?://",
        "a page's origin is never ws or wss; a WebSocket sends the origin of its page",
        "write http:// or https:// instead",
    ),
    (
        r"\A(?![a-z][a-z0-9+.-]{0,63}://)",
        "the scheme is not valid",
        "a scheme has letters, digits, '+', '-' and '.', begins with a letter, and has no wildcard",
    ),
    (r"://.*#", "holds a fragment, which an origin has not", "leave it out"),
    (r"://[^/]*@", "holds user information, which an origin has not", "leave out everything up to the '@'"),
    (r"://[^/]*/\Z", "ends in a slash, which no origin does", "leave it out"),
    (r"://[^/]*/", "holds a path; an origin ends after host and port", "leave it out"),
    (
        r"://[^\[\]]*:[^\[\]]*:",
        "an IPv6 address stands in brackets",
        "write it as http://[::1] or http://[::1]:8000",
    ),
    (
        r"\A(?!https?:).*\*",
        "wildcards are for http and https; other schemes are matched exactly",
        "name the whole origin",
    ),
)

_PORT = _rules(
    (r"\A\Z", "the port is empty", "leave out the colon"),
    (r"\A0+[1-9]", "the port has a leading zero", "leave out the zeros"),
    (
        r"\A(?!\*\Z|[0-9]+\Z)",
        "the port is neither a number nor '*'",
        "'*' stands for any port, and for a whole port alone",
    ),
    (
        r"\A(?!\*)(?!(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})\Z)",
        "the port is not between 1 and 65535",
        "write a port from 1 to 65535, or '*' for any",
    ),
)

_WHOLE_LABELS = "'*' stands for one whole label and '**' for one or more, before the rest: https://*.example.com"

_HOST = _rules(
    (r"\A\Z", "the host is missing", "write scheme://host[:port]"),
    (r"[\[\]]", "brackets are for IPv6 addresses; there are no character classes here", _WHOLE_LABELS),
    (r"\A\.|\.\.|\.\Z", "a label of the host is empty", "remove the dot too many"),
    (r"\A(?=.*\*)(?=.*[0-9])[0-9*.]+\Z", "an IP address takes no wildcard", "name each address"),
    (r"\A[*.]+\Z", "a wildcard alone is every host", "name at least two labels after it: https://*.example.com"),
    (
        r"\A(?=.*\*)(?!\*\*?\.(?:\*\.)*[^*]+\Z)",
        "'*' may only stand as whole labels before the rest of the host; elsewhere it would let strangers in",
        _WHOLE_LABELS,
    ),
    (r"[^a-z0-9_.*-]", "the host holds a character that no host name has", "use letters, digits, '-', '_' and dots"),
    (r"[^.]{64}", "a label of the host is longer than 63 characters", "shorten it"),
    (r"\A.{254}", "the host is longer than 253 characters", "shorten it"),
    (
        rf"\A(?!{IPV4}\Z)(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\Z",
        "the host ends in a number but is no IPv4 address as browsers write it",
        "write four numbers from 0 to 255 without leading zeros",
    ),
)

_ONE_LITERAL = Objection(
    "the wildcard is followed by a single label, so it may cover every site under a public suffix",
    "name at least two labels after it: https://*.example.com",
)
_SEGMENT = 64
_SEGMENTS = 64

_PATH = _rules(
    (r"\A(?!/)", "a path pattern begins with '/'", "write the path alone, such as /api/*"),
    (r"[\x00-\x1f\x7f]", "holds a control character", "remove it"),
    (r"[<>]", "'< >' is no wildcard here", "use * for one segment, ** for any number of them"),
    (r"[{}]", "'{ }' is no wildcard here", "use * for one segment, ** for any number of them"),
    (r"\?", "'?' is no wildcard, and a query is not part of the path", "use * within a segment"),
    (r"[\[\]]", "'[ ]' is no wildcard here", "use * within a segment, or write one pattern for each case"),
    (r"\\", "a backslash has no place in a path", "separate segments with '/'"),
    (r"//", "holds an empty segment", "write a single '/'; ** stands for any number of segments"),
    (
        r"/\.\.?(?:/|\Z)",
        "holds a '.' or '..' segment, and no such path matches a route",
        "write the path it leads to",
    ),
    (r"%[0-9A-Fa-f]{2}", "holds a percent escape, and paths are matched decoded", "write the character itself"),
    (r"[^/]\*\*|\*\*[^/]", "'**' may only stand as a whole segment", "use * within a segment, or /** on its own"),
    (r"\*\*.*\*\*", "holds more than one '**'", "keep one '**', and use * for each other segment"),
    (
        rf"(?:\A|/)(?=[^/]*\*)[^/]{{{_SEGMENT + 1}}}",
        f"a segment with a wildcard is longer than {_SEGMENT} characters, which is slow to match",
        f"shorten it to {_SEGMENT} characters",
    ),
    (
        rf"\A(?:/[^/]*){{{_SEGMENTS + 1}}}",
        f"holds more than {_SEGMENTS} segments, which is slow to match",
        "name the first of them, and let the last stand for the rest",
    ),
)


def objection_to_path(text: str) -> Objection | None:
    """The first thing wrong with a path pattern; None where there is nothing."""
    return _first(_PATH, text)


def objection_to_origin(text: str, *, literal_labels: int = 2) -> Objection | None:
    """The first thing wrong with an origin pattern; None where there is nothing.

    `literal_labels` is how many labels must follow a wildcard. Where rewriting mends all faults, the fix is the result.
    """
    final = _first(_NO_ORIGIN, text)
    found = final or _fault(text, literal_labels)
    if final or found is None:
        return found
    mended = _mended(text)
    mends = mended != text and not _first(_NO_ORIGIN, mended) and not _fault(mended, literal_labels)
    return Objection(found.reason, f"write {mended}") if mends else found


def _first(rules: _Rules, text: str) -> Objection | None:
    return next((objection for found, objection in rules if found.search(text)), None)


def _fault(text: str, literal_labels: int) -> Objection | None:
    fault = _first(_ORIGIN, text)
    if fault:
        return fault
    scheme, host, port = parts(text)
    return _port_fault(scheme, port) or _host_fault(host, literal_labels)


def parts(text: str) -> tuple[str, str, str | None]:
    """(scheme, host, port) of an origin pattern that has the shape scheme://host[:port]; no colon, no port."""
    scheme, _, authority = text.partition("://")
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        return scheme, authority, None
    return scheme, host, port


def _port_fault(scheme: str, port: str | None) -> Objection | None:
    if port is None:
        return None
    if port == DEFAULT_PORTS.get(scheme):
        return Objection(f"{port} is the default port of {scheme}, which browsers leave out", "leave out the port")
    return _first(_PORT, port)


def _host_fault(host: str, literal_labels: int) -> Objection | None:
    if host.startswith("[") and host.endswith("]"):
        return _ipv6_fault(host[1:-1])
    fault = _first(_HOST, host)
    if fault or "*" not in host:
        return fault
    literals = host.count(".") + 1 - host.replace("**", "*").count("*")
    return _ONE_LITERAL if literals < literal_labels else None


def _ipv6_fault(address: str) -> Objection | None:
    if "*" in address:
        return Objection("an IP address takes no wildcard", "name each address")
    short = compressed(address)
    if short is None:
        return Objection("what stands in brackets is no IPv6 address", "write it as http://[::1]")
    if short != address:
        return Objection("the IPv6 address is not in its compressed form", f"write it as [{short}]")
    return None


def _mended(text: str) -> str:
    scheme, _, rest = text.strip().partition("://") if "://" in text else ("", "", text.strip())
    authority = re.split("[/#]", rest.lstrip("/"))[0].rpartition("@")[2]
    _, host, port = parts(f"://{authority}")
    scheme = {"ws": "http", "wss": "https"}.get(scheme.lower(), scheme.lower()) or _likely_scheme(host)
    port = re.sub(r"\A0+(?=[1-9])", "", port or "")
    shown = f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else ""
    return f"{scheme}://{_mended_host(host)}{shown}"


def _likely_scheme(host: str) -> str:
    return "http" if host == "localhost" or host.startswith(("127", "[")) else "https"


def _mended_host(host: str) -> str:
    if host.startswith("["):
        return f"[{compressed(host[1:-1]) or ''}]"
    return ".".join(_ascii(label) for label in re.split("[.\u3002]", host.removesuffix(".")))


def _ascii(label: str) -> str:
    # UTS 46 without its whole table: compatibility forms and case are folded, sharp s stays, as browsers have it.
    label = unicodedata.normalize("NFKC", label).lower()
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
