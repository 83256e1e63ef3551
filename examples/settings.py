"""What the examples need to know, from the environment; Terraform's example `queryable` prints it."""

import os
import sys
from pathlib import Path
from typing import Any

import boto3

from dynaseal import KeyStore, KeyStoreError


def setting(name: str) -> str:
    """Give one setting, or end the program with what to do."""
    value = os.environ.get(name)
    if not value:
        program = Path(sys.argv[0]).name
        sys.exit(
            f"{program}: no {name}. Run dynaseal demo --experiment, or apply terraform/examples/queryable"
        )
    return value


def key_store() -> KeyStore:
    """Open the key store, whose logical name is its table's."""
    table = setting("KEY_STORE_TABLE_NAME")
    return KeyStore(table, table, setting("KEY_STORE_KMS_KEY_ARN"))


def branch_key(store: KeyStore, name: str) -> str:
    """Give the id of a branch key, which is made when it is first needed."""
    try:
        store.get_beacon_key(name)
    except KeyStoreError:
        store.create_key(name, {"purpose": name})
    return name


def watched_table(name: str, requests: list[str]) -> Any:
    """Open a table, and note down the body of every request as it leaves for DynamoDB."""
    table = boto3.resource("dynamodb", setting("AWS_REGION")).Table(name)
    events = table.meta.client.meta.events
    events.register("before-call.dynamodb", lambda params, **_: requests.append(params["body"].decode()))
    return table
