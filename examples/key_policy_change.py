"""Take a user's right to decrypt away and give it back: when that takes effect.

With a keyring that calls KMS for each item, the next read is refused. A hierarchical keyring has the branch
key in its cache, and goes on until its `ttl_seconds` are over. A revoked right still works for that time.
"""

import time
from typing import Any

from experiment import Experiment, Sandbox, allow, document

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    BranchKeyCache,
    EncryptedTable,
    Keyring,
    KeyStore,
    TableConfig,
)

TTL_SECONDS = 2
ITEM = {"pk": "ann", "secret": "of ann"}


def main() -> None:
    """Read with both keyrings before and after the key's policy changes."""
    experiment = Experiment()
    with Sandbox() as sandbox:
        key = sandbox.key()
        user = sandbox.user(
            "reader", allow(["dynamodb:*"]), allow(["kms:Decrypt", "kms:GenerateDataKey"], key)
        )
        create_store(sandbox, key)
        client = user.client("kms")
        store = open_store(sandbox, user, key)
        cache = BranchKeyCache(grace_seconds=0)
        hierarchical = AwsKmsHierarchicalKeyring(
            store, branch_key_id="people", ttl_seconds=TTL_SECONDS, cache=cache
        )
        per_item = open_table(user, sandbox.table("per-item"), AwsKmsKeyring(key, client=client))
        cached = open_table(user, sandbox.table("cached"), hierarchical)
        for table in (per_item, cached):
            table.put_item(Item=ITEM)
        before = sandbox.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

        def set_policy(policy: str) -> None:
            sandbox.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)

        experiment.step("Read an item with a KMS call", "of ann", lambda: read(per_item))
        experiment.step("Read an item with the branch key", "of ann", lambda: read(cached))
        without = without_decrypt(sandbox)
        experiment.step("Take kms:Decrypt out of the key's policy", "works", lambda: set_policy(without))
        experiment.step("Read with a KMS call", "AccessDenied", lambda: read(per_item))
        experiment.step("Read with the branch key in the cache", "of ann", lambda: read(cached))
        time.sleep(TTL_SECONDS + 0.5)
        experiment.step(f"Read with it after {TTL_SECONDS} seconds", "AccessDenied", lambda: read(cached))
        experiment.step("Put the key's policy back", "works", lambda: set_policy(before))
        experiment.step("Read with a KMS call", "of ann", lambda: read(per_item))
        experiment.step("Read with the branch key", "of ann", lambda: read(cached))
    experiment.end()


def without_decrypt(sandbox: Sandbox) -> str:
    """Return a key policy that lets the account administer the key, and nobody decrypt with it."""
    account = sandbox.session.client("sts").get_caller_identity()["Account"]
    actions = ["kms:Describe*", "kms:Get*", "kms:Put*", "kms:ScheduleKeyDeletion"]
    return document(allow(actions, Principal={"AWS": f"arn:aws:iam::{account}:root"}))


def create_store(sandbox: Sandbox, key: str) -> None:
    """Create the key store and a branch key."""
    store = open_store(sandbox, sandbox.session, key)
    store.create_table()
    sandbox.delete_table_at_end(f"{sandbox.prefix}-keys")
    store.create_key("people", {"purpose": "experiment"})


def open_store(sandbox: Sandbox, session: Any, key: str) -> KeyStore:
    """Open the key store as the session's user."""
    name = f"{sandbox.prefix}-keys"
    return KeyStore(
        name, name, key, dynamodb_client=session.client("dynamodb"), kms_client=session.client("kms")
    )


def open_table(session: Any, name: str, keyring: Keyring) -> EncryptedTable:
    """Open a table as the session's user."""
    config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    return EncryptedTable(session.resource("dynamodb").Table(name), config=config)


def read(table: Any) -> str:
    """Read the item's secret."""
    return table.get_item(Key={"pk": ITEM["pk"]})["Item"]["secret"]


if __name__ == "__main__":
    main()
