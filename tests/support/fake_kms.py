"""A stand-in for KMS in every Region: uses the vectors' recorded replies or its own keys, and records calls.

A multi-Region key is one key under many ARNs. Asymmetric keys are real: RSA and ECDH are computed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

_HASHES = {"RSAES_OAEP_SHA_1": SHA1(), "RSAES_OAEP_SHA_256": SHA256()}
_KEY_SPECS = {"secp256r1": "ECC_NIST_P256", "secp384r1": "ECC_NIST_P384", "secp521r1": "ECC_NIST_P521"}


def refusal(operation: str, code: str, message: str) -> ClientError:
    """Return the error that boto3 raises for a response of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeKms:
    """All Regions' KMS: `client("us-west-2")` is one Region's client.

    `replies` maps (key ARN, ciphertext) to the plaintext and the context it was made under; GenerateDataKey
    adds to it. `refusals` maps a key's ARN to the error code with which it answers everything. `aliases` maps
    an alias to a key's ARN. `private_keys` are the asymmetric keys, PEM by ARN, and `usages` their usage
    where it is not the fitting one. `answers` overrides parts of every answer, to lie.
    """

    replies: dict[tuple[str, bytes], tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    private_keys: dict[str, str] = field(default_factory=dict)
    usages: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    clients_made: list[str] = field(default_factory=list)

    def client(self, region: str) -> FakeKmsClient:
        self.clients_made.append(region)
        return FakeKmsClient(self, region)

    def operations(self) -> list[str]:
        """The names of the operations that were called."""
        return [call["op"] for call in self.calls]


class FakeKmsClient:
    def __init__(self, kms: FakeKms, region: str) -> None:
        self.kms = kms
        self.region = region
        self.meta = SimpleNamespace(region_name=region, config=Config())

    def generate_data_key(
        self, *, KeyId: str, NumberOfBytes: int, EncryptionContext: dict[str, str], GrantTokens: list[str]
    ) -> dict[str, Any]:
        arn = self._record(
            "GenerateDataKey",
            KeyId,
            GrantTokens,
            encryption_context=dict(EncryptionContext),
            number_of_bytes=NumberOfBytes,
        )
        plaintext, ciphertext = os.urandom(NumberOfBytes), os.urandom(64)
        self.kms.replies[material(arn), ciphertext] = plaintext, dict(EncryptionContext)
        return self._answer(Plaintext=plaintext, CiphertextBlob=ciphertext, KeyId=arn)

    def decrypt(
        self,
        *,
        KeyId: str,
        CiphertextBlob: bytes,
        GrantTokens: list[str],
        EncryptionContext: dict[str, str] | None = None,
        EncryptionAlgorithm: str | None = None,
    ) -> dict[str, Any]:
        algorithm = {} if EncryptionAlgorithm is None else {"encryption_algorithm": EncryptionAlgorithm}
        arn = self._record(
            "Decrypt",
            KeyId,
            GrantTokens,
            encryption_context=dict(EncryptionContext or {}),
            ciphertext=CiphertextBlob.hex(),
            **algorithm,
        )
        if EncryptionAlgorithm is not None:
            return self._answer(Plaintext=self._decrypt_rsa(arn, CiphertextBlob, algorithm), KeyId=arn)
        plaintext, context = self.kms.replies.get((material(arn), CiphertextBlob), (b"", None))
        if context != EncryptionContext:
            raise refusal("Decrypt", "InvalidCiphertextException", "")
        return self._answer(Plaintext=plaintext, KeyId=arn)

    def derive_shared_secret(
        self, *, KeyId: str, KeyAgreementAlgorithm: str, PublicKey: bytes, GrantTokens: list[str]
    ) -> dict[str, Any]:
        arn = self._record(
            "DeriveSharedSecret",
            KeyId,
            GrantTokens,
            key_agreement_algorithm=KeyAgreementAlgorithm,
            public_key=PublicKey.hex(),
        )
        private_key, peer = self._private_key(arn), load_der_public_key(PublicKey)
        assert isinstance(private_key, EllipticCurvePrivateKey)
        assert isinstance(peer, EllipticCurvePublicKey)
        secret = private_key.exchange(ECDH(), peer)
        return self._answer(SharedSecret=secret, KeyId=arn, KeyAgreementAlgorithm=KeyAgreementAlgorithm)

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:
        arn = self._record("GetPublicKey", KeyId, [])
        key = self._private_key(arn)
        is_ec = isinstance(key, EllipticCurvePrivateKey)
        return self._answer(
            KeyId=arn,
            PublicKey=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            KeySpec=_KEY_SPECS[key.curve.name] if is_ec else f"RSA_{key.key_size}",
            KeyUsage=self.kms.usages.get(arn, "KEY_AGREEMENT" if is_ec else "ENCRYPT_DECRYPT"),
        )

    def _private_key(self, arn: str) -> Any:
        return _load(self.kms.private_keys[arn])

    def _decrypt_rsa(self, arn: str, ciphertext: bytes, algorithm: dict[str, str]) -> bytes:
        chosen = _HASHES[algorithm["encryption_algorithm"]]
        key = self._private_key(arn)
        assert isinstance(key, RSAPrivateKey)
        try:
            return key.decrypt(ciphertext, OAEP(MGF1(chosen), chosen, None))
        except ValueError:
            raise refusal("Decrypt", "InvalidCiphertextException", "") from None

    def _record(self, operation: str, key_id: str, grant_tokens: list[str], **more: Any) -> str:
        """Record the call; return the key's ARN, or refuse."""
        self.kms.calls.append(
            {
                "op": operation,
                "key_id": key_id,
                "region": self.region,
                "grant_tokens": list(grant_tokens),
                **more,
            }
        )
        arn = self.kms.aliases.get(key_id, key_id)
        if arn.split(":")[3] != self.region:
            raise refusal(operation, "NotFoundException", f"Key '{key_id}' does not exist")
        if arn in self.kms.refusals:
            raise refusal(operation, self.kms.refusals[arn], "refused by the test")
        return arn

    def _answer(self, **parts: Any) -> dict[str, Any]:
        return {**parts, **{name: part for name, part in self.kms.answers.items() if name in parts}}


def material(arn: str) -> str:
    """Return a name for a key's material, which the replicas of a multi-Region key share."""
    parts = arn.split(":")
    return f"{parts[4]}:{parts[5]}" if parts[5].startswith("key/mrk-") else arn


@cache
def _load(pem: str) -> Any:
    """Read a private key, once, since checking an RSA key takes long."""
    return load_pem_private_key(pem.encode(), None)
