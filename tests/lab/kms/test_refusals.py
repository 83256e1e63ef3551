"""The messages of refusals, word for word, and the order of the checks."""

from typing import Any

import pytest

from dynaseal_lab.model import Decision, Fault
from lab.services import STRANGER, KmsCaller, user

ALICE = "arn:aws:iam::111122223333:user/alice"
BOB = user("bob", STRANGER)
ELSEWHERE = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def message(kms: KmsCaller, operation: str, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(Fault) as caught:
        kms(operation, **arguments)
    return caught.value.code, caught.value.message


def deny(kms: KmsCaller, reason: Any) -> None:
    kms.authorizer.rule = lambda _call, _access_request: Decision(False, reason)


@pytest.mark.parametrize(
    ("reason", "because"),
    [
        ("no-identity-policy", "because no identity-based policy allows the kms:Decrypt action"),
        ("no-resource-policy", "because no resource-based policy allows the kms:Decrypt action"),
        ("explicit-deny-identity", "with an explicit deny in an identity-based policy"),
        ("explicit-deny-resource", "with an explicit deny in a resource-based policy"),
        ("explicit-deny-boundary", "with an explicit deny in a permissions boundary"),
        ("explicit-deny-session", "with an explicit deny in a session policy"),
        ("no-boundary", "because no permissions boundary allows the kms:Decrypt action"),
        ("no-session-policy", "because no session policy allows the kms:Decrypt action"),
    ],
)
def test_a_refusal_names_caller_action_key_and_reason(kms: KmsCaller, reason: Any, because: str) -> None:
    key = kms.key()
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    deny(kms, reason)
    assert message(kms, "Decrypt", CiphertextBlob=blob) == (
        "AccessDeniedException",
        f"User: {ALICE} is not authorized to perform: kms:Decrypt on resource: {key} {because}",
    )


def test_another_accounts_key_is_refused_as_if_it_might_not_exist(kms: KmsCaller) -> None:
    key = kms.key()
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    deny(kms, "no-resource-policy")
    denied = f"User: {BOB.arn} is not authorized to perform: kms:Decrypt on"
    refusal = ("AccessDeniedException", f"{denied} this resource {ELSEWHERE}")
    assert message(kms, "Decrypt", caller=BOB, CiphertextBlob=blob, KeyId=key) == refusal
    unknown = key.replace(key.rpartition("/")[2], "00000000-0000-0000-0000-000000000000")
    assert message(kms, "Decrypt", caller=BOB, CiphertextBlob=blob, KeyId=unknown) == refusal
    assert message(kms, "Decrypt", caller=BOB, CiphertextBlob=blob) == (
        "AccessDeniedException",
        f"{denied} the resource associated with this ciphertext {ELSEWHERE}",
    )


def test_a_missing_key_of_the_callers_account_is_not_found(kms: KmsCaller) -> None:
    key = "arn:aws:kms:us-west-2:111122223333:key/00000000-0000-0000-0000-000000000000"
    assert message(kms, "DescribeKey", KeyId=key) == ("NotFoundException", f"Key '{key}' does not exist")
    assert message(kms, "DescribeKey", KeyId="alias/none") == (
        "NotFoundException",
        "Alias arn:aws:kms:us-west-2:111122223333:alias/none is not found.",
    )
    assert message(kms, "DescribeKey", KeyId="nonsense") == ("NotFoundException", "Invalid keyId 'nonsense'")


def test_an_arn_of_another_region_is_invalid_here(kms: KmsCaller) -> None:
    key = kms.key()
    assert message(kms, "DescribeKey", KeyId=key, region="us-east-1") == (
        "NotFoundException",
        "Invalid arn us-west-2",
    )


def test_a_bare_key_id_is_looked_for_in_the_callers_account(kms: KmsCaller) -> None:
    key_id = kms.key().rpartition("/")[2]
    assert message(kms, "DescribeKey", caller=BOB, KeyId=key_id)[0] == "NotFoundException"


def test_another_account_never_manages_a_key_even_where_a_policy_allows_it(kms: KmsCaller) -> None:
    assert message(kms, "DisableKey", caller=BOB, KeyId=kms.key())[0] == "AccessDeniedException"


def test_permission_is_checked_before_the_keys_state(kms: KmsCaller) -> None:
    key = kms.key()
    kms("DisableKey", KeyId=key)
    deny(kms, "no-identity-policy")
    assert message(kms, "Encrypt", KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_parameters_are_checked_before_anything_else(kms: KmsCaller) -> None:
    deny(kms, "no-identity-policy")
    assert message(kms, "Encrypt", Plaintext=b"x")[0] == "ValidationException"


def test_an_operation_that_is_not_offered_is_refused_by_name(kms: KmsCaller) -> None:
    code, sentence = message(kms, "CreateCustomKeyStore", CustomKeyStoreName="x")
    assert code == "UnsupportedOperationException"
    assert "CreateCustomKeyStore" in sentence
