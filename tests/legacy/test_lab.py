"""The older format in the lab: keys from a KMS that can refuse, material versions in a meta store."""

from __future__ import annotations

import logging
import secrets
from decimal import Decimal
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dynaseal.legacy import EncryptedTable
from dynaseal.legacy.exceptions import (
    InvalidVersionError,
    UnwrappingError,
    VersionAlreadyExistsError,
    WrappingError,
)
from dynaseal.legacy.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynaseal.legacy.material_providers.most_recent import CachingMostRecentProvider
from dynaseal.legacy.material_providers.store.meta import MetaStore
from support.dynamodb import create_table
from support.lab_fixtures import key, kms, session
from support.legacy import DYNASEAL, OLDER, Names

__all__ = ["key", "kms", "session"]


@pytest.fixture
def resource(session: dict[str, Any]) -> Any:
    return boto3.resource("dynamodb", **session)


def kms_provider(names: Names, key: str, kms: Any) -> Any:
    return names("material_providers.aws_kms", "AwsKmsCryptographicMaterialsProvider")(
        key, regional_clients={kms.meta.region_name: kms}
    )


def test_items_under_kms_keys_are_exchanged_with_the_older_library(resource: Any, kms: Any, key: str) -> None:
    name = create_table(resource.meta.client, "pk", "sk", numeric=("sk",))
    here, older = (
        names("encrypted.table", "EncryptedTable")(resource.Table(name), kms_provider(names, key, kms))
        for names in (DYNASEAL, OLDER)
    )
    here.put_item(Item={"pk": "a", "sk": 1, "secret": {"pin": 1234}})
    older.put_item(Item={"pk": "a", "sk": 2, "secret": {"pin": 5678}})
    for table in (here, older):
        assert [item["secret"]["pin"] for item in table.scan()["Items"]] == [1234, 5678]


@pytest.mark.parametrize("number", ["1.0", "1E+2", "2.50", "-0"])
def test_an_item_with_a_number_key_is_read_again_by_both(
    resource: Any, kms: Any, key: str, number: str
) -> None:
    name = create_table(resource.meta.client, "pk", "sk", numeric=("sk",))
    here = EncryptedTable(resource.Table(name), kms_provider(DYNASEAL, key, kms))
    here.put_item(Item={"pk": "a", "sk": Decimal(number), "secret": "s"})
    older = OLDER("encrypted.table", "EncryptedTable")(resource.Table(name), kms_provider(OLDER, key, kms))
    for table in (here, older):
        (item,) = table.scan()["Items"]
        assert (item["sk"], item["secret"]) == (Decimal(number), "s")


def test_a_refused_kms_call_is_the_errors_cause_and_in_the_log(
    resource: Any, kms: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = create_table(resource.meta.client, "pk")
    table = EncryptedTable(resource.Table(name), kms_provider(DYNASEAL, key, kms))
    table.put_item(Item={"pk": "a", "secret": "hunter2"})
    kms.disable_key(KeyId=key)
    with pytest.raises(WrappingError, match="Failed to generate materials using AWS KMS") as writing:
        table.put_item(Item={"pk": "b", "secret": "hunter2"})
    with pytest.raises(UnwrappingError, match="Failed to unwrap AWS KMS protected materials") as reading:
        table.get_item(Key={"pk": "a"})
    for raised in (writing, reading):
        assert "DisabledException" in str(raised.value.__cause__)
    own = [record for record in caplog.records if record.name == "dynamodb_encryption_sdk"]
    assert {record.levelno for record in own} == {logging.ERROR}
    assert "hunter2" not in caplog.text
    assert "Item" not in resource.Table(name).get_item(Key={"pk": "b"})


def test_an_item_does_not_move_to_another_key_or_table(resource: Any, kms: Any, key: str) -> None:
    provider = kms_provider(DYNASEAL, key, kms)
    first, second = (create_table(resource.meta.client, "pk") for _ in range(2))
    EncryptedTable(resource.Table(first), provider).put_item(Item={"pk": "a", "secret": "s"})
    stored = resource.Table(first).get_item(Key={"pk": "a"})["Item"]
    resource.Table(first).put_item(Item={**stored, "pk": "b"})
    resource.Table(second).put_item(Item=stored)
    with pytest.raises(UnwrappingError):
        EncryptedTable(resource.Table(first), provider).get_item(Key={"pk": "b"})
    with pytest.raises(UnwrappingError):
        EncryptedTable(resource.Table(second), provider).get_item(Key={"pk": "a"})


@pytest.fixture
def meta_table(resource: Any) -> Any:
    name = f"meta-{secrets.token_hex(4)}"
    MetaStore.create_table(resource.meta.client, name, 1, 1)
    return resource.Table(name)


def test_a_new_version_is_written_with_and_old_ones_are_still_read(
    resource: Any, kms: Any, key: str, meta_table: Any
) -> None:
    store = MetaStore(meta_table, kms_provider(DYNASEAL, key, kms))
    provider = CachingMostRecentProvider(store, "people", 600.0)
    table = EncryptedTable(resource.Table(create_table(resource.meta.client, "pk")), provider)
    table.put_item(Item={"pk": "a", "secret": "first"})
    store.new_provider("people")
    provider.refresh()
    table.put_item(Item={"pk": "b", "secret": "second"})
    assert {item["secret"] for item in table.scan()["Items"]} == {"first", "second"}
    assert store.max_version("people") == 1
    older = OLDER("material_providers.most_recent", "CachingMostRecentProvider")(
        OLDER("material_providers.store.meta", "MetaStore")(meta_table, kms_provider(OLDER, key, kms)),
        "people",
        600.0,
    )
    older_table = OLDER("encrypted.table", "EncryptedTable")(table._table, older)
    assert {item["secret"] for item in older_table.scan()["Items"]} == {"first", "second"}


def test_a_version_is_made_once_however_many_ask_for_it(kms: Any, key: str, meta_table: Any) -> None:
    store = MetaStore(meta_table, kms_provider(DYNASEAL, key, kms))
    keys: list[Any] = []
    threads = [
        Thread(target=lambda: keys.append(store.get_or_create_provider("people", 0))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 6
    assert all(key == keys[0] for key in keys)


def test_a_version_that_cannot_be_stored_is_not_used(kms: Any, key: str, meta_table: Any) -> None:
    store = MetaStore(meta_table, kms_provider(DYNASEAL, key, kms))
    meta_table.delete()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        store.get_or_create_provider("people", 0)


def test_a_version_that_is_not_there_is_refused(kms: Any, key: str, meta_table: Any) -> None:
    store = MetaStore(meta_table, kms_provider(DYNASEAL, key, kms))
    with pytest.raises(InvalidVersionError, match="Version not found"):
        store.provider("people", 7)
    provider: Any = store.get_or_create_provider("people", 7)
    with pytest.raises(VersionAlreadyExistsError):
        store._save_materials("people", 7, provider._wrapping_key, provider._signing_key)


def test_clients_are_made_for_the_keys_region_once() -> None:
    import botocore.session  # noqa: PLC0415 only here

    provider = AwsKmsCryptographicMaterialsProvider(
        "arn:aws:kms:ap-south-1:111122223333:key/1", botocore_session=botocore.session.Session()
    )
    client = provider._client(provider._key_id)
    assert client.meta.region_name == "ap-south-1"
    assert provider._client(provider._key_id) is client
    assert client.meta.config.user_agent_extra.endswith("DynamodbEncryptionSdkPython/3.3.0")
