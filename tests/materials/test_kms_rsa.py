"""The KMS RSA keyring: writes without KMS, only in suites without signatures."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dynaseal import AwsKmsRsaKeyring, ConfigError, EncryptError
from dynaseal.testing import CONTEXT, Subject
from support.keyrings import KEYS, RSA, UNSIGNED, fake_kms

PUBLIC = KEYS["kms-rsa"]["public_key"].encode()
SHA256, SHA1 = "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"


def keyring(kms: Any, algorithm: Any = SHA256, **more: Any) -> AwsKmsRsaKeyring:
    return AwsKmsRsaKeyring(RSA, algorithm, client=kms.client("us-west-2"), **more)


def test_writing_makes_no_call_and_reading_one_decrypt_without_context() -> None:
    kms = fake_kms()
    subject = Subject(keyring(kms, public_key=PUBLIC, grant_tokens=["token"]), suites=UNSIGNED)

    written = subject.write()
    assert kms.calls == []
    subject.check_reads(written, "through KMS")

    (call,) = kms.calls
    assert (call["op"], call["encryption_context"]) == ("Decrypt", {})
    assert (call["encryption_algorithm"], call["grant_tokens"]) == (SHA256, ["token"])


def test_a_suite_with_a_signature_is_refused_both_ways_without_a_call() -> None:
    kms = fake_kms()
    subject = Subject(keyring(kms, public_key=PUBLIC))
    written = Subject(keyring(kms, public_key=PUBLIC), suites=UNSIGNED).write()
    signed = Subject(subject.keyring, suites=subject.suites[::-1])

    with pytest.raises(
        EncryptError, match=r"suites with signatures.*Set algorithm_suite to COMMIT_KEY_SYMSIG"
    ):
        signed.write()
    materials = signed.new_materials()
    error = signed.check_refuses(materials, "a signed suite", written.encrypted_data_keys)

    assert "does not support suites with signatures" in str(error)
    assert kms.calls == []


def test_the_hash_of_the_context_is_compared_before_the_key_is_used() -> None:
    kms = fake_kms()
    subject = Subject(keyring(kms, public_key=PUBLIC), suites=UNSIGNED)

    error = subject.check_refuses(subject.write(), "another context", context={**CONTEXT, "more": "x"})

    assert str(error) == f"The item's data key under {RSA} was wrapped for another item or table"


def test_another_algorithm_does_not_open_it() -> None:
    kms = fake_kms()
    subject = Subject(keyring(kms, SHA1, public_key=PUBLIC), keyring(kms, SHA256), UNSIGNED)

    subject.check_refuses(subject.write(), "another algorithm")


def test_a_key_that_kms_did_not_use_is_not_believed() -> None:
    kms = fake_kms()
    subject = Subject(keyring(kms, public_key=PUBLIC), suites=UNSIGNED)
    written = subject.write()

    kms.answers = {"KeyId": KEYS["kms-a"]["arn"]}

    assert "and used" in str(subject.check_refuses(written, "another key"))


def test_without_a_public_key_it_only_reads() -> None:
    with pytest.raises(EncryptError, match="has no public key, so it can only read"):
        Subject(keyring(fake_kms()), suites=UNSIGNED).write()


def test_an_unknown_algorithm_and_a_small_key_are_refused_when_it_is_made() -> None:
    small = rsa.generate_private_key(65537, 1024).public_key()

    with pytest.raises(ConfigError, match=r"no RSA encryption algorithm 'RSA'.*RSAES_OAEP_SHA_256"):
        keyring(fake_kms(), "RSA")
    with pytest.raises(ConfigError, match="fewer than 2048 bits"):
        keyring(fake_kms(), public_key=small.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
