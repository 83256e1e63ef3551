"""Client-side encryption for Amazon DynamoDB, in the format of AWS's Database Encryption SDK.

The public names are here. Those that need boto3 are imported when they are first used, so that
`import dynaseal` imports neither boto3 nor botocore.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynaseal.config import PlaintextPolicy, TableConfig
from dynaseal.core.actions import AttributeActions, CryptoAction
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import (
    ConfigError,
    DecryptError,
    DynasealError,
    EncryptError,
    FormatError,
    SignatureError,
    UnsupportedOperationError,
    UnwrapError,
)
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
)
from dynaseal.materials.multi import MultiKeyring
from dynaseal.materials.raw_aes import RawAesKeyring

if TYPE_CHECKING:
    from dynaseal.boto.keyrings import AwsKmsKeyring
    from dynaseal.boto.kms import KmsError
    from dynaseal.boto.provider import AwsKmsCryptographicMaterialsProvider

_NEED_BOTO = {
    "AwsKmsCryptographicMaterialsProvider": "dynaseal.boto.provider",
    "AwsKmsKeyring": "dynaseal.boto.keyrings",
    "KmsError": "dynaseal.boto.kms",
}

__all__ = [
    "AlgorithmSuite",
    "AttributeActions",
    "AwsKmsCryptographicMaterialsProvider",
    "AwsKmsKeyring",
    "ConfigError",
    "CryptoAction",
    "CryptographicMaterialsManager",
    "DecryptError",
    "DecryptionMaterials",
    "DynasealError",
    "EncryptError",
    "EncryptedDataKey",
    "EncryptionMaterials",
    "FormatError",
    "ItemEncryptor",
    "Keyring",
    "KmsError",
    "MultiKeyring",
    "PlaintextPolicy",
    "RawAesKeyring",
    "SignatureError",
    "TableConfig",
    "UnsupportedOperationError",
    "UnwrapError",
]


def __getattr__(name: str) -> Any:
    module = _NEED_BOTO.get(name)
    if module is None:
        raise AttributeError(f"module 'dynaseal' has no attribute {name!r}")
    return getattr(import_module(module), name)
