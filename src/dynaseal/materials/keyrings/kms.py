"""The KMS keyrings of one key: AWS KMS makes and unwraps intermediate keys.

- Writing: one GenerateDataKey of 32 bytes an item, under the whole encryption context; never Encrypt.
- Reading: one Decrypt for each of the item's data keys that names this very key, until one succeeds. The
  multi-Region keyring takes the key's replicas in other Regions for this very key.
- What KMS answers is checked: the key it says it used, and the length of what it gives.

Source: specification `aws-kms-keyring.md`, `aws-kms-mrk-keyring.md`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials.arn import KmsArn, check_key_id, is_same_key, parse_arn
from dynaseal.materials.attempts import kms_data_keys, unwrap_first
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class GeneratedKey(NamedTuple):
    """KMS's answer to GenerateDataKey."""

    plaintext: bytes
    ciphertext: bytes
    key_arn: str


class SymmetricKms(Protocol):
    """What keyrings ask of KMS; `dynaseal.boto.keys.kms` asks it through boto3.

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

    def __init__(self, key_id: str, kms: SymmetricKms, grant_tokens: Sequence[str] = ()) -> None:
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
        mine = [
            wrapped for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_PROVIDER) if self._is_mine(arn)
        ]
        return unwrap_first(mine, lambda wrapped: self._unwrap(materials, wrapped), self._no_data_key)

    def _is_mine(self, arn: KmsArn) -> bool:
        return str(arn) == self._key_id

    def _unwrap(self, materials: DecryptionMaterials, wrapped: EncryptedDataKey) -> DecryptionMaterials:
        return unwrap_with_kms(self._kms, self._key_id, materials, wrapped, self._grant_tokens)

    def _no_data_key(self) -> NoDataKeyError:
        if self._key_id.startswith("arn:") and parse_arn(self._key_id).kind == "key":
            return NoDataKeyError(f"The item has no data key under {self._key_id}")
        return NoDataKeyError(
            f"{self._key_id!r} is not a key ARN, and items name the ARN of the key that wrapped the data key",
            hint="Give the key's ARN to read; an alias or key id can only write",
        )


class KmsMrkKeyring(KmsKeyring):
    """Wraps data keys under one multi-Region key, and reads those that its replicas wrapped.

    A key that is not a multi-Region one works as in `KmsKeyring`.

    Args:
        key_id: The ARN of the key in the Region where it is to be used.
        kms: Asks KMS, in that Region.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.
    """

    def _is_mine(self, arn: KmsArn) -> bool:
        return is_same_key(self._key_id, arn)


def unwrap_with_kms(
    kms: SymmetricKms,
    key_id: str,
    materials: DecryptionMaterials,
    wrapped: EncryptedDataKey,
    grant_tokens: Sequence[str] = (),
) -> DecryptionMaterials:
    """Have KMS decrypt one data key's intermediate key with a key, and unwrap the data key.

    Args:
        kms: Asks KMS.
        key_id: The key's ARN.
        materials: Those of the item; KMS gets their whole encryption context.
        wrapped: The data key.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        UnwrapError: KMS refused, used another key, or the data key is damaged.
    """
    try:
        data_key, blob = wrapping.split(wrapped.ciphertext)
        intermediate, used = kms.decrypt(key_id, blob, materials.encryption_context, grant_tokens)
        if used != key_id:
            raise UnwrapError(f"KMS was asked to decrypt with {key_id} and used {used}")
        return materials.with_unwrapped_key(*wrapping.unwrap(data_key, intermediate, materials.aad))
    except AuthenticationFailedError:
        raise UnwrapError(f"The item's data key under {key_id} is damaged") from None
