"""Whether a server could listen where its options say: uvicorn would tell only after the application has started."""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from toolkit.cli.guard import Refusal

_LAST_PORT: Final = 65535
_LONGEST: Final = 103  # bytes of the path of a socket that every system takes
_FILES: Final = ("ssl_certfile", "ssl_keyfile", "ssl_ca_certs")


def check_options(options: Mapping[str, Any]) -> None:
    """Raises Refusal: the port is none, or the certificate cannot be used."""
    port = options["port"]
    if not 0 <= port <= _LAST_PORT:
        raise Refusal(f"serve: --port {port}: a port is a number from 0 to {_LAST_PORT}")
    for name in _FILES:
        if options[name] and not Path(options[name]).is_file():
            raise Refusal(f"serve: --{name.replace('_', '-')} {options[name]}: there is no such file")
    if options["ssl_keyfile"] and not options["ssl_certfile"]:
        raise Refusal("serve: --ssl-keyfile needs --ssl-certfile")
    if options["ssl_certfile"]:
        _load(options)


def _load(options: Mapping[str, Any]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        password = options["ssl_keyfile_password"] or ""
        context.load_cert_chain(options["ssl_certfile"], options["ssl_keyfile"], lambda: password)
        if options["ssl_ca_certs"]:
            context.load_verify_locations(options["ssl_ca_certs"])
    except (OSError, ValueError) as error:  # SSLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise Refusal(f"serve: --ssl-certfile {options['ssl_certfile']}: it cannot be used: {reason}") from None


def unreachable(options: Mapping[str, Any]) -> str:
    """Why nobody could listen there, as one sentence; "" where it is free."""
    if options["fd"] is not None:
        return next(_of_descriptor(options["fd"]), "")
    if options["uds"]:
        return next(_of_socket(Path(options["uds"])), "")
    return next(_of_address(options["host"], options["port"]), "")


def _of_descriptor(number: int) -> Iterator[str]:
    try:
        os.fstat(number)
    except (OSError, OverflowError) as error:
        yield f"cannot listen on the file descriptor {number}: {getattr(error, 'strerror', None) or error}"


def _of_socket(path: Path) -> Iterator[str]:
    cannot = f"cannot listen on {path}:"
    if len(os.fsencode(path)) > _LONGEST:
        yield f"{cannot} the path of a socket has at most {_LONGEST} bytes"
    elif not path.absolute().parent.is_dir():
        yield f"{cannot} there is no folder {str(path.absolute().parent)!r}"
    elif path.exists() and not path.is_socket():
        yield f"{cannot} it is there already, and no socket"
    elif not os.access(path.absolute().parent, os.W_OK):
        yield f"{cannot} nothing may be written to its folder"


def _of_address(host: str, port: int) -> Iterator[str]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
            probe.bind(address)
    except (OSError, OverflowError, UnicodeError) as error:
        yield f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}"
