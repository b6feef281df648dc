"""Header values: tokens, preflights, Vary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.http.headers import add_vary, is_token, preflight_method, remove, split_list, values

TOKENS = ["GET", "X-Mixed", "a", "!#$%&'*+-.^_`|~09azAZ"]
NO_TOKENS = ["", "a b", "a,b", "ä", "a\n", "a\0", "(a)", "a/b", '"a"', "a:"]


@pytest.mark.parametrize("text", TOKENS)
def test_a_token(text: str) -> None:
    assert is_token(text.encode())


@pytest.mark.parametrize("text", NO_TOKENS)
def test_no_token(text: str) -> None:
    assert not is_token(text.encode())


@pytest.mark.parametrize(
    ("origin", "requested", "method"),
    [
        pytest.param(b"https://a.example", b"PUT", "PUT", id="a preflight"),
        pytest.param(b"null", b"PUT", "PUT", id="of an opaque origin"),
        pytest.param(b"https://a.example", b"patch", "patch", id="methods are case-sensitive"),
        pytest.param(None, b"PUT", None, id="no origin"),
        pytest.param(b"https://a.example", None, None, id="no method"),
        pytest.param(b"https://a.example, https://b.example", b"PUT", None, id="two origins"),
        pytest.param(b"https://a.example", b"PUT, GET", None, id="two methods"),
        pytest.param(b"https://a.example", b"", None, id="an empty method"),
        pytest.param(b"https://a.example/", b"PUT", None, id="no origin but a URL"),
        pytest.param(b"\xff", b"PUT", None, id="bytes that are no text"),
        pytest.param(b"https://a.example", b"\xff", None, id="a method that is no text"),
    ],
)
def test_what_is_a_preflight(origin: bytes | None, requested: bytes | None, method: str | None) -> None:
    assert preflight_method(origin, requested) == method


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_a_preflight_or_none(origin: bytes, requested: bytes) -> None:
    method = preflight_method(origin, requested)
    assert method is None or is_token(method.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([], [b"Origin"], id="none yet"),
        pytest.param([b"Origin"], [b"Origin"], id="there already"),
        pytest.param([b"origin"], [b"origin"], id="there in another case"),
        pytest.param([b"Accept"], [b"Accept, Origin"], id="beside another"),
        pytest.param([b"Accept ,, Cookie"], [b"Accept, Cookie, Origin"], id="untidy"),
        pytest.param([b"Accept", b"Cookie"], [b"Accept, Cookie, Origin"], id="two headers become one"),
        pytest.param([b"Accept", b"Origin"], [b"Accept", b"Origin"], id="two headers that hold it stay"),
        pytest.param([b"*"], [b"*"], id="a star says all"),
        pytest.param([b"Accept", b"*"], [b"Accept", b"*"], id="a star among others"),
        pytest.param([b""], [b"Origin"], id="an empty one"),
    ],
)
def test_vary_gets_a_name(before: list[bytes], after: list[bytes]) -> None:
    headers = [(b"x", b"1"), *((b"vary", value) for value in before)]
    add_vary(headers, b"Origin")
    assert values(headers, b"vary") == after
    assert values(headers, b"x") == [b"1"]


@given(st.lists(st.sampled_from([b"Accept", b"Origin", b"Cookie", b"ORIGIN", b""]), max_size=5))
def test_vary_is_added_once(members: list[bytes]) -> None:
    headers = [(b"vary", b", ".join(members))] if members else []
    add_vary(headers, b"Origin, Accept-Language")
    once = list(headers)
    add_vary(headers, b"origin, accept-language")
    assert headers == once
    names = {name.lower() for value in values(headers, b"vary") for name in split_list(value)}
    assert names == {member.lower() for member in members if member} | {b"origin", b"accept-language"}


def test_removing_headers_leaves_the_rest_in_order() -> None:
    headers = [(b"a", b"1"), (b"B", b"2"), (b"c", b"3"), (b"b", b"4")]
    remove(headers, {b"b"})
    assert headers == [(b"a", b"1"), (b"c", b"3")]


def test_splitting_a_list_leaves_out_empty_members() -> None:
    assert split_list(b" a ,, b\t,") == [b"a", b"b"]
