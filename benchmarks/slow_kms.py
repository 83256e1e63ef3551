"""A KMS, and a key store over it, that answer after the time that AWS's network takes."""

from os import urandom
from time import sleep
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from dynaseal import BranchKeyMaterials

LATENCY_SECONDS = 0.005
KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class SlowKms:
    """The two operations of a boto3 KMS client that the KMS keyring uses; its blobs are its memory."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(region_name="us-west-2")
        self._plaintexts: dict[bytes, bytes] = {}

    def generate_data_key(self, *, KeyId: str, NumberOfBytes: int, **_: Any) -> dict[str, Any]:  # noqa: N803 KMS's names
        sleep(LATENCY_SECONDS)
        plaintext, blob = urandom(NumberOfBytes), urandom(152)
        self._plaintexts[blob] = plaintext
        return {"Plaintext": plaintext, "CiphertextBlob": blob, "KeyId": KeyId}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 KMS's names
        sleep(LATENCY_SECONDS)
        return {"Plaintext": self._plaintexts[CiphertextBlob], "KeyId": KeyId}


class SlowKeyStore:
    """A key store with one branch key, which calls KMS for each fetch."""

    _version = str(UUID(int=1))
    _key = bytes(range(32))

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        sleep(LATENCY_SECONDS)
        return BranchKeyMaterials(branch_key_id, self._version, self._key, {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        sleep(LATENCY_SECONDS)
        return BranchKeyMaterials(branch_key_id, version, self._key, {})
