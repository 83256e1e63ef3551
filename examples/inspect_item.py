"""Look at one stored item with `dynaseal inspect`, as a user with the key and as one without it.

The command explains what is stored, byte by byte, to everyone who may read the table. Only a user who may
decrypt with the key sees the plaintext; the other one sees KMS's refusal in its place.
"""

import os
import subprocess
import sys
from typing import Any

import boto3
from experiment import Experiment, Sandbox, allow

from dynaseal import AttributeActions, AwsKmsKeyring, CryptoAction, EncryptedTable, TableConfig

ITEM = {"pk": "customer#1", "plan": "gold", "secret": "behind the third stone"}


def main() -> None:
    """Store an item, and inspect it as two users."""
    experiment = Experiment()
    with Sandbox() as sandbox:
        name, key = sandbox.table("customers"), sandbox.key()
        actions = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
        config = TableConfig(name, "pk", attribute_actions=actions, keyring=AwsKmsKeyring(key))
        EncryptedTable(boto3.resource("dynamodb").Table(name), config=config).put_item(Item=ITEM)
        items = allow(["dynamodb:DescribeTable", "dynamodb:GetItem"])
        full = sandbox.user("full", items, allow(["kms:Decrypt"], key))
        limited = sandbox.user("limited", items)

        print(f"\n{inspect(name, full)}\n\n{inspect(name, limited)}\n")
        by_full, by_limited = inspect(name, full, "--json"), inspect(name, limited, "--json")
        experiment.step("The full user inspects the item", ITEM["secret"], lambda: by_full)
        experiment.step("It names the key that wrapped the data key", key, lambda: by_full)
        experiment.step("The limited user inspects it", "AccessDenied", lambda: by_limited)
        shows_secret = str(ITEM["secret"] in by_limited)
        experiment.step("Does the limited user see the secret?", "False", lambda: shows_secret)
    experiment.end()


def inspect(table: str, session: Any, *options: str) -> str:
    """Run `dynaseal inspect` with a user's access key, and return what it prints."""
    key = session.get_credentials()
    credentials = {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
    program = "from dynaseal.cli.main import main; main()"
    command = [sys.executable, "-c", program, "inspect", table, f"pk={ITEM['pk']}", *options]
    completed = subprocess.run(
        command, env=os.environ | credentials, capture_output=True, text=True, check=False
    )
    return (completed.stdout or completed.stderr).strip()


if __name__ == "__main__":
    main()
