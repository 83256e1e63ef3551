"""AWS's own key store and hierarchical keyring over the same table: each uses what the other created."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, cast

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, KeyStore, MplKeyring
from support.branch_keys import BOUND, ITEM, encryptor_of
from support.fake_aws import ARN, FakeAws, FakeKeyStoreKmsClient

if find_spec("aws_cryptographic_material_providers") is None:
    if os.environ.get("CI") == "true":
        raise ImportError("CI needs the extra mpl")
    pytest.skip("aws-cryptographic-material-providers is not installed", allow_module_level=True)

from aws_cryptographic_material_providers.keystore import models
from aws_cryptographic_material_providers.keystore.client import KeyStore as AwsKeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models as mpl
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def ours(aws: FakeAws) -> KeyStore:
    return aws.key_store()


@pytest.fixture
def theirs(aws: FakeAws) -> Any:
    return AwsKeyStore(
        KeyStoreConfig(
            ddb_client=cast("Any", aws.dynamodb),
            kms_client=cast("Any", FakeKeyStoreKmsClient(aws.kms, "us-west-2")),
            ddb_table_name="keys",
            logical_key_store_name="logical",
            kms_configuration=models.KMSConfigurationKmsKeyArn(ARN),
        )
    )


def create_key_with(store: Any, tenant: str) -> None:
    if isinstance(store, KeyStore):
        store.create_key(tenant, BOUND)
    else:
        store.create_key(models.CreateKeyInput(branch_key_identifier=tenant, encryption_context=BOUND))


def create_version_with(store: Any, tenant: str) -> None:
    if isinstance(store, KeyStore):
        store.version_key(tenant)
    else:
        store.version_key(models.VersionKeyInput(branch_key_identifier=tenant))


def branch_key_of(store: Any, tenant: str) -> tuple[str, str, bytes, dict[str, str]]:
    reply = store.get_active_branch_key(models.GetActiveBranchKeyInput(branch_key_identifier=tenant))
    key = reply.branch_key_materials
    return key.branch_key_identifier, key.branch_key_version, key.branch_key, key.encryption_context


def their_keyring(store: Any, tenant: str) -> MplKeyring:
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    arguments = mpl.CreateAwsKmsHierarchicalKeyringInput(
        key_store=store, branch_key_id=tenant, ttl_seconds=600
    )
    return MplKeyring(providers.create_aws_kms_hierarchical_keyring(arguments))


def test_each_uses_the_table_that_the_other_created(ours: KeyStore, theirs: Any) -> None:
    arn = ours.create_table()

    assert theirs.create_key_store(models.CreateKeyStoreInput()).table_arn == arn == ours.create_table()


@pytest.mark.parametrize("maker", ["ours", "theirs"])
@pytest.mark.parametrize("versioner", ["ours", "theirs"])
def test_both_read_the_same_branch_and_beacon_keys(
    ours: KeyStore, theirs: Any, maker: str, versioner: str
) -> None:
    stores = {"ours": ours, "theirs": theirs}
    create_key_with(stores[maker], "tenant-a")
    create_version_with(stores[versioner], "tenant-a")

    branch_key = ours.get_active_branch_key("tenant-a")
    beacon = theirs.get_beacon_key(models.GetBeaconKeyInput(branch_key_identifier="tenant-a"))

    assert branch_key_of(theirs, "tenant-a") == (
        branch_key.branch_key_id,
        branch_key.branch_key_version,
        branch_key.branch_key,
        branch_key.encryption_context,
    )
    assert beacon.beacon_key_materials.beacon_key == ours.get_beacon_key("tenant-a").beacon_key


@pytest.mark.parametrize("work", [create_key_with, create_version_with])
def test_both_make_the_same_calls(aws: FakeAws, ours: KeyStore, theirs: Any, work: Any) -> None:
    recorded_calls: list[list[dict[str, Any]]] = []
    for store, tenant in ((ours, "tenant-a"), (theirs, "tenant-b")):
        if work is create_version_with:
            create_key_with(store, tenant)
        aws.calls.clear()
        work(store, tenant)
        recorded_calls.append([comparable(call, tenant) for call in aws.calls])

    assert recorded_calls[0] == recorded_calls[1]


def comparable(call: dict[str, Any], tenant: str) -> dict[str, Any]:
    """A call without what differs each time, and without conditions, which are older in AWS's release."""
    fresh = {"create-time", "version", "type", "enc"}

    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            compared = {key: value for key, value in part.items() if "Expression" not in key}
            return {key: "fresh" if key in fresh else plain(value) for key, value in compared.items()}
        return [plain(each) for each in part] if isinstance(part, list) else str(part).replace(tenant, "T")

    return plain(call)


def test_items_of_either_keyring_are_read_by_the_other(ours: KeyStore, theirs: Any) -> None:
    create_key_with(theirs, "tenant-a")
    dynaseal_encryptor = encryptor_of(
        AwsKmsHierarchicalKeyring(ours, branch_key_id="tenant-a", ttl_seconds=600)
    )
    aws_encryptor = encryptor_of(their_keyring(theirs, "tenant-a"))

    assert aws_encryptor.decrypt_item(dynaseal_encryptor.encrypt_item(ITEM)) == ITEM
    assert dynaseal_encryptor.decrypt_item(aws_encryptor.encrypt_item(ITEM)) == ITEM
