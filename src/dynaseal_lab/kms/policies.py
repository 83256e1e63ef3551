"""Key policies: the default policy, what KMS refuses, and the check that nobody locks themselves out.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html and
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
"""

import json
from collections.abc import Mapping
from typing import Any

from dynaseal_lab.iam.bound_principals import Bindings, Directory, bindings_of, named_principals
from dynaseal_lab.iam.condition_keys import condition_keys_of
from dynaseal_lab.iam.evaluate import Policies, evaluate
from dynaseal_lab.iam.policy import PolicyError, PolicyKind, parse
from dynaseal_lab.kms.condition_keys import boolean, caller_keys
from dynaseal_lab.model import AccessRequest, Call, Fault, Principal

POLICY_NAME = "default"
_MAX_SIZE = 32768


def default_policy(account: str, partition: str = "aws") -> str:
    """Return the policy of a key that was created without one: the account's IAM policies decide."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2)


def check_policy(text: str, directory: Directory | None) -> Bindings:
    """Refuse a string that is not a key policy, or a policy that names a principal that does not exist.

    Returns:
        The unique ids of the users and roles that the policy names.

    Raises:
        Fault: MalformedPolicyDocumentException, or LimitExceededException for its size.
    """
    if len(text.encode()) > _MAX_SIZE:
        raise Fault("LimitExceededException", f"Key policy size exceeds the maximum of {_MAX_SIZE} bytes.")
    try:
        document = parse(text, PolicyKind.RESOURCE)
    except PolicyError as error:
        raise Fault("MalformedPolicyDocumentException", str(error)) from error
    named = named_principals(document)
    if directory is not None and not all(directory.exists(name) for name in named if name != "*"):
        raise Fault(
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        )
    return bindings_of(document, directory)


def check_lockout(call: Call, policy: str, key_arn: str) -> None:
    """Refuse a policy under which neither the caller nor the account could change it again.

    As on AWS, only the policy itself counts: it must name the caller, or delegate to the account.

    Raises:
        Fault: MalformedPolicyDocumentException.
    """
    if call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    access_request = AccessRequest(
        action="kms:PutKeyPolicy",
        resource=key_arn,
        resource_account=call.principal.account,
        condition_keys=caller_keys(call),
        resource_policies=(policy,),
    )
    context = condition_keys_of(call, access_request, None)
    askers = (call.principal, _root(call.principal))
    if not any(evaluate(access_request, asker, Policies(), context).allowed for asker in askers):
        raise Fault(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def policy_keys(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the condition key of requests that set a policy."""
    return {"kms:BypassPolicyLockoutSafetyCheck": [boolean(params.get("BypassPolicyLockoutSafetyCheck"))]}


def _root(principal: Principal) -> Principal:
    partition = principal.arn.split(":")[1]
    arn = f"arn:{partition}:iam::{principal.account}:root"
    return Principal(
        kind="root",
        account=principal.account,
        arn=arn,
        caller_arn=arn,
        user_id=principal.account,
        name="root",
    )
