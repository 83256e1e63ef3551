"""Replies and errors of KMS as they were recorded on AWS."""

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.testing import LabAccount
from lab.errors import client_error
from lab.services import KmsCaller, raises_fault

INCORRECT_KEY = (
    "IncorrectKeyException: "
    "The key ID in the request does not identify a CMK that can perform this operation."
)


@pytest.mark.parametrize("kind", [{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}])
def test_a_key_of_another_usage_is_an_incorrect_key_when_decrypting(
    kms: KmsCaller, kind: dict[str, str]
) -> None:
    key, other = kms.key(), kms.key(**kind)
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with raises_fault(INCORRECT_KEY):
        kms("Decrypt", KeyId=other, CiphertextBlob=blob)
    with raises_fault(INCORRECT_KEY):
        kms("ReEncrypt", SourceKeyId=other, DestinationKeyId=key, CiphertextBlob=blob)
    with raises_fault("InvalidKeyUsageException"):
        kms("ReEncrypt", SourceKeyId=key, DestinationKeyId=other, CiphertextBlob=blob)


@pytest.mark.parametrize("operation", ["Encrypt", "Decrypt", "GenerateDataKey"])
def test_an_encryption_context_has_at_most_8192_bytes(kms: KmsCaller, operation: str) -> None:
    key = kms.key()
    largest = {"k": "v" * 8191}
    blob = kms("Encrypt", KeyId=key, Plaintext=b"x", EncryptionContext=largest)["CiphertextBlob"]
    params = {"Encrypt": {"Plaintext": b"x"}, "Decrypt": {"CiphertextBlob": blob}}
    others = params.get(operation, {"KeySpec": "AES_256"})
    with raises_fault("ValidationException: The encryption context has 8193 bytes"):
        kms(operation, KeyId=key, EncryptionContext={"ke": "v" * 8191}, **others)


def test_an_error_without_a_message_has_no_member_for_it(account: LabAccount) -> None:
    kms, key = account.client("kms"), account.key()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(kms.exceptions.InvalidCiphertextException) as caught:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"other": "context"})
    assert "message" not in caught.value.response
    assert caught.value.response["Error"]["Message"] == ""


def test_a_dry_run_is_answered_with_status_400(account: LabAccount) -> None:
    kms, key = account.client("kms"), account.key()
    with pytest.raises(kms.exceptions.DryRunOperationException) as caught:
        kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_wording_of_aliases_tags_and_macs(account: LabAccount) -> None:
    kms, key = account.client("kms"), account.key()
    message = client_error(kms.create_alias, AliasName="mine", TargetKeyId=key)[1]
    assert message.startswith('Alias must start with the prefix "alias/". Please see https://')
    tags = [{"TagKey": "AWS:team", "TagValue": "red"}]
    reserved = ("TagException", "Tags beginning with aws: are reserved")
    assert client_error(kms.tag_resource, KeyId=key, Tags=tags) == reserved
    assert client_error(kms.create_key, Tags=tags) == reserved
    mac_key = kms.create_key(KeySpec="HMAC_224", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    assert client_error(kms.generate_mac, KeyId=mac_key, Message=b"x", MacAlgorithm="HMAC_SHA_256") == (
        "InvalidKeyUsageException",
        "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.",
    )


def test_rsa_says_how_much_it_encrypts(kms: KmsCaller) -> None:
    key = kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    with raises_fault(
        "ValidationException: Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger "
        "than 190 bytes."
    ):
        kms("Encrypt", KeyId=key, Plaintext=b"x" * 191, EncryptionAlgorithm="RSAES_OAEP_SHA_256")


def test_a_new_replica_is_described_as_being_created(kms: KmsCaller) -> None:
    key = kms.key(MultiRegion=True)
    reply = kms("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    described = reply["ReplicaKeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("Creating", False)
    assert "CurrentKeyMaterialId" not in described
    assert "ReplicaTags" not in reply
    replica = described["Arn"]
    assert kms("DescribeKey", KeyId=replica, region="eu-west-1")["KeyMetadata"]["KeyState"] == "Enabled"
    with raises_fault(f"UnsupportedOperationException: {replica} is not a multi-region primary key."):
        kms("ReplicateKey", KeyId=replica, ReplicaRegion="us-east-1", region="eu-west-1")


def test_only_symmetric_keys_rotate(kms: KmsCaller) -> None:
    with pytest.raises(Fault) as caught:
        kms("RotateKeyOnDemand", KeyId=kms.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"))
    assert (caught.value.code, caught.value.message) == ("UnsupportedOperationException", "")


def test_awss_own_aliases_have_a_key_once_it_is_described(kms: KmsCaller) -> None:
    def target() -> str | None:
        aliases = {entry["AliasName"]: entry for entry in kms("ListAliases")["Aliases"]}
        return aliases["alias/aws/s3"].get("TargetKeyId")

    assert target() is None
    described = kms("DescribeKey", KeyId="alias/aws/s3")["KeyMetadata"]
    assert described["KeyManager"] == "AWS"
    assert target() == described["KeyId"]
