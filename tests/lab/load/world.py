"""What the clients of the load find: accounts, each with a table, its storage key, a client key, users."""

import json
from typing import Any

import boto3

from lab.load.signed import REGION, Identity

ACTIONS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]


def _client(endpoint: str, service: str, account: str, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key=secret,
    )


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def own_items() -> dict[str, Any]:
    """A user's own items: those whose partition key is the user's name."""
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    return _allow(*ACTIONS, Condition=own)


def prepare(endpoint: str, secret: str, account: str, users: int) -> list[dict[str, str]]:
    """Make one account's table, keys and users; answer the identities, with their client key's ARN.

    Every user may reach their own items only; every second one may use the client key, for one context.
    """
    kms = _client(endpoint, "kms", account, secret)
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    through = {
        "kms:CallerAccount": account,
        "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
    }
    storage = kms.create_key(
        Policy=document(
            _allow("kms:*", Principal=root),
            _allow(
                "kms:Decrypt",
                "kms:GenerateDataKey*",
                Principal={"AWS": "*"},
                Condition={"StringEquals": through},
            ),
        )
    )["KeyMetadata"]["Arn"]
    client_key = kms.create_key()["KeyMetadata"]["Arn"]
    _client(endpoint, "dynamodb", account, secret).create_table(
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
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage},
    )
    return [_user(endpoint, secret, account, client_key, number) for number in range(users)]


def _user(endpoint: str, secret: str, account: str, client_key: str, number: int) -> dict[str, str]:
    iam = _client(endpoint, "iam", account, secret)
    kind = "full" if number % 2 == 0 else "limited"
    name = f"{kind}-{number}"
    iam.create_user(UserName=name)
    context = {"StringEquals": {"kms:EncryptionContext:user": name}}
    statements = [own_items(), _allow("iam:PutUserPolicy"), _allow("iam:GetUser")]
    if kind == "full":
        statements.append(_allow("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", Condition=context))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "account": account,
        "name": name,
        "access_key_id": key["AccessKeyId"],
        "secret": key["SecretAccessKey"],
        "client_key": client_key,
    }


def identity(user: dict[str, str]) -> Identity:
    return Identity(user["account"], user["name"], user["access_key_id"], user["secret"])
