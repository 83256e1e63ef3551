"""The commands against a server that is not a lab: one line and a hint, whatever it answers."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dynaseal.cli.main import main
from dynaseal_lab import client

COMMANDS = (
    ("users",),
    ("users", "--json"),
    ("credentials", "bob"),
    ("credentials", "bob", "--profile", "bob"),
    ("as", "bob", "--", "true"),
    ("clock", "+1d"),
    ("clock",),
    ("trail", "--json"),
    ("trail",),
    ("trail", "--follow"),
)
EVENT = {name: kind() for name, kind in client._EVENT_TYPES.items()}
Responder = Callable[[socket.socket], None]


def http(body: bytes, status: str = "200 OK", **headers: str) -> Responder:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return lambda peer: peer.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def by_path(**bodies: object) -> Responder:
    """Answer the health check as a lab does, and each other path with some JSON."""

    def respond(peer: socket.socket) -> None:
        path = peer.recv(65536).split(b" ", 2)[1].decode().partition("?")[0].rpartition("/")[2]
        content = {"status": "ok"} if path == "health" else bodies.get(path or "root")
        http(json.dumps(content).encode())(peer)

    return respond


def hang(peer: socket.socket) -> None:
    peer.recv(65536)
    threading.Event().wait(3)


def begin_and_hang(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    threading.Event().wait(3)


RESPONDERS: dict[str, Responder] = {
    "html": http(b"<!doctype html><title>Welcome</title>", **{"content-type": "text/html"}),
    "html, not found": http(b"<h1>Not Found</h1>", "404 Not Found"),
    "empty": http(b""),
    "server error": http(b"oops", "500 Internal Server Error"),
    "not UTF-8": http(b"\xff\xfe\x00"),
    "no content": http(b"", "204 No Content"),
    "redirect": http(b"", "302 Found", location="https://aws.amazon.com/"),
    "other JSON object": http(b'{"name": "elasticsearch", "tagline": "You Know, for Search"}'),
    "JSON with a message": http(b'{"message": "\\u001b[2J", "status": "fine"}'),
    "JSON list": http(b"[]"),
    "JSON null": http(b"null"),
    "JSON number": http(b"NaN"),
    "deep JSON": http(b"[" * 100_000),
    "always the right health": http(b'{"status": "ok"}'),
    "health, then null": by_path(),
    "invalid events": by_path(trail={"events": "all"}, clock={"seconds_ahead": "1", "now": "x"}),
    "events of another kind": by_path(trail={"events": [{"id": 1}]}, clock={"seconds_ahead": 1}),
    "events with other types": by_path(
        trail={"events": [EVENT | {"time": 1}]}, clock={"seconds_ahead": float("nan"), "now": "x"}
    ),
    "not HTTP": lambda peer: peer.sendall(b"220 mail.example ESMTP\r\n"),
    "wrong content encoding": http(b"not gzip", **{"content-encoding": "gzip"}),
    "half an answer": lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    "closes at once": lambda _peer: None,
    "reads and closes": lambda peer: void(peer.recv(65536)),
    "hangs": hang,
    "begins and hangs": begin_and_hang,
}


def void(_value: object) -> None:
    """Return nothing."""


@contextmanager
def server(respond: Responder, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer every connection until the block ends; what is yielded is the port."""

    def serve_one(peer: socket.socket) -> None:
        try:
            with closing(context.wrap_socket(peer, server_side=True) if context else peer) as wrapped:
                wrapped.settimeout(5)
                respond(wrapped)
        except OSError:
            peer.close()

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set credentials for the commands, and make them impatient."""
    monkeypatch.setattr(client, "_TIME_LIMIT", 0.3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def check(command: tuple[str, ...], endpoint: str, exit_code: int = 1) -> str:
    """Run a command, and check that it fails with one line and one hint; return the line."""
    result = CliRunner().invoke(main, ["lab", command[0], "--endpoint", endpoint, *command[1:]])
    assert result.exit_code == exit_code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    message, hint = result.stderr.splitlines()
    assert message.startswith("Error: ")
    assert hint.startswith("Hint: ")
    assert message.isprintable()
    assert hint.isprintable()
    return message


@pytest.mark.parametrize("command", COMMANDS[::2], ids=" ".join)
@pytest.mark.parametrize("name", RESPONDERS)
def test_a_server_that_is_not_a_lab_is_one_line_and_a_hint(name: str, command: tuple[str, ...]) -> None:
    with server(RESPONDERS[name]) as port:
        message = check(command, f"http://127.0.0.1:{port}")
    assert f"http://127.0.0.1:{port}" in message


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_closed_port_is_one_line_and_a_hint(command: tuple[str, ...]) -> None:
    assert "Could not connect" in check(command, "http://127.0.0.1:1")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_with_tls_is_one_line_and_a_hint(
    scheme: str, command: tuple[str, ...], tls: ssl.SSLContext
) -> None:
    with server(RESPONDERS["html"], tls) as port:
        check(command, f"{scheme}://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The context of a server whose certificate nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing")
    folder = tmp_path_factory.mktemp("tls")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    "endpoint",
    [
        "127.0.0.1:8765",
        "localhost:8765",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1",
        "ftp://127.0.0.1",
        "http://127.0.0.1:1/\x1b[2J",
        "http://127.0.0.1:1/\n",
        " ",
        "no-url",
    ],
)
@pytest.mark.parametrize("command", [("users",), ("trail",), ("clock",)], ids=" ".join)
def test_an_endpoint_that_is_not_a_url_is_wrong_usage(endpoint: str, command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["lab", *command, "--endpoint", endpoint])
    assert result.exit_code == 2, result.output
    assert "is not a URL; write http://127.0.0.1:8765" in result.stderr
    assert result.stderr.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "settings",
    [
        {"AWS_ACCESS_KEY_ID": None},
        {"AWS_SECRET_ACCESS_KEY": None},
        {"AWS_PROFILE": "none"},
        {"AWS_REGION": "not a region"},
        {"AWS_CONFIG_FILE": __file__},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_damaged_settings_are_never_a_traceback(
    command: tuple[str, ...], settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    with server(by_path()) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        result = CliRunner().invoke(main, ["lab", *command])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("Error: ")
