"""A stand-in for KMS, one a Region: answers from the vectors' replies or from its own keys, and records."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


def refusal(operation: str, code: str, message: str) -> ClientError:
    """Make the error that boto3 raises for AWS's answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeKms:
    """All Regions' KMS: `client("us-west-2")` is one Region's client.

    `replies` maps (key ARN, ciphertext) to the plaintext and the context it was made under; GenerateDataKey
    adds to it. `refusals` maps a key's ARN to the error code with which it answers everything.
    """

    replies: dict[tuple[str, bytes], tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def client(self, region: str) -> FakeKmsClient:
        return FakeKmsClient(self, region)


@dataclass
class FakeKmsClient:
    world: FakeKms
    region: str

    def generate_data_key(
        self, *, KeyId: str, NumberOfBytes: int, EncryptionContext: dict[str, str], GrantTokens: list[str]
    ) -> dict[str, Any]:
        self._record("GenerateDataKey", KeyId, EncryptionContext, GrantTokens, number_of_bytes=NumberOfBytes)
        plaintext, ciphertext = os.urandom(NumberOfBytes), os.urandom(64)
        self.world.replies[KeyId, ciphertext] = plaintext, dict(EncryptionContext)
        return {"Plaintext": plaintext, "CiphertextBlob": ciphertext, "KeyId": KeyId}

    def decrypt(
        self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str], GrantTokens: list[str]
    ) -> dict[str, Any]:
        self._record("Decrypt", KeyId, EncryptionContext, GrantTokens, ciphertext=CiphertextBlob.hex())
        plaintext, context = self.world.replies.get((KeyId, CiphertextBlob), (b"", None))
        if context != EncryptionContext:
            raise refusal("Decrypt", "InvalidCiphertextException", "")
        return {"Plaintext": plaintext, "KeyId": KeyId}

    def _record(
        self, operation: str, key_id: str, context: dict[str, str], grant_tokens: list[str], **more: Any
    ) -> None:
        self.world.calls.append(
            {
                "op": operation,
                "key_id": key_id,
                "region": self.region,
                "encryption_context": dict(context),
                "grant_tokens": list(grant_tokens),
                **more,
            }
        )
        if key_id.split(":")[3] != self.region:
            raise refusal(operation, "NotFoundException", f"Key '{key_id}' does not exist")
        if key_id in self.world.refusals:
            raise refusal(operation, self.world.refusals[key_id], "refused by the test")
