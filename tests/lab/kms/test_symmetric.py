"""Encrypt, Decrypt, ReEncrypt and data keys with symmetric keys."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.services import KmsCaller, raises_fault

contexts = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(plaintext=st.binary(min_size=1, max_size=64), context=contexts)
def test_what_is_encrypted_decrypts_under_the_same_context(
    kms: KmsCaller, plaintext: bytes, context: dict[str, str]
) -> None:
    encrypted = kms("Encrypt", KeyId=kms.key(), Plaintext=plaintext, EncryptionContext=context)
    decrypted = kms("Decrypt", CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext=context)
    assert decrypted["Plaintext"] == plaintext
    assert decrypted["KeyId"] == encrypted["KeyId"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(given_context=contexts, other=contexts)
def test_another_context_is_an_invalid_ciphertext(
    kms: KmsCaller, given_context: dict[str, str], other: dict[str, str]
) -> None:
    blob = kms("Encrypt", KeyId=kms.key(), Plaintext=b"x", EncryptionContext=given_context)["CiphertextBlob"]
    if given_context != other:
        with raises_fault("InvalidCiphertextException"):
            kms("Decrypt", CiphertextBlob=blob, EncryptionContext=other)


def test_every_changed_or_missing_byte_is_an_invalid_ciphertext(kms: KmsCaller) -> None:
    blob = kms("Encrypt", KeyId=kms.key(), Plaintext=b"secret")["CiphertextBlob"]
    for position in range(len(blob)):
        changed = blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]
        for bad in (changed, blob[:position], blob + blob[: position + 1]):
            with raises_fault("InvalidCiphertextException|ValidationException"):
                kms("Decrypt", CiphertextBlob=bad)


def test_a_named_key_that_did_not_encrypt_is_the_incorrect_key(kms: KmsCaller) -> None:
    blob = kms("Encrypt", KeyId=kms.key(), Plaintext=b"x")["CiphertextBlob"]
    with raises_fault("IncorrectKeyException"):
        kms("Decrypt", CiphertextBlob=blob, KeyId=kms.key())


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias arn"])
def test_a_key_is_named_by_id_arn_alias_or_alias_arn(kms: KmsCaller, form: str) -> None:
    arn = kms.key()
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=arn)
    name = {
        "id": arn.rpartition("/")[2],
        "arn": arn,
        "alias": "alias/mine",
        "alias arn": arn.rpartition(":")[0] + ":alias/mine",
    }[form]
    assert kms("Encrypt", KeyId=name, Plaintext=b"x")["KeyId"] == arn


@pytest.mark.parametrize(
    ("parameters", "size"),
    [({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 64}, 64)],
)
def test_a_data_key_has_the_requested_size_and_decrypts_to_itself(
    kms: KmsCaller, parameters: dict[str, Any], size: int
) -> None:
    data_key = kms("GenerateDataKey", KeyId=kms.key(), EncryptionContext={"a": "b"}, **parameters)
    assert len(data_key["Plaintext"]) == size
    decrypted = kms("Decrypt", CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert decrypted["Plaintext"] == data_key["Plaintext"]
    assert decrypted["KeyMaterialId"] == data_key["KeyMaterialId"]


def test_a_data_key_without_plaintext_is_only_encrypted(kms: KmsCaller) -> None:
    data_key = kms("GenerateDataKeyWithoutPlaintext", KeyId=kms.key(), KeySpec="AES_256")
    assert "Plaintext" not in data_key
    assert len(kms("Decrypt", CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"]) == 32


@pytest.mark.parametrize("parameters", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}])
def test_a_data_key_needs_exactly_one_size(kms: KmsCaller, parameters: dict[str, Any]) -> None:
    with raises_fault("ValidationException: Please specify either number of bytes or key spec."):
        kms("GenerateDataKey", KeyId=kms.key(), **parameters)


@pytest.mark.parametrize("size", [0, 1025])
def test_a_data_key_has_1_to_1024_bytes(kms: KmsCaller, size: int) -> None:
    with raises_fault("ValidationException: 1 validation error detected"):
        kms("GenerateDataKey", KeyId=kms.key(), NumberOfBytes=size)


def test_more_than_4096_bytes_are_refused_without_showing_them(kms: KmsCaller) -> None:
    kms("Encrypt", KeyId=kms.key(), Plaintext=b"s" * 4096)
    with raises_fault("ValidationException: .*Value at 'plaintext' failed.*4096") as caught:
        kms("Encrypt", KeyId=kms.key(), Plaintext=b"s" * 4097)
    assert "sss" not in caught.value.message


def test_re_encrypt_moves_a_ciphertext_to_another_key_and_context(kms: KmsCaller) -> None:
    old, new = kms.key(), kms.key()
    blob = kms("Encrypt", KeyId=old, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    re_encrypted = kms(
        "ReEncrypt",
        CiphertextBlob=blob,
        SourceEncryptionContext={"a": "1"},
        DestinationKeyId=new,
        DestinationEncryptionContext={"b": "2"},
    )
    assert (re_encrypted["SourceKeyId"], re_encrypted["KeyId"]) == (old, new)
    decrypted = kms("Decrypt", CiphertextBlob=re_encrypted["CiphertextBlob"], EncryptionContext={"b": "2"})
    assert (decrypted["Plaintext"], decrypted["KeyId"]) == (b"x", new)


def test_re_encrypt_needs_permission_on_both_keys_and_says_whether_they_are_one(kms: KmsCaller) -> None:
    key = kms.key()
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.authorizer.forget()
    kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=key)
    assert [
        (access_request.action, access_request.condition_keys["kms:ReEncryptOnSameKey"])
        for access_request in kms.authorizer.access_requests
    ] == [
        ("kms:ReEncryptFrom", ["true"]),
        ("kms:ReEncryptTo", ["true"]),
    ]


def test_a_dry_run_would_succeed_and_does_nothing(kms: KmsCaller) -> None:
    with raises_fault(
        "DryRunOperationException: The request would have succeeded, but the DryRun option is set."
    ):
        kms("Encrypt", KeyId=kms.key(), Plaintext=b"x", DryRun=True)


def test_random_bytes_have_the_requested_length(kms: KmsCaller) -> None:
    assert len(kms("GenerateRandom", NumberOfBytes=17)["Plaintext"]) == 17
    assert kms.authorizer.access_requests[-1].resource == "*"


def test_the_access_request_has_the_condition_keys_of_the_call(kms: KmsCaller) -> None:
    key = kms.key(Tags=[{"TagKey": "team", "TagValue": "red"}])
    kms("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    via = "dynamodb.us-west-2.amazonaws.com"
    kms("Encrypt", KeyId="alias/mine", Plaintext=b"x", EncryptionContext={"dept": "hr"}, via=via)
    access_request = kms.authorizer.access_requests[-1]
    assert (access_request.action, access_request.resource, access_request.resource_account) == (
        "kms:Encrypt",
        key,
        "111122223333",
    )
    assert dict(access_request.condition_keys) == {
        "kms:CallerAccount": ["111122223333"],
        "kms:ViaService": [via],
        "kms:KeySpec": ["SYMMETRIC_DEFAULT"],
        "kms:KeyUsage": ["ENCRYPT_DECRYPT"],
        "kms:KeyOrigin": ["AWS_KMS"],
        "kms:MultiRegion": ["false"],
        "kms:CustomerMasterKeySpec": ["SYMMETRIC_DEFAULT"],
        "kms:CustomerMasterKeyUsage": ["ENCRYPT_DECRYPT"],
        "kms:EncryptionAlgorithm": ["SYMMETRIC_DEFAULT"],
        "kms:EncryptionContext:dept": ["hr"],
        "kms:EncryptionContextKeys": ["dept"],
        "kms:RequestAlias": ["alias/mine"],
        "kms:ResourceAliases": ["alias/mine"],
        "aws:ResourceTag/team": ["red"],
    }
