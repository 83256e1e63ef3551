"""CreateGrant, ListGrants, ListRetirableGrants, RevokeGrant, RetireGrant.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html
"""

import base64
import re
import secrets
from collections.abc import Mapping
from typing import Any

from dynaseal_lab.iam.names import root_arn
from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import ConditionValues, boolean
from dynaseal_lab.kms.grants import CONTEXT_OPERATIONS, Constraints, Grant
from dynaseal_lab.kms.key_checks import end_dry_run, require_usable
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.paging import page
from dynaseal_lab.kms.specs import Usage
from dynaseal_lab.model import Call, Fault, Reply

_FOR_EVERY_KEY = frozenset({"CreateGrant", "DescribeKey", "RetireGrant"})
_FOR_USAGE: Mapping[Usage, frozenset[str]] = {
    "ENCRYPT_DECRYPT": frozenset({"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"}),
    "SIGN_VERIFY": frozenset({"GetPublicKey", "Sign", "Verify"}),
    "GENERATE_VERIFY_MAC": frozenset({"GenerateMac", "VerifyMac"}),
    "KEY_AGREEMENT": frozenset({"DeriveSharedSecret", "GetPublicKey"}),
}
_PRINCIPAL = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d{12}:.+|[\w-]+(?:\.[\w-]+){2,}", re.ASCII)


def create_grant(access: KeyAccess, call: Call) -> Reply:
    """Let a principal use the key; repeating a request that has a name returns the same grant."""
    target = access.find(call, "kms:CreateGrant", call.params["KeyId"], alias=False)
    requested = _requested_grant(access, call, target.key)
    granted = any(_may_delegate(parent, requested, call) for parent in access.store.grants(target.key))
    access.authorize(call, "kms:CreateGrant", target, extra=_condition_keys(call, requested), granted=granted)
    require_usable(target.key)
    _check_operations(target.key, requested)
    end_dry_run(call)
    same = (
        grant for grant in access.store.grants(target.key) if requested.name and grant.same_terms(requested)
    )
    grant = next(same, requested)
    access.store.put_grant(grant)
    return {"GrantToken": grant.token, "GrantId": grant.grant_id}


def list_grants(access: KeyAccess, call: Call) -> Reply:
    """List the grants on a key: all, or those of one grantee."""
    target = access.find(call, "kms:ListGrants", call.params["KeyId"], alias=False)
    access.authorize(call, "kms:ListGrants", target)
    grant_id = call.params.get("GrantId")
    grantee = call.params.get("GranteePrincipal") or call.params.get("GranteeServicePrincipal")
    entries = [
        grant.as_structure(target.key.arn)
        for grant in access.store.grants(target.key)
        if grant_id in {None, grant.grant_id} and grantee in {None, grant.grantee}
    ]
    return page(entries, call.params, "Grants")


def list_retirable_grants(access: KeyAccess, call: Call) -> Reply:
    """List the grants in this Region, of any account, that a principal may retire."""
    access.authorize_in_account(call, "kms:ListRetirableGrants")
    retiring = call.params.get("RetiringPrincipal") or call.params.get("RetiringServicePrincipal")
    if retiring is None:
        raise Fault("ValidationException", "RetiringPrincipal is required.")
    entries: list[dict[str, Any]] = []
    for grant in access.store.all_grants():
        key = access.store.key(grant.region, grant.key_id)
        if key is not None and grant.region == call.region and grant.retiring == retiring:
            entries.append(grant.as_structure(key.arn))
    return page(entries, call.params, "Grants")


def revoke_grant(access: KeyAccess, call: Call) -> Reply:
    """Remove a grant, as an administrator of the key."""
    target = access.find(call, "kms:RevokeGrant", call.params["KeyId"], alias=False)
    access.authorize(call, "kms:RevokeGrant", target)
    grant = _grant(access, target.key, call.params["GrantId"])
    end_dry_run(call)
    access.store.drop_grant(grant)
    return {}


def retire_grant(access: KeyAccess, call: Call) -> Reply:
    """Remove a grant, as a principal that its terms or the key's account allow to retire it."""
    key, grant = _retired_grant(access, call)
    access.authorize_retirement(call, key, grant)
    end_dry_run(call)
    access.store.drop_grant(grant)
    return {}


def _requested_grant(access: KeyAccess, call: Call, key: KeyRecord) -> Grant:
    params = call.params
    grantee = params.get("GranteePrincipal") or params.get("GranteeServicePrincipal")
    retiring = params.get("RetiringPrincipal") or params.get("RetiringServicePrincipal")
    if grantee is None:
        raise Fault("ValidationException", "GranteePrincipal is required.")
    for principal in (grantee, retiring):
        known = access.directory is None or principal is None or access.directory.exists(principal)
        if principal is not None and not (known and _PRINCIPAL.fullmatch(principal)):
            raise Fault("InvalidArnException", f"ARN does not refer to a valid principal: {principal}")
    constraints: Mapping[str, Mapping[str, str]] = params.get("Constraints") or {}
    return Grant(
        grant_id=secrets.token_hex(32),
        token=base64.b64encode(secrets.token_bytes(96)).decode(),
        region=call.region,
        key_id=key.key_id,
        grantee=grantee,
        operations=frozenset(params["Operations"]),
        issuing_account=root_arn(call.principal.account),
        created=access.clock.now(),
        # Terraform's provider sends an empty map for a constraint that is not set.
        constraints=Constraints(
            constraints.get("EncryptionContextEquals") or None,
            constraints.get("EncryptionContextSubset") or None,
        ),
        retiring=retiring,
        name=params.get("Name"),
        grantee_id=_unique_id(access, grantee),
        retiring_id=_unique_id(access, retiring),
    )


def _unique_id(access: KeyAccess, name: str | None) -> str | None:
    """Return the unique id of the user or role that a grant names, if it names one."""
    if access.directory is None or name is None or not name.startswith("arn:"):
        return None
    return access.directory.unique_id(name)


def _condition_keys(call: Call, grant: Grant) -> ConditionValues:
    constraints = grant.constraints.as_structure()
    values: ConditionValues = {
        "kms:GranteePrincipal": [grant.grantee],
        "kms:GrantOperations": sorted(grant.operations),
        "kms:GrantIsForAWSResource": [boolean(call.via_service)],
    }
    if grant.retiring:
        values["kms:RetiringPrincipal"] = [grant.retiring]
    if constraints:
        values["kms:GrantConstraintType"] = list(constraints)
    return values


def _may_delegate(parent: Grant, child: Grant, call: Call) -> bool:
    return (
        "CreateGrant" in parent.operations
        and parent.is_for(call.principal)
        and child.operations <= parent.operations
        and child.constraints.at_least_as_strict_as(parent.constraints)
    )


def _check_operations(key: KeyRecord, grant: Grant) -> None:
    if grant.constraints.as_structure() and not key.spec.symmetric_encryption:
        raise Fault(
            "ValidationException",
            "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
        )
    possible = _FOR_EVERY_KEY | _FOR_USAGE[key.usage]
    if key.spec.symmetric_encryption:
        possible |= CONTEXT_OPERATIONS
    elif key.spec.family == "rsa":
        possible |= {"GetPublicKey"}
    if unknown := grant.operations - possible:
        raise Fault(
            "ValidationException",
            f"Grant operations {', '.join(sorted(unknown))} are not valid for key usage {key.usage} "
            f"and key spec {key.spec.name}.",
        )


def _grant(access: KeyAccess, key: KeyRecord, grant_id: str) -> Grant:
    for grant in access.store.grants(key):
        if grant.grant_id == grant_id:
            return grant
    raise Fault("NotFoundException", f"Grant ID {grant_id} not found")


def _retired_grant(access: KeyAccess, call: Call) -> tuple[KeyRecord, Grant]:
    """Return the key and the grant that a token names, or a key and a grant id."""
    params = call.params
    if "GrantToken" in params:
        for grant in access.store.all_grants():
            key = access.store.key(grant.region, grant.key_id)
            if key is not None and grant.token == params["GrantToken"] and grant.region == call.region:
                return key, grant
        raise Fault("InvalidGrantTokenException", "The grant token is not valid.")
    if "KeyId" not in params or "GrantId" not in params:
        raise Fault("ValidationException", "Give a GrantToken, or both KeyId and GrantId.")
    key = access.find(call, "kms:RetireGrant", params["KeyId"], alias=False).key
    return key, _grant(access, key, params["GrantId"])
