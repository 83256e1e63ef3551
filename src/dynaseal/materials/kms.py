"""The KMS keyring: one key of AWS KMS, which makes and unwraps intermediate keys.

- Writing: one GenerateDataKey of 32 bytes an item, under the whole encryption context; never Encrypt.
- Reading: one Decrypt for each of the item's data keys that names this very key, until one succeeds.
- What KMS answers is checked: the key it says it used, and the length of what it gives.

Source: specification `aws-kms-keyring.md`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials import wrapping
from dynaseal.materials.arn import check_key_id, parse_arn
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError, combined
from dynaseal.materials.names import KMS_PROVIDER


class GeneratedKey(NamedTuple):
    """KMS's answer to GenerateDataKey."""

    plaintext: bytes
    ciphertext: bytes
    key_arn: str


class Kms(Protocol):
    """What keyrings ask of KMS; `dynaseal.boto.kms` asks it through boto3.

    A refusal is an EncryptError or an UnwrapError, and a KmsError.
    """

    def generate_data_key(
        self, key_id: str, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> GeneratedKey:
        """Make 32 bytes, in the clear and under the key.

        Raises:
            EncryptError: KMS refused or could not be asked.
        """
        ...

    def decrypt(
        self, key_id: str, ciphertext: bytes, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and say which key did.

        Raises:
            UnwrapError: KMS refused or could not be asked.
        """
        ...


class KmsKeyring:
    """Wraps data keys under one KMS key.

    Args:
        key_id: The key's ARN for reading; an alias or a key id can only write.
        kms: Asks KMS, in the key's Region.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.
    """

    def __init__(self, key_id: str, kms: Kms, grant_tokens: Sequence[str] = ()) -> None:
        self._key_id = check_key_id(key_id)
        self._kms = kms
        self._grant_tokens = tuple(grant_tokens)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._key_id!r})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Have KMS make an intermediate key and wrap the data key under it."""
        made = self._kms.generate_data_key(self._key_id, materials.encryption_context, self._grant_tokens)
        if len(made.plaintext) != wrapping.INTERMEDIATE_KEY_LENGTH:
            raise EncryptError(
                f"KMS gave a data key of {len(made.plaintext)} bytes for {self._key_id}, not 32"
            )
        try:
            parse_arn(made.key_arn)
        except ValueError:
            raise EncryptError(f"KMS named no key ARN in its answer for {self._key_id}") from None
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        wrapped, tag_key = wrapping.wrap(data_key, made.plaintext, materials.aad)
        return materials.with_wrapped_key(
            data_key,
            EncryptedDataKey(KMS_PROVIDER, made.key_arn.encode(), wrapped + made.ciphertext),
            tag_key,
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have KMS decrypt the intermediate key of the first data key that names this key and opens."""
        causes: list[UnwrapError] = []
        for wrapped in encrypted_data_keys:
            if wrapped.provider_id != KMS_PROVIDER or wrapped.provider_info != self._key_id.encode():
                continue
            try:
                return self._unwrap(materials, wrapped)
            except UnwrapError as error:
                causes.append(error)
        if causes:
            raise combined(causes)
        raise self._no_data_key()

    def _unwrap(self, materials: DecryptionMaterials, wrapped: EncryptedDataKey) -> DecryptionMaterials:
        try:
            data_key, blob = wrapping.split(wrapped.ciphertext)
            intermediate, used = self._kms.decrypt(
                self._key_id, blob, materials.encryption_context, self._grant_tokens
            )
            if used != self._key_id:
                raise UnwrapError(f"KMS was asked to decrypt with {self._key_id} and used {used}")
            return materials.with_unwrapped_key(*wrapping.unwrap(data_key, intermediate, materials.aad))
        except AuthenticationFailedError:
            raise UnwrapError(f"The item's data key under {self._key_id} is damaged") from None

    def _no_data_key(self) -> NoDataKeyError:
        if self._key_id.startswith("arn:") and parse_arn(self._key_id).kind == "key":
            return NoDataKeyError(f"The item has no data key under {self._key_id}")
        return NoDataKeyError(
            f"{self._key_id!r} is not a key ARN, and items name the ARN of the key that wrapped the data key",
            hint="Give the key's ARN to read; an alias or key id can only write",
        )
