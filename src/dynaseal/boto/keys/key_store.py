"""The key store over boto3 clients."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from boto3.resources.base import ServiceResource
from botocore.client import BaseClient

from dynaseal.boto.interception.client_copies import INPUT_ID
from dynaseal.boto.interception.emitters import has_handler
from dynaseal.boto.keys.clients import Clients, UntypedClient, check_kms_clients
from dynaseal.boto.keys.key_store_kms import BotoKeyStoreKms, KeyStoreKmsClient
from dynaseal.boto.keys.key_store_table import BotoKeyStoreTable, DynamoDbClient
from dynaseal.core.arguments import check_methods, check_string_collection, check_strings
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import check_key_id, region_of
from dynaseal.materials.key_store.store import BranchKeyStore


class KeyStore(BranchKeyStore):
    """Branch keys and beacon keys in a DynamoDB table, wrapped by one KMS key; shared with AWS's libraries.

    Safe for use by many threads.

    Args:
        table_name: The key store's table.
        logical_key_store_name: Bound to every key; stays the same when the table is restored under another
            name. Every program that uses the table must pass the same name.
        kms_key_arn: The ARN of the KMS key that wraps every key; not an alias.
        dynamodb_client: A boto3 DynamoDB client; by default one is made from the default session, in the
            ARN's Region, when it is first needed.
        kms_client: A boto3 KMS client; by default made in the same way.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: `kms_key_arn` is not the ARN of a key, or an argument is of the wrong type.

    Example:
        >>> KeyStore("keys", "keys", "arn:aws:kms:us-west-2:111122223333:key/1234abcd")
        KeyStore('keys')
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
        # The casts accept an UntypedClient, whose operations exist although a type checker does not see them.
        owner = "A KeyStore"
        check_strings(owner, table_name=table_name)
        grant_tokens = check_string_collection(owner, "grant_tokens", grant_tokens)
        if not table_name or not logical_key_store_name:
            raise ConfigError("A KeyStore needs the names of its table and of its logical key store")
        if dynamodb_client is not None:
            _check_dynamodb_client(owner, dynamodb_client)
        if kms_client is not None:
            check_kms_clients(owner, kms_client=kms_client)
        region = region_of(check_key_id(kms_key_arn))
        dynamodb, kms = Clients("dynamodb"), Clients("kms")
        self._dynamodb_client = lambda: (
            dynamodb(region) if dynamodb_client is None else cast("Any", dynamodb_client)
        )
        self._kms_client = lambda: kms(region) if kms_client is None else cast("Any", kms_client)
        super().__init__(
            BotoKeyStoreTable(table_name, self._dynamodb_client),
            BotoKeyStoreKms(kms_key_arn, self._kms_client, grant_tokens),
            logical_key_store_name,
            kms_key_arn,
            clock=lambda: datetime.now(UTC),
            new_uuid=uuid4,
        )
        self._table_name = table_name

    def __repr__(self) -> str:
        return f"KeyStore({self._table_name!r})"

    @property
    def table_name(self) -> str:
        """The key store's table."""
        return self._table_name

    def dynamodb_client(self) -> Any:
        """Return the DynamoDB client, which is made now if it has not been made yet."""
        return self._dynamodb_client()

    def kms_client(self) -> Any:
        """Return the KMS client, which is made now if it has not been made yet."""
        return self._kms_client()


def _check_dynamodb_client(owner: str, client: object) -> None:
    """Check that an object is a DynamoDB client that takes wire values, as that of a resource does not.

    Raises:
        ConfigError: it is something else, such as a Table.
    """
    hint = 'Pass boto3.client("dynamodb")'
    check_methods(owner, ("get_item",), "a boto3 DynamoDB client", hint=hint, dynamodb_client=client)
    if isinstance(client, ServiceResource):
        raise ConfigError(f"{owner}'s dynamodb_client is a Table of a boto3 resource", hint=hint)
    if isinstance(client, BaseClient) and has_handler(client.meta.events, INPUT_ID):
        raise ConfigError(f"{owner}'s dynamodb_client is the client of a boto3 resource", hint=hint)
