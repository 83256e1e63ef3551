"""Imported key material: importing, expiry by the lab's clock, deletion, and rotation on demand."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lab.services import KmsCaller, raises_fault

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
FOR_EVER: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def parameters(
    kms: KmsCaller, key: str, algorithm: str = "RSAES_OAEP_SHA_256"
) -> tuple[bytes, rsa.RSAPublicKey]:
    """Return an import token and its public key."""
    reply = kms("GetParametersForImport", KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
    public = serialization.load_der_public_key(reply["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    return reply["ImportToken"], public


def import_secret(kms: KmsCaller, key: str, secret: bytes, **params: Any) -> Any:
    token, public = parameters(kms, key)
    encrypted = public.encrypt(secret, OAEP)
    request: dict[str, Any] = {"KeyId": key, "ImportToken": token, "EncryptedKeyMaterial": encrypted}
    return kms("ImportKeyMaterial", **request, **(params or FOR_EVER))


def metadata(kms: KmsCaller, key: str) -> Any:
    return kms("DescribeKey", KeyId=key)["KeyMetadata"]


def encrypt(kms: KmsCaller, key: str) -> bytes:
    return kms("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_a_key_without_material_is_pending_import(kms: KmsCaller) -> None:
    key = kms.key(Origin="EXTERNAL")
    described = metadata(kms, key)
    assert (described["KeyState"], described["Enabled"], described["Origin"]) == (
        "PendingImport",
        False,
        "EXTERNAL",
    )
    assert not described.keys() & {"CurrentKeyMaterialId", "ExpirationModel"}
    params: dict[str, Any]
    for operation, params in (
        ("Encrypt", {"Plaintext": b"x"}),
        ("RotateKeyOnDemand", {}),
        ("EnableKey", {}),
        ("DisableKey", {}),
    ):
        with raises_fault(f"KMSInvalidStateException: {key} is pending import."):
            kms(operation, KeyId=key, **params)


def test_imported_material_encrypts_until_it_is_deleted_and_again_when_it_is_imported_again(
    kms: KmsCaller,
) -> None:
    key, secret = kms.key(Origin="EXTERNAL"), secrets.token_bytes(32)
    imported = import_secret(kms, key, secret)
    described = metadata(kms, key)
    assert described["KeyState"] == "Enabled"
    assert described["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    assert described["CurrentKeyMaterialId"] == imported["KeyMaterialId"]
    blob = encrypt(kms, key)
    kms("DeleteImportedKeyMaterial", KeyId=key)
    assert metadata(kms, key)["KeyState"] == "PendingImport"
    with raises_fault("KMSInvalidStateException"):
        kms("Decrypt", CiphertextBlob=blob)
    with raises_fault("IncorrectKeyMaterialException"):
        import_secret(kms, key, secrets.token_bytes(32))
    import_secret(kms, key, secret)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


def test_material_of_a_key_that_is_scheduled_for_deletion_can_be_deleted_at_once(kms: KmsCaller) -> None:
    key, secret = kms.key(Origin="EXTERNAL"), secrets.token_bytes(32)
    import_secret(kms, key, secret)
    kms("ScheduleKeyDeletion", KeyId=key)
    kms("DeleteImportedKeyMaterial", KeyId=key)
    assert metadata(kms, key)["KeyState"] == "PendingDeletion"
    kms("CancelKeyDeletion", KeyId=key)
    assert metadata(kms, key)["KeyState"] == "PendingImport"


def test_material_expires_by_the_labs_clock(kms: KmsCaller) -> None:
    key, secret = kms.key(Origin="EXTERNAL"), secrets.token_bytes(32)
    with raises_fault("ValidationException: A validTo date must be set"):
        import_secret(kms, key, secret, ExpirationModel="KEY_MATERIAL_EXPIRES")
    valid_to = kms.clock.now() + timedelta(days=2)
    import_secret(kms, key, secret, ValidTo=valid_to)
    assert metadata(kms, key)["ValidTo"] == valid_to
    blob = encrypt(kms, key)
    kms.clock.forward(days=2)
    assert metadata(kms, key)["KeyState"] == "PendingImport"
    with raises_fault("KMSInvalidStateException"):
        encrypt(kms, key)
    import_secret(kms, key, secret)
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"x"


def test_new_material_waits_for_a_rotation_on_demand(kms: KmsCaller) -> None:
    key = kms.key(Origin="EXTERNAL")
    first = import_secret(kms, key, secrets.token_bytes(32))["KeyMaterialId"]
    with raises_fault(
        f"KMSInvalidStateException: No available key material pending rotation for the key: {key}."
    ):
        kms("RotateKeyOnDemand", KeyId=key)
    blob = encrypt(kms, key)
    new: dict[str, Any] = {**FOR_EVER, "ImportType": "NEW_KEY_MATERIAL"}
    second = import_secret(kms, key, secrets.token_bytes(32), **new)["KeyMaterialId"]
    assert metadata(kms, key)["CurrentKeyMaterialId"] == first
    with raises_fault("KMSInvalidStateException: New key material .* is pending rotation."):
        import_secret(kms, key, secrets.token_bytes(32), **new)
    kms("RotateKeyOnDemand", KeyId=key)
    assert metadata(kms, key)["CurrentKeyMaterialId"] == second
    assert kms("Decrypt", CiphertextBlob=blob)["KeyMaterialId"] == first
    rotations = kms("ListKeyRotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [entry["KeyMaterialState"] for entry in rotations] == ["NON_CURRENT", "CURRENT"]
    kms("DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId=first)
    assert metadata(kms, key)["KeyState"] == "PendingImport"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"ImportToken": b"other"}, "InvalidImportTokenException"),
        ({"EncryptedKeyMaterial": b"other"}, "InvalidCiphertextException"),
        ({"ValidTo": None}, "ValidationException"),
    ],
)
def test_imports_that_are_refused(kms: KmsCaller, params: dict[str, Any], message: str) -> None:
    key = kms.key(Origin="EXTERNAL")
    token, public = parameters(kms, key)
    encrypted = public.encrypt(b"k" * 32, OAEP)
    request: dict[str, Any] = {"KeyId": key, "ImportToken": token, "EncryptedKeyMaterial": encrypted}
    changed: dict[str, Any] = {**request, **({} if "ValidTo" in params else FOR_EVER), **params}
    with raises_fault(message):
        kms("ImportKeyMaterial", **{name: value for name, value in changed.items() if value is not None})
    with raises_fault("IncorrectKeyMaterialException"):
        import_secret(kms, key, b"k" * 31)
    kms.clock.forward(days=1)
    with raises_fault("ExpiredImportTokenException"):
        kms("ImportKeyMaterial", **request, **FOR_EVER)


def test_only_keys_of_external_origin_import(kms: KmsCaller) -> None:
    key = kms.key()
    with raises_fault(f"UnsupportedOperationException: {key} origin is AWS_KMS which is not valid"):
        parameters(kms, key)
    with raises_fault("UnsupportedOperationException"):
        kms.key(Origin="EXTERNAL", MultiRegion=True)
    with raises_fault("UnsupportedOperationException: .* origin is EXTERNAL"):
        external = kms.key(Origin="EXTERNAL")
        import_secret(kms, external, b"k" * 32)
        kms("EnableKeyRotation", KeyId=external)


def test_a_private_key_is_imported_under_an_aes_key(kms: KmsCaller) -> None:
    key = kms.key(Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    token, public = parameters(kms, key, "RSA_AES_KEY_WRAP_SHA_256")
    aes_key = secrets.token_bytes(32)
    encrypted = public.encrypt(aes_key, OAEP) + keywrap.aes_key_wrap_with_padding(aes_key, der)
    kms("ImportKeyMaterial", KeyId=key, ImportToken=token, EncryptedKeyMaterial=encrypted, **FOR_EVER)
    expected = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert kms("GetPublicKey", KeyId=key)["PublicKey"] == expected
