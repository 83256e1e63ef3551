"""The asyncio twin: the wrappers of `dynaseal` over aiobotocore and aioboto3, with coroutines as methods.

Install it with `pip install 'dynaseal[aio]'`, and aioboto3 as well if you use its resources. Keyrings and
configurations are those of `dynaseal`; the KMS keyrings can be imported from here too. With an aiobotocore
client they make their calls on the event loop; with a boto3 client, or none, in threads.
"""

from dynaseal.aio.attach import attach
from dynaseal.aio.client import EncryptedClient
from dynaseal.aio.encryptor import ItemEncryptor
from dynaseal.aio.key_store import KeyStore
from dynaseal.aio.resource import EncryptedResource
from dynaseal.aio.table import EncryptedTable
from dynaseal.aio.transforming import transform
from dynaseal.boto.keys.asymmetric import AwsKmsEcdhKeyring, AwsKmsRsaKeyring
from dynaseal.boto.keys.keyrings import (
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
)
from dynaseal.boto.keys.provider import AwsKmsCryptographicMaterialsProvider
from dynaseal.boto.wrappers.client import EncryptedPaginator
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.model import AsyncKeyring

__all__ = [
    "AsyncKeyring",
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
    "EncryptedClient",
    "EncryptedPaginator",
    "EncryptedResource",
    "EncryptedTable",
    "ItemEncryptor",
    "KeyStore",
    "attach",
    "transform",
]
