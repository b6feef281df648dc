"""Whatever the source is: a document, or problems on one line each with file and line, at once."""

import errno
import os
import socket
import sys
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.formats import SMALLEST
from toolkit.config.read import read
from toolkit.options import ConfigError, Problem

TOML = b'[[middleware]]\nuse = "cors"\n'


def refused(path: Path | str, data: bytes | None = None) -> list[str]:
    """What is told about a file, without the folder it is in; every line of it is one line, and at once."""
    if data is not None:
        Path(path).write_bytes(data)
    start = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert time.monotonic() - start < 5  # seconds; a fraction of one on a machine without load
    told = [str(problem) for problem in caught.value.problems]
    assert all(line.isprintable() for line in told)
    assert all(problem.file for problem in caught.value.problems)
    return [line.removeprefix(str(Path(path).parent) + "/") for line in told]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", TOML.decode()),
        ("a.yaml", "middleware:\n- use: cors\n"),
        ("a.yml", "middleware: [{use: cors}]"),
        ("a.json", '{"middleware": [{"use": "cors"}]}'),
        ("a.JSON", '\ufeff{"middleware": [{"use": "cors"}]}'),
        ("b.toml", "\ufeff" + TOML.decode().replace("\n", "\r\n")),
        ("b.yaml", "\ufeffmiddleware:\r\n- use: cors\r\n"),
        ("c.yaml", "middleware:\r- use: cors\r"),
    ],
)
def test_the_suffix_says_the_format(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    document = read(tmp_path / name)
    assert document.data == {"middleware": [{"use": "cors"}]}
    assert document.name == str(tmp_path / name)
    assert document.base == tmp_path
    assert set(document.lines) == {("middleware",), ("middleware", 0), ("middleware", 0, "use")}
    uses = 1 if text.count("\n") + text.count("\r") == 0 else 2
    assert document.lines["middleware", 0, "use"] == uses


def test_the_name_is_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_bytes(TOML)
    document = read("a.toml")
    assert (document.name, document.base) == ("a.toml", tmp_path)


@pytest.mark.parametrize("form", SMALLEST)
def test_an_empty_file_is_told_what_a_smallest_one_is(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    fix = f"a smallest file is: {SMALLEST[form]}"
    for blank in (b"", b" \n\n", b"\xef\xbb\xbf"):
        assert refused(path, blank) == [f"a.{form}: the file is empty; {fix}"]
    path.write_text(SMALLEST[form])
    assert read(path).data == {"middleware": [{"use": "cors", "allow_origins": ["https://app.example"]}]}


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.json", b"[1]", "a.json:1: the file holds a list where sections are wanted; a smallest file is: "),
        ("a.json", b"null", "a.json: the file is empty; a smallest file is: "),
        ("a.yaml", b"text", "a.yaml:1: the file holds text where sections are wanted; a smallest file is: "),
        ("a.json", b"true", "a.json:1: the file holds true or false where sections are wanted; a smallest file is: "),
        ("a.toml", b'a = "\xff"', "a.toml:1: column 6: the byte 0xff is not UTF-8; save it as UTF-8"),
        (
            "a.json",
            b'{"a": 1,\n"\xc3\xa9": "\xe9"}',
            "a.json:2: column 7: the byte 0xe9 is not UTF-8; save it as UTF-8",
        ),
        ("a.yaml", b"a: 1\nb: \x00", "a.yaml:2: column 4: a NUL byte: this is no text in UTF-8; save it as UTF-8"),
        ("a.toml", "a = 1".encode("utf-16"), "a.toml: the file is UTF-16, not UTF-8; save it as UTF-8"),
        ("a.toml", "a = 1".encode("utf-32"), "a.toml: the file is UTF-32, not UTF-8; save it as UTF-8"),
        (
            "a.toml",
            "a = 1".encode("utf-16-le"),
            "a.toml:1: column 2: a NUL byte: this is no text in UTF-8; save it as UTF-8",
        ),
        ("a.toml", bytes(range(256)), "a.toml:1: column 1: a NUL byte: this is no text in UTF-8; save it as UTF-8"),
        ("a.txt", b"", "a.txt: '.txt' is no suffix of a configuration; name it .toml, .yaml, .yml or .json"),
        ("a", b"", "a: the file's name has no suffix; name it .toml, .yaml, .yml or .json"),
        (
            "a.toml",
            b" " * (1 << 20) + b"\n",
            "a.toml: the file is larger than 1 MiB; split what it configures into several",
        ),
        ("a.json", b"[" * 10_000_000, "a.json: the file is larger than 1 MiB; split what it configures into several"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_what_is_no_configuration(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (line,) = refused(tmp_path / name, data)
    assert line.startswith(told)


def test_a_path_that_leads_to_no_file(tmp_path: Path) -> None:
    (tmp_path / "toolkit.toml").write_bytes(TOML)
    (tmp_path / "notes.txt").touch()
    assert refused(tmp_path / "tolkit.toml") == ["tolkit.toml: no such file; did you mean 'toolkit.toml'?"]
    assert refused(tmp_path / "notes.tx") == ["notes.tx: no such file"]
    assert refused(tmp_path / "none" / "a.toml") == [f"a.toml: no such file; there is no folder '{tmp_path}/none'"]
    assert refused(tmp_path) == [f"{tmp_path.name}: this is a folder, not a file; name a file in it"]
    assert refused(tmp_path / "toolkit.toml" / "a.toml") == ["a.toml: the file cannot be read: Not a directory"]
    assert refused(tmp_path / ("x" * 300 + ".toml"))[0].endswith(": the file cannot be read: File name too long")
    assert refused("a\n\0.toml") == ["'a\\n\\x00.toml': no path of a file has a NUL character"]
    assert refused("") == ["'': the path of a file is empty"]


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("a.toml")
    assert refused(tmp_path / "a.toml") == ["a.toml: the file cannot be read: Too many levels of symbolic links"]


@pytest.mark.parametrize(("before", "told"), [(b"", b"a = 1\n"), (TOML[:9], TOML)], ids=["empty", "half"])
def test_a_file_that_is_being_written_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, told: bytes
) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(before)
    slept: list[float] = []
    state = os.fstat

    def growing(file: int) -> os.stat_result:
        found = state(file)
        if not slept and before:  # somebody writes on, after the size was asked
            with path.open("ab") as writing:
                writing.write(b"#")
        return found

    def finish(seconds: float) -> None:
        slept.append(seconds)
        path.write_bytes(told)

    monkeypatch.setattr(os, "fstat", growing)
    monkeypatch.setattr(time, "sleep", finish)
    assert read(path).data
    assert slept == [0.005]
    assert read(path).data
    assert slept == [0.005]


def test_what_can_be_read_past_is_carried(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: on\nb: {c: 1, c: [2]}\n1: x\n")
    document = read(path)
    assert repr(document.data) == "{'a': <unread>, 'b': {'c': 1}, '1': <unread>}"
    assert [problem.line for problem in document.problems] == [1, 2, 3]


def test_pipes_sockets_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.toml")
    (tmp_path / "b.toml").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "c.toml"))
        for name in ("a.toml", "b.toml", "c.toml"):
            told = f"{name}: this is a pipe, a socket or a device, not a file; write it to a file first"
            assert refused(tmp_path / name) == [told]


def test_what_became_a_pipe_since_it_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.toml").write_bytes(TOML)
    os.mkfifo(tmp_path / "pipe")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: opened(tmp_path / "pipe", flags))
    told = "a.toml: this is a pipe, a socket or a device, not a file; write it to a file first"
    assert refused(tmp_path / "a.toml") == [told]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "denied"), "the file may not be read; give this user the right to read it"),
        (OSError(errno.EIO, "Input/output error"), "the file cannot be read: Input/output error"),
        (OSError(), "the file cannot be read: it is broken"),
    ],
)
def test_what_the_system_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, told: str) -> None:
    def refuse(*_: object) -> int:
        raise error

    (tmp_path / "a.toml").write_bytes(TOML)
    monkeypatch.setattr(os, "open", refuse)
    assert refused(tmp_path / "a.toml") == [f"a.toml: {told}"]


BOMB = "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20))
DEEP = "is more than 32 levels deep; no configuration needs that"
MANY = "is one of more than 100,000 values; no configuration needs that"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", '{"a":' + "[" * 100_000, f"a.json:1: a[0][0][0]: {DEEP}"),
        ("a.json", '{"a":' * 100_000, f"a.json:1: a.a.a.a: {DEEP}"),
        ("a.json", '{"a": [' + "1," * 100_000 + "1]}", f"a.json:1: a[99999]: {MANY}"),
        ("a.toml", "a = " + "[" * 100_000, f"a.toml:1: a[0][0][0]: {DEEP}"),
        ("a.toml", "a = " + "{a=" * 100_000, f"a.toml:1: a.a.a.a: {DEEP}"),
        ("a.toml", "a" + ".a" * 100_000 + " = 1", f"a.toml:1: a.a.a.a: {DEEP}"),
        ("a.toml", "\n[a" + ".a" * 100_000 + "]", f"a.toml:2: a.a.a.a: {DEEP}"),
        ("a.toml", "[[a]]\n" * 100_001, f"a.toml:100000: a[99999]: {MANY}"),
        ("a.yaml", "a: " + "[" * 100_000, f"a.yaml:1: a[0][0][0]: {DEEP}"),
        ("a.yaml", "a:\n  " + "- " * 100_000, f"a.yaml:2: a[0][0][0]: {DEEP}"),
        ("a.yaml", "{a: " * 100_000, f"a.yaml:1: a.a.a.a: {DEEP}"),
        ("a.yaml", "a: [" + "1, " * 100_001 + "]", f"a.yaml:1: a[99999]: {MANY}"),
        ("a.yaml", BOMB, f"a.yaml:6: a5[2][5][1]: {MANY}"),
        (
            "a.yaml",
            "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 40)).replace("*a0", "1"),
            f"a.yaml:32: a32[0][0][0]: {DEEP}",
        ),
    ],
    ids=lambda value: value[:14],
)
def test_limits(tmp_path: Path, name: str, text: str, told: str) -> None:
    assert refused(tmp_path / name, text.encode()) == [told]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"a":' + "[" * 31 + "]" * 31 + "}"),
        ("a.toml", "a = " + "[" * 31 + "]" * 31),
        ("a.yaml", "a: " + "[" * 31 + "]" * 31),
    ],
)
def test_32_levels_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert max(map(len, read(tmp_path / name).lines)) == 31


def test_a_thousand_problems_are_told(tmp_path: Path) -> None:
    assert len(refused(tmp_path / "a.toml", b"a = 1\n" * 100_000)) == 1000


def test_problems_are_told_in_the_order_of_lines(tmp_path: Path) -> None:
    lines = refused(tmp_path / "a.toml", b"a = 1\nb = ?\na = 1\n")
    assert lines == [
        "a.toml:2: column 5: no value can be read here; quote text, and write true and false in lower case",
        "a.toml:3: a: is given twice, first on line 1; remove one of them",
    ]


def test_yaml_without_pyyaml_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "yaml"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "toolkit.config.formats.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    told = "a.yaml: reading YAML needs PyYAML; run: pip install 'asgi-toolkit[yaml]'"
    assert refused(tmp_path / "a.yaml", b"a: 1") == [told]
    (tmp_path / "a.toml").write_bytes(TOML)
    assert read(tmp_path / "a.toml").data == {"middleware": [{"use": "cors"}]}


@settings(max_examples=300)
@given(st.binary(max_size=30), st.sampled_from(["toml", "yaml", "json"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, form: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{form}"
    path.write_bytes(data)
    try:
        assert read(path).data
    except ConfigError as error:
        assert all(str(problem).isprintable() for problem in error.problems)  # noqa: PT017  both outcomes are right


def test_a_format_that_cannot_be_loaded_for_another_reason_is_a_broken_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "toolkit.config.formats.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "toolkit.config.formats.yaml_scalars", None)
    (tmp_path / "a.yaml").write_bytes(b"a: 1")
    with pytest.raises(ModuleNotFoundError, match="yaml_scalars"):
        read(tmp_path / "a.yaml")


def test_a_path_may_be_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(TOML)
    source: Any = os.fsencode(tmp_path / "a.toml")
    assert read(source).name == str(tmp_path / "a.toml")
    with pytest.raises(ConfigError) as caught:
        read(source.replace(b"a.toml", b"\xff.toml"))
    assert str(caught.value).endswith("/\\udcff.toml': no such file; did you mean 'a.toml'?")


def test_a_mapping_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = object()
    source = MappingProxyType({"stores": {"main": store}, "middleware": [{"use": "cors", "allow_origins": ("a", "b")}]})
    document = read(source)
    assert document.data == {"stores": {"main": store}, "middleware": [{"use": "cors", "allow_origins": ["a", "b"]}]}
    assert document.data["middleware"][0] is not source["middleware"][0]  # type: ignore[index]
    assert (document.name, document.lines, document.base) == ("", {}, tmp_path)
    assert document.data["stores"]["main"] is store


def test_keys_of_a_mapping_are_text() -> None:
    source: dict[Any, Any] = {1: "a", "b": [{None: 1}, {("x",): 2}]}
    with pytest.raises(ConfigError) as caught:
        read(source)
    assert caught.value.problems == (
        Problem("the mapping", "the key 1 is not text", "write '1'"),
        Problem("b[0]", "the key None is not text", "write 'None'"),
        Problem("b[1]", "the key ('x',) is not text", "write \"('x',)\""),
    )


def test_a_mapping_that_holds_itself_or_repeats_itself_is_refused() -> None:
    itself: dict[str, Any] = {"a": []}
    itself["a"].append(itself["a"])
    wide: list[Any] = [1]
    for _ in range(25):
        wide = [wide, wide]
    for source, told in [
        (itself, "a[0][0][0]: is more than 32 levels deep; look for a list or mapping that holds itself"),
        (
            {"a": wide},
            "the mapping: there are more than 100,000 values; look for a list or mapping that repeats itself",
        ),
    ]:
        with pytest.raises(ConfigError) as caught:
            read(source)
        assert str(caught.value) == told


@pytest.mark.parametrize("source", [None, 1, [("a", 1)]], ids=repr)
def test_what_is_neither_a_path_nor_a_mapping_is_a_mistake_in_the_program(source: Any) -> None:
    with pytest.raises(TypeError, match=r"is neither the path of a file nor a mapping; use stack\(…\), or \{"):
        read(source)
