"""`kill -9` under load: nothing that was acknowledged is lost, nothing is corrupt."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lab.program import LabProgram
from lab.state.conftest import program

CHANGES, WRITERS = 40, 8
CONTEXT = {"purpose": "kill"}


@dataclass
class Acknowledged:
    """The changes that the lab acknowledged to one writer: users with access keys, and KMS keys."""

    name: str
    users: dict[str, str] = field(default_factory=dict)
    keys: list[tuple[str, bytes, str, str]] = field(default_factory=list)
    disabled: dict[str, bool] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)


def write(lab: LabProgram, acknowledged: Acknowledged, count: Callable[[], None]) -> None:
    """Change IAM and KMS until the lab is gone, and record what it acknowledged."""
    iam, kms = lab.client("iam"), lab.client("kms")
    number = 0
    try:
        while True:
            number += 1
            change_everything(iam, kms, acknowledged, f"{acknowledged.name}-{number}")
            count()
    except (BotoCoreError, ClientError):
        return


def change_everything(iam: Any, kms: Any, acknowledged: Acknowledged, name: str) -> None:
    """Create, rotate, disable and delete one of everything that the test checks."""
    iam.create_user(UserName=name)
    access_key = iam.create_access_key(UserName=name)["AccessKey"]
    acknowledged.users[name] = access_key["AccessKeyId"]
    key = kms.create_key(Description=name)["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=name.encode(), EncryptionContext=CONTEXT)["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    grant = kms.create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::111122223333:user/{name}", Operations=["Decrypt"]
    )["GrantId"]
    acknowledged.keys.append((key, blob, name, grant))
    disabled = len(acknowledged.keys) % 2 == 0
    if disabled:
        kms.disable_key(KeyId=key)
    acknowledged.disabled[key] = disabled
    iam.create_user(UserName=f"{name}-gone")
    iam.delete_user(UserName=f"{name}-gone")
    acknowledged.deleted.append(f"{name}-gone")


def test_every_acknowledged_change_of_iam_and_kms_is_there_after_kill_9_under_load(state: Path) -> None:
    writers = [Acknowledged(f"writer-{number}") for number in range(WRITERS)]
    finished_rounds = threading.Semaphore(0)
    with program(state) as lab:
        threads = [
            threading.Thread(target=write, args=(lab, writer, finished_rounds.release)) for writer in writers
        ]
        for thread in threads:
            thread.start()
        for _ in range(CHANGES):
            finished_rounds.acquire()
        lab.kill()
        for thread in threads:
            thread.join()
    with program(state) as again:
        iam, kms = again.client("iam"), again.client("kms")
        users = {
            user["UserName"] for page in iam.get_paginator("list_users").paginate() for user in page["Users"]
        }
        for writer in writers:
            assert not users & set(writer.deleted)
            for name, access_key_id in writer.users.items():
                assert name in users
                listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
                assert [key["AccessKeyId"] for key in listed] == [access_key_id]
            for key, blob, name, grant in writer.keys:
                check_key(kms, key, blob, name, grant, disabled=writer.disabled.get(key))
    assert sum(len(writer.keys) for writer in writers) >= CHANGES


def check_key(kms: Any, key: str, blob: bytes, name: str, grant: str, *, disabled: bool | None) -> None:
    described = kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]
    assert described["KeyId"] == key
    assert [listed["GrantId"] for listed in kms.list_grants(KeyId=key)["Grants"]] == [grant]
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
    if (
        disabled is not None
    ):  # otherwise the reply to DisableKey did not arrive, and the key may be in either state
        assert described["KeyState"] == ("Disabled" if disabled else "Enabled")
    if described["KeyState"] == "Disabled":
        kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == name.encode()


def test_items_are_there_except_for_the_last_second_and_transactions_are_whole(state: Path) -> None:
    stop = threading.Event()
    with program(state) as lab:
        dynamodb = lab.client("dynamodb")
        make_table(dynamodb)
        for number in range(120):
            dynamodb.put_item(TableName="items", Item=numbered(number))
        dynamodb.delete_item(TableName="items", Key={"pk": {"N": "7"}})
        writer = threading.Thread(target=transfer, args=(dynamodb, stop))
        writer.start()
        # After a second and a half of further writes, everything written before must be on the disk.
        stop.wait(1.5)
        lab.kill()
        writer.join()
    with program(state) as again:
        dynamodb = again.client("dynamodb")
        items = {int(item["pk"]["N"]): item for item in scan(dynamodb)}
        assert {number: items[number] for number in range(120) if number != 7} == {
            number: numbered(number) for number in range(120) if number != 7
        }
        assert 7 not in items
        assert items[1000]["value"] == items[1001]["value"]
        table = dynamodb.describe_table(TableName="items")["Table"]
        assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-value"]


def make_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "N"},
            {"AttributeName": "value", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-value",
                "KeySchema": [{"AttributeName": "value", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )


def numbered(number: int) -> dict[str, Any]:
    """Return the item with this number."""
    return {"pk": {"N": str(number)}, "value": {"S": f"value {number}"}, "blob": {"B": bytes([number, 255])}}


def scan(dynamodb: Any) -> list[dict[str, Any]]:
    return [
        item for page in dynamodb.get_paginator("scan").paginate(TableName="items") for item in page["Items"]
    ]


def transfer(dynamodb: Any, stop: threading.Event) -> None:
    """Write the same value to two items in one transaction, again and again."""
    number = 0
    try:
        while not stop.is_set():
            number += 1
            puts = [
                {
                    "Put": {
                        "TableName": "items",
                        "Item": {"pk": {"N": pk}, "value": {"S": str(number)}},
                    }
                }
                for pk in ("1000", "1001")
            ]
            dynamodb.transact_write_items(TransactItems=puts)
    except (BotoCoreError, ClientError):
        return
