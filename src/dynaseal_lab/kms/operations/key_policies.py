"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies: every key has one policy, named `default`."""

from dataclasses import replace

from dynaseal_lab.iam.bound_principals import shown_document
from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.paging import page
from dynaseal_lab.kms.policies import POLICY_NAME, check_lockout, check_policy, policy_keys
from dynaseal_lab.model import Call, Fault, Reply


def get_key_policy(access: KeyAccess, call: Call) -> Reply:
    """Return the key's policy, with the unique ids of principals that no longer exist."""
    key = access.find_and_authorize(call, "kms:GetKeyPolicy", call.params["KeyId"]).key
    _require_name(call)
    policy = shown_document(key.policy, key.principals, access.directory)
    return {"Policy": policy, "PolicyName": POLICY_NAME}


def put_key_policy(access: KeyAccess, call: Call) -> Reply:
    """Replace the key's policy, unless that would lock everybody out."""
    _require_name(call)
    policy = call.params["Policy"]
    principals = check_policy(policy, access.directory)
    key = access.find_and_authorize(
        call, "kms:PutKeyPolicy", call.params["KeyId"], policy_keys(call.params)
    ).key
    check_lockout(call, policy, key.arn)
    access.store.put_key(replace(key, policy=policy, principals=principals))
    return {}


def list_key_policies(access: KeyAccess, call: Call) -> Reply:
    """List the names of the key's policies."""
    access.find_and_authorize(call, "kms:ListKeyPolicies", call.params["KeyId"])
    return page([POLICY_NAME], call.params, "PolicyNames", 100)


def _require_name(call: Call) -> None:
    if call.params.get("PolicyName", POLICY_NAME) != POLICY_NAME:
        raise Fault("NotFoundException", "No such policy exists")
