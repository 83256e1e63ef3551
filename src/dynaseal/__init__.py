"""Client-side encryption for Amazon DynamoDB, in the format of AWS's Database Encryption SDK.

The public names are here. Those that need boto3 are imported when they are first used, so that
`import dynaseal` imports neither boto3 nor botocore.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynaseal.beacons.config import (
    AsSet,
    BeaconVersion,
    CompoundBeacon,
    Constructor,
    ConstructorPart,
    EncryptedPart,
    PartOnly,
    SearchConfig,
    Shared,
    SharedSet,
    SignedPart,
    StandardBeacon,
    VirtualField,
    VirtualPart,
)
from dynaseal.beacons.estimates import BeaconPlan, LengthPlan
from dynaseal.beacons.key_source import MultiKeySource, SingleKeySource
from dynaseal.beacons.partitions import number_of_queries
from dynaseal.beacons.planner import plan_beacon
from dynaseal.beacons.plot import plot_beacon_plan
from dynaseal.beacons.resolve import ResolvedAttributes, resolve_attributes
from dynaseal.beacons.surrogate import SurrogateKey
from dynaseal.beacons.virtual import (
    GetPrefix,
    GetSegment,
    GetSegments,
    GetSubstring,
    GetSuffix,
    Insert,
    Lower,
    Upper,
)
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
    KeyStoreError,
    SignatureError,
    UnsupportedOperationError,
    UnwrapError,
)
from dynaseal.materials.branch_keys import BeaconKeyMaterials, BranchKeyMaterials
from dynaseal.materials.cache import BranchKeyCache
from dynaseal.materials.curves import Curve
from dynaseal.materials.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.manager import DefaultMaterialsManager
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
)
from dynaseal.materials.multi import MultiKeyring
from dynaseal.materials.raw_aes import RawAesKeyring
from dynaseal.materials.raw_ecdh import RawEcdhKeyring
from dynaseal.materials.raw_rsa import RawRsaKeyring
from dynaseal.materials.required_context import RequiredContextMaterialsManager
from dynaseal.materials.rsa import RsaPadding
from dynaseal.report import ItemReport, describe_item

if TYPE_CHECKING:
    from dynaseal.boto.asymmetric import AwsKmsEcdhKeyring, AwsKmsRsaKeyring
    from dynaseal.boto.attach import attach
    from dynaseal.boto.client import EncryptedClient, EncryptedPaginator
    from dynaseal.boto.keyrings import (
        AwsKmsDiscoveryKeyring,
        AwsKmsDiscoveryMultiKeyring,
        AwsKmsKeyring,
        AwsKmsMrkDiscoveryKeyring,
        AwsKmsMrkKeyring,
        AwsKmsMrkMultiKeyring,
        AwsKmsMultiKeyring,
    )
    from dynaseal.boto.keystore import KeyStore
    from dynaseal.boto.kms import KmsError
    from dynaseal.boto.mpl import MplKeyring
    from dynaseal.boto.provider import AwsKmsCryptographicMaterialsProvider
    from dynaseal.boto.resource import EncryptedResource
    from dynaseal.boto.table import EncryptedTable
    from dynaseal.boto.table_info import TableIndex, TableInfo

_NEED_BOTO = {
    "AwsKmsCryptographicMaterialsProvider": "dynaseal.boto.provider",
    "AwsKmsDiscoveryKeyring": "dynaseal.boto.keyrings",
    "AwsKmsDiscoveryMultiKeyring": "dynaseal.boto.keyrings",
    "AwsKmsEcdhKeyring": "dynaseal.boto.asymmetric",
    "AwsKmsKeyring": "dynaseal.boto.keyrings",
    "AwsKmsMrkDiscoveryKeyring": "dynaseal.boto.keyrings",
    "AwsKmsMrkKeyring": "dynaseal.boto.keyrings",
    "AwsKmsMrkMultiKeyring": "dynaseal.boto.keyrings",
    "AwsKmsMultiKeyring": "dynaseal.boto.keyrings",
    "AwsKmsRsaKeyring": "dynaseal.boto.asymmetric",
    "EncryptedClient": "dynaseal.boto.client",
    "EncryptedPaginator": "dynaseal.boto.client",
    "EncryptedResource": "dynaseal.boto.resource",
    "EncryptedTable": "dynaseal.boto.table",
    "KeyStore": "dynaseal.boto.keystore",
    "KmsError": "dynaseal.boto.kms",
    "MplKeyring": "dynaseal.boto.mpl",
    "TableIndex": "dynaseal.boto.table_info",
    "TableInfo": "dynaseal.boto.table_info",
    "attach": "dynaseal.boto.attach",
}

__all__ = [
    "AlgorithmSuite",
    "AsSet",
    "AttributeActions",
    "AwsKmsCryptographicMaterialsProvider",
    "AwsKmsDiscoveryKeyring",
    "AwsKmsDiscoveryMultiKeyring",
    "AwsKmsEcdhKeyring",
    "AwsKmsHierarchicalKeyring",
    "AwsKmsKeyring",
    "AwsKmsMrkDiscoveryKeyring",
    "AwsKmsMrkKeyring",
    "AwsKmsMrkMultiKeyring",
    "AwsKmsMultiKeyring",
    "AwsKmsRsaKeyring",
    "BeaconKeyMaterials",
    "BeaconPlan",
    "BeaconVersion",
    "BranchKeyCache",
    "BranchKeyMaterials",
    "CompoundBeacon",
    "ConfigError",
    "Constructor",
    "ConstructorPart",
    "CryptoAction",
    "CryptographicMaterialsManager",
    "Curve",
    "DecryptError",
    "DecryptionMaterials",
    "DefaultMaterialsManager",
    "DynasealError",
    "EncryptError",
    "EncryptedClient",
    "EncryptedDataKey",
    "EncryptedPaginator",
    "EncryptedPart",
    "EncryptedResource",
    "EncryptedTable",
    "EncryptionMaterials",
    "FormatError",
    "GetPrefix",
    "GetSegment",
    "GetSegments",
    "GetSubstring",
    "GetSuffix",
    "Insert",
    "ItemEncryptor",
    "ItemReport",
    "KeyStore",
    "KeyStoreError",
    "Keyring",
    "KmsError",
    "LengthPlan",
    "Lower",
    "MplKeyring",
    "MultiKeySource",
    "MultiKeyring",
    "PartOnly",
    "PlaintextPolicy",
    "RawAesKeyring",
    "RawEcdhKeyring",
    "RawRsaKeyring",
    "RequiredContextMaterialsManager",
    "ResolvedAttributes",
    "RsaPadding",
    "SearchConfig",
    "Shared",
    "SharedSet",
    "SignatureError",
    "SignedPart",
    "SingleKeySource",
    "StandardBeacon",
    "SurrogateKey",
    "TableConfig",
    "TableIndex",
    "TableInfo",
    "UnsupportedOperationError",
    "UnwrapError",
    "Upper",
    "VirtualField",
    "VirtualPart",
    "attach",
    "describe_item",
    "number_of_queries",
    "plan_beacon",
    "plot_beacon_plan",
    "resolve_attributes",
]


def __getattr__(name: str) -> Any:
    module = _NEED_BOTO.get(name)
    if module is None:
        raise AttributeError(f"module 'dynaseal' has no attribute {name!r}")
    return getattr(import_module(module), name)
