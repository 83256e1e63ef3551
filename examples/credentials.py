"""One command, two users: only the credentials in the environment decide whether it shows the secret.

`python credentials.py read TABLE KEY_ARN` reads one item with whatever credentials it finds. The experiment
runs exactly that command as a user who may decrypt with the key, and as one who may not.
"""

import os
import subprocess
import sys
from typing import Any

import boto3
from experiment import Experiment, Sandbox, allow

from dynaseal import AttributeActions, AwsKmsKeyring, CryptoAction, DynasealError, EncryptedTable, TableConfig

ITEM = {"pk": "customer#1", "plan": "gold", "secret": "behind the third stone"}


def open_table(name: str, key_arn: str) -> EncryptedTable:
    """Open the table with the ambient credentials."""
    actions = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
    config = TableConfig("customers", "pk", attribute_actions=actions, keyring=AwsKmsKeyring(key_arn))
    return EncryptedTable(boto3.resource("dynamodb", os.environ.get("AWS_REGION")).Table(name), config=config)


def main() -> None:
    """Create a table, a key and two users, and run the command as each of them."""
    experiment = Experiment()
    with Sandbox() as sandbox:
        table, key = sandbox.table("customers"), sandbox.key()
        open_table(table, key).put_item(Item=ITEM)
        items = allow(["dynamodb:GetItem"])
        full = sandbox.user("full", items, allow(["kms:Decrypt"], key))
        limited = sandbox.user("limited", items)

        def read_as(session: Any) -> str:
            return run([sys.executable, __file__, "read", table, key], session)

        experiment.step("The full user runs the command", "behind the third stone", lambda: read_as(full))
        experiment.step("The limited user runs the same command", "AccessDenied", lambda: read_as(limited))
        experiment.step("The full user runs it again", "behind the third stone", lambda: read_as(full))
    experiment.end()


def run(command: list[str], session: Any) -> str:
    """Run a command whose environment differs in the access key alone, and return what it prints."""
    key = session.get_credentials()
    credentials = {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
    return subprocess.run(
        command, env=os.environ | credentials, capture_output=True, text=True, check=False
    ).stdout.strip()


def read(table: str, key_arn: str) -> None:
    """Read the item and print it, or why it cannot be read."""
    try:
        print(open_table(table, key_arn).get_item(Key={"pk": ITEM["pk"]}).get("Item"))
    except DynasealError as refused:
        print(refused)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    else:
        main()
