"""Key policies: the default one, what KMS refuses, and the check that nobody locks themselves out.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html and
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from dynaseal_lab.kms.access import Kms
from dynaseal_lab.kms.context import caller_keys
from dynaseal_lab.model import Ask, Call, Fault, Principal

POLICY_NAME = "default"
_MAX_SIZE = 32768
_VERSIONS = {"2012-10-17", "2008-10-17"}
_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_EXACTLY_ONE = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


def default_policy(account: str, partition: str = "aws") -> str:
    """The policy of a key that was created without one: the account's IAM policies decide."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2)


def check_policy(text: str) -> None:
    """Refuse a text that is no key policy.

    Raises:
        Fault: MalformedPolicyDocumentException, or LimitExceededException for its size.
    """
    if len(text.encode()) > _MAX_SIZE:
        raise Fault("LimitExceededException", f"Key policy size exceeds the maximum of {_MAX_SIZE} bytes.")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _malformed("This policy contains invalid Json") from error
    if not isinstance(document, dict):
        raise _malformed("Syntax errors in policy.")
    policy = cast("dict[str, Any]", document)
    if unknown := policy.keys() - _ELEMENTS:
        raise _malformed(f"Unknown field {min(unknown)}")
    if policy.get("Version", "2008-10-17") not in _VERSIONS:
        raise _malformed("Policy version is invalid.")
    given = policy.get("Statement")
    statements = cast("list[Any]", given if isinstance(given, list) else [given])
    if given is None or not statements:
        raise _malformed("Could not parse the policy: Statement is empty!")
    for statement in statements:
        _check_statement(statement)


def _check_statement(value: object) -> None:
    if not isinstance(value, dict):
        raise _malformed("Statement must be an object.")
    statement = cast("dict[str, Any]", value)
    if unknown := statement.keys() - _STATEMENT_ELEMENTS:
        raise _malformed(f"Unknown field {min(unknown)}")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise _malformed("Missing required field Effect" if "Effect" not in statement else "Invalid effect.")
    for pair in _EXACTLY_ONE:
        present = [name for name in pair if name in statement]
        if not present:
            raise _malformed(f"Missing required field {pair[0]}")
        if len(present) == 2:
            raise _malformed(f"{pair[0]} and {pair[1]} cannot be used together.")
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in statement:
            _check_texts(name, statement[name])
    for name in ("Principal", "NotPrincipal"):
        if name in statement:
            _check_principal(statement[name])
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict):
        raise _malformed("Condition must be an object.")


def _check_texts(name: str, value: object) -> None:
    texts = cast("list[object]", value if isinstance(value, list) else [value])
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise _malformed(f"{name} must be a text or a list of texts.")


def _check_principal(value: object) -> None:
    if value == "*":
        return
    if not isinstance(value, dict) or not value:
        raise _malformed("Invalid principal in policy.")
    for kind, names in cast("dict[str, object]", value).items():
        if kind not in {"AWS", "Service", "Federated", "CanonicalUser"}:
            raise _malformed("Invalid principal in policy.")
        _check_texts("Principal", names)


def _malformed(reason: str) -> Fault:
    return Fault("MalformedPolicyDocumentException", reason)


def check_lockout(kms: Kms, call: Call, policy: str, key_arn: str) -> None:
    """Refuse a policy under which neither the caller nor the account could change it again.

    Raises:
        Fault: MalformedPolicyDocumentException.
    """
    if call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    ask = Ask(
        action="kms:PutKeyPolicy",
        resource=key_arn,
        resource_account=call.principal.account,
        context=caller_keys(call),
        resource_policies=(policy,),
    )
    askers = (call, replace(call, principal=_root(call.principal)))
    if not any(kms.authorizer.decide(asker, ask).allowed for asker in askers):
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _root(principal: Principal) -> Principal:
    partition = principal.arn.split(":")[1]
    arn = f"arn:{partition}:iam::{principal.account}:root"
    return Principal("root", principal.account, arn, arn, principal.account, "root")


def policy_keys(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """The condition key of a request that sets a policy."""
    bypass = "true" if params.get("BypassPolicyLockoutSafetyCheck") else "false"
    return {"kms:BypassPolicyLockoutSafetyCheck": [bypass]}
