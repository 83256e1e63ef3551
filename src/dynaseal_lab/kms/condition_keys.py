"""The condition keys that KMS adds to access requests.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dynaseal_lab.kms.keys import KeyRecord, Origin
from dynaseal_lab.kms.specs import KeySpec, Usage
from dynaseal_lab.model import Call

ConditionValues = dict[str, list[str]]


def caller_keys(call: Call) -> ConditionValues:
    """Return the keys about the caller: the account, and the service that calls in its name."""
    values: ConditionValues = {"kms:CallerAccount": [call.principal.account]}
    if call.via_service:
        values["kms:ViaService"] = [call.via_service]
    return values


def kind_keys(
    spec: KeySpec, usage: Usage, *, multi_region: bool, origin: Origin = "AWS_KMS"
) -> ConditionValues:
    """Return the keys about the kind of a KMS key, which exists or is about to be created."""
    return {
        "kms:KeySpec": [spec.name],
        "kms:KeyUsage": [usage],
        "kms:KeyOrigin": [origin],
        "kms:MultiRegion": [boolean(multi_region)],
        # The former names of the same, which policies still use.
        "kms:CustomerMasterKeySpec": [spec.name],
        "kms:CustomerMasterKeyUsage": [usage],
    }


def key_keys(
    record: KeyRecord, primary_region: str, aliases: Iterable[str], named: str | None
) -> ConditionValues:
    """Return the keys about an existing KMS key: its kind, copies, aliases and tags.

    Args:
        record: The key.
        primary_region: The Region of its primary copy.
        aliases: The names of all its aliases.
        named: The alias by which the request named it, if it did.
    """
    values = kind_keys(record.spec, record.usage, multi_region=record.multi_region, origin=record.origin)
    if record.multi_region:
        values["kms:MultiRegionKeyType"] = ["PRIMARY" if record.region == primary_region else "REPLICA"]
        values["kms:PrimaryRegion"] = [primary_region]
    if names := list(aliases):
        values["kms:ResourceAliases"] = names
    if named:
        values["kms:RequestAlias"] = [named]
    return values | {f"aws:ResourceTag/{key}": [value] for key, value in record.tags}


def encryption_context_keys(context: Mapping[str, str]) -> ConditionValues:
    """Return the keys about the encryption context: one for each pair, and one with all its keys."""
    if not context:
        return {}
    values: ConditionValues = {f"kms:EncryptionContext:{key}": [value] for key, value in context.items()}
    return values | {"kms:EncryptionContextKeys": list(context)}


def request_tag_keys(tags: Iterable[Mapping[str, Any]]) -> ConditionValues:
    """Return the keys about the tags that a request sets."""
    pairs = [(str(tag["TagKey"]), str(tag["TagValue"])) for tag in tags]
    if not pairs:
        return {}
    values: ConditionValues = {f"aws:RequestTag/{key}": [value] for key, value in pairs}
    return values | {"aws:TagKeys": [key for key, _ in pairs]}


def boolean(value: object) -> str:
    """Return a boolean as policies write it."""
    return "true" if value else "false"
