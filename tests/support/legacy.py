"""The cases of `vectors/legacy-*.json` as the older format's own objects.

`Names` finds the classes in `dynaseal.legacy` or in the older library itself, so that one test runs on both.
KMS and the meta store's table are boto3's own clients, whose requests are answered before they are sent.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse

from support.vectors import wire_item

CREDENTIALS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}


@dataclass(frozen=True)
class Names:
    """The names of one package that is laid out like the older library."""

    package: str

    def __call__(self, module: str, name: str) -> Any:
        return getattr(import_module(f"{self.package}.{module}" if module else self.package), name)


DYNASEAL = Names("dynaseal.legacy")
OLDER = Names("dynamodb_encryption_sdk")


class _Body:
    """A response's body as botocore's HTTP session gives it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = json.dumps(content).encode()

    def stream(self, **_: Any) -> Any:
        yield self._content


def response(url: str, status: int, content: Mapping[str, Any]) -> AWSResponse:
    """Make a response of a service to botocore."""
    headers: Any = {"Content-Type": "application/x-amz-json-1.1"}
    return AWSResponse(url, status, headers, _Body(content))


Reply = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]


@cache
def _client(service: str, region: str) -> tuple[Any, list[Reply]]:
    """A client, and its responders, of which the last one answers; cached, as it takes long to make."""
    replies: list[Reply] = []
    make_client: Any = boto3.resource if service == "dynamodb" else boto3.client
    client_or_resource = make_client(service, region_name=region, **CREDENTIALS)

    def before_send(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        status, body = replies[-1](operation, json.loads(request.body))
        return response(request.url, status, body)

    client = getattr(client_or_resource.meta, "client", client_or_resource)
    client.meta.events.register_first("before-send", before_send)
    return client_or_resource, replies


def answered(service: str, region: str, reply: Reply) -> Any:
    """Return a client, or DynamoDB's resource, whose requests `reply` answers from now on."""
    client_or_resource, replies = _client(service, region)
    replies.append(reply)
    return client_or_resource


@dataclass
class RecordedKms:
    """A KMS that decrypts a case's ciphertexts under exactly their context, and keeps the calls."""

    known: list[dict[str, Any]]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((operation, request))
        if operation == "GenerateDataKey":
            plaintext, blob = (b64encode(os.urandom(size)).decode() for size in (32, 96))
            self.known.append(
                {
                    "encryption_context": request["EncryptionContext"],
                    "plaintext": plaintext,
                    "ciphertext_blob": blob,
                }
            )
            return 200, {"Plaintext": plaintext, "CiphertextBlob": blob, "KeyId": request["KeyId"]}
        for entry in self.known:
            if (
                entry["ciphertext_blob"] == request["CiphertextBlob"]
                and entry["encryption_context"] == request["EncryptionContext"]
            ):
                return 200, {"Plaintext": entry["plaintext"]}
        return 400, {"__type": "InvalidCiphertextException"}

    def client(self, region: str) -> Any:
        return answered("kms", region, self.answer)


def delegated_key(names: Names, keys: Mapping[str, Any], name: str) -> Any:
    """Build a key from its description."""
    key = keys[name]
    return names("delegated_keys.jce", "JceNameLocalDelegatedKey")(
        key=b64decode(key["material"]),
        algorithm=key["algorithm"],
        key_type=names("identifiers", "EncryptionKeyType")[key["type"].upper()],
        key_encoding=names("identifiers", "KeyEncodingType")[key["encoding"]],
    )


def provider(
    names: Names, spec: Mapping[str, Any], keys: Mapping[str, Any], kms: RecordedKms | None = None
) -> Any:
    """Build a materials provider from its description."""

    def key(purpose: str, default: str | None = None) -> Any:
        name = spec.get(purpose) or spec.get(default or purpose)
        return delegated_key(names, keys, name) if name else None

    description = spec.get("material_description")
    match spec["kind"]:
        case "static":
            encryption = names("materials.raw", "RawEncryptionMaterials")(
                key("sign", "verify"), key("decrypt"), description
            )
            decryption = names("materials.raw", "RawDecryptionMaterials")(key("verify"), key("decrypt"))
            return names("material_providers.static", "StaticCryptographicMaterialsProvider")(
                decryption, encryption
            )
        case "wrapped":
            return names("material_providers.wrapped", "WrappedCryptographicMaterialsProvider")(
                key("verify"), key("wrap"), key("unwrap"), description
            )
        case "kms":
            return _kms(names, spec, kms or RecordedKms(list(spec["kms"])))
    return _most_recent(names, spec, keys, kms)


def signing_provider(names: Names, spec: Mapping[str, Any], keys: Mapping[str, Any]) -> Any:
    """Build the writer's wrapped provider where another key signs than the one that verifies."""
    return provider(names, {**spec, "verify": spec.get("sign", spec["verify"])}, keys)


def _kms(names: Names, spec: Mapping[str, Any], kms: RecordedKms) -> Any:
    arn = spec["key_id"].split(":")
    region = arn[3] if len(arn) > 3 else "eu-west-1"
    session = botocore.session.Session()
    session.set_config_variable("region", region)
    return names("material_providers.aws_kms", "AwsKmsCryptographicMaterialsProvider")(
        spec["key_id"],
        botocore_session=session,
        grant_tokens=tuple(spec.get("grant_tokens", ())),
        material_description=spec.get("material_description"),
        regional_clients={region: kms.client(region)},
    )


def _most_recent(
    names: Names, spec: Mapping[str, Any], keys: Mapping[str, Any], kms: RecordedKms | None
) -> Any:
    store = spec["metastore"]
    rows = {(row["N"]["S"], row["V"]["N"]): row for row in store["items"]}

    def answer(operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if operation == "DescribeTable":
            schema = [
                {"AttributeName": "N", "KeyType": "HASH"},
                {"AttributeName": "V", "KeyType": "RANGE"},
            ]
            return 200, {"Table": {"TableName": store["table"]["name"], "KeySchema": schema}}
        row = rows.get((request["Key"]["N"]["S"], request["Key"]["V"]["N"]))
        return 200, {"Item": row} if row else {}

    table = answered("dynamodb", "eu-west-1", answer).Table(store["table"]["name"])
    meta_store = names("material_providers.store.meta", "MetaStore")(
        table, provider(names, store["provider"], keys, kms)
    )
    return names("material_providers.most_recent", "CachingMostRecentProvider")(
        meta_store, spec["material_name"], 600.0
    )


def actions(names: Names, spec: Mapping[str, str]) -> Any:
    """Build attribute actions, `*` being the default."""
    action = names("identifiers", "CryptoAction")
    named = {name: action[value] for name, value in spec.items() if name != "*"}
    return names("structures", "AttributeActions")(action[spec.get("*", "ENCRYPT_AND_SIGN")], named)


def static_provider(names: Names) -> Any:
    """A provider with the keys of `legacy-api.json`: AES 32 bytes of 7, HmacSHA256 32 bytes of 9."""
    keys = {
        "aes": {"algorithm": "AES", "type": "symmetric", "encoding": "RAW", "material": _repeated(7)},
        "mac": {"algorithm": "HmacSHA256", "type": "symmetric", "encoding": "RAW", "material": _repeated(9)},
    }
    return provider(names, {"kind": "static", "decrypt": "aes", "verify": "mac"}, keys)


def _repeated(byte: int) -> str:
    return b64encode(bytes([byte]) * 32).decode()


def crypto_config(
    names: Names, case: Mapping[str, Any], materials_provider: Any, item: Mapping[str, Any]
) -> Any:
    """Build a case's configuration for an item in wire form."""
    table = case["table"]
    context = names("structures", "EncryptionContext")(
        table_name=table.get("name"),
        partition_key_name=table.get("partition_key"),
        sort_key_name=table.get("sort_key"),
        attributes=dict(item),
        material_description=dict(case.get("context_material_description", {})),
    )
    return names("encrypted", "CryptoConfig")(materials_provider, context, actions(names, case["actions"]))


def decrypted(names: Names, case: Mapping[str, Any], kms: RecordedKms | None = None) -> dict[str, Any]:
    """Read a case's item."""
    item = wire_item(case["encrypted"])
    config = crypto_config(names, case, provider(names, case["provider"], case["keys"], kms), item)
    return names("encrypted.item", "decrypt_dynamodb_item")(item, config)


def without_order(value: Any) -> Any:
    """A value in which members of sets compare without order."""
    match value:
        case {"SS": list() as members} | {"NS": list() as members} | {"BS": list() as members}:
            return {next(iter(value)): sorted(members)}
        case dict():
            return {name: without_order(member) for name, member in value.items()}
        case list():
            return [without_order(member) for member in value]
    return value
