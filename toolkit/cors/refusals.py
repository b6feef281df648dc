"""What is wrong with the options of a CORS policy, and what to write instead: functions of values.

Rule: what no browser would ever act on, and what would let strangers in, is refused; the latter names the option with
`dangerously_` that permits it, where there is one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any

from toolkit.cors.policy import KNOWN_METHODS
from toolkit.http.headers import is_token
from toolkit.http.patterns import OriginPattern, PatternError
from toolkit.options import (
    Invalid,
    Options,
    Problem,
    declared,
    did_you_mean,
    duration,
    reads,
    show,
    structure_options,
)
from toolkit.options.durations import WRITTEN
from toolkit.options.structure import kind

LONGEST_AGE = 86400
"""Seconds: the most that any browser keeps a preflight (Firefox; Chromium 7200, Safari 600)."""

OUTER = frozenset({"policies", "policy", "name"})
"""Options of the layer that no policy can hold."""

SOURCES = ("allow_origins", "allow_origin_regex", "origin_check")
"""Options that allow an origin."""

_SECONDS = {"type": "integer", "minimum": 0, "maximum": LONGEST_AGE}
_FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORBIDDEN_HEADERS = _names("""
    accept-charset accept-encoding access-control-request-headers access-control-request-method connection
    content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer
    transfer-encoding upgrade via""")
_FORBIDDEN_PREFIXES = ("proxy-", "sec-")
_RESPONSE_ONLY = _names("""
    access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-allow-private-network access-control-expose-headers
    access-control-max-age age etag location retry-after server timing-allow-origin vary www-authenticate""")
_REQUEST_ONLY = _names("""
    access-control-request-headers access-control-request-method authorization cookie cookie2 expect host if-match
    if-modified-since if-none-match if-range if-unmodified-since max-forwards origin proxy-authorization range referer
    te user-agent""")
_STRANGERS = tuple(
    f"https://{host}"
    for host in (
        "stranger.invalid",
        "a.stranger.invalid",
        "b-7.invalid:8443",
        "evil.com",
        "evil.org",
        "evil.net",
        "evil",
    )
)
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\\?\.[a-z0-9-]+)+")  # in the text of a regular expression

_LOOPBACK = re.compile(r"(?:.*\.)?localhost|127(?:\.[0-9]+){3}|\[::1\]")


# One option


def listed(member: Callable[[str], str]) -> Callable[[object], Collection[str]]:
    """What reads a list of text, each checked by `member`. Of a set it is sorted: no header depends on hashing."""
    held = kind(Collection[Annotated[str, member]])

    @reads(*held.names, schema={"type": "array", "items": {"type": "string"}})
    def read(value: object) -> Collection[str]:
        names: Collection[str] = held.read(sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)
        return names

    return read


def method(value: str) -> str:
    """A member of allow_methods. Raises Invalid for what is no method, or none that a browser sends."""
    if value == "*":
        return value
    if not is_token(value.encode()):
        raise Invalid(f"{show(value)} is not a method name", 'give one method per entry, such as "PUT"')
    if value.upper() in _FORBIDDEN_METHODS:
        raise Invalid(f"{value!r} is forbidden to pages: no browser sends it", "leave it out")
    if value.upper() in KNOWN_METHODS and value not in KNOWN_METHODS:
        raise Invalid(f"{value!r} never matches, for methods are case-sensitive", f"write {value.upper()!r}")
    return value


def request_header(value: str) -> str:
    """A member of allow_headers. Raises Invalid for what is no header name, or none that a page can set."""
    name = _header_name(value)
    if name == "cookie":
        raise Invalid(f"{value!r} is not set by pages", "leave it out; cookies are sent with allow_credentials=True")
    if name in _FORBIDDEN_HEADERS or name.startswith(_FORBIDDEN_PREFIXES):
        raise Invalid(f"{value!r} is a forbidden header: the browser sets it, no page can", "leave it out")
    if name in _RESPONSE_ONLY:
        raise Invalid(
            f"{value!r} is a response header, and these are the headers of requests",
            "leave it out, or move it to expose_headers if pages are to read it",
        )
    return value


def response_header(value: str) -> str:
    """A member of expose_headers. Raises Invalid for what is no header name, or none that a page may read."""
    name = _header_name(value)
    if name in {"set-cookie", "set-cookie2"}:
        raise Invalid(f"{value!r} is never shown to a page, whatever is exposed", "leave it out")
    if name in _REQUEST_ONLY:
        raise Invalid(
            f"{value!r} is a request header, and these are the headers of responses",
            "leave it out, or move it to allow_headers if pages are to send it",
        )
    return value


def star_alone(values: Collection[str]) -> Collection[str]:
    """All of a list. Raises Invalid where `*` has company."""
    if "*" in values and len(values) > 1:
        raise Invalid("'*' stands for all, and is given with others", "give ['*'] alone, or leave it out")
    return values


def star_and_authorization(values: Collection[str]) -> Collection[str]:
    """The same for allow_headers, where Authorization may stand beside `*`.

    Fetch, "CORS non-wildcard request-header name": `*` does not cover it.
    """
    star_alone([value for value in values if value.lower() != "authorization"])
    return values


@reads("a whole number of seconds", "a duration", schema={"anyOf": [_SECONDS, WRITTEN]})
def max_age(value: object) -> int:
    """Seconds, or text such as "10m". Raises Invalid unless whole and from 0 to 86400."""
    fix = f"use 0 to {LONGEST_AGE}, or text such as '10m'"
    seconds = _seconds(value, fix) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds != seconds // 1:
        raise Invalid(f"{show(value)} is not a whole number of seconds", fix)
    if not 0 <= seconds <= LONGEST_AGE:
        edge = "less than 0" if seconds < 0 else f"more than {LONGEST_AGE} (one day), and no browser keeps it longer"
        raise Invalid(f"{show(value)} is {edge}", fix)
    return int(seconds)


def private_network(value: bool) -> bool:
    """allow_private_network, which Starlette has. Raises Invalid if it is on."""
    if value:
        raise Invalid(
            "Private Network Access was given up for Local Network Access, which asks the user and needs no header",
            "leave it out",
        )
    return value


# Several options


def origin_refusals(origins: Collection[str], *, public_suffixes: bool) -> Iterator[Invalid]:
    """What is wrong with each origin, `at` its index, and which are there in vain."""
    if "*" in origins and len(origins) > 1:
        yield Invalid("'*' is every origin, and is given with others", "give ['*'] alone, or leave it out")
    for index, text in enumerate(origins):
        refused = None if text == "*" else _origin_refusal(text, public_suffixes=public_suffixes)
        if refused is not None:
            yield Invalid(*refused, at=f"[{index}]")
    yield from () if "*" in origins else _needless(origins)


def any_origin_refusals(origins: Collection[str], pattern: "re.Pattern[str] | None") -> Iterator[Invalid]:
    """Why credentials for any origin are refused, where the lists come to that, `at` the option."""
    fix = "name the origins, or turn on dangerously_allow_any_origin_with_credentials"
    reason = "every site on the web could act as the user and read the answers, since allow_credentials is on"
    if "*" in origins:
        yield Invalid(f"'*' is every origin: {reason}", fix, "allow_origins")
    strangers = [] if pattern is None else [origin for origin in _strangers(pattern) if pattern.fullmatch(origin)]
    if pattern is not None and strangers:
        known = f"{show(pattern.pattern)} matches strangers such as {strangers[0]}: {reason}"
        yield Invalid(known, f"match whole names, with '\\.' before them; else {fix}", "allow_origin_regex")


def _strangers(pattern: "re.Pattern[str]") -> Iterator[str]:
    """Origins that nobody means to allow: of anybody, and made to look like the names in a regular expression."""
    yield from _STRANGERS
    for host in _named_hosts(pattern):
        yield from (f"https://evil{host}", f"https://{host}.evil.net")


def _named_hosts(pattern: "re.Pattern[str]") -> list[str]:
    text = pattern.pattern.partition("://")[2] or pattern.pattern
    return [found[0].replace("\\", "") for found in _DOMAIN.finditer(text)]


def insecure_refusals(origins: Collection[str], regex: "re.Pattern[str] | None") -> Iterator[Invalid]:
    """Why credentials for each origin are refused whose pages anybody on the way can change, `at` the option."""
    host = None if regex is None else _unencrypted(regex)
    if regex is not None and host is not None:
        yield Invalid(
            f"{show(regex.pattern)} matches http://{host}, which is not encrypted",
            "match https alone, or turn on dangerously_allow_insecure_origins",
            "allow_origin_regex",
        )
    for index, text in enumerate(origins):
        pattern = _lenient(text)
        if pattern is not None and pattern.scheme == "http" and not _LOOPBACK.fullmatch(pattern.host):
            yield Invalid(
                f"{text!r} is not encrypted, so anybody on the network can act as the user through its pages",
                f"use 'https:{text[5:]}', or turn on dangerously_allow_insecure_origins",
                f"allow_origins[{index}]",
            )


def _unencrypted(regex: "re.Pattern[str]") -> str | None:
    """A host that a regular expression allows over http; None where it allows strangers, which is told elsewhere."""
    if any(map(regex.fullmatch, _strangers(regex))):
        return None
    hosts = [host for host in ("stranger.invalid", *_named_hosts(regex)) if not _LOOPBACK.fullmatch(host)]
    return next((name for host in hosts for name in (host, f"a.{host}") if regex.fullmatch(f"http://{name}")), None)


def name_refusals(policies: Mapping[str, Mapping[str, Any]]) -> Iterator[Invalid]:
    """What is wrong with the names of policies, and with what they may not hold, `at` their keys."""
    seen: dict[str, str] = {}
    for name, options in policies.items():
        at, folded = f"[{show(name)}]", name.strip().casefold()
        if not folded:
            yield Invalid("the name of a policy is empty", "give it a name", at)
        elif folded in seen:
            reason = f"{name!r} is the same name as {seen[folded]!r}: case and outer spaces do not tell policies apart"
            yield Invalid(reason, "rename one of them", at)
        seen.setdefault(folded, name)
        for option in sorted(OUTER & options.keys()):
            yield Invalid("a policy cannot hold this option", "give it to the layer", f"{at}.{option}")


def overlaid(layer: Options, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a policy: the valid ones of its layer, with others in their place."""
    held = vars(layer)
    own = {entry.name: held[entry.name] for entry in declared(type(layer)) if entry.name in held}
    return {name: value for name, value in {**own, **options}.items() if name not in OUTER}


def policy_problems(layer: Options, name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a policy of `layer`, and would not be wrong without it."""
    cls = type(layer)
    where = f"{cls.__name__}.policies[{show(name)}]"
    base, merged = overlaid(layer, {}), overlaid(layer, options)
    lost = {f"{where}.{entry.name}" for entry in declared(cls) if entry.name not in merged}
    inherited = structure_options(cls, base, where)[1] if any(map(base.get, SOURCES)) else []
    for problem in structure_options(cls, merged, where)[1]:
        if problem not in inherited and problem.where not in lost:
            yield problem


def missing_refusals(policy: str, policies: Iterable[str]) -> Iterator[Invalid]:
    """Why a policy cannot apply that is not there."""
    known = list(policies)
    if policy not in known:
        there = f"there are {', '.join(map(repr, known))}" if known else "add it to policies"
        yield Invalid(f"there is no policy {policy!r}", did_you_mean(policy, known) or there)


def _seconds(text: str, fix: str) -> float:
    try:
        return duration(text)
    except Invalid as refused:
        raise Invalid(refused.reason, fix) from None


def _header_name(value: str) -> str:
    if not is_token(value.encode()):
        raise Invalid(f"{show(value)} is not a header name", 'give one name per entry, such as "X-Request-ID"')
    return value.lower()


def _origin_refusal(text: str, *, public_suffixes: bool) -> tuple[str, str] | None:
    local = text.partition("*.")[2].partition(":")[0] == "localhost"  # nobody registers a name there
    try:
        OriginPattern(text, allow_public_suffix=public_suffixes or local)
    except PatternError as error:
        permit = ", or turn on dangerously_allow_public_suffixes" if _lenient(text) is not None else ""
        named = error.reason.startswith(show(text))
        return error.reason if named else f"{show(text)}: {error.reason}", error.fix + permit
    return None


def _lenient(text: str) -> OriginPattern | None:
    try:
        return OriginPattern(text, allow_public_suffix=True)
    except PatternError:
        return None


def _needless(origins: Collection[str]) -> Iterator[Invalid]:
    """Origins that are there twice, and those that a wildcard covers. Only wildcards are compared with all others."""
    patterns = [(index, pattern) for index, text in enumerate(origins) if (pattern := _lenient(text)) is not None]
    wild = [(index, pattern) for index, pattern in patterns if not pattern.is_exact]
    first: dict[str, int] = {}
    for index, pattern in patterns:
        before = first.setdefault(pattern.text, index)
        if before != index:
            yield Invalid(f"{pattern.text!r} is there already, at [{before}]", "remove one", f"[{index}]")
            continue
        cover = next((other for _, other in wild if other.text != pattern.text and other.covers(pattern)), None)
        if cover is not None:
            yield Invalid(f"{pattern.text!r} is covered by {cover.text!r}", "remove one", f"[{index}]")
