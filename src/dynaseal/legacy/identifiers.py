"""The older library's public constants: what is done with an attribute, and how keys are given."""

from enum import Enum
from functools import total_ordering

__all__ = ("LOGGER_NAME", "CryptoAction", "EncryptionKeyType", "KeyEncodingType")

__version__ = "3.3.0"
"""The version of the older library whose names and behaviour this package has."""

LOGGER_NAME = "dynamodb_encryption_sdk"
"""The logger to which failures are reported: the older library's, since programs configure it by name."""

USER_AGENT_SUFFIX = f"DynamodbEncryptionSdkPython/{__version__}"


@total_ordering
class CryptoAction(Enum):
    """What is done with one attribute; the actions are ordered by how much they protect."""

    DO_NOTHING = 0
    SIGN_ONLY = 1
    ENCRYPT_AND_SIGN = 2

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, CryptoAction):
            return NotImplemented
        return self.value < other.value


class EncryptionKeyType(Enum):
    """What kind of key the bytes of a delegated key are."""

    SYMMETRIC = 0
    PRIVATE = 1
    PUBLIC = 2


class KeyEncodingType(Enum):
    """How the bytes of a delegated key are encoded."""

    RAW = 0
    DER = 1
    PEM = 2
