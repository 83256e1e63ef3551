"""The asyncio twin behind the blocking interface, so that tests of the blocking wrappers run over both.

An event loop runs in a thread. A client made here has the same endpoint, credentials and stub as a boto3
client; each of its operations is run on that loop, and the calling thread waits.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from types import SimpleNamespace
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from dynaseal import TableConfig, aio


class LoopThread:
    """An event loop in a thread of its own, and the clients that were made on it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._session = get_session()
        self._contexts: list[Any] = []

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        for context in self._contexts:
            self.run(context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def twin(self, client: Any) -> Any:
        """Return an aiobotocore client with the endpoint, credentials and stub of a boto3 client."""
        credentials = client._get_credentials().get_frozen_credentials()
        context = self._session.create_client(
            "dynamodb",
            region_name=client.meta.region_name,
            endpoint_url=client.meta.endpoint_url,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
        )
        twin = self.run(context.__aenter__())
        self._contexts.append(context)
        stub = getattr(client, "stubbed_dynamodb", None)
        if stub is not None:
            twin.meta.events.register("before-send.dynamodb", _asynchronous(stub.reply_to))
        return twin

    def encrypted_client(
        self, client: Any, *, configs: Mapping[str, TableConfig], **more: Any
    ) -> BlockingClient:
        """Do what `dynaseal.EncryptedClient` does, over the twin of its client."""
        is_dynamodb = hasattr(client, "meta") and client.meta.service_model.service_name == "dynamodb"
        twin = self.twin(client) if is_dynamodb else client
        return BlockingClient(aio.EncryptedClient(twin, configs=configs, **more), self, client.exceptions)


class BlockingClient:
    """An asynchronous client whose operations block."""

    def __init__(self, client: Any, loop: LoopThread, exceptions: Any) -> None:
        self._client = client
        self._loop = loop
        self.exceptions = exceptions

    def _call(self, operation: Callable[..., Any], request: Mapping[str, Any]) -> Any:
        """Make a call; each client has classes of its own for DynamoDB's errors, and tests name boto3's."""
        try:
            return self._loop.run(_awaited(operation, request))
        except ClientError as error:
            if type(error).__module__ != "botocore.errorfactory":
                raise
            kind = getattr(self.exceptions, type(error).__name__)
            raise kind(error.response, error.operation_name) from error

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._client, name)
        if name not in self._client.meta.method_to_api_mapping:
            return member
        return lambda **request: self._call(member, request)

    def __dir__(self) -> list[str]:
        return dir(self._client)

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def meta(self) -> Any:
        return _Meta(self._client.meta)

    def get_waiter(self, name: str) -> Any:
        waiter = self._client.get_waiter(name)
        return SimpleNamespace(wait=lambda **request: self._loop.run(_awaited(waiter.wait, request)))

    def get_paginator(self, operation_name: str) -> BlockingPaginator:
        return BlockingPaginator(self._client.get_paginator(operation_name), self._loop)

    def close(self) -> None:
        """Leave it open: the loop closes the client that it shares its connections with."""


class _Meta:
    """A client's metadata, on whose events handlers are registered that block, and may use the client."""

    def __init__(self, meta: Any) -> None:
        self._meta = meta
        self.events = _Events(meta.events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._meta, name)


class _Events:
    def __init__(self, events: Any) -> None:
        self._events = events

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._events, name)
        if not name.startswith("register"):
            return member
        return lambda event, handler, **more: member(event, _in_thread(handler), **more)


def _in_thread(handler: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(**event: Any) -> Any:
        return await asyncio.to_thread(handler, **event)

    return handle


class BlockingPaginator:
    """An asynchronous paginator whose pages are read with `for`."""

    def __init__(self, paginator: Any, loop: LoopThread) -> None:
        self._paginator = paginator
        self._loop = loop

    @property
    def result_keys(self) -> Any:
        return self._paginator.result_keys

    def paginate(self, **request: Any) -> BlockingPages:
        return BlockingPages(self._paginator.paginate(**request), self._loop)


class BlockingPages:
    """The pages of an asynchronous paginator."""

    def __init__(self, pages: Any, loop: LoopThread) -> None:
        self._pages = pages
        self._loop = loop

    def __iter__(self) -> Iterator[Any]:
        pages = self._pages.__aiter__()
        while True:
            try:
                yield self._loop.run(_awaited(pages.__anext__, {}))
            except StopAsyncIteration:
                return

    def build_full_result(self) -> Any:
        return self._loop.run(_awaited(self._pages.build_full_result, {}))

    def search(self, expression: str) -> Iterator[Any]:
        found = self._pages.search(expression)
        while True:
            try:
                yield self._loop.run(_awaited(found.__anext__, {}))
            except StopAsyncIteration:
                return


@contextmanager
def running_loop() -> Iterator[LoopThread]:
    """Run an event loop in a thread."""
    loop = LoopThread()
    try:
        yield loop
    finally:
        loop.close()


async def _awaited(function: Callable[..., Any], request: Mapping[str, Any]) -> Any:
    return await function(**request)


class Raw(io.BytesIO):
    """A body as aiobotocore reads it."""

    async def read(self, *_: Any) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.getvalue()


def _asynchronous(reply_to: Callable[..., Any]) -> Callable[..., Any]:
    def reply(**event: Any) -> AioAWSResponse:
        response = reply_to(**event)
        body = response.raw.getvalue()
        return AioAWSResponse(response.url, response.status_code, response.headers, Raw(body))

    return reply
