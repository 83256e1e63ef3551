"""The errors of refused KMS calls: the key's ARN, KMS's own message and one thing to do."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import NoReturn

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dynaseal import (
    AwsKmsDiscoveryKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMultiKeyring,
    AwsKmsRsaKeyring,
    ConfigError,
    Curve,
    EncryptError,
    KmsError,
)
from dynaseal.boto.keys.kms import KmsDecryptError
from dynaseal.testing import Subject
from support.keyrings import KMS_A, KMS_B, KMS_EU, fake_kms

ALIAS = "arn:aws:kms:us-west-2:111122223333:alias/hr"


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (
            "AccessDeniedException",
            (
                "Allow kms:Decrypt for this principal in the key policy, or in an IAM policy if the "
                "key policy delegates access to the account"
            ),
        ),
        ("DisabledException", "Enable the key"),
        (
            "KMSInvalidStateException",
            "Check the key's state; CancelKeyDeletion restores a key pending deletion",
        ),
        ("NotFoundException", "Check the key's ARN, its account and its Region"),
        (
            "ThrottlingException",
            "Call KMS less often: a hierarchical keyring makes one call for many items",
        ),
    ],
)
def test_each_refusal_has_its_own_message_and_one_action(code: str, action: str) -> None:
    kms = fake_kms()
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")))
    written = subject.write()
    kms.refusals[KMS_A] = code

    error = subject.check_refuses(written, "KMS refusing")

    assert str(error) == f"KMS refused Decrypt on {KMS_A}: {code}: refused by the test. {action}"
    assert isinstance(error, KmsError)
    assert isinstance(error, ClientError)
    assert error.response["Error"]["Code"] == code


def test_a_refused_writing_is_an_encrypt_error_and_a_client_error() -> None:
    kms = fake_kms()
    kms.refusals[KMS_A] = "AccessDeniedException"

    with pytest.raises(EncryptError, match=r"refused GenerateDataKey .*Allow kms:GenerateDataKey") as raised:
        Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2"))).write()

    assert isinstance(raised.value, KmsError)


def test_a_client_of_the_wrong_region_is_named_with_both_regions() -> None:
    kms = fake_kms()
    subject = Subject(
        AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")),
        AwsKmsDiscoveryKeyring(client=kms.client("eu-central-1")),
    )

    error = subject.check_refuses(subject.write(), "the wrong Region")

    assert str(error).endswith(
        "The key is in us-west-2 and the client calls eu-central-1: use a client of the key's Region"
    )


def test_another_refusal_by_a_client_of_another_region_keeps_its_own_hint() -> None:
    response = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}

    error = KmsDecryptError(response, "Decrypt", KMS_A, "eu-west-1")

    assert "Allow kms:Decrypt for this principal" in str(error)
    assert "eu-west-1" not in str(error)


def test_a_refusal_survives_pickling_with_all_that_it_says() -> None:
    kms = fake_kms()
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("eu-central-1")))
    with pytest.raises(KmsError) as raised:
        subject.write()

    again = pickle.loads(pickle.dumps(raised.value))

    assert (type(again), str(again)) == (type(raised.value), str(raised.value))


@pytest.mark.parametrize("keyring", [AwsKmsKeyring, AwsKmsMrkKeyring])
@pytest.mark.parametrize("alias", ["alias/hr", ALIAS, "9cffc039-1179-4726-9b56-e10fb8bef796"])
def test_an_alias_can_write_and_says_that_it_cannot_read(
    keyring: Callable[..., AwsKmsKeyring], alias: str
) -> None:
    kms = fake_kms()
    kms.aliases[alias] = KMS_A
    subject = Subject(keyring(alias, client=kms.client("us-west-2")))

    error = subject.check_refuses(subject.write(), "an alias")

    assert str(error) == (
        f"{alias!r} is not a key ARN, and items name the ARN of the key that wrapped the data key. "
        "To read, pass the key's ARN; with an alias or key id a keyring can only write"
    )
    assert kms.operations() == ["GenerateDataKey"]


@pytest.mark.parametrize("alias", ["alias/hr", ALIAS, "79455cf8-0979-4fe2-ae81-037aafbdbf66", ""])
def test_an_alias_is_refused_where_only_an_arn_can_work(alias: str) -> None:
    with pytest.raises(ConfigError):
        AwsKmsRsaKeyring(alias, "RSAES_OAEP_SHA_256")
    with pytest.raises(ConfigError):
        AwsKmsEcdhKeyring.discovery(Curve.P256, alias)


def test_the_refusal_of_an_alias_says_what_to_give() -> None:
    with pytest.raises(ConfigError) as raised:
        AwsKmsRsaKeyring(ALIAS, "RSAES_OAEP_SHA_256")

    assert str(raised.value) == (
        f"{ALIAS!r} is not the ARN of a KMS key, and items name the key by its ARN. "
        "Give the key's ARN; DescribeKey shows the ARN of an alias's key"
    )


class Unreachable:
    def decrypt(self, **_request: object) -> NoReturn:
        raise EndpointConnectionError(endpoint_url="https://kms.invalid")

    generate_data_key = decrypt


def test_an_unreachable_kms_is_reported_but_not_as_a_kms_error() -> None:
    kms = fake_kms()
    written = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2"))).write()
    unreachable = Subject(AwsKmsKeyring(KMS_A, client=Unreachable()))

    error = unreachable.check_refuses(written, "no connection")
    with pytest.raises(EncryptError, match="KMS could not be called for GenerateDataKey"):
        unreachable.write()

    assert str(error).startswith(f"KMS could not be called for Decrypt on {KMS_A}: Could not connect")
    assert not isinstance(error, KmsError)


def test_a_multi_keyring_says_what_each_of_its_keyrings_had_to_say() -> None:
    kms = fake_kms()
    written = Subject(AwsKmsMultiKeyring(KMS_A, [KMS_B], clients=kms.client)).write()
    kms.refusals |= {KMS_A: "DisabledException", KMS_B: "AccessDeniedException"}
    reader = AwsKmsMultiKeyring(KMS_A, [KMS_B, KMS_EU], clients=kms.client)

    error = Subject(reader).check_refuses(written, "every key refusing")

    assert [type(cause).__name__ for cause in error.causes] == [
        "KmsDecryptError",
        "KmsDecryptError",
        "NoDataKeyError",
    ]
    for said in (f"on {KMS_A}: Disabled", f"on {KMS_B}: AccessDenied", f"no data key under {KMS_EU}"):
        assert said in str(error)


def test_a_key_arn_that_an_item_made_up_cannot_break_the_hint() -> None:
    made_up = "arn:aws:kms:{us}}-west-{0.x}:111122223333:key/any"
    response = {"Error": {"Code": "NotFoundException", "Message": "no such key"}}

    error = KmsDecryptError(response, "Decrypt", made_up, "eu-west-1")

    assert "The key is in {us}}-west-{0.x} and the client calls eu-west-1" in str(error)
