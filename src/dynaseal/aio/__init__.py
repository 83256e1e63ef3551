"""The asyncio twin: the wrappers of `dynaseal` over aiobotocore and aioboto3, with coroutines as methods.

Install it with `pip install 'dynaseal[aio]'`, and aioboto3 as well if you use its resources. Keyrings and
configurations are those of `dynaseal`. A KMS keyring with an aiobotocore client makes its calls on the event
loop; one with a boto3 client, or none, in threads.
"""

from dynaseal.aio.attach import attach
from dynaseal.aio.client import EncryptedClient
from dynaseal.aio.encryptor import ItemEncryptor
from dynaseal.aio.key_store import KeyStore
from dynaseal.aio.resource import EncryptedResource
from dynaseal.aio.table import EncryptedTable

__all__ = ["EncryptedClient", "EncryptedResource", "EncryptedTable", "ItemEncryptor", "KeyStore", "attach"]
