"""The older library's errors, in its own tree.

    DynamodbEncryptionSdkError
    +-- InvalidArgumentError
    |   +-- InvalidAlgorithmError
    +-- SerializationError
    +-- DeserializationError
    |   +-- InvalidMaterialDescriptionError
    |   +-- InvalidMaterialDescriptionVersionError
    +-- JceTransformationError
    +-- DelegatedKeyError
    |   +-- DelegatedKeyEncryptionError
    |   +-- DelegatedKeyDecryptionError
    +-- AwsKmsMaterialsProviderError
    |   +-- UnknownRegionError
    +-- EncryptionError, DecryptionError
    +-- WrappingError, UnwrappingError
    +-- SigningError, SignatureVerificationError
    +-- ProviderStoreError
        +-- NoKnownVersionError, InvalidVersionError, VersionAlreadyExistsError

Programs catch these by name, so they do not derive from DynasealError. Where the older library lets a
KeyError, TypeError, UnicodeDecodeError or decimal.InvalidOperation of a damaged item escape, this one does
too.
"""


class DynamodbEncryptionSdkError(Exception):
    """The base of every error of this package."""


class InvalidArgumentError(DynamodbEncryptionSdkError):
    """An argument that is not supported, such as a projection."""


class SerializationError(DynamodbEncryptionSdkError):
    """An attribute value cannot be turned into bytes."""


class DeserializationError(DynamodbEncryptionSdkError):
    """Bytes cannot be turned back into an attribute value."""


class InvalidMaterialDescriptionError(DeserializationError):
    """A material description is malformed."""


class InvalidMaterialDescriptionVersionError(DeserializationError):
    """A material description has a version that is not known."""


class InvalidAlgorithmError(InvalidArgumentError):
    """An algorithm's name does not fit the key or the cipher."""


class JceTransformationError(DynamodbEncryptionSdkError):
    """A Java name of an algorithm or transformation is not known."""


class DelegatedKeyError(DynamodbEncryptionSdkError):
    """A delegated key failed; for delegated keys that programs define."""


class DelegatedKeyEncryptionError(DelegatedKeyError):
    """A delegated key could not encrypt; for delegated keys that programs define."""


class DelegatedKeyDecryptionError(DelegatedKeyError):
    """A delegated key could not decrypt; for delegated keys that programs define."""


class AwsKmsMaterialsProviderError(DynamodbEncryptionSdkError):
    """The KMS provider cannot be used as it is configured."""


class UnknownRegionError(AwsKmsMaterialsProviderError):
    """Neither the key id nor the session names a Region."""


class DecryptionError(DynamodbEncryptionSdkError):
    """An item, attribute or RSA-wrapped key cannot be decrypted."""


class UnwrappingError(DynamodbEncryptionSdkError):
    """A content key cannot be unwrapped."""


class EncryptionError(DynamodbEncryptionSdkError):
    """An item, attribute or key cannot be encrypted."""


class WrappingError(DynamodbEncryptionSdkError):
    """A content key cannot be made or wrapped."""


class SigningError(DynamodbEncryptionSdkError):
    """An item cannot be signed."""


class SignatureVerificationError(DynamodbEncryptionSdkError):
    """An item's signature does not verify."""


class ProviderStoreError(DynamodbEncryptionSdkError):
    """A provider store failed."""


class NoKnownVersionError(ProviderStoreError):
    """A provider store has no version of a material."""


class InvalidVersionError(ProviderStoreError):
    """A provider store does not have the version asked for, or cannot read it."""


class VersionAlreadyExistsError(ProviderStoreError):
    """A provider store has that version already."""
