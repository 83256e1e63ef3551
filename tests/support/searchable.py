"""The tables of the vectors with beacons as configurations, and the key store that they share."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynaseal import (
    AlgorithmSuite,
    AsSet,
    AwsKmsHierarchicalKeyring,
    BeaconVersion,
    CompoundBeacon,
    Constructor,
    ConstructorPart,
    CryptoAction,
    EncryptedPart,
    GetPrefix,
    GetSegment,
    GetSegments,
    GetSubstring,
    GetSuffix,
    Insert,
    Keyring,
    Lower,
    MultiKeySource,
    PartOnly,
    RawAesKeyring,
    SearchConfig,
    Shared,
    SharedSet,
    SignedPart,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    Upper,
    VirtualField,
    VirtualPart,
)
from dynaseal.beacons.key_sources import BeaconKeyStore
from dynaseal.errors import KeyStoreError
from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials, BranchKeyMaterials

VECTORS = Path(__file__).parents[2] / "vectors"

_TRANSFORMS: dict[str, Any] = {
    "upper": Upper,
    "lower": Lower,
    "insert": Insert,
    "prefix": GetPrefix,
    "suffix": GetSuffix,
    "substring": GetSubstring,
    "segment": GetSegment,
    "segments": GetSegments,
}
_STYLES: dict[str, Any] = {
    "asSet": lambda _other: AsSet(),
    "partOnly": lambda _other: PartOnly(),
    "shared": Shared,
    "sharedSet": SharedSet,
}


def read(file: str, folder: Path = VECTORS) -> dict[str, Any]:
    """Read a vector file."""
    return json.loads((folder / file).read_text())


def wire(value: Any, items: Mapping[str, Any] | None = None) -> Any:
    """A member of a request or reply as botocore has it: binary as bytes, items by name put in."""
    if isinstance(value, list):
        return [wire(part, items) for part in value]
    if not isinstance(value, dict):
        return value
    if "$item" in value:
        return wire((items or {})[value["$item"]])
    if value.keys() == {"B"} and isinstance(value["B"], str):
        return {"B": b64decode(value["B"])}
    if value.keys() == {"BS"}:
        return {"BS": [b64decode(member) for member in value["BS"]]}
    return {name: wire(part, items) for name, part in value.items()}


@dataclass(eq=False)
class FakeKeyStore:
    """The vectors' branch keys and beacon keys, returned without KMS; records which are fetched."""

    keys: dict[str, dict[str, Any]]
    requested_ids: list[str] = field(default_factory=list)

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        key = self._key(branch_key_id)
        return BranchKeyMaterials(branch_key_id, key["version"], bytes.fromhex(key["branch_key_hex"]), {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        assert self._key(branch_key_id)["version"] == version
        return self.get_active_branch_key(branch_key_id)

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        self.requested_ids.append(branch_key_id)
        return BeaconKeyMaterials(
            branch_key_id, bytes.fromhex(self._key(branch_key_id)["beacon_key_hex"]), {}
        )

    def _key(self, branch_key_id: str) -> dict[str, Any]:
        if branch_key_id not in self.keys:
            raise KeyStoreError(f"There is no branch key {branch_key_id!r}")
        return self.keys[branch_key_id]


def key_store(keys: Mapping[str, Any]) -> FakeKeyStore:
    """The key store that a file's `keys` describe."""
    return FakeKeyStore({key["id"]: key for key in keys["key_store"]["branch_keys"]})


def table_config(spec: Mapping[str, Any], keys: Mapping[str, Any]) -> TableConfig:
    """Build the configuration that a vector file describes."""
    store = key_store(keys)
    suite = AlgorithmSuite.COMMIT_KEY_SYMSIG if spec.get("suite") == "no-signing" else None
    return TableConfig(
        spec["table"],
        spec["partition_key"],
        spec.get("sort_key"),
        attribute_actions={name: CryptoAction[action] for name, action in spec["actions"].items()},
        keyring=_keyring(spec, keys, store),
        allowed_unsigned_attributes=spec.get("unsigned", ()),
        algorithm_suite=suite or AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG,
        search=search_config(spec["search"], store) if "search" in spec else None,
    )


def search_config(spec: Mapping[str, Any], store: BeaconKeyStore) -> SearchConfig:
    """Build the search configuration that a vector file describes."""
    selector = spec.get("partition_selector")
    version = BeaconVersion(
        store,
        _key_source(spec["key_source"]),
        [_standard(beacon) for beacon in spec["standard_beacons"]],
        [_compound(beacon) for beacon in spec.get("compound_beacons", ())],
        [_virtual(virtual) for virtual in spec.get("virtual_fields", ())],
        [EncryptedPart(**part) for part in spec.get("encrypted_parts", ())],
        [SignedPart(**part) for part in spec.get("signed_parts", ())],
        version=spec.get("version", 1),
        maximum_number_of_partitions=spec.get("maximum_number_of_partitions"),
        default_number_of_partitions=spec.get("default_number_of_partitions"),
        partition_selector=None if selector is None else lambda item: int(item[selector["attribute"]]["N"]),
    )
    return SearchConfig([version], write_version=spec.get("write_version", 1))


def _key_source(spec: Mapping[str, Any]) -> Any:
    sources = [SingleKeySource(spec["single"]["key_id"])] if "single" in spec else []
    sources += [MultiKeySource(spec["multi"]["key_field_name"])] if "multi" in spec else []
    return sources[0] if len(sources) == 1 else sources


def _standard(spec: Mapping[str, Any]) -> StandardBeacon:
    style = _STYLES[spec["style"]](spec.get("other")) if "style" in spec else None
    return StandardBeacon(
        spec["name"], spec["length"], spec.get("loc"), style, spec.get("number_of_partitions")
    )


def _compound(spec: Mapping[str, Any]) -> CompoundBeacon:
    given = {}
    if "constructors" in spec:
        given["constructors"] = [
            Constructor([ConstructorPart(**part) for part in parts]) for parts in spec["constructors"]
        ]
    return CompoundBeacon(
        spec["name"],
        spec["split"],
        [EncryptedPart(**part) for part in spec.get("encrypted_parts", ())],
        [SignedPart(**part) for part in spec.get("signed_parts", ())],
        **given,
    )


def _virtual(spec: Mapping[str, Any]) -> VirtualField:
    return VirtualField(
        spec["name"],
        [
            VirtualPart(part["loc"], [_transform(transform) for transform in part.get("transforms", ())])
            for part in spec["parts"]
        ],
    )


def _transform(spec: Mapping[str, Any]) -> Any:
    ((name, arguments),) = spec.items()
    return _TRANSFORMS[name](**arguments)


def _keyring(spec: Mapping[str, Any], keys: Mapping[str, Any], store: FakeKeyStore) -> Keyring:
    hierarchy = spec.get("keyring", {}).get("hierarchy")
    if hierarchy is None:
        key = keys["raw_aes"]
        return RawAesKeyring(key["namespace"], key["name"], bytes.fromhex(key["key_hex"]))
    if "branch_key_id" in hierarchy:
        return AwsKmsHierarchicalKeyring(store, branch_key_id=hierarchy["branch_key_id"], ttl_seconds=600)
    prefixes = hierarchy["branch_key_id_by_partition_key_prefix"]

    def supply(attributes: Mapping[str, Any]) -> str:
        text = attributes[spec["partition_key"]]["S"]
        return next(branch_key for prefix, branch_key in prefixes.items() if text.startswith(prefix))

    return AwsKmsHierarchicalKeyring(store, branch_key_id_supplier=supply, ttl_seconds=600)
