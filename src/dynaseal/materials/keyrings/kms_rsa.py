"""The KMS RSA keyring: an RSA key pair of AWS KMS; the public half writes without KMS.

- Writing: no call. What RSA wraps is the SHA-384 of the encryption context and then the intermediate key,
  since KMS binds no context to RSA.
- Reading: one Decrypt for each data key that names this key or its replica, until one opens; the hash must be
  that of this item's context.
- Suites with a signature are refused: everybody has the public key, so a signature would say nothing.

Source: specification `aws-kms-rsa-keyring.md`.
"""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Literal, Protocol, get_args

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
_SIGNED_SUITE = "The KMS RSA keyring does not do suites with a signature: anybody may have the public key"
_UNSIGNED_SUITE_HINT = f"Set algorithm_suite to {AlgorithmSuite.COMMIT_KEY_SYMSIG.name}"


class RsaKms(Protocol):
    """What the KMS RSA keyring asks of KMS."""

    def decrypt_rsa(
        self, key_id: str, ciphertext: bytes, algorithm: str, grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and say which key did.

        Raises:
            UnwrapError: KMS refused or could not be asked.
        """
        ...


class KmsRsaKeyring:
    """Wraps data keys under the public half of a KMS RSA key.

    Args:
        key_id: The key's ARN.
        algorithm: As KMS names it.
        kms: Asks KMS, in the key's Region.
        public_key: The key's public half, in PEM; without it the keyring cannot write.
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
        self._key_id = check_key_arn(key_id, "and items name the ARN of the key that is to unwrap")
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
        self._grant_tokens = tuple(grant_tokens)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._key_id!r}, {self._algorithm!r})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key with the public key; make it first if there is none."""
        if self._public_key is None:
            raise EncryptError(
                f"The KMS RSA keyring for {self._key_id} has no public key, so it only reads",
                hint="Give public_key, in PEM; GetPublicKey has it in DER",
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
        """Have KMS decrypt the intermediate key of the first data key that names this key and opens."""
        if materials.suite.is_signed:
            raise NoDataKeyError(_SIGNED_SUITE)
        mine = [
            wrapped
            for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_RSA_PROVIDER)
            if is_same_key(self._key_id, arn)
        ]
        return unwrap_first(
            mine,
            lambda wrapped: self._unwrap(materials, wrapped),
            lambda: NoDataKeyError(f"The item has no data key under the RSA key {self._key_id}"),
        )

    def _unwrap(self, materials: DecryptionMaterials, wrapped: EncryptedDataKey) -> DecryptionMaterials:
        aad = materials.aad
        try:
            data_key, blob = wrapping.split(wrapped.ciphertext)
            plaintext, used = self._kms.decrypt_rsa(self._key_id, blob, self._algorithm, self._grant_tokens)
            if used != self._key_id:
                raise UnwrapError(f"KMS was asked to decrypt with {self._key_id} and used {used}")
            if not compare_digest(plaintext[:_DIGEST_LENGTH], sha384(aad)):
                raise UnwrapError(
                    f"The item's data key under {self._key_id} was wrapped for another item or table"
                )
            return materials.with_unwrapped_key(*wrapping.unwrap(data_key, plaintext[_DIGEST_LENGTH:], aad))
        except AuthenticationFailedError:
            raise UnwrapError(f"The item's data key under {self._key_id} is damaged") from None
