"""The KMS ECDH keyring: data keys as the raw ECDH keyring has them, with one private key kept in KMS.

- static: the sender's KMS key and the recipient's public key. Writes and reads; each takes one
  DeriveSharedSecret per item.
- discovery: the recipient's KMS key. Only reads, whatever any sender wrote to the recipient, with one
  DeriveSharedSecret for each data key that names it, until one can be unwrapped.
- If the KMS key's public key is not given, it is fetched once with GetPublicKey, when it is first needed.
- KMS's responses are checked: which key they are about, its curve, and how long the shared secret is. Items
  that were written with another key's public key could not be read by their recipient.

Source: specification `aws-kms-ecdh-keyring.md`, `key-agreement-schemas.md`.
"""

from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dynaseal.core.arguments import ProcessBound, check_members, check_string_collection
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
    """The KMS operations that the KMS ECDH keyring needs.

    A refused call raises an EncryptError if `writing` is true, and an UnwrapError otherwise.
    """

    def derive_shared_secret(
        self, key_id: str, public_key: bytes, grant_tokens: Sequence[str], *, writing: bool
    ) -> tuple[bytes, str]:
        """Return the secret that a KMS key and a public key share, and the ARN of the key that was used.

        The public key is SubjectPublicKeyInfo in DER.
        """
        ...

    def public_key(self, key_id: str, *, writing: bool) -> tuple[bytes, str]:
        """Return the public key of a KMS key for key agreement, and the ARN of the key that it is of.

        The public key is SubjectPublicKeyInfo in DER. A key with another usage is refused.
        """
        ...


class KmsEcdhKeyring(ProcessBound):
    """Wraps data keys by ECDH with a private key that stays in KMS.

    Args:
        curve: The curve of both keys.
        key_id: The ARN of the KMS key: the sender's, or for discovery the recipient's.
        kms: Calls KMS in the key's Region.
        public_key: The KMS key's public key; by default it is fetched from KMS once.
        recipient_public_key: The recipient's public key; without it the keyring can only read, from any
            sender.
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
        public_key: EllipticCurvePublicKey | None = None,
        recipient_public_key: EllipticCurvePublicKey | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        check_members("A KMS ECDH keyring", Curve, curve=curve)
        self._grant_tokens = check_string_collection("A KMS keyring", "grant_tokens", grant_tokens)
        self._curve = curve
        self._key_id = check_key_arn(key_id, "and KMS's responses are checked against it")
        self._kms = kms
        self._public_key = None if public_key is None else compressed(public_key)
        self._peer_public_key = recipient_public_key

    def __repr__(self) -> str:
        form = "discovery" if self._peer_public_key is None else "static"
        return f"{type(self).__name__}.{form}({self._curve}, {self._key_id!r})"

    @property
    def key_id(self) -> str:
        """The key's ARN."""
        return self._key_id

    @property
    def curve(self) -> Curve:
        """The curve of both keys."""
        return self._curve

    @property
    def kms(self) -> EcdhKms:
        """What calls KMS."""
        return self._kms

    @property
    def can_write(self) -> bool:
        """Whether there is a recipient to write to."""
        return self._peer_public_key is not None

    @property
    def fetches_public_key(self) -> bool:
        """Whether the KMS key's public key is not known yet and has to be fetched from KMS."""
        return self._public_key is None

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key for the recipient; make one first if there is none yet.

        Raises:
            EncryptError: the keyring can only read, or KMS's reply does not fit the request.
            KmsError: KMS refused a call.
        """
        recipient = self._peer_public_key
        if recipient is None:
            raise EncryptError(
                "A KMS ECDH keyring made with discovery can only read",
                hint="Write with a keyring made with static",
            )
        parties = Parties(sender=self._own_public_key(writing=True), recipient=compressed(recipient))
        secret = self._shared_secret(recipient, writing=True)
        return ecdh.wrap(materials, KMS_ECDH_PROVIDER, self._curve, parties, secret)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key for this keyring's parties that can be unwrapped."""
        peer = None if self._peer_public_key is None else compressed(self._peer_public_key)
        return unwrap_first(
            ecdh.data_keys_for(encrypted_data_keys, self._own_public_key(writing=False), peer),
            lambda wrapped: self._unwrap(materials, wrapped),
            lambda: NoDataKeyError(f"The item has no data key for the ECDH key {self._key_id}"),
        )

    def _unwrap(self, materials: DecryptionMaterials, wrapped: AgreedDataKey) -> DecryptionMaterials:
        try:
            peer = self._peer_public_key or self._curve.load_point(wrapped.parties.sender)
            return ecdh.unwrap(materials, self._curve, wrapped, self._shared_secret(peer, writing=False))
        except (ValueError, AuthenticationFailedError):
            raise UnwrapError(
                f"The item's data key for the ECDH key {self._key_id} cannot be unwrapped"
            ) from None

    def _own_public_key(self, *, writing: bool) -> bytes:
        if self._public_key is None:
            # Without a lock: it is the same key for each caller that fetches it.
            encoded, its_key = self._kms.public_key(self._key_id, writing=writing)
            if its_key != self._key_id:
                message = (
                    f"KMS was called for the public key of {self._key_id} and returned that of {its_key}"
                )
                raise _error(message, writing=writing)
            try:
                self._public_key = compressed(self._curve.load_public_key(encoded))
            except ConfigError as error:
                message = f"KMS returned an unusable public key for {self._key_id}: {error}"
                raise _error(message, writing=writing) from None
        return self._public_key

    def _shared_secret(self, peer: EllipticCurvePublicKey, *, writing: bool) -> bytes:
        secret, used_key = self._kms.derive_shared_secret(
            self._key_id, der(peer), self._grant_tokens, writing=writing
        )
        if used_key != self._key_id:
            message = f"KMS was called to derive a shared secret with {self._key_id} and used {used_key}"
            raise _error(message, writing=writing)
        if len(secret) != self._curve.secret_length:
            raise _error(f"KMS returned a shared secret of {len(secret)} bytes", writing=writing)
        return secret


def _error(message: str, *, writing: bool) -> EncryptError | UnwrapError:
    return EncryptError(message) if writing else UnwrapError(message)
