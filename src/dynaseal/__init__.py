"""Client-side encryption for Amazon DynamoDB, in the format of AWS's Database Encryption SDK.

The public names are here. What every program needs is imported at once. The rest, such as beacons and
whatever needs boto3, is imported when it is first used: so `import dynaseal` is quick, and imports neither
boto3 nor botocore. `dynaseal.__version__` is read when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynaseal.config import PlaintextPolicy, TableConfig, Unreadable, UpdateMode
from dynaseal.core.actions import AttributeActions, CryptoAction
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.stream_images import from_stream_image
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
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.materials.managers.default import DefaultMaterialsManager
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
)

if TYPE_CHECKING:
    from dynaseal.beacons.compiled.resolved_attributes import ResolvedAttributes, resolve_attributes
    from dynaseal.beacons.compiled.virtual_fields import (
        GetPrefix,
        GetSegment,
        GetSegments,
        GetSubstring,
        GetSuffix,
        Insert,
        Lower,
        Upper,
    )
    from dynaseal.beacons.definitions import (
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
    from dynaseal.beacons.key_sources import MultiKeySource, SingleKeySource
    from dynaseal.beacons.length.planner import plan_beacon
    from dynaseal.beacons.length.plans import BeaconPlan, LengthPlan
    from dynaseal.beacons.length.plot import plot_beacon_plan
    from dynaseal.beacons.requests.partitions import number_of_queries
    from dynaseal.beacons.surrogates.keys import SurrogateKey
    from dynaseal.boto.check_table import Finding, check_table
    from dynaseal.boto.cost.estimate import Estimate, estimate_cost
    from dynaseal.boto.doctor.diagnose import diagnose
    from dynaseal.boto.doctor.diagnosis import Diagnosis, NotChecked
    from dynaseal.boto.interception.attach import attach
    from dynaseal.boto.interception.plaintext_tables import ALL_OTHER_TABLES
    from dynaseal.boto.interception.unreadable import UnreadableItem, unreadable_items
    from dynaseal.boto.interception.updates.errors import UpdateConflictError
    from dynaseal.boto.keys.asymmetric import AwsKmsEcdhKeyring, AwsKmsRsaKeyring
    from dynaseal.boto.keys.key_store import KeyStore
    from dynaseal.boto.keys.keyrings import (
        AwsKmsDiscoveryKeyring,
        AwsKmsDiscoveryMultiKeyring,
        AwsKmsKeyring,
        AwsKmsMrkDiscoveryKeyring,
        AwsKmsMrkKeyring,
        AwsKmsMrkMultiKeyring,
        AwsKmsMultiKeyring,
    )
    from dynaseal.boto.keys.kms import KmsError
    from dynaseal.boto.keys.mpl import MplKeyring
    from dynaseal.boto.keys.provider import AwsKmsCryptographicMaterialsProvider
    from dynaseal.boto.permissions import Role
    from dynaseal.boto.policies.documents import Policies
    from dynaseal.boto.policies.generate import Tenant, policies_for
    from dynaseal.boto.wrappers.client import EncryptedClient, EncryptedPaginator
    from dynaseal.boto.wrappers.resource import EncryptedResource
    from dynaseal.boto.wrappers.table import EncryptedTable
    from dynaseal.boto.wrappers.table_info import TableIndex, TableInfo
    from dynaseal.legacy.items import Legacy, LegacyPolicy
    from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials, BranchKeyMaterials
    from dynaseal.materials.key_store.cache import BranchKeyCache
    from dynaseal.materials.keyrings.curves import Curve
    from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
    from dynaseal.materials.keyrings.multi import MultiKeyring
    from dynaseal.materials.keyrings.raw_ecdh import RawEcdhKeyring
    from dynaseal.materials.keyrings.raw_rsa import RawRsaKeyring
    from dynaseal.materials.keyrings.rsa import RsaPadding
    from dynaseal.materials.managers.required_context import RequiredContextMaterialsManager
    from dynaseal.report import ItemReport, describe_item

_MODULES = {
    "ALL_OTHER_TABLES": "dynaseal.boto.interception.plaintext_tables",
    "AsSet": "dynaseal.beacons.definitions",
    "AwsKmsCryptographicMaterialsProvider": "dynaseal.boto.keys.provider",
    "AwsKmsDiscoveryKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsDiscoveryMultiKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsEcdhKeyring": "dynaseal.boto.keys.asymmetric",
    "AwsKmsHierarchicalKeyring": "dynaseal.materials.keyrings.hierarchical",
    "AwsKmsKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsMrkDiscoveryKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsMrkKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsMrkMultiKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsMultiKeyring": "dynaseal.boto.keys.keyrings",
    "AwsKmsRsaKeyring": "dynaseal.boto.keys.asymmetric",
    "BeaconKeyMaterials": "dynaseal.materials.key_store.branch_keys",
    "BeaconPlan": "dynaseal.beacons.length.plans",
    "BeaconVersion": "dynaseal.beacons.definitions",
    "BranchKeyCache": "dynaseal.materials.key_store.cache",
    "BranchKeyMaterials": "dynaseal.materials.key_store.branch_keys",
    "CompoundBeacon": "dynaseal.beacons.definitions",
    "Constructor": "dynaseal.beacons.definitions",
    "ConstructorPart": "dynaseal.beacons.definitions",
    "Curve": "dynaseal.materials.keyrings.curves",
    "EncryptedClient": "dynaseal.boto.wrappers.client",
    "EncryptedPaginator": "dynaseal.boto.wrappers.client",
    "EncryptedPart": "dynaseal.beacons.definitions",
    "EncryptedResource": "dynaseal.boto.wrappers.resource",
    "EncryptedTable": "dynaseal.boto.wrappers.table",
    "Estimate": "dynaseal.boto.cost.estimate",
    "Diagnosis": "dynaseal.boto.doctor.diagnosis",
    "Finding": "dynaseal.boto.check_table",
    "GetPrefix": "dynaseal.beacons.compiled.virtual_fields",
    "GetSegment": "dynaseal.beacons.compiled.virtual_fields",
    "GetSegments": "dynaseal.beacons.compiled.virtual_fields",
    "GetSubstring": "dynaseal.beacons.compiled.virtual_fields",
    "GetSuffix": "dynaseal.beacons.compiled.virtual_fields",
    "Insert": "dynaseal.beacons.compiled.virtual_fields",
    "ItemReport": "dynaseal.report",
    "KeyStore": "dynaseal.boto.keys.key_store",
    "KmsError": "dynaseal.boto.keys.kms",
    "Legacy": "dynaseal.legacy.items",
    "LegacyPolicy": "dynaseal.legacy.items",
    "LengthPlan": "dynaseal.beacons.length.plans",
    "Lower": "dynaseal.beacons.compiled.virtual_fields",
    "MplKeyring": "dynaseal.boto.keys.mpl",
    "MultiKeySource": "dynaseal.beacons.key_sources",
    "MultiKeyring": "dynaseal.materials.keyrings.multi",
    "PartOnly": "dynaseal.beacons.definitions",
    "RawEcdhKeyring": "dynaseal.materials.keyrings.raw_ecdh",
    "RawRsaKeyring": "dynaseal.materials.keyrings.raw_rsa",
    "RequiredContextMaterialsManager": "dynaseal.materials.managers.required_context",
    "ResolvedAttributes": "dynaseal.beacons.compiled.resolved_attributes",
    "RsaPadding": "dynaseal.materials.keyrings.rsa",
    "SearchConfig": "dynaseal.beacons.definitions",
    "Shared": "dynaseal.beacons.definitions",
    "SharedSet": "dynaseal.beacons.definitions",
    "SignedPart": "dynaseal.beacons.definitions",
    "SingleKeySource": "dynaseal.beacons.key_sources",
    "StandardBeacon": "dynaseal.beacons.definitions",
    "SurrogateKey": "dynaseal.beacons.surrogates.keys",
    "NotChecked": "dynaseal.boto.doctor.diagnosis",
    "Policies": "dynaseal.boto.policies.documents",
    "Role": "dynaseal.boto.permissions",
    "TableIndex": "dynaseal.boto.wrappers.table_info",
    "TableInfo": "dynaseal.boto.wrappers.table_info",
    "Tenant": "dynaseal.boto.policies.generate",
    "UnreadableItem": "dynaseal.boto.interception.unreadable",
    "UpdateConflictError": "dynaseal.boto.interception.updates.errors",
    "Upper": "dynaseal.beacons.compiled.virtual_fields",
    "VirtualField": "dynaseal.beacons.definitions",
    "VirtualPart": "dynaseal.beacons.definitions",
    "attach": "dynaseal.boto.interception.attach",
    "check_table": "dynaseal.boto.check_table",
    "estimate_cost": "dynaseal.boto.cost.estimate",
    "diagnose": "dynaseal.boto.doctor.diagnose",
    "policies_for": "dynaseal.boto.policies.generate",
    "describe_item": "dynaseal.report",
    "number_of_queries": "dynaseal.beacons.requests.partitions",
    "plan_beacon": "dynaseal.beacons.length.planner",
    "plot_beacon_plan": "dynaseal.beacons.length.plot",
    "resolve_attributes": "dynaseal.beacons.compiled.resolved_attributes",
    "unreadable_items": "dynaseal.boto.interception.unreadable",
}

__all__ = [
    "ALL_OTHER_TABLES",
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
    "Diagnosis",
    "DynasealError",
    "EncryptError",
    "EncryptedClient",
    "EncryptedDataKey",
    "EncryptedPaginator",
    "EncryptedPart",
    "EncryptedResource",
    "EncryptedTable",
    "EncryptionMaterials",
    "Estimate",
    "Finding",
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
    "Legacy",
    "LegacyPolicy",
    "LengthPlan",
    "Lower",
    "MplKeyring",
    "MultiKeySource",
    "MultiKeyring",
    "NotChecked",
    "PartOnly",
    "PlaintextPolicy",
    "Policies",
    "RawAesKeyring",
    "RawEcdhKeyring",
    "RawRsaKeyring",
    "RequiredContextMaterialsManager",
    "ResolvedAttributes",
    "Role",
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
    "Tenant",
    "Unreadable",
    "UnreadableItem",
    "UnsupportedOperationError",
    "UnwrapError",
    "UpdateConflictError",
    "UpdateMode",
    "Upper",
    "VirtualField",
    "VirtualPart",
    "attach",
    "check_table",
    "describe_item",
    "diagnose",
    "estimate_cost",
    "from_stream_image",
    "number_of_queries",
    "plan_beacon",
    "plot_beacon_plan",
    "policies_for",
    "resolve_attributes",
    "unreadable_items",
]

__version__: str


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


if not TYPE_CHECKING:  # a type checker would take every name for one of this module's

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return import_module("importlib.metadata").version("dynaseal")
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module 'dynaseal' has no attribute {name!r}")
        return getattr(import_module(module), name)
