"""Multi-Region keys: copies in other Regions that share key id and key material.

A copy has its own policy, tags, description, aliases, grants and state.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
"""

import re
from dataclasses import replace

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import kind_keys, request_tag_keys
from dynaseal_lab.kms.key_checks import require_usable
from dynaseal_lab.kms.keys import KeyRecord, arn_prefix
from dynaseal_lab.kms.operations.lifecycle import metadata
from dynaseal_lab.kms.operations.tags import checked_tags
from dynaseal_lab.kms.policies import check_lockout, check_policy, default_policy, policy_keys
from dynaseal_lab.model import Call, Fault, Reply

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d", re.ASCII)


def replicate_key(access: KeyAccess, call: Call) -> Reply:
    """Create a copy of a primary key in another Region."""
    params = call.params
    region = params["ReplicaRegion"]
    tags = checked_tags(params.get("Tags", ()))
    policy = params.get("Policy")
    principals = check_policy(policy, access.directory) if policy is not None else ()
    extra = {"kms:ReplicaRegion": [region]} | policy_keys(params)
    key = access.find_and_authorize(call, "kms:ReplicateKey", params["KeyId"], extra).key
    _require_primary(access, key)
    require_usable(key)
    _check_region(access, key, region)
    _authorize_in_region(access, call, key, region)
    arn = f"{arn_prefix(key.account, region)}key/{key.key_id}"
    if policy is not None:
        check_lockout(call, policy, arn)
    copy = replace(
        key,
        region=region,
        created=access.clock.now(),
        policy=policy or default_policy(key.account, arn.split(":")[1]),
        description=params.get("Description", ""),
        tags=tags,
        principals=principals,
    )
    access.store.put_key(copy)
    reply = {"ReplicaKeyMetadata": _being_created(metadata(access, copy)), "ReplicaPolicy": copy.policy}
    replica_tags = [{"TagKey": name, "TagValue": value} for name, value in tags]
    return reply | {"ReplicaTags": replica_tags} if replica_tags else reply


def _being_created(key_metadata: Reply) -> Reply:
    """Return the metadata as ReplicateKey does: the copy is being created, and DescribeKey has it enabled."""
    without_material = {name: value for name, value in key_metadata.items() if name != "CurrentKeyMaterialId"}
    return without_material | {"Enabled": False, "KeyState": "Creating"}


def update_primary_region(access: KeyAccess, call: Call) -> Reply:
    """Make one of the replicas the primary key."""
    region = call.params["PrimaryRegion"]
    extra = {"kms:PrimaryRegion": [region]}
    key = access.find_and_authorize(call, "kms:UpdatePrimaryRegion", call.params["KeyId"], extra).key
    _require_primary(access, key)
    require_usable(key)
    copy = access.store.key(region, key.key_id)
    if copy is None:
        raise Fault("NotFoundException", f"{key.arn} has no replica key in {region}.")
    require_usable(copy)
    access.store.put_material(replace(access.material(key), primary_region=region))
    return {}


def _require_primary(access: KeyAccess, key: KeyRecord) -> None:
    if not key.multi_region or access.store.material(key.key_id).primary_region != key.region:
        raise Fault("UnsupportedOperationException", f"{key.arn} is not a multi-region primary key.")


def _check_region(access: KeyAccess, key: KeyRecord, region: str) -> None:
    if not _REGION.fullmatch(region) or region == key.region:
        raise Fault("ValidationException", f"{region} is not a Region to replicate {key.arn} to.")
    if access.store.key(region, key.key_id) is not None:
        raise Fault("AlreadyExistsException", f"{key.arn} already has a replica key in {region}.")


def _authorize_in_region(access: KeyAccess, call: Call, key: KeyRecord, region: str) -> None:
    """Authorise the caller in the copy's Region: to CreateKey there, and to TagResource if there are tags."""
    call_there = replace(call, region=region)
    tags = request_tag_keys(call.params.get("Tags", ()))
    access.authorize_in_account(
        call_there, "kms:CreateKey", extra=kind_keys(key.spec, key.usage, multi_region=True) | tags
    )
    if tags:
        arn = f"{arn_prefix(key.account, region)}key/{key.key_id}"
        access.authorize_in_account(call_there, "kms:TagResource", arn, tags)
