"""The accounts of the load test, each with a table on a storage key of its own, a client key, and users."""

from typing import Any

from dynaseal_lab.testing import LabAccount, policy
from lab.load.users import LoadUser

ACTIONS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]


def _allow(*actions: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}


def own_items() -> dict[str, Any]:
    """Return the statement that allows a user the items whose partition key is the user's name."""
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    return _allow(*ACTIONS, Condition=own)


def prepare(account: LabAccount, users: int) -> list[LoadUser]:
    """Create an account's table, keys and users, and return the users.

    Every user may use their own items only; every second one may use the client key, with one encryption
    context.
    """
    through_dynamodb = {
        "kms:CallerAccount": account.number,
        "kms:ViaService": f"dynamodb.{account.region}.amazonaws.com",
    }
    storage_key = account.key(
        _allow("kms:*", Principal={"AWS": account.root.arn}),
        _allow(
            "kms:Decrypt",
            "kms:GenerateDataKey*",
            Principal={"AWS": "*"},
            Condition={"StringEquals": through_dynamodb},
        ),
    )
    client_key = account.key()
    account.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage_key},
    )
    return [_user(account, client_key, number) for number in range(users)]


def changing_policy(*, denied: bool) -> str:
    """Return a user's policy that allows or denies queries of their own items."""
    effect = {"Effect": "Deny" if denied else "Allow", "Action": "dynamodb:Query", "Resource": "*"}
    return policy(effect, own_items())


def _user(account: LabAccount, client_key: str, number: int) -> LoadUser:
    uses_client_key = number % 2 == 0
    name = f"full-{number}" if uses_client_key else f"limited-{number}"
    statements = [own_items(), _allow("iam:PutUserPolicy"), _allow("iam:GetUser")]
    if uses_client_key:
        context = {"StringEquals": {"kms:EncryptionContext:user": name}}
        statements.append(_allow("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", Condition=context))
    settings = account.user(name, *statements).settings
    return LoadUser(name, dict(settings), client_key, uses_client_key=uses_client_key)
