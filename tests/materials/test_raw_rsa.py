"""The raw RSA keyring: public and private keys, paddings, and keys that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dynaseal import ConfigError, EncryptError, RawRsaKeyring, RsaPadding
from dynaseal.testing import Subject
from support.keyrings import KEYS

PUBLIC = KEYS["rsa-a"]["public_key"].encode()
PRIVATE = KEYS["rsa-a"]["private_key"].encode()
OTHER = KEYS["rsa-b"]["private_key"].encode()
OAEP = RsaPadding.OAEP_SHA256_MGF1
REFUSAL = (
    "The key 'one' of 'mine' cannot unwrap the item's data key. "
    "It was wrapped by another key of that name, or for another item or table"
)


def keyring(padding: RsaPadding = OAEP, name: str = "one", **keys: bytes) -> RawRsaKeyring:
    return RawRsaKeyring("mine", name, padding, **keys)


def private_pem(key: Any, encryption: Any = NoEncryption()) -> bytes:  # noqa: B008 a constant
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_the_public_half_writes_what_the_private_half_reads() -> None:
    subject = Subject(keyring(public_key=PUBLIC), keyring(private_key=PRIVATE))

    subject.check_reads(subject.write(), "by the other half")


def test_the_public_half_says_that_it_cannot_read() -> None:
    subject = Subject(keyring(public_key=PUBLIC))

    error = subject.check_refuses(subject.write(), "reading without a private key")

    assert str(error) == (
        "The raw RSA keyring 'one' of 'mine' has no private key, so it can only write. Pass private_key"
    )


def test_the_private_half_says_that_it_cannot_write() -> None:
    with pytest.raises(EncryptError, match=r"has no public key, so it can only read\. Pass public_key"):
        Subject(keyring(private_key=PRIVATE)).write()


@pytest.mark.parametrize("padding", [one for one in RsaPadding if one is not OAEP])
def test_another_padding_does_not_open_it(padding: RsaPadding) -> None:
    subject = Subject(keyring(public_key=PUBLIC), keyring(padding, private_key=PRIVATE))

    error = subject.check_refuses(subject.write(), "another padding")

    assert str(error) == REFUSAL


@pytest.mark.parametrize("padding", list(RsaPadding))
def test_a_bad_padding_and_a_bad_key_give_the_same_error(padding: RsaPadding) -> None:
    written = Subject(keyring(padding, public_key=PUBLIC)).write()
    wrong_key = Subject(keyring(padding, private_key=OTHER))
    (key,) = written.encrypted_data_keys
    cut = [type(key)(key.provider_id, key.provider_info, key.ciphertext[:-1])]

    errors = {
        str(wrong_key.check_refuses(written, "another key")),
        str(Subject(keyring(padding, private_key=PRIVATE)).check_refuses(written, "a cut data key", cut)),
    }

    assert errors == {REFUSAL}


def test_a_data_key_of_another_name_is_not_its_own() -> None:
    written = Subject(keyring(public_key=PUBLIC)).write()

    error = Subject(keyring(name="two", private_key=PRIVATE)).check_refuses(written, "another name")

    assert str(error) == "The item has no data key under the key 'two' of 'mine'"


SMALL = rsa.generate_private_key(65537, 1024)
EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("padding", "keys", "says"),
    [
        (OAEP, {}, "needs a public key to write, or a private key to read"),
        (OAEP, {"public_key": b"nonsense"}, "not an RSA public key in PEM"),
        (OAEP, {"public_key": PRIVATE}, "not an RSA public key in PEM"),
        (OAEP, {"private_key": PUBLIC}, "not an RSA private key in PEM"),
        (OAEP, {"private_key": private_pem(EC)}, "not an RSA private key in PEM"),
        (
            OAEP,
            {"public_key": EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)},
            "not an RSA public key in PEM",
        ),
        (
            OAEP,
            {"private_key": private_pem(SMALL, BestAvailableEncryption(b"x"))},
            "protected by a password. Decrypt it",
        ),
        (
            RsaPadding.OAEP_SHA512_MGF1,
            {"private_key": private_pem(SMALL)},
            "An RSA key of 1024 bits is too small for OAEP_SHA512_MGF1",
        ),
    ],
)
def test_an_unusable_key_is_refused_when_the_keyring_is_made(
    padding: RsaPadding, keys: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        keyring(padding, **keys)


def test_the_namespace_of_kms_is_refused() -> None:
    with pytest.raises(ConfigError, match="reserved for KMS"):
        RawRsaKeyring("aws-kms-mine", "one", OAEP, public_key=PUBLIC)


def test_a_key_given_as_text_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        RawRsaKeyring("mine", "one", OAEP, public_key=PUBLIC.decode())  # the wrong type is the point
