"""Replace key material without touching an item: KMS keeps old material, and the key store old versions.

Rotating a KMS key changes nothing for readers: the key's ARN stays. Writers use a branch key's new version
when their cache expires; each item names the version that wrapped its data key.
"""

from typing import Any

import boto3
from experiment import Experiment, Sandbox

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    EncryptedTable,
    Keyring,
    KeyStore,
    TableConfig,
    describe_item,
)


def main() -> None:
    """Rotate a KMS key and a branch key, and read what was written before."""
    experiment = Experiment()
    with Sandbox() as sandbox:
        key, name = sandbox.key(), sandbox.table("people")
        by_kms = open_table(name, AwsKmsKeyring(key))

        experiment.step("Put an item under the KMS key", "works", lambda: put(by_kms, "ann"))
        experiment.step("Rotate the KMS key", "works", lambda: sandbox.kms.rotate_key_on_demand(KeyId=key))
        experiment.step("Read the item from before", "of ann", lambda: read(by_kms, "ann"))
        experiment.step(
            "Put and read another one", "of bob", lambda: put(by_kms, "bob") or read(by_kms, "bob")
        )

        store_name = f"{sandbox.prefix}-keys"
        store = KeyStore(store_name, store_name, key)
        store.create_table()
        sandbox.delete_table_at_end(store_name)
        store.create_key("people", {"purpose": "experiment"})

        def by_branch_key() -> EncryptedTable:
            """Return the table with an empty cache, as a new process has it."""
            return open_table(
                name, AwsKmsHierarchicalKeyring(store, branch_key_id="people", ttl_seconds=3600)
            )

        experiment.step("Put an item under a branch key", "works", lambda: put(by_branch_key(), "cleo"))
        experiment.step("Make a new version of it", "works", lambda: store.version_key("people"))
        experiment.step("Read the item from before", "of cleo", lambda: read(by_branch_key(), "cleo"))
        put(by_branch_key(), "dora")
        versions = {version(sandbox, name, each) for each in ("cleo", "dora")}
        experiment.step("Count the versions that both items name", "2", lambda: len(versions))
    experiment.end()


def open_table(name: str, keyring: Keyring) -> EncryptedTable:
    """Open the table with a keyring."""
    config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    return EncryptedTable(boto3.resource("dynamodb").Table(name), config=config)


def put(table: EncryptedTable, name: str) -> None:
    """Put one item."""
    table.put_item(Item={"pk": name, "secret": f"of {name}"})


def read(table: Any, name: str) -> str:
    """Read one item's secret."""
    return table.get_item(Key={"pk": name})["Item"]["secret"]


def version(sandbox: Sandbox, table: str, name: str) -> str | None:
    """Return the branch key's version that an item names, which takes no key to read."""
    stored = sandbox.dynamodb.get_item(TableName=table, Key={"pk": {"S": name}})["Item"]
    return describe_item(stored).wrapped_keys[0].version


if __name__ == "__main__":
    main()
