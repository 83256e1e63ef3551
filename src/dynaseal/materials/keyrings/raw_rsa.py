"""The raw RSA keyring: an RSA key pair, or half of one, that the program itself holds.

- Provider id: the namespace. Provider information: the key's name, nothing else.
- Writing needs the public key, reading the private key; neither is derived from the other.
- RSA does not bind the encryption context. The data key is wrapped under the intermediate key, and that
  wrapping does.

Source: specification `raw-rsa-keyring.md`.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from dynaseal.core.arguments import ProcessBound, check_members
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.attempts import unwrap_first
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import check_raw_key_name
from dynaseal.materials.keyrings.rsa import RsaPadding, check_capacity, load_private_key, load_public_key
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


class RawRsaKeyring(ProcessBound):
    """Wraps data keys under an RSA key of your own.

    Anyone who has the public key can write items that the private key reads: this keyring decides who can
    read an item, and does not prove who wrote it.

    Args:
        namespace: A name for whatever manages the key, such as `"payroll"`; not `aws-kms`.
        name: The key's name; stored in every item in the clear.
        padding: How keys are padded; writer and reader must use the same.
        public_key: SubjectPublicKeyInfo in PEM; without it the keyring cannot write.
        private_key: PKCS #8 in PEM, without a password; without it the keyring cannot read.

    Raises:
        ConfigError: the namespace is reserved, no key is given, or a key is malformed or too small.

    Example:
        >>> from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
        >>> from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        >>> pem = generate_private_key(65537, 2048).public_key().public_bytes(
        ...     Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ... )
        >>> RawRsaKeyring("payroll", "2026", RsaPadding.OAEP_SHA256_MGF1, public_key=pem)
        RawRsaKeyring('payroll', '2026', RsaPadding.OAEP_SHA256_MGF1)
    """

    def __init__(
        self,
        namespace: str,
        name: str,
        padding: RsaPadding,
        *,
        public_key: bytes | None = None,
        private_key: bytes | None = None,
    ) -> None:
        check_raw_key_name(namespace, name)
        check_members("A RawRsaKeyring", RsaPadding, padding=padding)
        if public_key is None and private_key is None:
            raise ConfigError("A raw RSA keyring needs a public key to write, or a private key to read")
        self._namespace = namespace
        self._name = name
        self._padding = padding
        self._public_key = None if public_key is None else load_public_key(public_key)
        self._private_key = None if private_key is None else load_private_key(private_key)
        for key in (self._public_key, self._private_key):
            if key is not None:
                check_capacity(key, padding, wrapping.INTERMEDIATE_KEY_LENGTH)

    def __repr__(self) -> str:
        return f"RawRsaKeyring({self._namespace!r}, {self._name!r}, {self._padding})"

    @property
    def can_write(self) -> bool:
        """Whether there is a public key to write with."""
        return self._public_key is not None

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key; make one first if there is none yet.

        Raises:
            EncryptError: the keyring can only read.
        """
        if self._public_key is None:
            raise EncryptError(
                f"The raw RSA keyring {self._name!r} of {self._namespace!r} has no public key, so it "
                "can only read",
                hint="Pass public_key",
            )
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        intermediate = wrapping.new_intermediate_key()
        wrapped, tag_key = wrapping.wrap(data_key, intermediate, materials.aad)
        ciphertext = wrapped + self._public_key.encrypt(intermediate, self._padding.scheme)
        return materials.with_wrapped_key(
            data_key, EncryptedDataKey(self._namespace, self._name.encode(), ciphertext), tag_key
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key with this namespace and name that can be unwrapped.

        Raises:
            UnwrapError: it can only write, or can unwrap none of them.
        """
        key = self._private_key
        if key is None:
            raise NoDataKeyError(
                f"The raw RSA keyring {self._name!r} of {self._namespace!r} has no private key, so it "
                "can only write",
                hint="Pass private_key",
            )
        candidates = [
            wrapped
            for wrapped in encrypted_data_keys
            if (wrapped.provider_id, wrapped.provider_info) == (self._namespace, self._name.encode())
        ]
        return unwrap_first(
            candidates,
            lambda wrapped: self._unwrap(key, materials, wrapped),
            lambda: NoDataKeyError(
                f"The item has no data key under the key {self._name!r} of {self._namespace!r}"
            ),
        )

    def _unwrap(
        self, key: RSAPrivateKey, materials: DecryptionMaterials, wrapped: EncryptedDataKey
    ) -> DecryptionMaterials:
        try:
            data_key, encrypted = wrapping.split(wrapped.ciphertext)
            intermediate = key.decrypt(encrypted, self._padding.scheme)
            return materials.with_unwrapped_key(*wrapping.unwrap(data_key, intermediate, materials.aad))
        except (ValueError, AuthenticationFailedError):
            # One message for bad padding and for a bad key: if they differed, an attacker could use that to
            # decrypt.
            raise UnwrapError(
                f"The key {self._name!r} of {self._namespace!r} cannot unwrap the item's data key",
                hint="It was wrapped by another key of that name, or for another item or table",
            ) from None
