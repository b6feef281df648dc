"""Names of methods, and what somebody meant who wrote one that is none."""

import re

from toolkit.http.headers import is_token

__all__ = ["STANDARD", "is_method", "meant", "separated"]

_HTTP = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
_WEBDAV = ("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "ACL", "SEARCH", "REPORT", "MKCALENDAR")
_VERSIONS = ("VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "MKWORKSPACE", "MKACTIVITY", "BASELINE-CONTROL")
_MORE = ("UPDATE", "LABEL", "MERGE", "ORDERPATCH", "BIND", "UNBIND", "REBIND", "LINK", "UNLINK")
STANDARD = frozenset({*_HTTP, *_WEBDAV, *_VERSIONS, *_MORE})
"""The methods of HTTP (RFC 9110, 5789, QUERY) and of WebDAV (RFC 4918, 3253, 3648, 3744, 4791, 5323, 5842, 2068)."""

_ELSEWHERE = frozenset({"BATCH", "BCOPY", "BDELETE", "BMOVE", "BPROPFIND", "BPROPPATCH", "TRACK"})
"""In use though not registered, and a letter away from one that is."""
_BETWEEN = re.compile(r"[\s,;|+&]+")
_ONE_REPLACED = 5  # letters that a word has where one other letter is a slip: SET is not GET


def is_method(text: str) -> bool:
    """Whether this can be a method: a token (RFC 9110, 5.6.2) in capitals, and not several such as GET|POST."""
    names = separated(text)
    return is_token(text.encode()) and text == text.upper() and (len(names) == 1 or STANDARD.isdisjoint(names))


def separated(text: str) -> list[str]:
    """The methods in a text that somebody joined in whatever way."""
    return [name for name in _BETWEEN.split(text.upper()) if name]


def meant(method: str) -> str | None:
    """The registered method that a misspelt one stands for; None for one of somebody's own, such as PURGE."""
    if method in STANDARD or method in _ELSEWHERE:
        return None
    if len(method) > _LONGEST:
        return None
    alike = {known for part in (method, *_one_left_out(method)) for known in _ALIKE.get(part, ())}
    return min((known for known in alike if _is_near(method, known)), default=None)


def _is_near(word: str, known: str) -> bool:
    """Whether a letter was left out, put in or replaced, or two were swapped; they differ by a letter in length."""
    if len(word) != len(known):
        longer, shorter = sorted((word, known), key=len, reverse=True)
        return shorter in _one_left_out(longer)
    wrong = [place for place, letter in enumerate(word) if letter != known[place]]
    if len(wrong) == 1:
        return len(known) >= _ONE_REPLACED
    return len(wrong) == 2 and word[wrong[0] : wrong[1] + 1] == known[wrong[0] : wrong[1] + 1][::-1]


def _one_left_out(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _alike() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for known in sorted(STANDARD):
        for part in (known, *_one_left_out(known)):
            found.setdefault(part, []).append(known)
    return found


_ALIKE = _alike()
"""What may be meant by a text, and by what remains of one without a letter."""
_LONGEST = max(map(len, STANDARD)) + 1
