"""The KMS RSA keyring: an RSA key pair in KMS, whose public key writes without calling KMS.

- Writing makes no call. RSA encrypts the SHA-384 hash of the encryption context, followed by the intermediate
  key, because KMS cannot bind an encryption context to RSA.
- Reading takes one Decrypt for each data key that names this key or its replica, until one can be unwrapped.
  The hash must be the hash of this item's encryption context.
- Suites with signatures are refused: anyone may have the public key, so a signature would prove nothing.

Source: specification `aws-kms-rsa-keyring.md`.
"""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Literal, Protocol, get_args

from dynaseal.core.arguments import ProcessBound, check_string_collection
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError, sha384
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.arn import check_key_arn, is_same_key
from dynaseal.materials.attempts import kms_data_keys, unwrap_first
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import KMS_RSA_PROVIDER
from dynaseal.materials.keyrings.rsa import RsaPadding, load_public_key
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError

RsaAlgorithm = Literal["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"]

MIN_KEY_SIZE = 2048
_DIGEST_LENGTH = 48
_PADDINGS: dict[str, RsaPadding] = {
    "RSAES_OAEP_SHA_256": RsaPadding.OAEP_SHA256_MGF1,
    "RSAES_OAEP_SHA_1": RsaPadding.OAEP_SHA1_MGF1,
}
_SIGNED_SUITE = "The KMS RSA keyring does not support suites with signatures: anyone may have the public key"
_UNSIGNED_SUITE_HINT = f"Set algorithm_suite to {AlgorithmSuite.COMMIT_KEY_SYMSIG.name}"


class RsaKms(Protocol):
    """The KMS operation that the KMS RSA keyring needs."""

    def decrypt_rsa(
        self, key_id: str, ciphertext: bytes, algorithm: str, grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and return the plaintext and the ARN of the key that was used.

        Raises:
            UnwrapError: KMS refused the call, or could not be called.
        """
        ...


class KmsRsaKeyring(ProcessBound):
    """Wraps data keys under the public key of an RSA key pair in KMS.

    Args:
        key_id: The key's ARN.
        algorithm: KMS's name for the encryption algorithm.
        kms: Calls KMS in the key's Region.
        public_key: The public key, in PEM; without it the keyring cannot write.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is not a key ARN, the algorithm is unknown, or the public key is malformed or
            too small.
    """

    def __init__(
        self,
        key_id: str,
        algorithm: RsaAlgorithm,
        kms: RsaKms,
        *,
        public_key: bytes | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        self._key_id = check_key_arn(key_id, "and items name the key by its ARN")
        self._grant_tokens = check_string_collection("A KMS keyring", "grant_tokens", grant_tokens)
        if algorithm not in get_args(RsaAlgorithm):
            raise ConfigError(
                f"KMS has no RSA encryption algorithm {algorithm!r}",
                hint=f"Choose one of {', '.join(get_args(RsaAlgorithm))}",
            )
        self._algorithm = algorithm
        self._kms = kms
        self._public_key = None if public_key is None else load_public_key(public_key)
        if self._public_key is not None and self._public_key.key_size < MIN_KEY_SIZE:
            raise ConfigError(f"The public key of {key_id} has fewer than {MIN_KEY_SIZE} bits")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._key_id!r}, {self._algorithm!r})"

    @property
    def key_id(self) -> str:
        """The key's ARN."""
        return self._key_id

    @property
    def algorithm(self) -> str:
        """KMS's name for the encryption algorithm."""
        return self._algorithm

    @property
    def kms(self) -> RsaKms:
        """What calls KMS."""
        return self._kms

    @property
    def key_size(self) -> int | None:
        """How many bits the public key has; None without a public key."""
        return None if self._public_key is None else self._public_key.key_size

    @property
    def can_write(self) -> bool:
        """Whether there is a public key to write with."""
        return self._public_key is not None

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key with the public key; make one first if there is none yet.

        Raises:
            EncryptError: the keyring can only read, or the algorithm suite has signatures.
        """
        if self._public_key is None:
            raise EncryptError(
                f"The KMS RSA keyring for {self._key_id} has no public key, so it can only read",
                hint="Pass public_key in PEM; KMS's GetPublicKey returns it in DER",
            )
        if materials.suite.is_signed:
            raise EncryptError(_SIGNED_SUITE, hint=_UNSIGNED_SUITE_HINT)
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        intermediate = wrapping.new_intermediate_key()
        aad = materials.aad
        wrapped, tag_key = wrapping.wrap(data_key, intermediate, aad)
        encrypted = self._public_key.encrypt(sha384(aad) + intermediate, _PADDINGS[self._algorithm].scheme)
        return materials.with_wrapped_key(
            data_key,
            EncryptedDataKey(KMS_RSA_PROVIDER, self._key_id.encode(), wrapped + encrypted),
            tag_key,
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have KMS decrypt the data keys that name this key, one by one, until one can be unwrapped.

        Raises:
            UnwrapError: it can unwrap none of them.
        """
        if materials.suite.is_signed:
            raise NoDataKeyError(_SIGNED_SUITE)
        candidates = [
            wrapped
            for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_RSA_PROVIDER)
            if is_same_key(self._key_id, arn)
        ]
        return unwrap_first(
            candidates,
            lambda wrapped: self._unwrap(materials, wrapped),
            lambda: NoDataKeyError(f"The item has no data key under the RSA key {self._key_id}"),
        )

    def _unwrap(self, materials: DecryptionMaterials, wrapped: EncryptedDataKey) -> DecryptionMaterials:
        aad = materials.aad
        try:
            data_key, blob = wrapping.split(wrapped.ciphertext)
            plaintext, used_key = self._kms.decrypt_rsa(
                self._key_id, blob, self._algorithm, self._grant_tokens
            )
            if used_key != self._key_id:
                raise UnwrapError(f"KMS was called to decrypt with {self._key_id} and used {used_key}")
            if not compare_digest(plaintext[:_DIGEST_LENGTH], sha384(aad)):
                raise UnwrapError(
                    f"The item's data key under {self._key_id} was wrapped for another item or table"
                )
            return materials.with_unwrapped_key(*wrapping.unwrap(data_key, plaintext[_DIGEST_LENGTH:], aad))
        except AuthenticationFailedError:
            raise UnwrapError(f"The item's data key under {self._key_id} is damaged") from None
