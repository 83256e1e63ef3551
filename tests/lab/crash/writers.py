"""Writers of everything that a lab keeps; each has names of its own, and knows what it was told is stored."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from lab.crash.journal import Journal
from lab.program import LabProgram

TABLE = "crash"
_NAMES = 12


class Writer(Protocol):
    """Changes a lab's records, and reads them back."""

    @property
    def journal(self) -> Journal:
        """What the lab has acknowledged."""
        ...

    def begin(self, lab: LabProgram) -> Callable[[], None]:
        """Return a function that makes one change, with clients of this lab."""
        ...

    def stored(self, lab: LabProgram) -> Mapping[str, str]:
        """Return the values of the writer's records in a lab."""
        ...


def make_table(lab: LabProgram) -> None:
    """Create the table of the items."""
    lab.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _stored_items(lab: LabProgram, prefix: str) -> Mapping[str, str]:
    pages = lab.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    items = {item["pk"]["S"]: item["v"]["N"] for page in pages for item in page["Items"]}
    assert items.get(f"{prefix} one") == items.get(f"{prefix} two"), "half of a transaction"
    return {name: value for name, value in items.items() if name.startswith(f"{prefix} ")}


Change = Callable[[Any], None]
"""Makes one change with a DynamoDB client."""


@dataclass
class _TableWriter(ABC):
    """Writes items of the table, each with a name that begins with the prefix and a number that goes up."""

    prefix: str
    random: Random
    journal: Journal = field(default_factory=Journal)
    _number: int = 0

    def begin(self, lab: LabProgram) -> Callable[[], None]:
        """Return a function that makes one change."""
        dynamodb = lab.client("dynamodb")
        return lambda: self.random.choice(self._changes())(dynamodb)

    def stored(self, lab: LabProgram) -> Mapping[str, str]:
        """Return the writer's items."""
        return _stored_items(lab, self.prefix)

    @abstractmethod
    def _changes(self) -> Sequence[Change]:
        """Return the changes, of which each is as likely."""

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _name(self) -> str:
        return f"{self.prefix} {self.random.randrange(_NAMES)}"

    def _batch(self) -> Mapping[str, str]:
        """Return new values of three items."""
        return {f"{self.prefix} {number}": self._next() for number in self.random.sample(range(_NAMES), 3)}

    def _transaction(self) -> Mapping[str, str]:
        """Return a new value of the two items that must never differ."""
        value = self._next()
        return {f"{self.prefix} {half}": value for half in ("one", "two")}


class ItemWriter(_TableWriter):
    """Writes items by DynamoDB's operations: single ones, batches and transactions."""

    def _changes(self) -> Sequence[Change]:
        return (self._put, self._update, self._delete, self._write_batch, self._write_transaction)

    def _put(self, dynamodb: Any) -> None:
        name, value = self._name(), self._next()
        with self.journal.change({name: value}):
            dynamodb.put_item(TableName=TABLE, Item=_item(name, value))

    def _update(self, dynamodb: Any) -> None:
        name, value = self._name(), self._next()
        with self.journal.change({name: value}):
            dynamodb.update_item(
                TableName=TABLE,
                Key={"pk": {"S": name}},
                UpdateExpression="SET v = :v",
                ExpressionAttributeValues={":v": {"N": value}},
            )

    def _delete(self, dynamodb: Any) -> None:
        name = self._name()
        with self.journal.change({name: None}):
            dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": name}})

    def _write_batch(self, dynamodb: Any) -> None:
        values = self._batch()
        puts = [{"PutRequest": {"Item": _item(name, value)}} for name, value in values.items()]
        with self.journal.change(values):
            reply = dynamodb.batch_write_item(RequestItems={TABLE: puts})
            assert not reply["UnprocessedItems"]

    def _write_transaction(self, dynamodb: Any) -> None:
        values = self._transaction()
        puts = [{"Put": {"TableName": TABLE, "Item": _item(name, value)}} for name, value in values.items()]
        with self.journal.change(values):
            dynamodb.transact_write_items(TransactItems=puts)


class PartiqlWriter(_TableWriter):
    """Writes items by PartiQL statements: single ones, batches and transactions."""

    def _changes(self) -> Sequence[Change]:
        return (self._write, self._delete, self._write_batch, self._write_transaction)

    def _statement(self, name: str, value: str) -> dict[str, Any]:
        """Return the statement that gives an item a value: an insertion or an update."""
        if name in self.journal.acknowledged:
            return {
                "Statement": f'UPDATE "{TABLE}" SET v = ? WHERE pk = ?',
                "Parameters": [{"N": value}, {"S": name}],
            }
        return {
            "Statement": f"INSERT INTO \"{TABLE}\" VALUE {{'pk': ?, 'v': ?}}",
            "Parameters": [{"S": name}, {"N": value}],
        }

    def _write(self, dynamodb: Any) -> None:
        name, value = self._name(), self._next()
        with self.journal.change({name: value}):
            dynamodb.execute_statement(**self._statement(name, value))

    def _delete(self, dynamodb: Any) -> None:
        name = self._name()
        with self.journal.change({name: None}):
            dynamodb.execute_statement(
                Statement=f'DELETE FROM "{TABLE}" WHERE pk = ?', Parameters=[{"S": name}]
            )

    def _write_batch(self, dynamodb: Any) -> None:
        values = self._batch()
        statements = [self._statement(name, value) for name, value in values.items()]
        with self.journal.change(values):
            replies = dynamodb.batch_execute_statement(Statements=statements)["Responses"]
            assert not [reply for reply in replies if "Error" in reply], replies

    def _write_transaction(self, dynamodb: Any) -> None:
        values = self._transaction()
        statements = [self._statement(name, value) for name, value in values.items()]
        with self.journal.change(values):
            dynamodb.execute_transaction(TransactStatements=statements)


@dataclass
class IamWriter:
    """Writes IAM users with an inline policy and access keys."""

    prefix: str
    random: Random
    journal: Journal = field(default_factory=Journal)
    _number: int = 0

    def begin(self, lab: LabProgram) -> Callable[[], None]:
        """Return a function that makes one change."""
        iam = lab.client("iam")
        return lambda: self._change(iam, f"{self.prefix}-{self.random.randrange(_NAMES)}")

    def stored(self, lab: LabProgram) -> Mapping[str, str]:
        """Return the Sid in each user's policy, and the status of each access key."""
        iam = lab.client("iam")
        pages = iam.get_paginator("list_users").paginate()
        names = [user["UserName"] for page in pages for user in page["Users"]]
        found: dict[str, str] = {}
        for name in names:
            if name.startswith(f"{self.prefix}-"):
                found[name] = _sid(iam, name)
                keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
                found |= {f"{name} {key['AccessKeyId']}": key["Status"] for key in keys}
        # A key whose creation was not acknowledged has an id that nobody knows.
        known = self.journal.acknowledged.keys() | self.journal.doubtful.keys()
        return {name: value for name, value in found.items() if " " not in name or name in known}

    def _change(self, iam: Any, name: str) -> None:
        if name not in self.journal.acknowledged:
            with self.journal.change({name: ""}):
                iam.create_user(UserName=name)
            key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
            self.journal.acknowledged[f"{name} {key}"] = "Active"
        elif self.random.random() < 0.2:
            self._delete(iam, name)
        else:
            self._number += 1
            with self.journal.change({name: f"S{self._number}"}):
                statement = {"Sid": f"S{self._number}", "Effect": "Allow", "Action": "*", "Resource": "*"}
                document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
                iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)

    def _delete(self, iam: Any, name: str) -> None:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            with self.journal.change({f"{name} {key['AccessKeyId']}": None}):
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if self.journal.acknowledged[name]:
            with self.journal.change({name: ""}):
                iam.delete_user_policy(UserName=name, PolicyName="p")
        with self.journal.change({name: None}):
            iam.delete_user(UserName=name)


def _sid(iam: Any, name: str) -> str:
    if not iam.list_user_policies(UserName=name)["PolicyNames"]:
        return ""
    document = iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"]
    return document["Statement"][0]["Sid"]


@dataclass
class KmsWriter:
    """Writes KMS keys: new ones, their descriptions, their state, their rotations."""

    random: Random
    journal: Journal = field(default_factory=Journal)
    ciphertexts: dict[str, bytes] = field(default_factory=dict)
    _number: int = 0

    def begin(self, lab: LabProgram) -> Callable[[], None]:
        """Return a function that makes one change."""
        kms = lab.client("kms")
        return lambda: self._change(kms)

    def stored(self, lab: LabProgram) -> Mapping[str, str]:
        """Return each key's description and state; what an enabled one encrypted must be decrypted."""
        kms = lab.client("kms")
        pages = kms.get_paginator("list_keys").paginate()
        ids = {key["KeyId"] for page in pages for key in page["Keys"]}
        found: dict[str, str] = {}
        # A key whose creation was not acknowledged has an id that nobody knows.
        for key_id in ids & {name.partition(" ")[0] for name in self.journal.acknowledged}:
            metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
            found[key_id], found[f"{key_id} state"] = metadata["Description"], metadata["KeyState"]
            ciphertext = self.ciphertexts.get(key_id)
            if metadata["KeyState"] == "Enabled" and ciphertext is not None:
                assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == key_id.encode()
        return found

    def _change(self, kms: Any) -> None:
        self._number += 1
        known = [name for name in self.journal.acknowledged if " " not in name]
        if len(known) < _NAMES or self.random.random() < 0.1:
            self._create(kms)
            return
        key_id = self.random.choice(known)
        state = f"{key_id} state"
        if self.journal.acknowledged[state] == "Disabled":
            with self.journal.change({state: "Enabled"}):
                kms.enable_key(KeyId=key_id)
        elif self.random.random() < 0.3:
            with self.journal.change({state: "Disabled"}):
                kms.disable_key(KeyId=key_id)
        else:
            with self.journal.change({key_id: f"key {self._number}"}):
                kms.update_key_description(KeyId=key_id, Description=f"key {self._number}")

    def _create(self, kms: Any) -> None:
        description = f"key {self._number}"
        key_id = kms.create_key(Description=description)["KeyMetadata"]["KeyId"]
        self.journal.acknowledged |= {key_id: description, f"{key_id} state": "Enabled"}
        self.journal.changes += 1
        encrypted = kms.encrypt(KeyId=key_id, Plaintext=key_id.encode())
        self.ciphertexts[key_id] = encrypted["CiphertextBlob"]


def _item(name: str, value: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "v": {"N": value}}
