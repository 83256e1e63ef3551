"""A stand-in for the AWS services of a key store, KMS and DynamoDB, which records calls."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from dynaseal import AwsKmsHierarchicalKeyring, KeyStore
from support.fake_kms import FakeKms, FakeKmsClient, material, refusal

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class FakeKeyStoreKmsClient(FakeKmsClient):
    """The stand-in for KMS with the two operations that only key stores use."""

    def generate_data_key_without_plaintext(
        self, *, KeyId: str, NumberOfBytes: int, EncryptionContext: dict[str, str], GrantTokens: list[str]
    ) -> dict[str, Any]:
        arn = self._record(
            "GenerateDataKeyWithoutPlaintext",
            KeyId,
            GrantTokens,
            encryption_context=dict(EncryptionContext),
            number_of_bytes=NumberOfBytes,
        )
        blob = self._wrap(arn, os.urandom(NumberOfBytes), EncryptionContext)
        return self._answer(CiphertextBlob=blob, KeyId=arn)

    def re_encrypt(
        self,
        *,
        CiphertextBlob: bytes,
        SourceKeyId: str,
        SourceEncryptionContext: dict[str, str],
        DestinationKeyId: str,
        DestinationEncryptionContext: dict[str, str],
        GrantTokens: list[str],
    ) -> dict[str, Any]:
        source = self._record(
            "ReEncrypt",
            SourceKeyId,
            GrantTokens,
            source_encryption_context=dict(SourceEncryptionContext),
            destination_encryption_context=dict(DestinationEncryptionContext),
        )
        plaintext, context = self.kms.replies.get((material(source), CiphertextBlob), (b"", None))
        if context != SourceEncryptionContext:
            raise refusal("ReEncrypt", "InvalidCiphertextException", "")
        blob = self._wrap(DestinationKeyId, plaintext, DestinationEncryptionContext)
        return self._answer(CiphertextBlob=blob, SourceKeyId=source, KeyId=DestinationKeyId)

    def _wrap(self, arn: str, plaintext: bytes, context: dict[str, str]) -> bytes:
        ciphertext = os.urandom(64)
        self.kms.replies[material(arn), ciphertext] = plaintext, dict(context)
        return ciphertext


class FakeDynamoDb:
    """One Region's DynamoDB, as much of it as a key store uses.

    `rows` are the records by table, branch key id and type. `refusals` maps an operation to the error code
    that it raises. `active_after` is how many times DescribeTable says CREATING first.
    """

    def __init__(self, calls: list[dict[str, Any]] | None = None) -> None:
        self.calls: list[dict[str, Any]] = [] if calls is None else calls
        self.tables: dict[str, dict[str, Any]] = {}
        self.rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.refusals: dict[str, str] = {}
        self.waited_for: list[str] = []
        self.consistent_reads: list[bool] = []
        self._lock = Lock()

    def describe_table(self, *, TableName: str) -> dict[str, Any]:
        self._record("DescribeTable", TableName)
        if TableName not in self.tables:
            raise refusal("DescribeTable", "ResourceNotFoundException", f"Table: {TableName} not found")
        return {"Table": self.tables[TableName]}

    def create_table(self, *, TableName: str, BillingMode: str, **definition: Any) -> dict[str, Any]:
        self._record("CreateTable", TableName, billing_mode=BillingMode)
        arn = f"arn:aws:dynamodb:us-west-2:111122223333:table/{TableName}"
        self.tables[TableName] = {**definition, "TableName": TableName, "TableArn": arn}
        return {"TableDescription": self.tables[TableName]}

    def get_waiter(self, waiter_name: str) -> FakeWaiter:
        return FakeWaiter(self, waiter_name)

    def get_item(
        self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool = False
    ) -> dict[str, Any]:
        self._record("GetItem", TableName, key=Key)
        self.consistent_reads.append(ConsistentRead)
        row = self.rows.get((TableName, Key["branch-key-id"]["S"], Key["type"]["S"]))
        return {"Item": deepcopy(row)} if row else {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        puts = [entry["Put"] for entry in TransactItems]
        self._record("TransactWriteItems", puts[0]["TableName"], puts=puts)
        with self._lock:
            if not all(self._holds(put) for put in puts):
                raise ClientError(
                    {
                        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
                        "CancellationReasons": [
                            {"Code": "None" if self._holds(put) else "ConditionalCheckFailed"} for put in puts
                        ],
                    },
                    "TransactWriteItems",
                )
            for put in puts:
                self.rows[self._key(put)] = deepcopy(put["Item"])
        return {}

    def _holds(self, put: Mapping[str, Any]) -> bool:
        row = self.rows.get(self._key(put), {})
        names = put["ExpressionAttributeNames"]
        for clause in put["ConditionExpression"].split(" AND "):
            match clause.replace("(", " ").replace(")", "").split():
                case ["attribute_not_exists", name]:
                    held = names[name] not in row
                case ["attribute_exists", name]:
                    held = names[name] in row
                case [name, "=", value]:
                    held = row.get(name) == put["ExpressionAttributeValues"][value]
                case _:
                    raise AssertionError(clause)
            if not held:
                return False
        return True

    def _key(self, put: Mapping[str, Any]) -> tuple[str, str, str]:
        return put["TableName"], put["Item"]["branch-key-id"]["S"], put["Item"]["type"]["S"]

    def _record(self, operation: str, table: str, **more: Any) -> None:
        self.calls.append({"op": operation, "table": table, **more})
        if operation in self.refusals:
            raise refusal(operation, self.refusals[operation], "refused by the test")


class FakeWaiter:
    def __init__(self, dynamodb: FakeDynamoDb, name: str) -> None:
        self._dynamodb, self._name = dynamodb, name

    def wait(self, *, TableName: str, WaiterConfig: dict[str, int]) -> None:
        assert WaiterConfig["Delay"] * WaiterConfig["MaxAttempts"] >= 60
        self._dynamodb.describe_table(TableName=TableName)
        self._dynamodb.waited_for.append(f"{self._name} {TableName}")


class FakeAws:
    """A KMS and a DynamoDB, whose calls are recorded in one list, and a key store over them."""

    def __init__(self, kms: FakeKms | None = None, arn: str = ARN) -> None:
        self.kms = kms or FakeKms()
        self.dynamodb = FakeDynamoDb(self.kms.calls)
        self.arn = arn

    @property
    def calls(self) -> list[dict[str, Any]]:
        return self.kms.calls

    def key_store(
        self, table: str = "keys", logical_name: str = "logical", grant_tokens: tuple[str, ...] = ()
    ) -> KeyStore:
        return KeyStore(
            table,
            logical_name,
            self.arn,
            dynamodb_client=self.dynamodb,
            kms_client=FakeKeyStoreKmsClient(self.kms, self.arn.split(":")[3]),
            grant_tokens=grant_tokens,
        )


def add_records(dynamodb: FakeDynamoDb, key: Mapping[str, Any], records: list[dict[str, Any]]) -> None:
    """Put a branch key's records, as the vectors have them, into its table."""
    for record in records:
        place = key["key_store_table"], record["branch-key-id"]["S"], record["type"]["S"]
        dynamodb.rows[place] = record


def hierarchical_keyring(
    spec: Mapping[str, Any],
    keys: Mapping[str, Any],
    kms: FakeKms,
    records: Mapping[str, list[dict[str, Any]]],
) -> AwsKmsHierarchicalKeyring:
    """Build a hierarchical keyring from the vectors' description, over a key store with their records."""
    branch_keys = {name: key for name, key in keys.items() if key["type"] == "branch-key"}
    supplier = spec.get("supplier")
    first = branch_keys[spec["branch_key"] if supplier is None else supplier["default"]]
    aws = FakeAws(kms, first["kms_arn"])
    for name, key in branch_keys.items():
        add_records(aws.dynamodb, key, records[name])
    store = aws.key_store(first["key_store_table"], first["logical_key_store_name"])
    if supplier is None:
        return AwsKmsHierarchicalKeyring(store, branch_key_id=first["branch_key_id"], ttl_seconds=600)

    def supply(attributes: Mapping[str, Any]) -> str:
        kms.calls.append({"op": "BranchKeyIdSupplier", "ddb_key": attributes})
        ((_, content),) = attributes[supplier["attribute"]].items()
        chosen = supplier["values"].get(content, supplier["default"])
        return branch_keys[chosen]["branch_key_id"]

    return AwsKmsHierarchicalKeyring(store, branch_key_id_supplier=supply, ttl_seconds=600)
