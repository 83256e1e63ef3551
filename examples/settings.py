"""The settings of the examples, from the environment; Terraform's example `queryable` prints them."""

import os
import sys
from pathlib import Path
from typing import Any

import boto3

from dynaseal import KeyStore, KeyStoreError


def setting(name: str) -> str:
    """Return one setting; if it is not set, end the program and say how to set it."""
    value = os.environ.get(name)
    if not value:
        program = Path(sys.argv[0]).name
        sys.exit(
            f"{program}: no {name}. Run dynaseal demo --experiment, or apply terraform/examples/queryable"
        )
    return value


def key_store() -> KeyStore:
    """Open the key store; its logical name is the same as its table's."""
    table = setting("KEY_STORE_TABLE_NAME")
    return KeyStore(table, table, setting("KEY_STORE_KMS_KEY_ARN"))


def branch_key(store: KeyStore, name: str) -> str:
    """Return the id of a branch key; it is created if there is none."""
    try:
        store.get_beacon_key(name)
    except KeyStoreError:
        store.create_key(name, {"purpose": name})
    return name


def watched_table(name: str, requests: list[str]) -> Any:
    """Open a table, and append the body of every request that is sent to DynamoDB to `requests`."""
    table = boto3.resource("dynamodb", setting("AWS_REGION")).Table(name)
    events = table.meta.client.meta.events
    events.register("before-call.dynamodb", lambda params, **_: requests.append(params["body"].decode()))
    return table
