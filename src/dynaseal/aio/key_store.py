"""KeyStore on an event loop."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dynaseal.aio.running import run
from dynaseal.boto.keys.clients import UntypedClient
from dynaseal.boto.keys.key_store import KeyStore as BlockingKeyStore
from dynaseal.boto.keys.key_store_kms import KeyStoreKmsClient
from dynaseal.boto.keys.key_store_table import DynamoDbClient
from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials, BranchKeyMaterials


class KeyStore:
    """Branch keys and beacon keys in a DynamoDB table; `dynaseal.KeyStore` with coroutines as methods.

    A hierarchical keyring and a search configuration take it as their key store.

    Args:
        table_name: The key store's table.
        logical_key_store_name: Bound to every key.
        kms_key_arn: The ARN of the KMS key that wraps every key; not an alias.
        dynamodb_client: An aiobotocore client of DynamoDB. With a boto3 client, or none, calls are made in
            threads.
        kms_client: An aiobotocore client of KMS; the same holds.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: `kms_key_arn` is not the ARN of a key, or an argument is of the wrong type.
    """

    def __init__(
        self,
        table_name: str,
        logical_key_store_name: str,
        kms_key_arn: str,
        *,
        dynamodb_client: DynamoDbClient | UntypedClient | None = None,
        kms_client: KeyStoreKmsClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        self._store = BlockingKeyStore(
            table_name,
            logical_key_store_name,
            kms_key_arn,
            dynamodb_client=dynamodb_client,
            kms_client=kms_client,
            grant_tokens=grant_tokens,
        )

    def __repr__(self) -> str:
        return repr(self._store)

    async def create_table(self) -> str:
        """Create the key store's table unless it exists, and wait until it can be used; return its ARN."""
        return await run(self._store.create_table)

    async def create_key(
        self, branch_key_id: str | None = None, encryption_context: Mapping[str, str] | None = None
    ) -> str:
        """Create a branch key with its first version, and a beacon key; return the branch key id."""
        return await run(self._store.create_key, branch_key_id, encryption_context)

    async def version_key(self, branch_key_id: str) -> None:
        """Create a new version of a branch key and make it the active one."""
        await run(self._store.version_key, branch_key_id)

    async def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        """Fetch the active version of a branch key, which writers use."""
        return await run(self._store.get_active_branch_key, branch_key_id)

    async def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        """Fetch a version of a branch key by its UUID."""
        return await run(self._store.get_branch_key_version, branch_key_id, version)

    async def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        """Fetch the beacon key of a branch key id."""
        return await run(self._store.get_beacon_key, branch_key_id)

    async def get_creation_time(self, branch_key_id: str, version: str) -> datetime:
        """Return when a version of a branch key was created."""
        return await run(self._store.get_creation_time, branch_key_id, version)
