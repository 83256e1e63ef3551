"""Multi-Region keys."""

import pytest

from lab.services import KmsCaller, raises_fault

OTHER = "eu-west-1"


@pytest.fixture
def primary(kms: KmsCaller) -> str:
    return kms.key(MultiRegion=True)


@pytest.fixture
def replica(kms: KmsCaller, primary: str) -> str:
    return kms("ReplicateKey", KeyId=primary, ReplicaRegion=OTHER)["ReplicaKeyMetadata"]["Arn"]


def test_a_replica_has_the_key_id_and_decrypts_what_the_primary_encrypted(
    kms: KmsCaller, primary: str, replica: str
) -> None:
    assert primary.rpartition("/")[2] == replica.rpartition("/")[2]
    assert primary.rpartition("/")[2].startswith("mrk-")
    blob = kms("Encrypt", KeyId=primary, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    decrypted = kms("Decrypt", region=OTHER, CiphertextBlob=blob, EncryptionContext={"a": "b"})
    assert (decrypted["Plaintext"], decrypted["KeyId"]) == (b"x", replica)


def test_each_copy_describes_the_whole_set(kms: KmsCaller, primary: str, replica: str) -> None:
    for region, key, kind in (("us-west-2", primary, "PRIMARY"), (OTHER, replica, "REPLICA")):
        metadata = kms("DescribeKey", region=region, KeyId=key)["KeyMetadata"]
        assert metadata["MultiRegionConfiguration"] == {
            "MultiRegionKeyType": kind,
            "PrimaryKey": {"Arn": primary, "Region": "us-west-2"},
            "ReplicaKeys": [{"Arn": replica, "Region": OTHER}],
        }


def test_each_copy_has_its_own_state(kms: KmsCaller, primary: str, replica: str) -> None:
    kms("DisableKey", KeyId=primary)
    assert kms("Encrypt", region=OTHER, KeyId=replica, Plaintext=b"x")["KeyId"] == replica


def test_a_single_region_key_neither_replicates_nor_decrypts_elsewhere(kms: KmsCaller) -> None:
    key = kms.key()
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with raises_fault("UnsupportedOperationException"):
        kms("ReplicateKey", KeyId=key, ReplicaRegion=OTHER)
    with raises_fault("AccessDeniedException: .* on the resource associated with this ciphertext because"):
        kms("Decrypt", region=OTHER, CiphertextBlob=blob)


def test_a_region_has_one_copy(kms: KmsCaller, primary: str, replica: str) -> None:
    with raises_fault("AlreadyExistsException"):
        kms("ReplicateKey", KeyId=primary, ReplicaRegion=OTHER)
    with raises_fault("UnsupportedOperationException"):
        kms("ReplicateKey", region=OTHER, KeyId=replica, ReplicaRegion="us-east-1")


def test_only_the_primary_rotates_and_all_copies_see_it(kms: KmsCaller, primary: str, replica: str) -> None:
    with raises_fault("UnsupportedOperationException"):
        kms("RotateKeyOnDemand", region=OTHER, KeyId=replica)
    kms("RotateKeyOnDemand", KeyId=primary)
    blob = kms("Encrypt", KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
    assert kms("Decrypt", region=OTHER, CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_replica_becomes_the_primary(kms: KmsCaller, primary: str, replica: str) -> None:
    kms("UpdatePrimaryRegion", KeyId=primary, PrimaryRegion=OTHER)
    metadata = kms("DescribeKey", region=OTHER, KeyId=replica)["KeyMetadata"]
    assert metadata["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    with raises_fault("UnsupportedOperationException"):
        kms("UpdatePrimaryRegion", KeyId=primary, PrimaryRegion=OTHER)


def test_replicating_needs_permission_in_both_regions(kms: KmsCaller, primary: str) -> None:
    kms.authorizer.forget()
    kms("ReplicateKey", KeyId=primary, ReplicaRegion=OTHER)
    needed = [(request.action, request.resource) for request in kms.authorizer.access_requests]
    assert needed == [("kms:ReplicateKey", primary), ("kms:CreateKey", "*")]
    assert kms.authorizer.access_requests[0].condition_keys["kms:ReplicaRegion"] == [OTHER]
    assert kms.authorizer.access_requests[0].condition_keys["kms:MultiRegionKeyType"] == ["PRIMARY"]


def test_a_primary_waits_for_its_replicas_before_its_own_window_starts(
    kms: KmsCaller, primary: str, replica: str
) -> None:
    kms("ScheduleKeyDeletion", region=OTHER, KeyId=replica, PendingWindowInDays=7)
    reply = kms("ScheduleKeyDeletion", KeyId=primary, PendingWindowInDays=8)
    assert reply == {"KeyId": primary, "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 8}
    with raises_fault("KMSInvalidStateException"):
        kms("Encrypt", KeyId=primary, Plaintext=b"x")
    kms.clock.forward(days=7)
    assert kms("DescribeKey", KeyId=primary)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.clock.forward(days=8)
    with raises_fault("NotFoundException"):
        kms("DescribeKey", KeyId=primary)


def test_a_waiting_primarys_deletion_can_be_cancelled(kms: KmsCaller, primary: str, replica: str) -> None:
    kms("ScheduleKeyDeletion", KeyId=primary)
    kms("CancelKeyDeletion", KeyId=primary)
    assert kms("DescribeKey", KeyId=primary)["KeyMetadata"]["KeyState"] == "Disabled"
    assert kms("Encrypt", region=OTHER, KeyId=replica, Plaintext=b"x")["KeyId"] == replica
