"""dynaseal.aio has the types of aiobotocore's clients, and of aioboto3's tables and resources."""

from collections.abc import Sequence
from typing import Any, assert_type

from aiobotocore.session import get_session  # type: ignore[import-untyped]
from types_aiobotocore_dynamodb.client import DynamoDBClient
from types_aiobotocore_dynamodb.service_resource import DynamoDBServiceResource, Table
from types_aiobotocore_dynamodb.type_defs import (
    AttributeValueTypeDef,
    GetItemOutputTableTypeDef,
    GetItemOutputTypeDef,
    ScanOutputTableTypeDef,
)
from types_aiobotocore_dynamodb.waiter import TableExistsWaiter
from types_aiobotocore_kms.client import KMSClient

from dynaseal import (
    AttributeActions,
    BeaconVersion,
    BranchKeyMaterials,
    Curve,
    DecryptionMaterials,
    EncryptedDataKey,
    EncryptionMaterials,
    Finding,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
)
from dynaseal.aio import (
    AwsKmsCryptographicMaterialsProvider,
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
    AwsKmsRsaKeyring,
    EncryptedClient,
    EncryptedPaginator,
    EncryptedResource,
    EncryptedTable,
    ItemEncryptor,
    KeyStore,
    attach,
    transform,
)
from dynaseal.migrate import PLAINTEXT, Outcome

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONFIG = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(),
    keyring=RawAesKeyring("payroll", "2026", bytes(32)),
)
CONFIGS = {"people": CONFIG}


async def clients_have_the_types_of_aiobotocore(plain: DynamoDBClient) -> None:
    client = EncryptedClient(plain, configs=CONFIGS)
    reply = await client.get_item(TableName="people", Key={"pk": {"S": "ann"}})
    assert_type(reply, GetItemOutputTypeDef)
    assert_type(reply.get("Item", {}), dict[str, AttributeValueTypeDef])
    assert_type(client.get_waiter("table_exists"), TableExistsWaiter)
    pages = client.get_paginator("query").paginate(TableName="people")
    async for page in pages:
        print(page["Items"])
    _encrypted: EncryptedPaginator = client.get_paginator("scan")
    _plain: DynamoDBClient = client


async def tables_have_the_types_of_aioboto3(plain: Table) -> None:
    table = EncryptedTable(plain, config=CONFIG)
    reply = await table.get_item(Key={"pk": "ann"})
    assert_type(reply, GetItemOutputTableTypeDef)
    assert_type(await table.scan(), ScanOutputTableTypeDef)
    assert_type(await table.check_configuration(), list[Finding])
    assert_type(await EncryptedTable.create(plain, RawAesKeyring("a", "b", bytes(32))), EncryptedTable)
    async with table.batch_writer() as batch:
        await batch.put_item(Item={"pk": "ann"})
    _plain: Table = table


async def resources_have_the_types_of_aioboto3(plain: DynamoDBServiceResource) -> None:
    resource = EncryptedResource(plain, configs=CONFIGS)
    assert_type(await resource.Table("people"), EncryptedTable)
    await resource.batch_get_item(RequestItems={"people": {"Keys": [{"pk": "ann"}]}})
    async for table in resource.tables.all():
        assert_type(table, EncryptedTable)
    async for page in resource.tables.limit(5).pages():
        assert_type(page, list[EncryptedTable])
    _plain: DynamoDBServiceResource = resource


def clients_sessions_resources_and_tables_can_be_attached(
    client: DynamoDBClient, resource: DynamoDBServiceResource, table: Table
) -> None:
    attach(client, CONFIGS)
    attach(resource, CONFIGS)
    attach(table, CONFIGS)
    attach(get_session(), CONFIGS, plaintext_tables=["audit"])


def keyrings_accept_clients_of_aiobotocore(kms: KMSClient) -> None:
    clients = {"us-west-2": kms}
    for keyring in (
        AwsKmsKeyring(ARN, client=kms),
        AwsKmsMrkKeyring(ARN, client=kms),
        AwsKmsMultiKeyring(ARN, clients=clients.__getitem__),
        AwsKmsMrkMultiKeyring(ARN, [ARN], clients=lambda region: clients[region]),
        AwsKmsDiscoveryKeyring(client=kms, account_ids=["111122223333"]),
        AwsKmsMrkDiscoveryKeyring("us-west-2", client=kms),
        AwsKmsDiscoveryMultiKeyring(["us-west-2"], clients=clients.__getitem__),
        AwsKmsRsaKeyring(ARN, "RSAES_OAEP_SHA_256", client=kms),
        AwsKmsEcdhKeyring.static(Curve.P256, ARN, b"", client=kms),
        AwsKmsEcdhKeyring.discovery(Curve.P256, ARN, client=kms),
        AwsKmsCryptographicMaterialsProvider(ARN, regional_clients=clients),
    ):
        TableConfig("people", "pk", attribute_actions={}, keyring=keyring)


async def key_stores_accept_clients_of_aiobotocore(dynamodb: DynamoDBClient, kms: KMSClient) -> None:
    store = KeyStore("keys", "keys", ARN, dynamodb_client=dynamodb, kms_client=kms)
    assert_type(await store.create_key(), str)
    assert_type(await store.get_active_branch_key("tenant"), BranchKeyMaterials)
    version = BeaconVersion(store, SingleKeySource("tenant"), standard_beacons=[StandardBeacon("city", 4)])
    TableConfig(
        "people",
        "pk",
        attribute_actions={},
        keyring=AwsKmsHierarchicalKeyring(store, branch_key_id="tenant", ttl_seconds=600),
        search=SearchConfig(versions=[version]),
    )


class AsynchronousKeyring:
    async def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return materials

    async def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        print(encrypted_data_keys)
        return materials


def a_users_keyring_may_have_coroutines() -> None:
    TableConfig("people", "pk", attribute_actions={}, keyring=AsynchronousKeyring())


async def items_are_encrypted_and_transformed() -> None:
    encryptor = ItemEncryptor(CONFIG)
    stored = await encryptor.encrypt_item({"pk": {"S": "ann"}})
    assert_type(stored, dict[str, Any])
    assert_type(await transform(stored, encryptor, PLAINTEXT), Outcome)


async def mistakes_are_errors(plain: DynamoDBClient) -> None:
    client = EncryptedClient(plain, configs=CONFIGS)
    await client.put_item(TableName="people", Itme={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedClient("people", configs=CONFIGS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    attach(plain, CONFIGS, ["audit"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    KeyStore("keys", "keys", ARN, kms_client="kms")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
