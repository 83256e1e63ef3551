"""Write each reply, its headers and its body, to the network at once.

uvicorn writes the headers first, and a client then has them before the body. AWS's SDK for Go, and with it
Terraform, breaks the connection if the headers come while it is still finishing the request, which AWS
never answers that quickly: smithy-go closes the request's body then, and Go takes the resulting `io.EOF` for
a failed write. A reply whose body has not arrived by then is lost, and the SDK sends the request again: an
IAM user that it has just created exists already. What arrived along with the headers is read nevertheless.

Source: https://github.com/aws/smithy-go/blob/v1.28.9/transport/http/internal/io/safe.go (WriteTo), and
https://github.com/golang/go/blob/go1.26.8/src/net/http/transfer.go (writeBody)
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol


class WholeReplies(asyncio.Protocol):
    """uvicorn's HTTP protocol on a connection whose writes are joined."""

    def __init__(self, **parameters: Any) -> None:
        self._http: Any = cast("Any", AutoHTTPProtocol)(**parameters)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a connection."""
        self._http.connection_made(_JoinedWrites(cast("asyncio.Transport", transport)))

    def connection_lost(self, exc: Exception | None) -> None:
        """End the requests of a connection that is gone."""
        self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        self._http.data_received(data)

    def eof_received(self) -> bool | None:
        """Let uvicorn decide what the end of the client's data means."""
        return self._http.eof_received()

    def pause_writing(self) -> None:
        """Wait with further writes: the client reads too slowly."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """Write again."""
        self._http.resume_writing()


class _JoinedWrites:
    """A transport that writes at once what one run of the event loop's current task has written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pending.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._pending:
            self._transport.write(b"".join(self._pending))
            self._pending.clear()
