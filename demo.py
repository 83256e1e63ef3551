"""Encrypt one item before it leaves this program, and show what each reader sees of it.

Settings come from .env or the environment. Exit code: 0 item was read, 3 KMS refused this user, 1 failure.
"""

import argparse
import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from dotenv import find_dotenv, load_dotenv
from rich.console import Console
from rich.table import Column, Table

import dynaseal
from dynaseal import AttributeActions, AwsKmsCryptographicMaterialsProvider, CryptoAction, EncryptedTable

KEY = {"pk": "customer#1", "sk": "profile"}
ITEM = {**KEY, "plan": "gold", "secret": "behind the third stone"}
ACTIONS = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
HINTS = {
    "EndpointConnectionError": "Start the lab (dynaseal demo --keep), or take AWS_ENDPOINT_URL out of .env.",
    "NoCredentialsError": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
}
OTHER_HINT = "Check AWS_REGION, DEMO_TABLE_NAME and AWS_ENDPOINT_URL, and whose credentials these are."


def main() -> int:
    """Reach the table, then store the sample item and show what this user can read of it."""
    argparse.ArgumentParser(prog="demo.py", description="Store one item encrypted and read it.").parse_args()
    load_dotenv(find_dotenv(usecwd=True))
    os.environ.setdefault("AWS_MAX_ATTEMPTS", "2")  # so that a lab which is not running shows at once
    os.environ.setdefault("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION", ""))
    needed = ("AWS_REGION", "DEMO_TABLE_NAME", "DEMO_CLIENT_KMS_KEY_ARN")
    if missing := [name for name in needed if not os.environ.get(name)]:
        sys.exit(f"demo.py: no {', '.join(missing)}. Run make demo or terraform apply: they write .env.")
    try:
        plain = boto3.resource("dynamodb", os.environ["AWS_REGION"]).Table(os.environ["DEMO_TABLE_NAME"])
        plain.load()  # DescribeTable: a wrong table, Region, endpoint or credential shows here
        provider = AwsKmsCryptographicMaterialsProvider(key_id=os.environ["DEMO_CLIENT_KMS_KEY_ARN"])
        return store_and_read(plain, EncryptedTable(plain, provider, attribute_actions=ACTIONS))
    except dynaseal.DynasealError as error:
        sys.exit(f"demo.py: {error}")
    except (BotoCoreError, ClientError, ValueError) as error:
        code = getattr(error, "response", {"Error": {}})["Error"].get("Code", type(error).__name__)
        sys.exit(f"demo.py: {str(error).rstrip('.')}. {HINTS.get(code, OTHER_HINT)}")


def store_and_read(plain, encrypted) -> int:
    """Write and read through the encrypted table; beside it, what DynamoDB stores."""
    try:
        encrypted.put_item(Item=ITEM)
        decrypted = encrypted.get_item(Key=KEY)["Item"]
    except dynaseal.KmsError as refusal:
        if refusal.response.get("Error", {}).get("Code") != "AccessDeniedException":
            raise
        return without_the_key(plain, encrypted)
    side_by_side({"EncryptedTable reads": decrypted, "DynamoDB stores": plain.get_item(Key=KEY)["Item"]})
    print("The secret left this program encrypted; it is readable here because KMS lets this user decrypt.")
    return 0


def without_the_key(plain, encrypted) -> int:
    """Try everything again as a user who may use the table, but not the client key."""
    no_item_yet = "demo.py: KMS refuses this user, and no item is stored yet. First run it as the full user."
    stored = plain.get_item(Key=KEY).get("Item") or sys.exit(no_item_yet)
    note = {"pk": "note#1", "sk": "plain"}
    attempt("plain create", plain.put_item, Item=note)
    attempt("plain read", plain.get_item, Key=note)
    attempt("plain update", plain.update_item, Key=note, UpdateExpression="REMOVE draft")
    attempt("plain delete", plain.delete_item, Key=note)
    attempt("DescribeTable", plain.load)
    attempt("encrypted write", encrypted.put_item, Item=ITEM)
    attempt("encrypted read", encrypted.get_item, Key=KEY)
    side_by_side({"DynamoDB stores": stored})
    print("This user may use the table, but not the client key: the secret stays ciphertext.")
    return 3


def attempt(what: str, call, **arguments) -> None:
    """Make one call and print whether it was allowed."""
    try:
        call(**arguments)
        print(f"{what:15} works")
    except ClientError as refused:
        print(f"{what:15} refused: {refused}")


def side_by_side(items: dict[str, dict]) -> None:
    """Print a table with one row per attribute and one column per reader."""
    table = Table("attribute", *(Column(reader, max_width=28, no_wrap=True) for reader in items))
    for name in sorted(set().union(*items.values())):
        table.add_row(name, *(repr(item[name]) if name in item else "" for item in items.values()))
    Console(markup=False, emoji=False, color_system=None if os.getenv("NO_COLOR") else "auto").print(table)


if __name__ == "__main__":
    sys.exit(main())
