"""URLs of stores: what they mean, what is refused with which fix, and that no password is ever shown."""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.options import ConfigError, Invalid
from toolkit.stores import open_store
from toolkit.stores.memory import MemoryStore
from toolkit.stores.urls import one_of, parse_url, seconds, whole


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("memory:", {"scheme": "memory", "masked": "memory:"}),
        ("memory://?max_keys=5", {"scheme": "memory", "query": {"max_keys": "5"}, "masked": "memory:?max_keys=5"}),
        ("sqlite:///app.db", {"scheme": "sqlite", "path": "app.db", "masked": "sqlite:///app.db"}),
        ("sqlite:////var/a%20b@c.db", {"path": "/var/a b@c.db"}),
        ("SQLITE:///a/b.db?synchronous=normal", {"scheme": "sqlite", "path": "a/b.db"}),
        ("redis://", {"scheme": "redis", "host": "", "port": None, "path": ""}),
        (
            "redis://:p%40ss@cache:6380/2?timeout=0.5",
            {"host": "cache", "port": 6380, "path": "/2", "password": "p@ss", "username": ""},
        ),
        ("rediss://[::1]:6380", {"scheme": "rediss", "host": "::1", "port": 6380}),
        ("unix://me:pw@/run/redis.sock", {"path": "/run/redis.sock", "username": "me", "password": "pw"}),
        ("postgresql://me:pw@db/app?sslmode=require", {"host": "db", "path": "/app", "query": {"sslmode": "require"}}),
        ("postgres://me@db/app", {"masked": "postgres://me@db/app"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_parts(text: str, parts: dict[str, Any]) -> None:
    url = parse_url(text)
    assert {name: getattr(url, name) for name in parts} == parts
    assert url.text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://me:hunter2@db/app", "no store is known for mysql:; use memory:"),
        ("mongodb+srv://me:hunter2@db", "no store is known for mongodb+srv:; use memory:"),
        ("postgresql+psycopg2://me:hunter2@db", "use postgresql:// without a driver's name"),
        ("redis+sentinel://:hunter2@a:1", "name the primary with redis://"),
        ("valkey://:hunter2@a", "use redis://"),
        ("file:///app.db", "use sqlite:///file.db"),
        ("postgress://me:hunter2@db", "did you mean 'postgres'?"),
        ("app.db", "it is no URL; use sqlite:///app.db"),
        ("/var/lib/app.sqlite3", "use sqlite:////var/lib/app.sqlite3"),
        ("hunter2", "it is no URL; use memory:"),
        ("", "it is no URL"),
        ("sqlite://app.db", "use sqlite:///relative.db or sqlite:////absolute.db"),
        ("sqlite://", "a file stands after three slashes"),
        ("sqlite:///", "the file is missing"),
        ("sqlite:///dir/", "the file is missing"),
        ("sqlite:///:memory:", "use memory:"),
        ("sqlite:///a%00b", "the file is missing"),
        ("memory:app", "memory: has neither host nor path"),
        ("unix://", "the socket's path is missing"),
        ("redis://:hunter2/x@cache", "percent-encoded"),
        ("redis://:hunter2?x@cache", "percent-encoded"),
        ("redis://:hunter2#x@cache", "percent-encoded"),
        ("postgres://me:1/hunter2@db", "'@' may not stand after the host"),
        ("postgres://me:1?hunter2@db", "'@' may not stand after the host"),
        ("redis://cache/0#hunter2", "'#' may not stand"),
        ("redis://:hunter2@cache:port", "its host or port cannot be read"),
        ("redis://:hunter2@cache:70000", "its host or port cannot be read"),
        ("redis://:hunter2@[::1", "its host or port cannot be read"),
        ("redis://:hun ter2@cache", "white space may not stand"),
        ("redis://cache?timeout=1&timeout=2", "store.timeout: given twice"),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_store(text)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_what_is_no_text() -> None:
    with pytest.raises(ConfigError, match="is text, not NoneType"):
        open_store(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://:hunter2@cache/0", "redis://:***@cache/0"),
        ("redis://me:hunter2@cache", "redis://me:***@cache"),
        ("redis://hunter2@cache", "redis://:***@cache"),
        ("redis://me:hunter2:hunter2@cache", "redis://me:***@cache"),
        ("redis://cache?password=hunter2&timeout=1", "redis://cache?password=***&timeout=1"),
        ("postgresql://db?sslpassword=hunter2&passfile=hunter2", "postgresql://db?sslpassword=***&passfile=***"),
    ],
)
def test_what_is_shown(text: str, masked: str) -> None:
    url = parse_url(text)
    assert (str(url), repr(url)) == (masked, f"ParsedURL({masked!r})")


@given(
    scheme=st.sampled_from(["redis", "rediss", "unix", "postgresql", "postgres", "mysql", "valkey"]),
    password=st.text("hunter/?#@:%[] \t\\&=;", min_size=1, max_size=12).map(lambda text: f"s3cr3t{text}s3cr3t"),
    rest=st.sampled_from(["", "/0", ":6379/0", "?timeout=1", "/x?timeout=1"]),
)
def test_no_password_is_ever_shown(scheme: str, password: str, rest: str) -> None:
    """Not even one that should have been written percent-encoded."""
    try:
        shown = repr(parse_url(f"{scheme}://me:{password}@host{rest}"))
    except ConfigError as refused:
        shown = f"{refused}{refused.__cause__}"
    assert "s3cr3t" not in shown


def test_options() -> None:
    url = parse_url("redis://cache?timeout=0.5&pool=20&mode=fast&sslmode=require")
    known = {"timeout": seconds, "pool": whole, "mode": one_of("fast", "safe")}
    assert url.options(known, passed_on={"sslmode"}) == {"timeout": 0.5, "pool": 20, "mode": "fast"}


def test_all_wrong_options_are_told_at_once() -> None:
    url = parse_url("redis://cache?timeout=-1&pool=0&mode=fats&tiemout=1")
    with pytest.raises(ConfigError) as refused:
        url.options({"timeout": seconds, "pool": whole, "mode": one_of("fast", "safe")})
    assert [str(problem) for problem in refused.value.problems] == [
        "store.timeout: -1.0 is not more than 0 and finite; use seconds, or text such as '15m', '31d' or '1h30m'",
        "store.pool: it is no whole number from 1",
        "store.mode: it is none of fast, safe; did you mean 'fast'?",
        "store.tiemout: unknown option; did you mean 'timeout'?",
    ]


@pytest.mark.parametrize(("text", "read"), [("0.5", 0.5), ("500ms", 0.5), ("2m", 120.0)])
def test_seconds(text: str, read: float) -> None:
    assert seconds(text) == read


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "0", "1e999"])
def test_what_are_no_seconds(text: str) -> None:
    with pytest.raises(Invalid):
        seconds(text)


def test_open_store() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    assert isinstance(open_store(parse_url("memory:")), MemoryStore)
    with pytest.raises(ConfigError, match="did you mean 'max_keys'"):
        open_store("memory:?max_key=1")


@pytest.mark.parametrize(
    ("url", "module", "extra"), [("redis://", "redis", "redis"), ("postgres://", "psycopg", "postgres")]
)
def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch, url: str, module: str, extra: str) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("toolkit.stores.urls.import_module", missing)
    with pytest.raises(ConfigError, match=rf"pip install 'asgi-toolkit\[{extra}\]'"):
        open_store(url)


def test_other_missing_modules_are_not_the_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toolkit.stores.redis", None)
    with pytest.raises(ModuleNotFoundError):
        open_store("redis://")
