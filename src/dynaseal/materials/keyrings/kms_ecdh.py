"""The KMS ECDH keyring: the raw ECDH keyring's data keys, with one private key kept in AWS KMS.

- static: the sender's KMS key and the recipient's public key. Writes and reads, one DeriveSharedSecret an
  item each way.
- discovery: the recipient's KMS key. Reads what anybody wrote to it, one DeriveSharedSecret for each data key
  that names it, until one opens.
- The KMS key's own public half is asked for once, with GetPublicKey, when it is first needed and not given.

Source: specification `aws-kms-ecdh-keyring.md`, `key-agreement-schemas.md`.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.arn import check_key_arn
from dynaseal.materials.attempts import unwrap_first
from dynaseal.materials.keyrings import ecdh
from dynaseal.materials.keyrings.curves import Curve, compressed, der
from dynaseal.materials.keyrings.ecdh import AgreedDataKey, Parties
from dynaseal.materials.keyrings.names import KMS_ECDH_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class EcdhKms(Protocol):
    """What the KMS ECDH keyring asks of KMS.

    `writing` says what a refusal is: an EncryptError when an item is being written, else an UnwrapError.
    """

    def derive_shared_secret(
        self, key_id: str, public_key: bytes, grant_tokens: Sequence[str], *, writing: bool
    ) -> tuple[bytes, str]:
        """Make the secret of a KMS key and a public key (SubjectPublicKeyInfo in DER); say which key did."""
        ...

    def public_key(self, key_id: str, *, writing: bool) -> bytes:
        """Give the public half of a KMS key for key agreement, as SubjectPublicKeyInfo in DER."""
        ...


class KmsEcdhKeyring:
    """Wraps data keys by ECDH with a private key that stays in KMS.

    Args:
        curve: The curve of both keys.
        key_id: The ARN of the KMS key: the sender's, or in discovery the recipient's.
        kms: Asks KMS, in the key's Region.
        own: The KMS key's public half; left out, KMS is asked for it once.
        other: The recipient's public key; left out, the keyring only reads, whoever wrote.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is not a key ARN.
    """

    def __init__(
        self,
        curve: Curve,
        key_id: str,
        kms: EcdhKms,
        *,
        own: EllipticCurvePublicKey | None = None,
        other: EllipticCurvePublicKey | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        self._curve = curve
        self._key_id = check_key_arn(key_id, "and what KMS answers is checked against it")
        self._kms = kms
        self._own_point = None if own is None else compressed(own)
        self._other = other
        self._grant_tokens = tuple(grant_tokens)
        self._lock = Lock()

    def __repr__(self) -> str:
        form = "discovery" if self._other is None else "static"
        return f"{type(self).__name__}.{form}({self._curve}, {self._key_id!r})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key for the recipient; make it first if there is none."""
        if self._other is None:
            raise EncryptError(
                "A KMS ECDH keyring made by discovery only reads", hint="Write with one made by static"
            )
        parties = Parties(sender=self._own(writing=True), recipient=compressed(self._other))
        secret = self._secret(self._other, writing=True)
        return ecdh.wrap(materials, KMS_ECDH_PROVIDER, self._curve, parties, secret)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key for this keyring's parties that opens."""
        other = None if self._other is None else compressed(self._other)
        return unwrap_first(
            ecdh.data_keys_for(encrypted_data_keys, self._own(writing=False), other),
            lambda agreed: self._unwrap(materials, agreed),
            lambda: NoDataKeyError(f"The item has no data key for the ECDH key {self._key_id}"),
        )

    def _unwrap(self, materials: DecryptionMaterials, agreed: AgreedDataKey) -> DecryptionMaterials:
        try:
            other = self._other or self._curve.load_point(agreed.parties.sender)
            return ecdh.unwrap(materials, self._curve, agreed, self._secret(other, writing=False))
        except (ValueError, AuthenticationFailedError):
            raise UnwrapError(f"The item's data key for the ECDH key {self._key_id} does not open") from None

    def _own(self, *, writing: bool) -> bytes:
        with self._lock:
            if self._own_point is None:
                answer = self._kms.public_key(self._key_id, writing=writing)
                try:
                    self._own_point = compressed(self._curve.load_public_key(answer))
                except ConfigError as error:
                    raise _failure(f"The public key of {self._key_id}: {error}", writing=writing) from None
            return self._own_point

    def _secret(self, other: EllipticCurvePublicKey, *, writing: bool) -> bytes:
        secret, used = self._kms.derive_shared_secret(
            self._key_id, der(other), self._grant_tokens, writing=writing
        )
        if used != self._key_id:
            raise _failure(f"KMS was asked to agree with {self._key_id} and used {used}", writing=writing)
        if len(secret) != self._curve.secret_length:
            raise _failure(f"KMS gave a shared secret of {len(secret)} bytes", writing=writing)
        return secret


def _failure(message: str, *, writing: bool) -> EncryptError | UnwrapError:
    return EncryptError(message) if writing else UnwrapError(message)
