"""Keyrings on an event loop: those of KMS with aiobotocore clients, those of users, and branch keys."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

import dynaseal
from dynaseal import (
    AlgorithmSuite,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    Curve,
    DecryptionMaterials,
    EncryptedDataKey,
    EncryptError,
    EncryptionMaterials,
    KmsError,
    MultiKeyring,
    MultiKeySource,
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
    ItemEncryptor,
    KeyStore,
)

pytestmark = pytest.mark.usefixtures("both_loops")

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1000"}}
ACTIONS = {"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN}
REGIONS = ("us-west-2", "eu-west-1")


def config_of(keyring: Any, *, tenant: bool = False, **more: Any) -> TableConfig:
    tenant_action = {"tenant": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT} if tenant else {}
    if tenant:
        tenant_action["pk"] = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    return TableConfig(
        "people", "pk", attribute_actions={**ACTIONS, **tenant_action}, keyring=keyring, **more
    )


@dataclass
class Kms:
    """Keys of a lab, and clients of both kinds."""

    arguments: Mapping[str, str]
    clients: Mapping[str, Any]
    stack: AsyncExitStack

    def blocking(self, service: str = "kms", region: str = REGIONS[0]) -> Any:
        make: Any = boto3.client
        return make(service, **{**self.arguments, "region_name": region})

    async def dynamodb(self) -> Any:
        make: Any = get_session().create_client
        return await self.stack.enter_async_context(make("dynamodb", **self.arguments))

    def key(self, **parameters: Any) -> str:
        return self.blocking().create_key(**parameters)["KeyMetadata"]["Arn"]

    def replicated_key(self) -> tuple[str, str]:
        arn = self.key(MultiRegion=True)
        self.blocking().replicate_key(KeyId=arn, ReplicaRegion=REGIONS[1])
        return arn, arn.replace(*REGIONS)


@asynccontextmanager
async def kms_of(arguments: Mapping[str, str]) -> AsyncIterator[Kms]:
    async with AsyncExitStack() as stack:
        clients: dict[str, Any] = {}
        for region in REGIONS:
            make: Any = get_session().create_client
            client = make("kms", **{**arguments, "region_name": region})
            clients[region] = await stack.enter_async_context(client)
        yield Kms(arguments, clients, stack)


def scenario(arguments: Mapping[str, str], code: Callable[[Kms], Awaitable[None]]) -> None:
    async def main() -> None:
        async with kms_of(arguments) as kms:
            await code(kms)

    asyncio.run(main())


async def check_exchange(
    writer: Any, readers: Sequence[Any], operations: set[str], *, blocking: Any = None, **more: Any
) -> None:
    """Items that are written on the loop are read by the readers; `blocking` reads them without a loop."""
    encryptor = ItemEncryptor(config_of(writer, **more))
    encrypted = await asyncio.gather(*(encryptor.encrypt_item(ITEM) for _ in range(5)))
    calls = {call.operation for call in encryptor.kms_calls}
    for reader in readers:
        decryptor = ItemEncryptor(config_of(reader, **more))
        found = await asyncio.gather(*(decryptor.decrypt_item(item) for item in encrypted))
        assert found == [ITEM] * 5
        calls |= {call.operation for call in decryptor.kms_calls}
    assert calls == operations
    if blocking is not None:
        assert dynaseal.ItemEncryptor(config_of(blocking)).decrypt_item(encrypted[0]) == ITEM


def test_one_kms_key_and_discovery(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        arn, client = kms.key(), kms.clients[REGIONS[0]]
        readers = [
            AwsKmsKeyring(arn, client=client),
            AwsKmsDiscoveryKeyring(client=client, account_ids=[arn.split(":")[4]]),
            AwsKmsDiscoveryMultiKeyring(REGIONS, clients=kms.clients.__getitem__),
            AwsKmsCryptographicMaterialsProvider(arn, regional_clients=kms.clients),
        ]
        for writer in (readers[0], readers[3]):
            await check_exchange(
                writer,
                readers,
                {"GenerateDataKey", "Decrypt"},
                blocking=AwsKmsKeyring(arn, client=kms.blocking()),
            )

    scenario(aws, code)


def test_a_coroutine_function_that_makes_clients_is_refused_for_every_item(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        async def make(region: str) -> Any:
            return kms.clients[region]

        clients: Any = make
        encryptor = ItemEncryptor(config_of(AwsKmsMultiKeyring(kms.key(), clients=clients)))
        for _ in range(2):
            with pytest.raises(ConfigError, match="of the type coroutine"):
                await encryptor.encrypt_item(ITEM)

    scenario(aws, code)


def test_several_kms_keys(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        first, second = kms.key(), kms.key()
        both = AwsKmsMultiKeyring(first, [second], clients=kms.clients.__getitem__)
        reader = AwsKmsMultiKeyring(children=[second], clients=kms.clients.__getitem__)
        await check_exchange(
            both,
            [both, reader],
            {"GenerateDataKey", "Decrypt"},
            blocking=AwsKmsKeyring(second, client=kms.blocking()),
        )

    scenario(aws, code)


def test_keys_of_several_regions(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        arn, replica = kms.replicated_key()
        near, far = (kms.clients[region] for region in REGIONS)
        readers = [
            AwsKmsMrkKeyring(arn, client=near),
            AwsKmsMrkKeyring(replica, client=far),
            AwsKmsMrkDiscoveryKeyring(REGIONS[1], client=far),
            AwsKmsMrkMultiKeyring(children=[replica], clients=kms.clients.__getitem__),
        ]
        calls = {"GenerateDataKey", "Decrypt"}
        await check_exchange(readers[0], readers, calls)
        await check_exchange(AwsKmsMrkMultiKeyring(replica, clients=kms.clients.__getitem__), readers, calls)

    scenario(aws, code)


def test_rsa_keys(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        arn = kms.key(KeySpec="RSA_3072", KeyUsage="ENCRYPT_DECRYPT")
        public_key = load_der_public_key(kms.blocking().get_public_key(KeyId=arn)["PublicKey"])
        pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        client = kms.clients[REGIONS[0]]
        keyring = AwsKmsRsaKeyring(arn, "RSAES_OAEP_SHA_256", public_key=pem, client=client)
        await check_exchange(
            keyring, [keyring], {"Decrypt"}, algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG
        )

    scenario(aws, code)


def test_ecdh_keys(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        sender, recipient = (kms.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT") for _ in range(2))
        public_key = kms.blocking().get_public_key(KeyId=recipient)["PublicKey"]
        client = kms.clients[REGIONS[0]]
        await check_exchange(
            AwsKmsEcdhKeyring.static(Curve.P256, sender, public_key, client=client),
            [AwsKmsEcdhKeyring.discovery(Curve.P256, recipient, client=client)],
            {"GetPublicKey", "DeriveSharedSecret"},
        )

    scenario(aws, code)


def test_a_keyring_with_a_boto3_client_calls_kms_in_threads(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        arn = kms.key()
        await check_exchange(
            AwsKmsKeyring(arn, client=kms.blocking()),
            [AwsKmsKeyring(arn, client=kms.clients[REGIONS[0]])],
            {"GenerateDataKey", "Decrypt"},
        )

    scenario(aws, code)


def test_a_refused_call_of_kms_has_awss_words(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        arn = kms.key()
        kms.blocking().disable_key(KeyId=arn)
        encryptor = ItemEncryptor(config_of(AwsKmsKeyring(arn, client=kms.clients[REGIONS[0]])))
        with pytest.raises(EncryptError, match="Enable the key") as refused:
            await encryptor.encrypt_item(ITEM)
        assert isinstance(refused.value, KmsError)
        assert isinstance(refused.value, ClientError)
        assert refused.value.response["Error"].get("Code") == "DisabledException"

    scenario(aws, code)


async def key_store_of(kms: Kms) -> KeyStore:
    dynamodb = await kms.dynamodb()
    store = KeyStore(
        f"keys-{uuid4().hex[:8]}",
        "keys",
        kms.key(),
        dynamodb_client=dynamodb,
        kms_client=kms.clients[REGIONS[0]],
    )
    await store.create_table()
    return store


def test_branch_keys_are_made_fetched_and_versioned(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        store = await key_store_of(kms)
        branch = await store.create_key()
        first = await store.get_active_branch_key(branch)
        await store.version_key(branch)
        second = await store.get_active_branch_key(branch)
        assert first.branch_key_version != second.branch_key_version
        assert await store.get_branch_key_version(branch, first.branch_key_version) == first
        assert len((await store.get_beacon_key(branch)).beacon_key) == 32
        assert (await store.get_creation_time(branch, second.branch_key_version)).tzinfo is not None

    scenario(aws, code)


def test_a_hierarchical_keyring_fetches_a_branch_key_once_for_many_tasks(aws: dict[str, str]) -> None:
    async def code(kms: Kms) -> None:
        store = await key_store_of(kms)
        branches = {tenant: await store.create_key() for tenant in ("a", "b")}
        keyring = AwsKmsHierarchicalKeyring(
            store,
            branch_key_id_supplier=lambda attributes: branches[attributes["tenant"]["S"]],
            ttl_seconds=60,
        )
        encryptor = ItemEncryptor(config_of(keyring, tenant=True))
        items = [{**ITEM, "tenant": {"S": "ab"[number % 2]}} for number in range(40)]
        encrypted = await asyncio.gather(*map(encryptor.encrypt_item, items))
        assert await asyncio.gather(*map(encryptor.decrypt_item, encrypted)) == items
        # The active version of each branch key to write with, and the version that the items name to read.
        assert sum(encryptor.kms_calls.values()) == 4

    scenario(aws, code)


@pytest.mark.parametrize("source", ["one key", "a key per tenant"])
def test_beacons_are_computed_with_keys_of_an_asynchronous_key_store(
    aws: dict[str, str], source: str
) -> None:
    async def code(kms: Kms) -> None:
        store = await key_store_of(kms)
        branch = await store.create_key()
        keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=branch, ttl_seconds=60)
        is_single = source == "one key"
        key_source = SingleKeySource(branch) if is_single else MultiKeySource("key_id")
        version = BeaconVersion(store, key_source, standard_beacons=[StandardBeacon("salary", 8)])
        config = config_of(keyring, search=SearchConfig(versions=[version]))
        dynamodb = await kms.dynamodb()
        name = f"people-{uuid4().hex[:8]}"
        await dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client = EncryptedClient(dynamodb, configs={name: config})
        for number in range(8):
            item = {"pk": {"S": f"person {number}"}, "salary": {"N": str(number % 4)}}
            await client.put_item(TableName=name, Item=item)
        condition, values = "salary = :s", {":s": {"N": "3"}}
        if not is_single:
            condition, values = f"{condition} AND key_id = :k", {**values, ":k": {"S": branch}}
        found = await client.scan(
            TableName=name, FilterExpression=condition, ExpressionAttributeValues=values
        )
        assert sorted(item["pk"]["S"] for item in found["Items"]) == ["person 3", "person 7"]

    scenario(aws, code)


class AsynchronousKeyring:
    """A user's keyring whose methods are coroutines."""

    def __init__(self) -> None:
        self._keyring = RawAesKeyring("tests", "key", bytes(32))
        self.threads = set[int]()

    async def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        self.threads.add(threading.get_ident())
        await asyncio.sleep(0.001)
        return self._keyring.on_encrypt(materials)

    async def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        self.threads.add(threading.get_ident())
        await asyncio.sleep(0.001)
        return self._keyring.on_decrypt(materials, encrypted_data_keys)


class BlockingKeyring:
    """A user's keyring that blocks the thread that it runs in."""

    def __init__(self) -> None:
        self._keyring = RawAesKeyring("tests", "key", bytes(32))
        self.threads = set[int]()

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        self.threads.add(threading.get_ident())
        return self._keyring.on_encrypt(materials)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        self.threads.add(threading.get_ident())
        return self._keyring.on_decrypt(materials, encrypted_data_keys)


@pytest.mark.parametrize("is_child", [False, True], ids=["alone", "in a multi-keyring"])
@pytest.mark.parametrize("kind", [AsynchronousKeyring, BlockingKeyring])
def test_a_users_keyring_is_awaited_or_called_in_threads(kind: Any, is_child: bool) -> None:
    keyring = kind()

    async def main() -> None:
        used = MultiKeyring(keyring) if is_child else keyring
        encryptor = ItemEncryptor(config_of(used))
        encrypted = await asyncio.gather(*(encryptor.encrypt_item(ITEM) for _ in range(5)))
        for item in encrypted:
            assert await encryptor.decrypt_item(item) == ITEM

    asyncio.run(main())
    if kind is AsynchronousKeyring:
        assert keyring.threads == {threading.get_ident()}
    else:
        assert keyring.threads
        assert threading.get_ident() not in keyring.threads


def test_an_asynchronous_keyring_is_refused_where_code_blocks() -> None:
    encryptor = dynaseal.ItemEncryptor(config_of(AsynchronousKeyring()))
    with pytest.raises(dynaseal.ConfigError, match=r"Use dynaseal\.aio"):
        encryptor.encrypt_item(ITEM)
