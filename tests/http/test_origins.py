"""Which bytes are a serialized origin (Fetch standard), and the parts of one."""

import ipaddress
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.http.origins import compressed, is_origin, split_origin

SENT = [
    b"https://example.com",
    b"http://localhost:3000",
    b"http://localhost:65535",
    b"https://my_host.-odd-.example",
    b"https://example.com.",
    b"https://xn--bcher-kva.example",
    b"http://127.0.0.1:8080",
    b"http://255.255.255.255",
    b"http://[::1]",
    b"http://[2001:db8::1:0:0:1]:8443",
    b"http://[::ffff:7f00:1]",
    b"https://x.com:80",
    b"chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
    b"moz-extension://2c0e9e45-4a8b-4b0e-9f3e-1d2c3b4a5f60",
    b"capacitor://localhost",
    b"https://" + b".".join([b"a" * 63] * 3) + b"." + b"b" * 61,
]

NOT_SENT = [
    b"",
    b"null",
    b"*",
    b"https://",
    b"https:example.com",
    b"//example.com",
    b"example.com",
    b"https://EXAMPLE.com",
    b"HTTPS://example.com",
    b"https://example.com/",
    b"https://example.com/a",
    b"https://example.com?a",
    b"https://example.com#a",
    b"https://a@example.com",
    b"https://example.com\n",
    b" https://example.com",
    b"https://example.com https://example.org",
    b"https://*.example.com",
    b"https://example.com:443",
    b"http://example.com:80",
    b"https://example.com:",
    b"https://example.com:0",
    b"https://example.com:08",
    b"https://example.com:65536",
    b"https://example.com:1.example.com",
    b"https://a..example.com",
    b"https://.example.com",
    b"https://example.com..",
    b"https://" + b"a" * 64 + b".com",
    b"https://" + b".".join([b"a" * 63] * 3) + b"." + b"b" * 62,
    b"https://1.2.3",
    b"https://1.2.3.4.",
    b"https://1.2.3.4.5",
    b"https://1.2.3.256",
    b"https://01.2.3.4",
    b"https://a.0x1f",
    b"https://example.1",
    b"http://::1",
    b"http://[0:0:0:0:0:0:0:1]",
    b"http://[::0001]",
    b"http://[2001:db8:0:0:1::1]",
    b"http://[::ffff:127.0.0.1]",
    b"http://[fe80::1%25eth0]",
    b"http://[::1",
    b"http://[:::::]",
    b"ws://example.com",
    b"wss://example.com",
    b"file://host",
    b"https://b\xc3\xbccher.example",
    b"https://\xff\xfe.example",
    b"https://a\x00.example.com",
    b"a" * 65 + b"://example.com",
    b"https://example.com" + b"m" * 65536,
]


@pytest.mark.parametrize("value", SENT, ids=lambda value: f"{value[:30]!r} {len(value)}")
def test_what_browsers_send_is_an_origin(value: bytes) -> None:
    assert is_origin(value)


@pytest.mark.parametrize("value", NOT_SENT, ids=lambda value: f"{value[:30]!r} {len(value)}")
def test_anything_else_is_none(value: bytes) -> None:
    assert not is_origin(value)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (b"https://example.com", ("https", "example.com", None)),
        (b"http://[::1]:8000", ("http", "[::1]", "8000")),
        (b"null", None),
    ],
    ids=["host", "IPv6 and port", "null"],
)
def test_an_origin_falls_into_scheme_host_and_port(value: bytes, parts: tuple[str, str, str | None] | None) -> None:
    assert split_origin(value) == parts


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=400) | st.text(string.printable, max_size=400).map(str.encode))
def test_no_bytes_make_it_raise(value: bytes) -> None:
    assert is_origin(value) == (split_origin(value) is not None)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 1, 0xFFFF]), min_size=8, max_size=8))
def test_compressed_addresses_follow_the_serializer(groups: list[int]) -> None:
    address = ipaddress.IPv6Address(b"".join(group.to_bytes(2) for group in groups))
    short = compressed(address.exploded)
    assert short is not None
    assert ipaddress.IPv6Address(short) == address
    assert "." not in short
    assert short == _serialized(groups)


def _serialized(groups: list[int]) -> str:
    """The URL standard's steps: find the first longest run of two or more zero groups and write it as '::'."""
    runs = [
        (length, -start) for start in range(8) for length in range(2, 9 - start) if not any(groups[start:][:length])
    ]
    written = [f"{group:x}" for group in groups]
    if not runs:
        return ":".join(written)
    length, start = max(runs)
    return ":".join(written[:-start]) + "::" + ":".join(written[length - start :])
