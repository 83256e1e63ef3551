"""AWS's examples of the Database Encryption SDK for DynamoDB in Java, run with everything that they need.

The examples name keys, roles and tables of AWS's own accounts in constants. In a copy of them, the constants
get the ARNs of keys and roles that are created here.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dynaseal import KeyStore

REGION, REPLICA_REGIONS = "us-west-2", ("us-east-1", "eu-west-1")
_PROJECT = Path("Examples/runtimes/java/DynamoDbEncryption")
_POM = Path(__file__).with_name("java_examples.xml")
_BRANCH_KEYS = ("3f43a9af-08c5-4317-b694-3d3e883dcaef", "4bb57643-07c1-419e-92ad-0df0df149d7c")
_ROLE = "GitHub-CI-DDBEC-Dafny-Role-only-{region}-KMS-keys"
_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/")
_TABLES: Mapping[str, tuple[Mapping[str, str], Mapping[str, Sequence[str]]]] = {
    "DynamoDbEncryptionInterceptorTestTable": ({"partition_key": "S", "sort_key": "N"}, {}),
    "UnitInspectionTestTable": (
        {"work_id": "S", "inspection_date": "S"},
        {
            "last4-unit-index": ("aws_dbe_b_inspector_id_last4", "aws_dbe_b_unit"),
            "last4UnitCompound-index": ("aws_dbe_b_last4UnitCompound",),
        },
    ),
    "SimpleBeaconTestTable": (
        {"customer_id": "S", "create_time": "N"},
        {"stateAndHasTestResult-index": ("aws_dbe_b_stateAndHasTestResult",)},
    ),
    "ComplexBeaconTestTable": (
        {"partition_key": "S"},
        {
            "GSI-0": ("aws_dbe_b_PK", "aws_dbe_b_SK"),
            "GSI-1": ("aws_dbe_b_PK1", "aws_dbe_b_SK1"),
            "GSI-2": ("aws_dbe_b_PK2",),
            "GSI-3": ("aws_dbe_b_PK3", "aws_dbe_b_SK3"),
        },
    ),
}
"""The tables: their key attributes with types, and the keys of their global indexes, which are strings."""

NewClient = Callable[[str], Any]
"""Returns a boto3 client of a service in the examples' Region."""


def prepared(checkout: Path, work: Path, client: NewClient, account: str) -> Path:
    """Copy the examples, create what they need, and return the folder of the copy.

    Args:
        checkout: A clone of aws/aws-database-encryption-sdk-dynamodb.
        work: Where the copy is made.
        client: Makes clients of an administrator.
        account: The administrator's account.
    """
    project = work / "examples"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(checkout / _PROJECT / "src", project / "src")
    shutil.copy(_POM, project / "pom.xml")
    kms, dynamodb = client("kms"), client("dynamodb")
    constants = {**_keys(kms), "TEST_AWS_ACCOUNT_ID": account}
    for name, (attributes, indexes) in _TABLES.items():
        dynamodb.create_table(TableName=name, **_definition(attributes, indexes))
    _create_roles(client("iam"), account)
    wrapping_key = constants["TEST_KEYSTORE_KMS_KEY_ID"]
    store = KeyStore(
        "KeyStoreDdbTable", "KeyStoreDdbTable", wrapping_key, dynamodb_client=dynamodb, kms_client=kms
    )
    store.create_table()
    for branch_key in _BRANCH_KEYS:
        store.create_key(branch_key, encryption_context={"origin": "lab"})
    for file in project.rglob("*.java"):
        source = file.read_text()
        for name, value in constants.items():
            source = re.sub(rf'({name}\s*=\s*)"[^"]*"', rf'\1"{value}"', source)
        file.write_text(_ROLE_ARN.sub(f"arn:aws:iam::{account}:role/", source))
    return project


def outcomes(project: Path) -> dict[str, bool]:
    """Return whether each test passed, at last; the tests try again what has failed."""
    passed: dict[str, bool] = {}
    report = project / "target" / "surefire-reports" / "TEST-TestSuite.xml"
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.attrib['classname'].rpartition('.')[2]}::{case.attrib['name']}"
        passed[name] = passed.get(name, False) or not len(case)
    return passed


def _keys(kms: Any) -> Mapping[str, str]:
    """Create the keys, and return their ARNs by the names of the examples' constants."""

    def key(**parameters: Any) -> str:
        return kms.create_key(**parameters)["KeyMetadata"]["Arn"]

    multi_region = key(MultiRegion=True)
    for region in REPLICA_REGIONS:
        kms.replicate_key(KeyId=multi_region, ReplicaRegion=region)
    agreement: Mapping[str, Any] = {"KeyUsage": "KEY_AGREEMENT", "KeySpec": "ECC_NIST_P256"}
    wrapping_key = key()
    return {
        "TEST_KEYSTORE_KMS_KEY_ID": wrapping_key,
        "TEST_BRANCH_KEY_WRAPPING_KMS_KEY_ARN": wrapping_key,
        "TEST_KMS_KEY_ID": key(),
        "TEST_MRK_KEY_ID": multi_region,
        "TEST_MRK_REPLICA_KEY_ID_US_EAST_1": multi_region.replace(REGION, "us-east-1"),
        "TEST_MRK_REPLICA_KEY_ID_EU_WEST_1": multi_region.replace(REGION, "eu-west-1"),
        "TEST_KMS_RSA_KEY_ID": key(KeyUsage="ENCRYPT_DECRYPT", KeySpec="RSA_2048"),
        "TEST_KMS_ECDH_KEY_ID_P256_SENDER": key(**agreement),
        "TEST_KMS_ECDH_KEY_ID_P256_RECIPIENT": key(**agreement),
    }


def _definition(attributes: Mapping[str, str], indexes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the parameters of a table."""
    types = {**attributes, **{name: "S" for keys in indexes.values() for name in keys}}
    definition: dict[str, Any] = {
        "KeySchema": _schema(list(attributes)),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        definition["GlobalSecondaryIndexes"] = [
            {"IndexName": name, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "ALL"}}
            for name, keys in indexes.items()
        ]
    return definition


def _schema(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def _create_roles(iam: Any, account: str) -> None:
    """Create the roles that may use the keys of one Region each."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    for region in REPLICA_REGIONS:
        name = _ROLE.format(region=region)
        in_region = {"StringEquals": {"aws:RequestedRegion": region}}
        allowed = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": in_region}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trusted))
        iam.put_role_policy(RoleName=name, PolicyName="keys", PolicyDocument=_document(allowed))


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
