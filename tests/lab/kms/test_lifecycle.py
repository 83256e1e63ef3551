"""Keys, their states, policies, tags, aliases and rotation."""

import json
from datetime import timedelta
from typing import Any

import pytest

from lab.services import KmsCaller, raises_fault


def state(kms: KmsCaller, key: str) -> str:
    return kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"]


def test_a_new_key_is_enabled_and_describes_itself(kms: KmsCaller) -> None:
    key = kms.key(Description="for items")
    metadata = kms("DescribeKey", KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "Enabled"
    assert metadata["Enabled"] is True
    assert metadata["Description"] == "for items"
    assert metadata["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"]
    assert [entry["KeyArn"] for entry in kms("ListKeys")["Keys"]] == [key]


def test_a_disabled_key_refuses_to_decrypt_until_it_is_enabled_again(kms: KmsCaller) -> None:
    key = kms.key()
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms("DisableKey", KeyId=key)
    with raises_fault(f"DisabledException: {key} is disabled."):
        kms("Decrypt", CiphertextBlob=blob)
    kms("EnableKey", KeyId=key)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_key_pending_deletion_is_unusable_and_comes_back_disabled(kms: KmsCaller) -> None:
    key = kms.key()
    reply = kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert reply["DeletionDate"] == kms.clock.now() + timedelta(days=7)
    with raises_fault(f"KMSInvalidStateException: {key} is pending deletion."):
        kms("Encrypt", KeyId=key, Plaintext=b"x")
    kms("CancelKeyDeletion", KeyId=key)
    assert state(kms, key) == "Disabled"


def test_a_key_and_its_aliases_do_not_exist_after_the_window(kms: KmsCaller) -> None:
    key = kms.key()
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    kms.clock.forward(days=6)
    assert state(kms, key) == "PendingDeletion"
    kms.clock.forward(days=1)
    with raises_fault("NotFoundException"):
        kms("DescribeKey", KeyId=key)
    aliases = [entry["AliasName"] for entry in kms("ListAliases")["Aliases"]]
    assert [name for name in aliases if not name.startswith("alias/aws/")] == []
    assert kms("ListKeys")["Keys"] == []


@pytest.mark.parametrize("days", [6, 31])
def test_the_deletion_window_is_7_to_30_days(kms: KmsCaller, days: int) -> None:
    with raises_fault("ValidationException"):
        kms("ScheduleKeyDeletion", KeyId=kms.key(), PendingWindowInDays=days)


def test_only_a_pending_deletion_can_be_cancelled(kms: KmsCaller) -> None:
    with raises_fault("KMSInvalidStateException"):
        kms("CancelKeyDeletion", KeyId=kms.key())


def test_the_default_policy_delegates_to_the_account(kms: KmsCaller) -> None:
    key = kms.key()
    policy = json.loads(kms("GetKeyPolicy", KeyId=key)["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert (statement["Action"], statement["Resource"]) == ("kms:*", "*")
    assert kms("ListKeyPolicies", KeyId=key)["PolicyNames"] == ["default"]


def a_policy(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_policy_applies_from_the_moment_it_is_put(kms: KmsCaller) -> None:
    key = kms.key()
    kms("PutKeyPolicy", KeyId=key, Policy=a_policy())
    assert kms("GetKeyPolicy", KeyId=key)["Policy"] == a_policy()
    assert kms.authorizer.access_requests[-1].resource_policies == (a_policy(),)


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "[]",
        "{",
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2012-10-17", "Statement": []}),
        json.dumps({"Version": "2011-01-01", "Statement": [json.loads(a_policy())["Statement"][0]]}),
        a_policy(Effect="Maybe"),
        a_policy(Princpal="*"),
        a_policy(Principal="alice"),
        a_policy(Principal={"Robot": "x"}),
        a_policy(NotAction="kms:Encrypt"),
        a_policy(Action=[]),
        a_policy(Condition="never"),
    ],
)
def test_a_string_that_is_not_a_key_policy_is_malformed(kms: KmsCaller, policy: str) -> None:
    with raises_fault("MalformedPolicyDocumentException|ValidationException"):
        kms("PutKeyPolicy", KeyId=kms.key(), Policy=policy)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"AWS": "arn:aws:iam::111122223333:user/nobody"}},
        {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}},
        {"Action": "kms:Encrypt"},
        {"Effect": "Deny"},
        {"Condition": {"StringEquals": {"kms:CallerAccount": "444455556666"}}},
    ],
)
def test_a_policy_that_locks_everybody_out_is_refused_unless_the_check_is_bypassed(
    kms: KmsCaller, changes: dict[str, Any]
) -> None:
    key, locked = kms.key(), a_policy(**changes)
    sentence = "The new key policy will not allow you to update the key policy in the future."
    with raises_fault(f"MalformedPolicyDocumentException: {sentence}"):
        kms("PutKeyPolicy", KeyId=key, Policy=locked)
    with raises_fault(f"MalformedPolicyDocumentException: {sentence}"):
        kms("CreateKey", Policy=locked)
    kms("PutKeyPolicy", KeyId=key, Policy=locked, BypassPolicyLockoutSafetyCheck=True)
    assert kms.authorizer.access_requests[-1].condition_keys["kms:BypassPolicyLockoutSafetyCheck"] == ["true"]


@pytest.mark.parametrize(
    "principal", ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice"]
)
def test_a_policy_that_leaves_the_caller_or_the_account_in_charge_is_accepted(
    kms: KmsCaller, principal: str
) -> None:
    kms("PutKeyPolicy", KeyId=kms.key(), Policy=a_policy(Principal={"AWS": principal}))


def test_tags_are_added_changed_and_removed(kms: KmsCaller) -> None:
    key = kms.key(Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms("TagResource", KeyId=key, Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": "3"}])
    kms("UntagResource", KeyId=key, TagKeys=["b", "never"])
    assert kms("ListResourceTags", KeyId=key)["Tags"] == [{"TagKey": "a", "TagValue": "2"}]


@pytest.mark.parametrize("names", [["aws:x"], ["a", "a"]])
def test_reserved_and_repeated_tags_are_refused(kms: KmsCaller, names: list[str]) -> None:
    with raises_fault("TagException"):
        kms("TagResource", KeyId=kms.key(), Tags=[{"TagKey": name, "TagValue": "v"} for name in names])


def test_an_alias_moves_from_key_to_key(kms: KmsCaller) -> None:
    first, second = kms.key(), kms.key()
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=first)
    with raises_fault("AlreadyExistsException: An alias with the name .*alias/mine already exists"):
        kms("CreateAlias", AliasName="alias/mine", TargetKeyId=second)
    kms("UpdateAlias", AliasName="alias/mine", TargetKeyId=second)
    assert kms("DescribeKey", KeyId="alias/mine")["KeyMetadata"]["Arn"] == second
    assert kms("ListAliases", KeyId=first)["Aliases"] == []
    kms("DeleteAlias", AliasName="alias/mine")
    with raises_fault("NotFoundException"):
        kms("DescribeKey", KeyId="alias/mine")


def test_an_alias_needs_permission_on_alias_and_key(kms: KmsCaller) -> None:
    key = kms.key()
    kms.authorizer.forget()
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    alias = "arn:aws:kms:us-west-2:111122223333:alias/mine"
    assert [access_request.resource for access_request in kms.authorizer.access_requests] == [alias, key]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("mine", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/aws/x", "NotAuthorizedException"),
    ],
)
def test_an_alias_name_must_have_its_form(kms: KmsCaller, name: str, code: str) -> None:
    with raises_fault(code):
        kms("CreateAlias", AliasName=name, TargetKeyId=kms.key())


def test_management_takes_no_alias(kms: KmsCaller) -> None:
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=kms.key())
    with raises_fault("NotFoundException: Invalid keyId 'alias/mine'"):
        kms("DisableKey", KeyId="alias/mine")


def test_old_ciphertexts_decrypt_after_rotation_and_new_ones_use_new_material(kms: KmsCaller) -> None:
    key = kms.key()
    before = kms("Encrypt", KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms("RotateKeyOnDemand", KeyId=key)
    after = kms("Encrypt", KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    old, new = (kms("Decrypt", CiphertextBlob=blob) for blob in (before, after))
    assert (old["Plaintext"], new["Plaintext"]) == (b"old", b"new")
    assert old["KeyMaterialId"] != new["KeyMaterialId"]


def test_automatic_rotation_follows_the_clock(kms: KmsCaller) -> None:
    key = kms.key()
    assert kms("GetKeyRotationStatus", KeyId=key) == {"KeyId": key, "KeyRotationEnabled": False}
    start = kms.clock.now()
    kms("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.clock.forward(days=181)
    rotations = kms("ListKeyRotations", KeyId=key)["Rotations"]
    assert [entry["RotationDate"] - start for entry in rotations] == [timedelta(days=90), timedelta(days=180)]
    assert {entry["RotationType"] for entry in rotations} == {"AUTOMATIC"}
    status = kms("GetKeyRotationStatus", KeyId=key)
    assert status["NextRotationDate"] - start == timedelta(days=270)
    kms("DisableKeyRotation", KeyId=key)
    kms.clock.forward(days=400)
    assert len(kms("ListKeyRotations", KeyId=key)["Rotations"]) == 2


def test_on_demand_rotations_are_limited(kms: KmsCaller) -> None:
    key = kms.key()
    for _ in range(25):
        kms("RotateKeyOnDemand", KeyId=key)
    with raises_fault("LimitExceededException"):
        kms("RotateKeyOnDemand", KeyId=key)


def test_lists_come_in_pages(kms: KmsCaller) -> None:
    keys = {kms.key() for _ in range(5)}
    seen, marker = [], {}
    while True:
        reply = kms("ListKeys", Limit=2, **marker)
        seen += [entry["KeyArn"] for entry in reply["Keys"]]
        if not reply["Truncated"]:
            break
        marker = {"Marker": reply["NextMarker"]}
    assert len(seen) == 5
    assert set(seen) == keys
    with raises_fault("InvalidMarkerException"):
        kms("ListKeys", Marker="nonsense")


def test_accounts_and_regions_do_not_see_each_others_lists(kms: KmsCaller) -> None:
    kms.key()
    assert kms("ListKeys", region="eu-central-1")["Keys"] == []
