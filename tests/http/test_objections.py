"""Which patterns are refused, why, and what is offered instead: one row for each refusal."""

import pickle

import pytest

from toolkit.http.patterns import OriginPattern, PathPattern, PatternError


def _id(text: str) -> str:
    return f"{ascii(text)[:40]} {len(text)}"


ORIGINS = [
    ("*", "every origin", "alone"),
    ("null", "sandboxed frame", "leave it out"),
    ("NULL", "sandboxed frame", "leave it out"),
    ("file:", "'null'", "http://localhost"),
    ("file:///index.html", "'null'", "http://localhost"),
    ("blob:https://example.com", "'null'", "http or https"),
    ("data:text", "'null'", "http or https"),
    ("", "scheme is missing", "https://"),
    ("example.com", "scheme is missing", "write https://example.com"),
    ("//example.com", "scheme is missing", "write https://example.com"),
    ("localhost:3000", "scheme is missing", "write http://localhost:3000"),
    ("http*://example.com", "scheme is not valid", "no wildcard"),
    ("1http://example.com", "scheme is not valid", "begins with a letter"),
    ("s" * 65 + "://example.com", "scheme is not valid", ""),
    ("ws://example.com", "WebSocket", "write http://example.com"),
    ("wss://example.com", "WebSocket", "write https://example.com"),
    ("https://example.com/", "slash", "write https://example.com"),
    ("https://*.example.com/", "slash", "write https://*.example.com"),
    ("https://example.com/app", "path", "write https://example.com"),
    ("https://example.com/**", "path", "write https://example.com"),
    ("https://example.com?x=1", "query", "leave out"),
    ("https://example.com#top", "fragment", "write https://example.com"),
    ("https://user:secret@example.com", "user information", "write https://example.com"),
    ("https://Example.com", "upper case", "write https://example.com"),
    ("HTTPS://EXAMPLE.COM:443/", "upper case", "write https://example.com"),
    (" https://example.com", "whitespace", "write https://example.com"),
    ("https://exa mple.com", "whitespace", "without spaces"),
    ("https://example.com\n", "whitespace", "write https://example.com"),
    ("https://a.example,https://b.example", "comma", "one origin"),
    ("https://example.com\0", "control character", "remove"),
    ("https://bücher.example", "non-ASCII", "write https://xn--bcher-kva.example"),
    ("https://STRASSE.Straße.example", "non-ASCII", "write https://strasse.xn--strae-oqa.example"),
    ("https://\uff45xample。com", "non-ASCII", "write https://example.com"),
    ("https://example.com:443", "default port", "write https://example.com"),
    ("http://example.com:80", "default port", "write http://example.com"),
    ("https://example.com:", "port is empty", "write https://example.com"),
    ("https://example.com:08443", "leading zero", "write https://example.com:8443"),
    ("https://example.com:0", "between 1 and 65535", "'*'"),
    ("https://example.com:65536", "between 1 and 65535", "'*'"),
    ("https://example.com:http", "neither a number", "'*'"),
    ("https://example.com:80*", "neither a number", "whole port"),
    ("https://example.com:**", "neither a number", "whole port"),
    ("http://::1", "brackets", "http://[::1]"),
    ("http://2001:db8::1", "brackets", "http://[::1]"),
    ("http://[0:0:0:0:0:0:0:1]:8000", "compressed", "write http://[::1]:8000"),
    ("http://[::ffff:127.0.0.1]", "compressed", "write http://[::ffff:7f00:1]"),
    ("http://[::g]", "no IPv6", "http://[::1]"),
    ("http://[]", "no IPv6", "http://[::1]"),
    ("http://[2001:db8::*]", "no wildcard", "each address"),
    ("http://10.0.0.*", "no wildcard", "each address"),
    ("http://*.0.0.1", "no wildcard", "each address"),
    ("http://**.0.0.1", "no wildcard", "each address"),
    ("http://010.0.0.1", "no IPv4", "leading zeros"),
    ("http://10.0.1", "no IPv4", "four numbers"),
    ("http://1.2.3.4.5", "no IPv4", "four numbers"),
    ("http://*.example.1", "no IPv4", "four numbers"),
    ("https://*", "every host", "two labels"),
    ("https://**.*:*", "every host", "two labels"),
    ("https://*.com", "single label", "two labels"),
    ("https://**.com", "single label", "two labels"),
    ("https://*.*.com", "single label", "two labels"),
    ("https://*example.com", "whole labels", "https://*.example.com"),
    ("https://example.*", "whole labels", "https://*.example.com"),
    ("https://a.*.com", "whole labels", "https://*.example.com"),
    ("https://*.**.example.com", "whole labels", "https://*.example.com"),
    ("https://***.example.com", "whole labels", "https://*.example.com"),
    ("https://a?.example.com", "no wildcard", "one whole label"),
    ("https://[ab].example.com", "character classes", "one whole label"),
    ("https://a\\.example.com", "backslash", "forward slashes"),
    ("https://a..example.com", "label of the host is empty", "dot"),
    ("https://.example.com", "label of the host is empty", "dot"),
    ("https://example.com.", "label of the host is empty", "write https://example.com"),
    ("https://" + "a" * 64 + ".com", "63", "shorten"),
    ("https://" + "a." * 126 + "ab", "253", "shorten"),
    ("https://", "host is missing", "scheme://host"),
    ("https://:8000", "host is missing", "scheme://host"),
    ("https://ex%41mple.com", "no host name", "letters"),
    ("https://{tenant}.example.com", "no host name", "letters"),
    ("chrome-extension://*", "http and https", "whole origin"),
    ("capacitor://localhost:*", "http and https", "whole origin"),
]

PATHS = [
    ("", "begins with '/'", "/api/*"),
    ("api", "begins with '/'", "/api/*"),
    ("*", "begins with '/'", "/api/*"),
    ("https://example.com/", "begins with '/'", "/api/*"),
    ("/a\0", "control character", "remove"),
    ("/a\n", "control character", "remove"),
    ("/items/{id}", "'{ }'", "* for one segment"),
    ("/a?", "query", "use *"),
    ("/[ab]", "'[ ]'", "one pattern for each case"),
    ("/a]", "'[ ]'", "one pattern for each case"),
    ("/a\\b", "backslash", "'/'"),
    ("//", "empty segment", "single '/'"),
    ("/a//b", "empty segment", "single '/'"),
    ("/.", "'.' or '..'", "leads to"),
    ("/a/../b", "'.' or '..'", "leads to"),
    ("/a%20b", "percent escape", "character itself"),
    ("/a**", "whole segment", "/**"),
    ("/**.json", "whole segment", "/**"),
    ("/***", "whole segment", "/**"),
    ("/**/**", "more than one", "keep one"),
    ("/a/**/b/**", "more than one", "keep one"),
    ("/" + "a" * 64 + "*", "64 characters", "shorten"),
]


@pytest.mark.parametrize(("text", "reason", "fix"), ORIGINS, ids=[_id(row[0]) for row in ORIGINS])
def test_refused_origin_pattern(text: str, reason: str, fix: str) -> None:
    with pytest.raises(PatternError) as refusal:
        OriginPattern(text)
    _assert_tells(refusal.value, text, reason, fix)


@pytest.mark.parametrize(("text", "reason", "fix"), PATHS, ids=[_id(row[0]) for row in PATHS])
def test_refused_path_pattern(text: str, reason: str, fix: str) -> None:
    with pytest.raises(PatternError) as refusal:
        PathPattern(text)
    _assert_tells(refusal.value, text, reason, fix)


def _assert_tells(error: PatternError, text: str, reason: str, fix: str) -> None:
    assert error.value == text
    assert reason in error.reason
    assert fix in error.fix
    assert str(error) == f"{text!r}: {error.reason}; {error.fix}"


MENDED = [(text, fix) for text, _, fix in ORIGINS if fix.startswith("write http")]


@pytest.mark.parametrize(("text", "fix"), MENDED, ids=[_id(row[0]) for row in MENDED])
def test_an_origin_offered_instead_is_accepted(text: str, fix: str) -> None:
    with pytest.raises(PatternError) as refusal:
        OriginPattern(text)
    assert refusal.value.fix == fix
    assert OriginPattern(fix.removeprefix("write ")).text == fix.removeprefix("write ")


@pytest.mark.parametrize("text", ["https://*.com", "https://**.com", "http://*.localhost:*"])
def test_one_label_after_a_wildcard_must_be_asked_for(text: str) -> None:
    assert OriginPattern(text, allow_public_suffix=True).text == text


@pytest.mark.parametrize("text", ["https://*", "https://**", "https://*com", "https://com.*"])
def test_and_no_less_than_one_label_even_then(text: str) -> None:
    with pytest.raises(PatternError):
        OriginPattern(text, allow_public_suffix=True)


def test_a_pattern_error_is_a_value_error_without_a_loose_end_and_survives_pickling() -> None:
    error = PatternError("https://x", "it is wrong.")
    assert isinstance(error, ValueError)
    assert str(error) == "'https://x': it is wrong."
    again = pickle.loads(pickle.dumps(error))
    assert (again.value, again.reason, again.fix) == ("https://x", "it is wrong.", "")
