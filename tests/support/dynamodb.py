"""A DynamoDB engine for tests: ministack's ASGI app in a thread, or one that the environment names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from uuid import uuid4

import boto3

ENDPOINT_VARIABLE = "DYNASEAL_TEST_DYNAMODB"
"""Set to an endpoint, such as DynamoDB Local's, to run these tests against another engine."""


@contextmanager
def running_engine() -> Iterator[str]:
    """Serve DynamoDB on a free loopback port, and yield its endpoint."""
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    if endpoint:
        yield endpoint
        return
    # Not at the top: ministack's newest releases cannot be installed beside aioboto3.
    import uvicorn  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def session_arguments(endpoint: str) -> dict[str, Any]:
    """The arguments of boto3's `client` and `resource` for that engine."""
    return {
        "endpoint_url": endpoint,
        "region_name": "us-west-2",
        "aws_access_key_id": "111122223333",
        "aws_secret_access_key": "test",
    }


def client_of(endpoint: str) -> Any:
    return boto3.client("dynamodb", **session_arguments(endpoint))


def resource_of(endpoint: str) -> Any:
    return boto3.resource("dynamodb", **session_arguments(endpoint))


def create_table(client: Any, *keys: str, numeric: tuple[str, ...] = (), **more: Any) -> str:
    """Create a table with one or two keys, strings by default, and return its name."""
    name = f"table-{uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "N" if key in numeric else "S"}
            for key in (*keys, *more.pop("indexed", ()))
        ],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return name
