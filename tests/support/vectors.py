"""The golden items of `vectors/`: their cases, keyrings and tables as the library's own values.

Cases whose kind of keyring is not in `KEYRINGS` are left out.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dynaseal import (
    AlgorithmSuite,
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
    AwsKmsRsaKeyring,
    ConfigError,
    CryptoAction,
    Curve,
    EncryptError,
    FormatError,
    ItemEncryptor,
    Keyring,
    MultiKeyring,
    RawAesKeyring,
    RawEcdhKeyring,
    RawRsaKeyring,
    RsaPadding,
    SignatureError,
    TableConfig,
    UnwrapError,
)
from support.fake_aws import hierarchical_keyring
from support.fake_kms import FakeKms, material

VECTORS = Path(__file__).parents[2] / "vectors"

type_of_refusal: Mapping[str, type[Exception]] = (
    dict.fromkeys(
        [
            "bytes after the header",
            "bytes after the value",
            "boolean is neither 0 nor 1",
            "empty header",
            "encrypted value shorter than its type id",
            "footer is not binary",
            "footer of wrong length",
            "footer too short",
            "header ends too early",
            "header holds invalid text",
            "header is not binary",
            "item is not encrypted",
            "key attribute is not in the context",
            "key twice in a map",
            "map key is not a string",
            "no encrypted data key in the header",
            "no footer",
            "no header",
            "null is not empty",
            "number of tags differs from the number of encrypted data keys",
            "public key of the stored context is no point",
            "stored context out of order",
            "suite and stored context disagree about a public key",
            "text is not valid UTF-8",
            "unknown format version",
            "unknown legend byte",
            "unknown suite byte",
            "unknown type id",
            "value ends too early",
        ],
        FormatError,
    )
    | dict.fromkeys(
        [
            "fewer signed attributes than the legend has",
            "header commitment does not match",
            "more signed attributes than the legend has",
            "no tag of the footer matches",
            "signature does not verify",
            "stored context contradicts the table",
        ],
        SignatureError,
    )
    | dict.fromkeys(
        [
            "KMS does not know the key in this region",
            "KMS refuses to decrypt the data key",
            "data key cannot be unwrapped",
            "no encrypted data key for this keyring",
            "no such branch key version",
        ],
        UnwrapError,
    )
)
"""The class of error for each reason that the vectors give for a refused reading."""


def refused_on_reading(error: str) -> type[Exception]:
    """Return the class of error for a refused reading; reasons that writing has too mean a malformed item."""
    shared = {"duplicate in a set", "key attribute missing", "nested too deep"}
    return FormatError if error in shared else type_of_refusal[error]


REFUSED_ON_WRITING = (ConfigError, EncryptError)


def wire_value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Decode the base64 of DynamoDB JSON."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: b64decode(content)}
        case "BS":
            return {kind: [b64decode(member) for member in content]}
        case "L":
            return {kind: [wire_value(member) for member in content]}
        case "M":
            return {kind: {key: wire_value(member) for key, member in content.items()}}
    return {kind: content}


def wire_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Decode an item of DynamoDB JSON."""
    return {name: wire_value(value) for name, value in item.items()}


@cache
def read(path: Path) -> dict[str, Any]:
    """Read a vector file once."""
    return json.loads(path.read_text())


def cases(file: str, *, folder: Path = VECTORS) -> list[dict[str, Any]]:
    """The cases of a file whose keyrings can be built, each with its `file` and that file's `keys`."""
    data = read(folder / file)
    return [
        {**case, "keys": data["keys"], "file": file}
        for case in data["cases"]
        if all(kind in KEYRINGS for kind in _kinds(case.get("keyring"), case.get("encrypt_keyring")))
    ]


def _kinds(*specs: Mapping[str, Any] | None) -> Iterator[str]:
    for spec in specs:
        if spec:
            yield spec["kind"]
            yield from _kinds(spec.get("generator") if spec["kind"] == "multi" else None)
            yield from _kinds(*(spec.get("children", ()) if spec["kind"] == "multi" else ()))


def kms_for(case: Mapping[str, Any]) -> FakeKms:
    """Return a KMS with the recorded replies of a case's keys."""
    kms = FakeKms()
    for key in case["keys"].values():
        for reply in key.get("replies", ()):
            entry = bytes.fromhex(reply["plaintext"]), reply.get("encryption_context", {})
            kms.replies[material(key["arn"]), bytes.fromhex(reply["ciphertext"])] = entry
        if key["type"] in ("kms-rsa", "kms-ecdh"):
            kms.private_keys[key["arn"]] = key["private_key"]
    return kms


def keyring(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    """Build a keyring from its description."""
    return KEYRINGS[spec["kind"]](spec, keys, kms)


def reader(case: Mapping[str, Any], kms: FakeKms) -> ItemEncryptor:
    """The encryptor that reads a case's item."""
    return ItemEncryptor(table_config(case["table"], keyring(case["keyring"], case["keys"], kms)))


def writer(case: Mapping[str, Any], kms: FakeKms) -> ItemEncryptor:
    """The encryptor that wrote a case's item."""
    spec = case.get("encrypt_keyring", case["keyring"])
    return ItemEncryptor(
        table_config(case.get("encrypt_table", case["table"]), keyring(spec, case["keys"], kms))
    )


def is_read_only(case: Mapping[str, Any]) -> bool:
    """Return whether a case reads another case's item and does not say how that was written."""
    return "encrypt_keyring" not in case and case["keyring"]["kind"].endswith("-discovery")


def table_config(table: Mapping[str, Any], a_keyring: Keyring) -> TableConfig:
    """The configuration that a case's `table` describes."""
    return TableConfig(
        table["name"],
        table["partition_key"],
        table["sort_key"],
        attribute_actions={name: CryptoAction[action] for name, action in table["actions"].items()},
        keyring=a_keyring,
        allowed_unsigned_attributes=table["unsigned"],
        allowed_unsigned_attribute_prefix=table["unsigned_prefix"],
        algorithm_suite=AlgorithmSuite(int(table["suite"] or "0x6701", 16)),
    )


def _raw_aes(spec: Mapping[str, Any], keys: Mapping[str, Any], _kms: FakeKms) -> Keyring:
    key = keys[spec["key"]]
    return RawAesKeyring(key["namespace"], key["name"], bytes.fromhex(key["material"]))


def _multi(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    generator = spec.get("generator")
    return MultiKeyring(
        keyring(generator, keys, kms) if generator else None,
        [keyring(child, keys, kms) for child in spec.get("children", ())],
    )


def _raw_rsa(spec: Mapping[str, Any], keys: Mapping[str, Any], _kms: FakeKms) -> Keyring:
    key = keys[spec["key"]]
    pems = {name: key[name].encode() for name in ("public_key", "private_key") if name in key}
    return RawRsaKeyring(key["namespace"], key["name"], RsaPadding[spec["padding"]], **pems)


def _raw_ecdh(spec: Mapping[str, Any], keys: Mapping[str, Any], _kms: FakeKms) -> Keyring:
    curve, recipient = _curve(spec), keys[spec["recipient"]]
    public_key = bytes.fromhex(recipient["public_key_der"])
    match spec["scheme"]:
        case "static":
            return RawEcdhKeyring.static(curve, keys[spec["sender"]]["private_key"].encode(), public_key)
        case "ephemeral":
            return RawEcdhKeyring.ephemeral(curve, public_key)
    return RawEcdhKeyring.discovery(curve, recipient["private_key"].encode())


def _kms(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsKeyring(**_one_key(spec, keys, kms))


def _kms_mrk(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsMrkKeyring(**_one_key(spec, keys, kms))


def _kms_multi(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsMultiKeyring(**_many_keys(spec, keys, kms))


def _kms_mrk_multi(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsMrkMultiKeyring(**_many_keys(spec, keys, kms))


def _kms_discovery(spec: Mapping[str, Any], _keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsDiscoveryKeyring(client=kms.client(spec["region"]), **_filter(spec))


def _kms_mrk_discovery(spec: Mapping[str, Any], _keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsMrkDiscoveryKeyring(spec["region"], client=kms.client(spec["region"]), **_filter(spec))


def _kms_discovery_multi(spec: Mapping[str, Any], _keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    return AwsKmsDiscoveryMultiKeyring(spec["regions"], clients=kms.client, **_filter(spec))


def _kms_rsa(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    public_key = keys[spec["key"]]["public_key"].encode()
    return AwsKmsRsaKeyring(algorithm=spec["algorithm"], public_key=public_key, **_one_key(spec, keys, kms))


def _kms_ecdh(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    curve, recipient = _curve(spec), keys[spec["recipient"]]
    key = recipient if spec["scheme"] == "discovery" else keys[spec["sender"]]
    options: dict[str, Any] = {"client": kms.client(key["arn"].split(":")[3]), **_grant_tokens(spec)}
    if spec["scheme"] == "discovery":
        return AwsKmsEcdhKeyring.discovery(curve, key["arn"], **options)
    if spec.get("give_sender_public_key"):
        options["sender_public_key"] = bytes.fromhex(key["public_key_der"])
    return AwsKmsEcdhKeyring.static(curve, key["arn"], bytes.fromhex(recipient["public_key_der"]), **options)


def _one_key(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> dict[str, Any]:
    arn = keys[spec["key"]]["arn"]
    return {"key_id": arn, "client": kms.client(arn.split(":")[3]), **_grant_tokens(spec)}


def _many_keys(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> dict[str, Any]:
    generator = spec.get("generator")
    return {
        "generator": generator and keys[generator]["arn"],
        "children": [keys[child]["arn"] for child in spec.get("children", ())],
        "clients": kms.client,
        **_grant_tokens(spec),
    }


def _grant_tokens(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"grant_tokens": spec["grant_tokens"]} if "grant_tokens" in spec else {}


def _filter(spec: Mapping[str, Any]) -> dict[str, Any]:
    chosen = spec.get("filter")
    return {"account_ids": chosen["accounts"], "partition": chosen["partition"]} if chosen else {}


def _curve(spec: Mapping[str, Any]) -> Curve:
    return Curve[spec["curve"].replace("-", "")]


def _hierarchical(spec: Mapping[str, Any], keys: Mapping[str, Any], kms: FakeKms) -> Keyring:
    # Some files hold one branch key's records under several KMS keys; the key store's own are its table's.
    records = {
        name: [wire_item(each) for each in key.get("records", ()) if each["kms-arn"]["S"] == key["kms_arn"]]
        for name, key in keys.items()
    }
    return hierarchical_keyring(spec, keys, kms, records)


KEYRINGS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], FakeKms], Keyring]] = {
    "raw-aes": _raw_aes,
    "raw-rsa": _raw_rsa,
    "raw-ecdh": _raw_ecdh,
    "multi": _multi,
    "kms": _kms,
    "kms-mrk": _kms_mrk,
    "kms-multi": _kms_multi,
    "kms-mrk-multi": _kms_mrk_multi,
    "kms-discovery": _kms_discovery,
    "kms-mrk-discovery": _kms_mrk_discovery,
    "kms-discovery-multi": _kms_discovery_multi,
    "kms-rsa": _kms_rsa,
    "kms-ecdh": _kms_ecdh,
    "hierarchical": _hierarchical,
}
