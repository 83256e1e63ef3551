"""A reply's headers and body reach the client together."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from dynaseal_lab.wire.whole_replies import WholeReplies

REQUEST = b"POST / HTTP/1.1\r\nhost: lab\r\ncontent-length: 2\r\n"


class Connection(asyncio.Transport):
    """A client's connection: what was written to it, each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.written = asyncio.Event()
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))
        self.written.set()

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - the name in the base class
        return default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def app(_scope: Any, receive: Any, send: Any) -> None:
    """Answer the body of the request."""
    body = (await receive())["body"]
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answered(*data: bytes, writes: int = 1) -> Connection:
    """Return a connection on which the data was received, after that many writes to it."""
    connection = Connection()
    config = uvicorn.Config(app, http=WholeReplies, ws="none", log_config=None)
    config.load()
    create: Any = config.http_protocol_class
    protocol = create(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(connection)
    for part in data:
        protocol.data_received(part)
    while len(connection.writes) < writes:
        connection.written.clear()
        await connection.written.wait()
    protocol.connection_lost(None)
    return connection


def test_the_headers_and_the_body_are_written_at_once() -> None:
    [reply] = asyncio.run(answered(REQUEST + b"\r\nok")).writes
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.endswith(b"\r\n\r\nok")


def test_a_reply_is_written_before_its_connection_is_closed() -> None:
    connection = asyncio.run(answered(REQUEST + b"connection: close\r\n\r\nok"))
    assert connection.closed
    assert connection.writes[0].endswith(b"\r\n\r\nok")


def test_a_request_that_cannot_be_read_is_answered_before_the_connection_is_closed() -> None:
    connection = asyncio.run(answered(b"nonsense\r\n\r\n"))
    assert connection.closed
    assert connection.writes[0].startswith(b"HTTP/1.1 400 ")


def test_a_client_that_asks_first_is_told_at_once_to_send_its_body() -> None:
    connection = asyncio.run(answered(REQUEST + b"expect: 100-continue\r\n\r\n"))
    assert connection.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
