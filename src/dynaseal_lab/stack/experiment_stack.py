"""The stack of the experiments, created by boto3 or by Terraform: tables, a key store, a user who may search.

`terraform/examples/queryable` explains it; a test runs the experiments on both stacks. The stack that boto3
creates has no storage key: its tables are encrypted with a key of the lab, as tables without a storage key
are encrypted with a key of AWS on AWS.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dynaseal_lab.server import RunningLab

from . import program, terraform
from .definition import KEY_ADMINISTRATION, Document, Place
from .environment import isolated_environment
from .provision import AccessKey, Clients, Report, access_key

NAME = "dynaseal-experiment"
ROOT = "examples/queryable"

_SETTINGS = {
    "QUERYABLE_TABLE_NAME": "queryable_table_name",
    "SURROGATE_KEYS_TABLE_NAME": "surrogate_keys_table_name",
    "KEY_STORE_TABLE_NAME": "key_store_table_name",
    "KEY_STORE_KMS_KEY_ARN": "key_store_kms_key_arn",
}
"""The scripts' settings, and the outputs of the Terraform example that have their values."""

_TABLES: Mapping[str, Sequence[str]] = {
    "customers": ("pk",),
    "orders": ("pk", "sk"),
    "keys": ("branch-key-id", "type"),
}
_BEACON = "aws_dbe_b_email"
_INDEX: Mapping[str, object] = {
    "IndexName": "by-email",
    "KeySchema": [{"AttributeName": _BEACON, "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def create_with_boto3(clients: Clients, place: Place, report: Report) -> dict[str, str]:
    """Create the stack in a new account, and return the scripts' settings.

    Raises:
        botocore.exceptions.ClientError: The lab refused a call.
    """
    policy = json.dumps(_key_policy(place))
    key_arn: str = clients.kms.create_key(Description=f"{NAME}: branch keys", Policy=policy)["KeyMetadata"][
        "Arn"
    ]
    report(f"key     {key_arn.rpartition('/')[2]}")
    for name, keys in _TABLES.items():
        clients.dynamodb.create_table(**_table(name, keys))
        report(f"table   {NAME}-{name}")
    document = json.dumps(_application_policy(place, key_arn))
    application_policy = clients.iam.create_policy(PolicyName=f"{NAME}-application", PolicyDocument=document)[
        "Policy"
    ]
    report(f"policy  {application_policy['PolicyName']}")
    outputs = {
        "queryable_table_name": f"{NAME}-customers",
        "surrogate_keys_table_name": f"{NAME}-orders",
        "key_store_table_name": f"{NAME}-keys",
        "key_store_kms_key_arn": key_arn,
        "application_policy_arn": application_policy["Arn"],
    }
    return _as_user(clients.iam, outputs, report)


def create_with_terraform(lab: RunningLab, clients: Clients, place: Place, report: Report) -> dict[str, str]:
    """Apply the Terraform example, and return the scripts' settings.

    Raises:
        DemonstrationError: terraform is missing or failed.
    """
    environment = isolated_environment(os.environ, AccessKey(place.account, lab.root_secret)) | {
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_REGION": place.region,
    }
    with tempfile.TemporaryDirectory(prefix="dynaseal-") as scratch:
        source, folder = program.checkout() / "terraform", Path(scratch) / "terraform"
        workspace = terraform.Workspace(source, folder, environment, ROOT)
        report("terraform init")
        workspace.init()
        report("terraform apply")
        return _as_user(clients.iam, workspace.apply({"name": NAME}), report)


def _as_user(iam: Any, outputs: Mapping[str, Any], report: Report) -> dict[str, str]:
    """Create a user with the application's policy, and return settings with the user's access key."""
    iam.create_user(UserName=NAME)
    iam.attach_user_policy(UserName=NAME, PolicyArn=outputs["application_policy_arn"])
    report(f"user    {NAME}")
    key = access_key(iam, NAME)
    return {
        **{setting: outputs[output] for setting, output in _SETTINGS.items()},
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
    }


def _table(table: str, keys: Sequence[str]) -> dict[str, object]:
    indexes = [_INDEX] if table == "customers" else []
    attributes = [*keys, *(_BEACON for _ in indexes)]
    return {
        "TableName": f"{NAME}-{table}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


def _key_policy(place: Place) -> Document:
    context = {
        "kms:EncryptionContext:tablename": f"{NAME}-keys",
        "kms:EncryptionContext:hierarchy-version": "1",
    }
    generate_and_decrypt = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]
    re_encrypt = ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
    account = {"Principal": {"AWS": place.account_principal}}
    on_same_key = {"kms:ReEncryptOnSameKey": "true"}
    return _document(
        _allow("KeyAdministrationThroughIam", KEY_ADMINISTRATION, "*", **account),
        _allow("KeysThroughIam", generate_and_decrypt, "*", **account, Condition={"StringEquals": context}),
        _allow(
            "KeysCopiedThroughIam",
            re_encrypt,
            "*",
            **account,
            Condition={"StringEquals": context, "Bool": on_same_key},
        ),
    )


def _application_policy(place: Place, key_arn: str) -> Document:
    tables = f"arn:aws:dynamodb:{place.region}:{place.account}:table/{NAME}"
    items = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query")
    return _document(
        _allow(
            "ItemsOfTheTables",
            [f"dynamodb:{operation}" for operation in items],
            [f"{tables}-customers", f"{tables}-orders"],
        ),
        _allow("SearchesOfTheIndex", ["dynamodb:Query"], f"{tables}-customers/index/*"),
        _allow("RecordsOfBranchKeys", ["dynamodb:GetItem", "dynamodb:PutItem"], f"{tables}-keys"),
        _allow(
            "BranchKeys",
            ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
            key_arn,
        ),
    )


def _document(*statements: Mapping[str, object]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(
    sid: str, actions: Sequence[str], resource: str | Sequence[str], **elements: object
) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}
