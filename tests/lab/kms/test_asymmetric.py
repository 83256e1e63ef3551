"""RSA, elliptic-curve and HMAC keys, each compared with the same operation outside KMS."""

import hashlib
import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from dynaseal_lab.kms.specs import KEY_SPECS
from lab.services import KmsCaller, raises_fault

MESSAGE = b"a message"
SIGNING = [
    (spec.name, algorithm)
    for spec in KEY_SPECS.values()
    for algorithm in spec.algorithms.get("SIGN_VERIFY", ())
    if spec.name not in {"RSA_3072", "RSA_4096"}
]


def public_key(kms: KmsCaller, key: str) -> Any:
    return serialization.load_der_public_key(kms("GetPublicKey", KeyId=key)["PublicKey"])


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_a_signature_verifies_inside_and_outside_and_a_changed_message_does_not(
    kms: KmsCaller, spec: str, algorithm: str
) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    signature = kms("Sign", KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)["Signature"]
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[-3:]]
    public = public_key(kms, key)
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, MESSAGE, ec.ECDSA(digest))
    else:
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        public.verify(signature, MESSAGE, pss if "PSS" in algorithm else padding.PKCS1v15(), digest)
    same = {"KeyId": key, "Signature": signature, "SigningAlgorithm": algorithm}
    assert kms("Verify", Message=MESSAGE, **same)["SignatureValid"] is True
    hashed = hashlib.new(digest.name, MESSAGE).digest()
    assert kms("Verify", Message=hashed, MessageType="DIGEST", **same)["SignatureValid"] is True
    with raises_fault("KMSInvalidSignatureException"):
        kms("Verify", Message=MESSAGE + b"!", **same)


def test_a_digest_has_its_algorithms_length(kms: KmsCaller) -> None:
    key = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    with raises_fault("ValidationException: Digest is invalid length for algorithm ECDSA_SHA_256."):
        kms("Sign", KeyId=key, Message=b"short", MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_what_the_public_key_encrypts_outside_decrypts_inside(kms: KmsCaller, algorithm: str) -> None:
    key = kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    digest = hashes.SHA1() if algorithm.endswith("_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    outside = public_key(kms, key).encrypt(b"secret", oaep)
    inside = kms("Encrypt", KeyId=key, Plaintext=b"secret", EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    for blob in (outside, inside):
        decrypted = kms("Decrypt", KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm)
        assert decrypted["Plaintext"] == b"secret"
    with raises_fault("InvalidCiphertextException"):
        kms("Decrypt", KeyId=key, CiphertextBlob=outside[:-1] + b"\0", EncryptionAlgorithm=algorithm)
    with raises_fault("ValidationException: KeyId is required"):
        kms("Decrypt", CiphertextBlob=outside, EncryptionAlgorithm=algorithm)


@pytest.mark.parametrize(("algorithm", "limit"), [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)])
def test_rsa_encrypts_no_more_than_its_modulus_allows(kms: KmsCaller, algorithm: str, limit: int) -> None:
    key = kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    kms("Encrypt", KeyId=key, Plaintext=b"x" * limit, EncryptionAlgorithm=algorithm)
    with raises_fault("ValidationException"):
        kms("Encrypt", KeyId=key, Plaintext=b"x" * (limit + 1), EncryptionAlgorithm=algorithm)


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_a_mac_is_the_hmac_of_the_message_and_a_changed_one_is_refused(kms: KmsCaller, bits: int) -> None:
    key = kms.key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    params = {"KeyId": key, "MacAlgorithm": f"HMAC_SHA_{bits}", "Message": MESSAGE}
    mac = kms("GenerateMac", **params)["Mac"]
    secret = kms.service._access.store.material(key.rpartition("/")[2]).current.secret
    assert mac == hmac.new(secret, MESSAGE, f"sha{bits}").digest()
    assert kms("VerifyMac", Mac=mac, **params)["MacValid"] is True
    with raises_fault("KMSInvalidMacException"):
        kms("VerifyMac", Mac=bytes(len(mac)), **params)


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_both_sides_derive_the_same_secret(kms: KmsCaller, spec: str) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")
    public = public_key(kms, key)
    other = ec.generate_private_key(public.curve)
    der = other.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    derived = kms("DeriveSharedSecret", KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der)
    assert derived["SharedSecret"] == other.exchange(ec.ECDH(), public)
    with raises_fault("ValidationException: $"):
        kms("DeriveSharedSecret", KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der[:-1])


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_SECG_P256K1"])
def test_the_keys_of_a_data_key_pair_match_and_the_private_key_is_encrypted(
    kms: KmsCaller, spec: str
) -> None:
    key = kms.key()
    pair = kms("GenerateDataKeyPair", KeyId=key, KeyPairSpec=spec, EncryptionContext={"a": "b"})
    decrypted = kms("Decrypt", CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "b"})
    assert decrypted["Plaintext"] == pair["PrivateKeyPlaintext"]
    private = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert public == pair["PublicKey"]
    without_plaintext = kms("GenerateDataKeyPairWithoutPlaintext", KeyId=key, KeyPairSpec=spec)
    assert "PrivateKeyPlaintext" not in without_plaintext


@pytest.mark.parametrize(
    ("key_params", "operation", "params"),
    [
        ({}, "Sign", {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
        ({}, "GenerateMac", {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, "Encrypt", {"Plaintext": b"x"}),
        ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "GenerateDataKey", {"KeySpec": "AES_256"}),
        ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "Encrypt", {"Plaintext": b"x"}),
        (
            {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
            "Sign",
            {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_384"},
        ),
    ],
)
def test_a_key_is_used_only_for_its_usage(
    kms: KmsCaller, key_params: dict[str, Any], operation: str, params: dict[str, Any]
) -> None:
    with raises_fault("InvalidKeyUsageException"):
        kms(operation, KeyId=kms.key(**key_params), **params)


@pytest.mark.parametrize(
    ("key_params", "code"),
    [
        ({"KeySpec": "ECC_NIST_P256"}, "ValidationException: You must specify a KeyUsage"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException"),
        ({"KeySpec": "HMAC_256", "KeyUsage": "SIGN_VERIFY"}, "ValidationException"),
        ({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
        ({"KeySpec": "NONSENSE"}, "ValidationException"),
        ({"Origin": "EXTERNAL", "MultiRegion": True}, "UnsupportedOperationException"),
    ],
)
def test_a_key_is_created_only_of_a_spec_and_usage_that_exist(
    kms: KmsCaller, key_params: dict[str, Any], code: str
) -> None:
    with raises_fault(code):
        kms("CreateKey", **key_params)


def test_a_symmetric_key_has_no_public_key_and_an_asymmetric_one_does_not_rotate(kms: KmsCaller) -> None:
    with raises_fault("UnsupportedOperationException"):
        kms("GetPublicKey", KeyId=kms.key())
    with raises_fault("UnsupportedOperationException"):
        kms("EnableKeyRotation", KeyId=kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"))
