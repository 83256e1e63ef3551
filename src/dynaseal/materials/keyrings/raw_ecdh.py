"""The raw ECDH keyring: data keys for the holder of an elliptic-curve key, by ECDH.

There are three forms, which differ in the keys that they have:

- static: the sender's private key and the recipient's public key. Writes from the sender to the recipient,
  and reads what either of them wrote to the other.
- ephemeral: the recipient's public key. Only writes; each data key has a fresh sender key, which is not kept.
- discovery: the recipient's private key. Only reads, whatever any sender wrote to the recipient.

Source: specification `raw-ecdh-keyring.md`, `key-agreement-schemas.md`.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from dynaseal.core.arguments import ProcessBound, check_members
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials.attempts import unwrap_first
from dynaseal.materials.keyrings import ecdh
from dynaseal.materials.keyrings.curves import Curve, compressed
from dynaseal.materials.keyrings.ecdh import AgreedDataKey, Parties
from dynaseal.materials.keyrings.names import RAW_ECDH_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class RawEcdhKeyring(ProcessBound):
    """Wraps data keys for the holder of an elliptic-curve key of your own.

    Make one with `static`, `ephemeral` or `discovery`. Keys are bytes in PEM or DER: private keys as PKCS #8,
    public keys as SubjectPublicKeyInfo.

    Example:
        >>> from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        >>> recipient = Curve.P256.generate().public_key()
        >>> der = recipient.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        >>> RawEcdhKeyring.ephemeral(Curve.P256, der)
        RawEcdhKeyring.ephemeral(Curve.P256)
    """

    def __init__(
        self,
        curve: Curve,
        private_key: EllipticCurvePrivateKey | None,
        peer_public_key: EllipticCurvePublicKey | None,
    ) -> None:
        self._curve = curve
        self._private_key = private_key
        self._peer_public_key = peer_public_key

    @classmethod
    def static(cls, curve: Curve, sender_private_key: bytes, recipient_public_key: bytes) -> "RawEcdhKeyring":
        """Make a keyring that writes to a recipient, and reads what the two wrote to each other.

        Raises:
            ConfigError: a key is malformed or on another curve.
        """
        check_members("A RawEcdhKeyring", Curve, curve=curve)
        return cls(
            curve, curve.load_private_key(sender_private_key), curve.load_public_key(recipient_public_key)
        )

    @classmethod
    def ephemeral(cls, curve: Curve, recipient_public_key: bytes) -> "RawEcdhKeyring":
        """Make a keyring that only writes, with a fresh sender key for every data key.

        Raises:
            ConfigError: the key is malformed or on another curve.
        """
        check_members("A RawEcdhKeyring", Curve, curve=curve)
        return cls(curve, None, curve.load_public_key(recipient_public_key))

    @classmethod
    def discovery(cls, curve: Curve, recipient_private_key: bytes) -> "RawEcdhKeyring":
        """Make a keyring that only reads what anyone wrote to the recipient.

        Raises:
            ConfigError: the key is malformed or on another curve.
        """
        check_members("A RawEcdhKeyring", Curve, curve=curve)
        return cls(curve, curve.load_private_key(recipient_private_key), None)

    def __repr__(self) -> str:
        if self._peer_public_key is None:
            form = "discovery"
        else:
            form = "ephemeral" if self._private_key is None else "static"
        return f"RawEcdhKeyring.{form}({self._curve})"

    @property
    def can_write(self) -> bool:
        """Whether there is a recipient to write to."""
        return self._peer_public_key is not None

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key for the recipient; make one first if there is none yet.

        Raises:
            EncryptError: the keyring can only read.
        """
        recipient = self._peer_public_key
        if recipient is None:
            raise EncryptError(
                "A raw ECDH keyring made with discovery can only read",
                hint="Write with a keyring made with static or ephemeral",
            )
        sender = self._private_key or self._curve.generate()
        parties = Parties(sender=compressed(sender.public_key()), recipient=compressed(recipient))
        secret = sender.exchange(ECDH(), recipient)
        return ecdh.wrap(materials, RAW_ECDH_PROVIDER, self._curve, parties, secret)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key for this keyring's parties that can be unwrapped.

        Raises:
            UnwrapError: it can only write, or can unwrap none of them.
        """
        private_key = self._private_key
        if private_key is None:
            raise NoDataKeyError(
                "A raw ECDH keyring made with ephemeral can only write",
                hint="Read with the recipient's keyring, made with discovery",
            )
        peer = None if self._peer_public_key is None else compressed(self._peer_public_key)
        return unwrap_first(
            ecdh.data_keys_for(encrypted_data_keys, compressed(private_key.public_key()), peer),
            lambda wrapped: self._unwrap(private_key, materials, wrapped),
            lambda: NoDataKeyError("The item has no data key for this ECDH keyring"),
        )

    def _unwrap(
        self, private_key: EllipticCurvePrivateKey, materials: DecryptionMaterials, wrapped: AgreedDataKey
    ) -> DecryptionMaterials:
        try:
            peer = self._peer_public_key or self._curve.load_point(wrapped.parties.sender)
            return ecdh.unwrap(materials, self._curve, wrapped, private_key.exchange(ECDH(), peer))
        except (ValueError, AuthenticationFailedError):
            raise UnwrapError(
                "The item's data key for this ECDH keyring cannot be unwrapped",
                hint="It was changed, or was wrapped for another item or table",
            ) from None
