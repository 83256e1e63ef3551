"""Encrypt one more attribute of a table that has items: old items stay readable.

Each item's header says what was encrypted when it was written, and a reader follows it. So the new
configuration reads old items, and the old one reads new items. What was stored in the clear stays so until it
is written again.
"""

from typing import Any

import boto3
from experiment import Experiment, Sandbox

from dynaseal import (
    AttributeActions,
    AwsKmsKeyring,
    CryptoAction,
    EncryptedTable,
    TableConfig,
    diagnose,
)

ITEM = {"pk": "customer#1", "plan": "gold", "secret": "behind the third stone"}
KEY = {"pk": ITEM["pk"]}


def main() -> None:
    """Write with one configuration, read and write again with the other."""
    experiment = Experiment()
    with Sandbox() as sandbox:
        name, key = sandbox.table("customers"), sandbox.key()
        sandbox.kms.enable_key_rotation(KeyId=key)
        plain: Any = boto3.resource("dynamodb").Table(name)

        def config(*encrypted: str) -> TableConfig:
            actions = dict.fromkeys(encrypted, CryptoAction.ENCRYPT_AND_SIGN)
            return TableConfig(
                "customers",
                "pk",
                attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, actions),
                keyring=AwsKmsKeyring(key),
            )

        old, new = config("secret"), config("secret", "plan")
        before, after = EncryptedTable(plain, config=old), EncryptedTable(plain, config=new)

        def stored(attribute: str) -> str:
            return repr(plain.get_item(Key=KEY)["Item"][attribute])

        def findings() -> list[str]:
            return [finding.code for finding in diagnose(name, new).findings]

        experiment.step("Put an item that encrypts secret", "works", lambda: before.put_item(Item=ITEM))
        experiment.step("Look at plan as it is stored", "gold", lambda: stored("plan"))
        experiment.step("Read it with a configuration that encrypts plan too", "gold", lambda: read(after))
        experiment.step("Ask dynaseal doctor", "action-differs", findings)
        experiment.step(
            "Put the item again with the new one", "works", lambda: after.put_item(Item=read(after))
        )
        experiment.step("Look at plan as it is stored", "Binary", lambda: stored("plan"))
        experiment.step("Read it with the old configuration", "gold", lambda: read(before))
        experiment.step("Ask dynaseal doctor again", "[]", findings)
    experiment.end()


def read(table: Any) -> Any:
    """Read the item."""
    return table.get_item(Key=KEY)["Item"]


if __name__ == "__main__":
    main()
