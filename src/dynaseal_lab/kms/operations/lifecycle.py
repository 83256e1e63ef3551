"""Keys from CreateKey to ScheduleKeyDeletion."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import kind_keys, request_tag_keys
from dynaseal_lab.kms.key_checks import require_complete, require_not_pending
from dynaseal_lab.kms.keys import (
    KeyMaterial,
    KeyRecord,
    Origin,
    arn_prefix,
    key_metadata,
    new_backing_key,
    new_key_id,
)
from dynaseal_lab.kms.managed import predefined_key
from dynaseal_lab.kms.material import new_secret
from dynaseal_lab.kms.operations.tags import checked_tags
from dynaseal_lab.kms.paging import page
from dynaseal_lab.kms.policies import check_lockout, check_policy, default_policy, policy_keys
from dynaseal_lab.kms.specs import ENCRYPT_DECRYPT, KEY_SPECS, SYMMETRIC_DEFAULT, KeySpec, Usage
from dynaseal_lab.model import Call, Fault, Reply


async def create_key(access: KeyAccess, call: Call) -> Reply:
    """Create a key, whose policy decides from its first moment on."""
    params = call.params
    spec, usage = _spec_and_usage(params)
    multi_region = bool(params.get("MultiRegion"))
    if params.get("Origin") in {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"} and "CustomKeyStoreId" not in params:
        raise Fault("ValidationException", f"CustomKeyStoreId is required for Origin {params['Origin']}.")
    if "CustomKeyStoreId" in params:
        raise Fault("CustomKeyStoreNotFoundException", "")
    origin: Origin = params.get("Origin", "AWS_KMS")
    if origin == "EXTERNAL" and multi_region:
        raise Fault(
            "UnsupportedOperationException",
            "The lab does not offer multi-Region keys with imported key material.",
        )
    tags = checked_tags(params.get("Tags", ()))
    policy = params.get("Policy")
    principals = check_policy(policy, access.directory) if policy is not None else ()
    extra = kind_keys(spec, usage, multi_region=multi_region, origin=origin) | request_tag_keys(
        params.get("Tags", ())
    )
    access.authorize_in_account(call, "kms:CreateKey", extra=extra | policy_keys(params))
    key_id = new_key_id(multi_region=multi_region)
    prefix = arn_prefix(call.principal.account, call.region)
    arn = f"{prefix}key/{key_id}"
    if tags:
        access.authorize_in_account(call, "kms:TagResource", arn, request_tag_keys(params["Tags"]))
    if policy is not None:
        check_lockout(call, policy, arn)
    now = access.clock.now()
    versions = () if origin == "EXTERNAL" else (new_backing_key(await new_secret(spec), now),)
    record = KeyRecord(
        account=call.principal.account,
        region=call.region,
        key_id=key_id,
        spec=spec,
        usage=usage,
        created=now,
        policy=policy or default_policy(call.principal.account, prefix.split(":")[1]),
        description=params.get("Description", ""),
        tags=tags,
        principals=principals,
        origin=origin,
        pending_import=origin == "EXTERNAL",
    )
    access.store.put_material(KeyMaterial(key_id=key_id, primary_region=call.region, versions=versions))
    access.store.put_key(record)
    return {"KeyMetadata": metadata(access, record)}


def _spec_and_usage(params: Mapping[str, Any]) -> tuple[KeySpec, Usage]:
    name = params.get("KeySpec") or params.get("CustomerMasterKeySpec") or SYMMETRIC_DEFAULT
    spec = KEY_SPECS.get(name)
    if spec is None:
        raise Fault("UnsupportedOperationException", f"KeySpec {name} is not supported.")
    usage = params.get("KeyUsage")
    if usage is None and not spec.symmetric_encryption:
        raise Fault(
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        )
    key_usage: Usage = usage or ENCRYPT_DECRYPT
    if key_usage not in spec.algorithms:
        raise Fault("ValidationException", f"KeyUsage {key_usage} is not compatible with KeySpec {name}")
    return spec, key_usage


def metadata(access: KeyAccess, record: KeyRecord) -> dict[str, Any]:
    """Return a key's present KeyMetadata."""
    return key_metadata(record, access.material(record), access.store.copies(record.key_id))


def describe_key(access: KeyAccess, call: Call) -> Reply:
    """Describe a key, under any of its names and to any account that may.

    AWS's own aliases get their keys here, if no service has used them yet.
    """
    predefined_key(access.store, access.clock, call.principal.account, call.region, call.params["KeyId"])
    target = access.find(call, "kms:DescribeKey", call.params["KeyId"])
    access.authorize(call, "kms:DescribeKey", target)
    return {"KeyMetadata": metadata(access, target.key)}


def list_keys(access: KeyAccess, call: Call) -> Reply:
    """List the account's keys in the Region."""
    access.authorize_in_account(call, "kms:ListKeys")
    keys = access.store.keys(call.principal.account, call.region)
    return page([{"KeyId": key.key_id, "KeyArn": key.arn} for key in keys], call.params, "Keys", 100)


def describe_custom_key_stores(access: KeyAccess, call: Call) -> Reply:
    """List the account's custom key stores; the lab has none.

    Raises:
        Fault: CustomKeyStoreNotFoundException, where the request names one.
    """
    access.authorize_in_account(call, "kms:DescribeCustomKeyStores")
    if call.params.keys() & {"CustomKeyStoreId", "CustomKeyStoreName"}:
        raise Fault("CustomKeyStoreNotFoundException", "")
    return page([], call.params, "CustomKeyStores", 100)


def enable_key(access: KeyAccess, call: Call) -> Reply:
    """Allow a disabled key to be used again."""
    key = access.find_and_authorize(call, "kms:EnableKey", call.params["KeyId"]).key
    require_complete(key)
    access.store.put_key(replace(key, enabled=True))
    return {}


def disable_key(access: KeyAccess, call: Call) -> Reply:
    """Forbid every use of the key until it is enabled again."""
    key = access.find_and_authorize(call, "kms:DisableKey", call.params["KeyId"]).key
    require_complete(key)
    access.store.put_key(replace(key, enabled=False))
    return {}


def update_key_description(access: KeyAccess, call: Call) -> Reply:
    """Change the description."""
    key = access.find_and_authorize(call, "kms:UpdateKeyDescription", call.params["KeyId"]).key
    require_not_pending(key)
    access.store.put_key(replace(key, description=call.params["Description"]))
    return {}


def schedule_key_deletion(access: KeyAccess, call: Call) -> Reply:
    """Start the deletion window of 7 to 30 days (a primary key's starts when its replicas are gone).

    The key is unusable from now on.
    """
    days = call.params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise Fault(
            "ValidationException",
            "PendingWindowInDays must be between 7 and 30.",
        )
    extra = {"kms:ScheduleKeyDeletionPendingWindowInDays": [str(days)]}
    key = access.find_and_authorize(call, "kms:ScheduleKeyDeletion", call.params["KeyId"], extra).key
    require_not_pending(key)
    waits = len(access.store.copies(key.key_id)) > 1 and access.material(key).primary_region == key.region
    date = None if waits else access.clock.now() + timedelta(days=days)
    pending = replace(key, enabled=False, deletion_date=date, deletion_window=days)
    access.store.put_key(pending)
    reply = {"KeyId": key.arn, "KeyState": pending.state, "PendingWindowInDays": days}
    return reply if date is None else reply | {"DeletionDate": date}


def cancel_key_deletion(access: KeyAccess, call: Call) -> Reply:
    """Stop the deletion window; the key stays disabled."""
    key = access.find_and_authorize(call, "kms:CancelKeyDeletion", call.params["KeyId"]).key
    if key.deletion_window is None:
        raise Fault("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    access.store.put_key(replace(key, deletion_date=None, deletion_window=None))
    return {"KeyId": key.arn}
