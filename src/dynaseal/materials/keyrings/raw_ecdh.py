"""The raw ECDH keyring: data keys for the holder of an elliptic-curve key, by ECDH.

Three forms, as which keys it has:

- static: the sender's private key and the recipient's public key. Writes from the one to the other, and reads
  what either of them wrote to the other.
- ephemeral: the recipient's public key. Writes, each data key with a fresh sender key that is then forgotten.
- discovery: the recipient's private key. Reads whatever was written to it, whoever wrote.

Source: specification `raw-ecdh-keyring.md`, `key-agreement-schemas.md`.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials.attempts import unwrap_first
from dynaseal.materials.keyrings import ecdh
from dynaseal.materials.keyrings.curves import Curve, compressed
from dynaseal.materials.keyrings.ecdh import AgreedDataKey, Parties
from dynaseal.materials.keyrings.names import RAW_ECDH_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class RawEcdhKeyring:
    """Wraps data keys for the holder of an elliptic-curve key of your own.

    Made by `static`, `ephemeral` or `discovery`; keys are bytes, in PEM or DER: private ones as PKCS #8,
    public ones as SubjectPublicKeyInfo.

    Example:
        >>> from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        >>> recipient = Curve.P256.generate().public_key()
        >>> der = recipient.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        >>> RawEcdhKeyring.ephemeral(Curve.P256, der)
        RawEcdhKeyring.ephemeral(Curve.P256)
    """

    def __init__(
        self, curve: Curve, own: EllipticCurvePrivateKey | None, other: EllipticCurvePublicKey | None
    ) -> None:
        self._curve = curve
        self._own = own
        self._other = other

    @classmethod
    def static(cls, curve: Curve, sender_private_key: bytes, recipient_public_key: bytes) -> "RawEcdhKeyring":
        """Make one that writes to a recipient, and reads what the two wrote to each other.

        Raises:
            ConfigError: a key is malformed or on another curve.
        """
        return cls(
            curve, curve.load_private_key(sender_private_key), curve.load_public_key(recipient_public_key)
        )

    @classmethod
    def ephemeral(cls, curve: Curve, recipient_public_key: bytes) -> "RawEcdhKeyring":
        """Make one that only writes, with a fresh sender key for every data key.

        Raises:
            ConfigError: the key is malformed or on another curve.
        """
        return cls(curve, None, curve.load_public_key(recipient_public_key))

    @classmethod
    def discovery(cls, curve: Curve, recipient_private_key: bytes) -> "RawEcdhKeyring":
        """Make one that only reads: what anybody wrote to the recipient.

        Raises:
            ConfigError: the key is malformed or on another curve.
        """
        return cls(curve, curve.load_private_key(recipient_private_key), None)

    def __repr__(self) -> str:
        form = "discovery" if self._other is None else "ephemeral" if self._own is None else "static"
        return f"RawEcdhKeyring.{form}({self._curve})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key for the recipient; make it first if there is none."""
        if self._other is None:
            raise EncryptError(
                "An ECDH keyring made by discovery only reads",
                hint="Write with one made by static or ephemeral",
            )
        own = self._own or self._curve.generate()
        parties = Parties(sender=compressed(own.public_key()), recipient=compressed(self._other))
        secret = own.exchange(ECDH(), self._other)
        return ecdh.wrap(materials, RAW_ECDH_PROVIDER, self._curve, parties, secret)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key for this keyring's parties that opens."""
        own = self._own
        if own is None:
            raise NoDataKeyError(
                "An ECDH keyring made by ephemeral only writes",
                hint="Read with the recipient's, by discovery",
            )
        other = None if self._other is None else compressed(self._other)
        return unwrap_first(
            ecdh.data_keys_for(encrypted_data_keys, compressed(own.public_key()), other),
            lambda agreed: self._unwrap(own, materials, agreed),
            lambda: NoDataKeyError("The item has no data key for this ECDH keyring's keys"),
        )

    def _unwrap(
        self, own: EllipticCurvePrivateKey, materials: DecryptionMaterials, agreed: AgreedDataKey
    ) -> DecryptionMaterials:
        try:
            other = self._other or self._curve.load_point(agreed.parties.sender)
            return ecdh.unwrap(materials, self._curve, agreed, own.exchange(ECDH(), other))
        except (ValueError, AuthenticationFailedError):
            raise UnwrapError("The item's data key for this ECDH keyring's keys does not open") from None
