"""Over HTTP with boto3 and real policies: key policies, conditions, grants, other accounts."""

import threading
from datetime import datetime
from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, policy
from lab.statements import allow, refusal


@pytest.fixture
def admin(account: LabAccount) -> dict[str, Any]:
    """A statement that delegates administration to the account, and no use of the key."""
    actions = ("kms:PutKeyPolicy", "kms:DescribeKey", "kms:CreateGrant", "kms:ScheduleKeyDeletion")
    return allow(*actions, Principal={"AWS": f"arn:aws:iam::{account.number}:root"})


def test_a_key_describes_itself_with_a_date(account: LabAccount) -> None:
    metadata = account.client("kms").create_key(Description="d")["KeyMetadata"]
    assert isinstance(metadata["CreationDate"], datetime)
    assert metadata["AWSAccountId"] == account.number


def test_an_identity_policy_counts_only_where_the_key_policy_delegates(
    account: LabAccount, admin: dict[str, Any]
) -> None:
    kms = account.client("kms")
    key = kms.create_key(Policy=policy(admin))["KeyMetadata"]["Arn"]
    alice = account.user("alice", allow("kms:*")).client("kms")
    sentence = (
        f"User: arn:aws:iam::{account.number}:user/alice is not authorized to perform: kms:Encrypt "
        f"on resource: {key} because no resource-based policy allows the kms:Encrypt action"
    )
    assert refusal(alice.encrypt, KeyId=key, Plaintext=b"x") == ("AccessDeniedException", sentence)
    assert refusal(kms.encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
    named = allow("kms:Encrypt", Principal={"AWS": f"arn:aws:iam::{account.number}:user/alice"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(admin, named))
    assert alice.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key


def test_a_condition_limits_the_encryption_context(account: LabAccount, admin: dict[str, Any]) -> None:
    with_context = allow(
        "kms:Encrypt",
        Principal={"AWS": "*"},
        Condition={
            "StringEquals": {"kms:EncryptionContext:dept": "hr", "kms:CallerAccount": account.number},
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["dept", "year"]},
        },
    )
    key = account.client("kms").create_key(Policy=policy(admin, with_context))["KeyMetadata"]["Arn"]
    alice = account.user("alice").client("kms")
    params = {"KeyId": key, "Plaintext": b"x"}
    alice.encrypt(**params, EncryptionContext={"dept": "hr", "year": "26"})
    for context in ({"dept": "it"}, {}, {"dept": "hr", "other": "x"}):
        assert refusal(alice.encrypt, **params, EncryptionContext=context)[0] == "AccessDeniedException"


def test_a_grant_allows_what_no_policy_allows(account: LabAccount, admin: dict[str, Any]) -> None:
    kms = account.client("kms")
    key = kms.create_key(Policy=policy(admin))["KeyMetadata"]["Arn"]
    alice = account.user("alice").client("kms")
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{account.number}:user/alice",
        Operations=["GenerateDataKey", "Decrypt"],
        Constraints={"EncryptionContextSubset": {"a": "1"}},
    )
    data_key = alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "1"})
    decrypted = alice.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext={"a": "1"})
    assert decrypted["Plaintext"] == data_key["Plaintext"]
    assert refusal(alice.generate_data_key, KeyId=key, KeySpec="AES_256")[0] == "AccessDeniedException"


def test_another_account_can_do_what_aws_lets_another_account_do(
    account: LabAccount, other_account: LabAccount, admin: dict[str, Any]
) -> None:
    bob = other_account.user("bob", allow("kms:*"))
    eve = other_account.user("eve", allow("kms:Encrypt"))
    key = account.key(admin, allow("kms:*", Principal={"AWS": bob.arn}))
    owner = account.client("kms")
    arn = owner.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    kms = bob.client("kms")
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    assert kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False
    assert refusal(eve.client("kms").encrypt, KeyId=arn, Plaintext=b"x")[0] == "AccessDeniedException"
    grants = [
        kms.create_grant(KeyId=arn, GranteePrincipal=eve.arn, Operations=["Encrypt", "Decrypt"])
        for _ in range(2)
    ]
    assert eve.client("kms").encrypt(KeyId=arn, Plaintext=b"x")["KeyId"] == arn
    assert len(kms.list_grants(KeyId=arn)["Grants"]) == 2
    kms.retire_grant(GrantToken=grants[0]["GrantToken"])
    kms.revoke_grant(KeyId=arn, GrantId=grants[1]["GrantId"])
    assert kms.list_grants(KeyId=arn)["Grants"] == []
    assert refusal(kms.list_key_rotations, KeyId=arn)[0] == "AccessDeniedException"


def test_a_grant_is_retired_by_its_terms_or_by_iam_and_never_by_the_key_policy(
    account: LabAccount, admin: dict[str, Any]
) -> None:
    ann, bob, carol = account.user("ann"), account.user("bob"), account.user("carol", allow("kms:*"))
    forbidding = {**allow("kms:RetireGrant", Principal={"AWS": "*"}), "Effect": "Deny"}
    to_ann = allow("kms:*", Principal={"AWS": ann.arn})
    key = account.key(admin, to_ann)
    kms = account.client("kms")
    tokens = [
        kms.create_grant(
            KeyId=key, GranteePrincipal=bob.arn, RetiringPrincipal=bob.arn, Operations=["Encrypt"]
        )["GrantToken"]
        for _ in range(3)
    ]
    denied = refusal(ann.client("kms").retire_grant, GrantToken=tokens[0])
    assert denied[1].endswith("because no identity-based policy allows the kms:RetireGrant action")
    kms.put_key_policy(KeyId=key, Policy=policy(admin, forbidding))
    for retiring, token in zip((account.root, bob, carol), tokens, strict=True):
        retiring.client("kms").retire_grant(GrantToken=token)


def test_an_account_that_retires_a_grant_delegates_it_to_its_users(
    account: LabAccount, other_account: LabAccount
) -> None:
    retiring = f"arn:aws:iam::{other_account.number}:root"
    grant = account.client("kms").create_grant(
        KeyId=account.key(),
        GranteePrincipal=account.user("ann").arn,
        RetiringPrincipal=retiring,
        Operations=["Encrypt"],
    )
    token = {"GrantToken": grant["GrantToken"]}
    refused = refusal(other_account.user("bob").client("kms").retire_grant, **token)
    assert refused[1].endswith("because no identity-based policy allows the kms:RetireGrant action")
    other_account.user("carol", allow("kms:RetireGrant")).client("kms").retire_grant(**token)


def test_another_account_needs_both_sides(
    account: LabAccount, other_account: LabAccount, admin: dict[str, Any]
) -> None:
    to_other = allow("kms:Encrypt", Principal={"AWS": f"arn:aws:iam::{other_account.number}:root"})
    kms = account.client("kms")
    key = kms.create_key(Policy=policy(admin))["KeyMetadata"]["Arn"]
    bob = other_account.user("bob", allow("kms:Encrypt")).client("kms")
    eve = other_account.user("eve").client("kms")
    code, message = refusal(bob.encrypt, KeyId=key, Plaintext=b"x")
    assert code == "AccessDeniedException"
    assert "on this resource because the resource does not exist in this Region" in message
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(admin, to_other))
    assert bob.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
    code, message = refusal(eve.encrypt, KeyId=key, Plaintext=b"x")
    assert message.endswith("because no identity-based policy allows the kms:Encrypt action")


def test_errors_have_their_botocore_classes(account: LabAccount) -> None:
    kms = account.client("kms")
    blob = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="alias/none")
    with pytest.raises(kms.exceptions.DryRunOperationException):
        kms.generate_data_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], NumberOfBytes=8, DryRun=True)


def test_a_key_policy_may_name_only_principals_that_exist(
    account: LabAccount, other_account: LabAccount, admin: dict[str, Any]
) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def naming(arn: str) -> dict[str, Any]:
        statement = allow("kms:Encrypt", Principal={"AWS": arn})
        return {"KeyId": key, "PolicyName": "default", "Policy": policy(admin, statement)}

    for name in ("user/nobody", "role/nothing"):
        arn = f"arn:aws:iam::{other_account.number}:{name}"
        code, message = refusal(kms.put_key_policy, **naming(arn))
        assert code == "MalformedPolicyDocumentException"
        assert message == "Policy contains a statement with one or more invalid principals."
    other_account.user("bob")
    kms.put_key_policy(**naming(f"arn:aws:iam::{other_account.number}:user/bob"))
    kms.put_key_policy(**naming(f"arn:aws:iam::{other_account.number}:root"))


def test_the_lab_answers_while_an_rsa_key_is_generated(account: LabAccount) -> None:
    kms, sts = account.client("kms"), account.client("sts")
    done = threading.Event()

    def create() -> None:
        kms.create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")
        done.set()

    thread = threading.Thread(target=create)
    thread.start()
    meanwhile = 0
    while not done.is_set():
        sts.get_caller_identity()
        meanwhile += not done.is_set()
    thread.join()
    assert meanwhile > 5
