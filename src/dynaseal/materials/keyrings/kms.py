"""The keyrings of one KMS key: KMS makes and unwraps the intermediate keys.

- Writing takes one GenerateDataKey of 32 bytes per item, under the whole encryption context; never Encrypt.
- Reading takes one Decrypt for each of the item's data keys that names this key, until one succeeds. The
  multi-Region keyring also accepts data keys that name the key's replicas in other Regions.
- KMS's responses are checked: which key was used, and how long the key material is. The specification takes
  any key ARN that GenerateDataKey names; here it must be this key's, so that this keyring can read the item.

Source: specification `aws-kms-keyring.md`, `aws-kms-mrk-keyring.md`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from dynaseal.core.arguments import ProcessBound, check_string_collection
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.core.quoting import shown
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials.arn import KmsArn, check_key_id, is_acceptable_to_kms, is_same_key, parse_arn
from dynaseal.materials.attempts import kms_data_keys, unwrap_first
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class GeneratedKey(NamedTuple):
    """The response of GenerateDataKey."""

    plaintext: bytes
    ciphertext: bytes
    key_arn: str


class SymmetricKms(Protocol):
    """The KMS operations that keyrings of symmetric keys need; `dynaseal.boto.keys.kms` has them over boto3.

    A refused call raises an EncryptError or an UnwrapError that is also a KmsError.
    """

    def generate_data_key(
        self, key_id: str, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> GeneratedKey:
        """Generate 32 bytes, and return them in the clear and encrypted under the key.

        Raises:
            EncryptError: KMS refused the call, or could not be called.
        """
        ...

    def decrypt(
        self, key_id: str, ciphertext: bytes, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and return the plaintext and the ARN of the key that was used.

        Raises:
            UnwrapError: KMS refused the call, or could not be called.
        """
        ...


class KmsKeyring(ProcessBound):
    """Wraps data keys under one KMS key.

    Args:
        key_id: The key's ARN. With an alias or a key id the keyring can only write.
        kms: Calls KMS in the key's Region.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.
    """

    def __init__(self, key_id: str, kms: SymmetricKms, grant_tokens: Sequence[str] = ()) -> None:
        self._key_id = check_key_id(key_id)
        self._grant_tokens = check_string_collection("A KMS keyring", "grant_tokens", grant_tokens)
        self._kms = kms

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._key_id!r})"

    @property
    def key_id(self) -> str:
        """The key's identifier, as it was passed."""
        return self._key_id

    @property
    def kms(self) -> SymmetricKms:
        """What calls KMS."""
        return self._kms

    @property
    def grant_tokens(self) -> Sequence[str]:
        """The tokens of grants that are sent with each call."""
        return self._grant_tokens

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Have KMS make an intermediate key and wrap the data key under it.

        Raises:
            EncryptError: KMS's reply does not fit the request.
            KmsError: KMS refused the call.
        """
        generated = self._kms.generate_data_key(
            self._key_id, materials.encryption_context, self._grant_tokens
        )
        if len(generated.plaintext) != wrapping.INTERMEDIATE_KEY_LENGTH:
            raise EncryptError(
                f"KMS returned a data key of {len(generated.plaintext)} bytes for {self._key_id}, not 32"
            )
        self._check_used(generated.key_arn)
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        wrapped, tag_key = wrapping.wrap(data_key, generated.plaintext, materials.aad)
        return materials.with_wrapped_key(
            data_key,
            EncryptedDataKey(KMS_PROVIDER, generated.key_arn.encode(), wrapped + generated.ciphertext),
            tag_key,
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have KMS decrypt the data keys that name this key, one by one, until one can be unwrapped."""
        candidates = [
            wrapped
            for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_PROVIDER)
            if self._is_this_key(arn)
        ]
        return unwrap_first(candidates, lambda wrapped: self._unwrap(materials, wrapped), self._no_data_key)

    def _is_this_key(self, arn: KmsArn) -> bool:
        return str(arn) == self._key_id

    def _unwrap(self, materials: DecryptionMaterials, wrapped: EncryptedDataKey) -> DecryptionMaterials:
        return unwrap_with_kms(self._kms, self._key_id, materials, wrapped, self._grant_tokens)

    def _check_used(self, used_key: str) -> None:
        """Check the key that wrapped a data key: an item that names another one could not be read by its ARN.

        Raises:
            EncryptError: KMS named no key ARN, or another key than this one if this one is given by its ARN.
        """
        try:
            arn = parse_arn(used_key)
        except ValueError:
            arn = None
        if arn is None or arn.kind != "key" or not is_acceptable_to_kms(used_key):
            raise EncryptError(f"KMS named no key ARN in its response for {self._key_id}")
        if self._has_key_arn and not self._is_this_key(arn):
            raise EncryptError(
                f"KMS was called to generate a data key with {self._key_id} and used {shown(used_key)}"
            )

    @property
    def _has_key_arn(self) -> bool:
        return self._key_id.startswith("arn:") and parse_arn(self._key_id).kind == "key"

    def _no_data_key(self) -> NoDataKeyError:
        if self._has_key_arn:
            return NoDataKeyError(f"The item has no data key under {self._key_id}")
        return NoDataKeyError(
            f"{self._key_id!r} is not a key ARN, and items name the ARN of the key that wrapped the data key",
            hint="To read, pass the key's ARN; with an alias or key id a keyring can only write",
        )


class KmsMrkKeyring(KmsKeyring):
    """Wraps data keys under one multi-Region key, and reads those that its replicas wrapped.

    A key that is not a multi-Region key works as in `KmsKeyring`.

    Args:
        key_id: The ARN of the key in the Region where it is to be used.
        kms: Calls KMS in that Region.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.
    """

    def _is_this_key(self, arn: KmsArn) -> bool:
        return is_same_key(self._key_id, arn)


def unwrap_with_kms(
    kms: SymmetricKms,
    key_id: str,
    materials: DecryptionMaterials,
    wrapped: EncryptedDataKey,
    grant_tokens: Sequence[str] = (),
) -> DecryptionMaterials:
    """Have KMS decrypt the intermediate key of an encrypted data key, and unwrap the data key.

    Args:
        kms: Calls KMS.
        key_id: The key's ARN.
        materials: The item's materials; KMS gets their whole encryption context.
        wrapped: The encrypted data key.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        UnwrapError: KMS refused the call or used another key, or the data key is damaged.
    """
    try:
        data_key, blob = wrapping.split(wrapped.ciphertext)
        intermediate, used_key = kms.decrypt(key_id, blob, materials.encryption_context, grant_tokens)
        if used_key != key_id:
            raise UnwrapError(f"KMS was called to decrypt with {shown(key_id)} and used {shown(used_key)}")
        return materials.with_unwrapped_key(*wrapping.unwrap(data_key, intermediate, materials.aad))
    except AuthenticationFailedError:
        raise UnwrapError(f"The item's data key under {shown(key_id)} is damaged") from None
