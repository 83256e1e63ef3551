"""Materials with a content key for each item, which the item's description holds wrapped."""

import base64
from dataclasses import dataclass, field

from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.exceptions import UnwrappingError, WrappingError
from dynaseal.legacy.identifiers import EncryptionKeyType
from dynaseal.legacy.internal.identifiers import MaterialDescriptionKeys
from dynaseal.legacy.internal.results import bytes_from
from dynaseal.legacy.internal.validators import check_mapping, check_type
from dynaseal.legacy.materials import CryptographicMaterials

__all__ = ("WrappedCryptographicMaterials",)

_DEFAULT_CONTENT_ALGORITHM = "AES/256"
_DEFAULT_CONTENT_KEY_LENGTH = 256
_WRAPPING_TRANSFORMATION = {"AES": "AESWrap", "RSA": "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"}
_WRAPPED_KEY = MaterialDescriptionKeys.WRAPPED_DATA_KEY.value
_CONTENT_ALGORITHM = MaterialDescriptionKeys.CONTENT_ENCRYPTION_ALGORITHM.value
_WRAPPING_ALGORITHM = MaterialDescriptionKeys.CONTENT_KEY_WRAPPING_ALGORITHM.value


@dataclass(init=False)
class WrappedCryptographicMaterials(CryptographicMaterials):
    """A content key: unwrapped if the description has one, otherwise a new one, wrapped into the description.

    Args:
        signing_key: The key that signs and verifies.
        wrapping_key: The key that wraps content keys.
        unwrapping_key: The key that unwraps them.
        material_description: The item's description, or entries for it.

    Raises:
        TypeError: an argument has another type.
        WrappingError: a content key cannot be made.
        UnwrappingError: the content key cannot be unwrapped.
    """

    _signing_key: DelegatedKey
    _wrapping_key: DelegatedKey | None
    _unwrapping_key: DelegatedKey | None
    _material_description: dict[str, str]
    _content_key: DelegatedKey = field(compare=False)

    def __init__(
        self,
        signing_key: DelegatedKey,
        wrapping_key: DelegatedKey | None = None,
        unwrapping_key: DelegatedKey | None = None,
        material_description: dict[str, str] | None = None,
    ) -> None:
        description = {} if material_description is None else material_description
        check_type("_signing_key", signing_key, DelegatedKey)
        check_type("_wrapping_key", wrapping_key, DelegatedKey, optional=True)
        check_type("_unwrapping_key", unwrapping_key, DelegatedKey, optional=True)
        check_mapping("_material_description", description, str, str)
        self._signing_key = signing_key
        self._wrapping_key = wrapping_key
        self._unwrapping_key = unwrapping_key
        if _WRAPPED_KEY in description:
            self._material_description = description
            self._content_key = self._unwrap(description)
        else:
            self._content_key, self._material_description = self._generate(description)

    def _unwrap(self, description: dict[str, str]) -> DelegatedKey:
        if self._unwrapping_key is None:
            raise UnwrappingError(
                "Cryptographic materials cannot be loaded from material description: no unwrapping key"
            )
        content_algorithm = description.get(_CONTENT_ALGORITHM, _DEFAULT_CONTENT_ALGORITHM)
        return self._unwrapping_key.unwrap(
            # Without the entry, the key's own algorithm is the transformation; "AESWrap" and "RSA" are ones.
            algorithm=description.get(_WRAPPING_ALGORITHM, self._unwrapping_key.algorithm),
            wrapped_key=base64.b64decode(description[_WRAPPED_KEY]),
            wrapped_key_algorithm=content_algorithm.split("/", 1)[0],
            wrapped_key_type=EncryptionKeyType.SYMMETRIC,
            additional_associated_data=None,
        )

    def _generate(self, description: dict[str, str]) -> tuple[DelegatedKey, dict[str, str]]:
        if self._wrapping_key is None:
            raise WrappingError("Cryptographic materials cannot be generated: no wrapping key")
        own_algorithm = self._wrapping_key.algorithm
        wrapping_algorithm = description.get(
            _WRAPPING_ALGORITHM, _WRAPPING_TRANSFORMATION.get(own_algorithm, own_algorithm)
        )
        content_algorithm = description.get(_CONTENT_ALGORITHM, _DEFAULT_CONTENT_ALGORITHM)
        name, _, length = content_algorithm.partition("/")
        content_key = JceNameLocalDelegatedKey.generate(
            name, int(length) if length else _DEFAULT_CONTENT_KEY_LENGTH
        )
        wrapped = self._wrapping_key.wrap(
            algorithm=wrapping_algorithm, content_key=content_key.key, additional_associated_data=None
        )
        return content_key, {
            **description,
            _WRAPPED_KEY: base64.b64encode(bytes_from("wrap", wrapped, WrappingError)).decode(),
            _CONTENT_ALGORITHM: content_algorithm,
            _WRAPPING_ALGORITHM: wrapping_algorithm,
        }

    @property
    def material_description(self) -> dict[str, str]:
        """The description, with the wrapped content key."""
        return self._material_description

    @property
    def encryption_key(self) -> DelegatedKey:
        """The content key."""
        return self._content_key

    @property
    def decryption_key(self) -> DelegatedKey:
        """The content key."""
        return self._content_key

    @property
    def signing_key(self) -> DelegatedKey:
        """The key that signs."""
        return self._signing_key

    @property
    def verification_key(self) -> DelegatedKey:
        """The key that verifies, which is the one that signs."""
        return self._signing_key
