"""Keyrings and key stores accept boto3's clients, typed or not, and any object with the methods."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.stub import Stubber

from dynaseal import (
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
    CryptographicMaterialsManager,
    Curve,
    DefaultMaterialsManager,
    Keyring,
    KeyStore,
    MultiKeyring,
    RawAesKeyring,
    TableConfig,
)

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

kms = boto3.client("kms")
dynamodb = boto3.client("dynamodb")
store = KeyStore("keys", "keys", ARN, dynamodb_client=dynamodb, kms_client=kms)


def every_keyring_is_a_keyring() -> list[Keyring]:
    return [
        RawAesKeyring("payroll", "2026", bytes(32)),
        AwsKmsKeyring(ARN, client=kms, grant_tokens=["token"]),
        AwsKmsMrkKeyring(ARN, client=kms),
        AwsKmsMultiKeyring(ARN, clients=lambda region: boto3.client("kms", region_name=region)),
        AwsKmsMrkMultiKeyring(ARN, [ARN], clients=lambda region: boto3.client("kms", region_name=region)),
        AwsKmsDiscoveryKeyring(client=kms, account_ids=["111122223333"]),
        AwsKmsMrkDiscoveryKeyring("us-west-2", client=kms),
        AwsKmsDiscoveryMultiKeyring(["us-west-2"], clients=lambda region: boto3.client("kms", region)),
        AwsKmsRsaKeyring(ARN, "RSAES_OAEP_SHA_256", client=kms),
        AwsKmsEcdhKeyring.static(Curve.P256, ARN, b"", client=kms),
        AwsKmsEcdhKeyring.discovery(Curve.P256, ARN, client=kms),
        AwsKmsHierarchicalKeyring(store, branch_key_id="tenant", ttl_seconds=600),
        AwsKmsCryptographicMaterialsProvider(ARN, regional_clients={"us-west-2": kms}),
        MultiKeyring(children=[RawAesKeyring("payroll", "2026", bytes(32))]),
    ]


def a_materials_manager_takes_the_place_of_a_keyring() -> None:
    manager: CryptographicMaterialsManager = DefaultMaterialsManager(AwsKmsKeyring(ARN))
    TableConfig("people", "pk", attribute_actions={}, cmm=manager)


def clients_without_types_are_accepted(untyped_kms: Any, untyped_dynamodb: Any) -> None:
    AwsKmsKeyring(ARN, client=untyped_kms)
    KeyStore("keys", "keys", ARN, dynamodb_client=untyped_dynamodb, kms_client=untyped_kms)


def a_client_that_a_stubber_has_is_accepted() -> None:
    with Stubber(kms) as kms_stubber, Stubber(dynamodb) as dynamodb_stubber:
        AwsKmsKeyring(ARN, client=kms)
        AwsKmsKeyring(ARN, client=kms_stubber.client)
        AwsKmsEcdhKeyring.discovery(Curve.P256, ARN, client=kms_stubber.client)
        KeyStore("keys", "keys", ARN, dynamodb_client=dynamodb_stubber.client, kms_client=kms_stubber.client)


class InMemoryKms:
    """Not a boto3 client, but it has the two methods that most keyrings call."""

    def generate_data_key(self, **request: Any) -> Mapping[str, Any]:
        return request

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, **request: Any) -> dict[str, Any]:
        return {"KeyId": KeyId, "Plaintext": CiphertextBlob, **request}


def an_object_with_the_methods_is_accepted() -> None:
    AwsKmsKeyring(ARN, client=InMemoryKms())
    AwsKmsDiscoveryMultiKeyring(["us-west-2"], clients=lambda _region: InMemoryKms())


def mistakes_are_errors() -> None:
    AwsKmsKeyring(ARN, client=dynamodb)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AwsKmsKeyring(ARN, kms)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AwsKmsKeyring(ARN, client="kms")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AwsKmsEcdhKeyring.discovery(Curve.P256, ARN, client=InMemoryKms())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    KeyStore("keys", "keys", ARN, dynamodb_client=kms)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    KeyStore("keys", "keys", ARN, kms_client=dynamodb)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TableConfig("people", "pk", attribute_actions={}, keyring=ARN)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AwsKmsRsaKeyring(ARN, "RSA")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
