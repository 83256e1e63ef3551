"""SimulatePrincipalPolicy and SimulateCustomPolicy: what the evaluator would decide about a request.

Rules:
- What a request has (policies, boundary, resource policy, condition keys) is added to what the store has; a
  condition key in the request replaces the principal's own.
- Without a resource policy, the resource is taken to leave the decision to its account's own policies, as in
  AWS's simulator: otherwise no simulation of a KMS key or a role could allow anything.
- Only identities of the caller's own account can be simulated.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.applicable_policies import boundary_policies, identity_policies
from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.condition_keys import principal_keys
from dynaseal_lab.iam.credentials import role_principal, user_principal
from dynaseal_lab.iam.evaluate import NamedPolicy, Policies, evaluate, is_root_of_trust
from dynaseal_lab.iam.match import Variable
from dynaseal_lab.iam.names import account_of, iam_arn, root_arn
from dynaseal_lab.iam.operations.common import check_document, missing, page
from dynaseal_lab.iam.operations.resource_arns import every_resource
from dynaseal_lab.iam.policy import PolicyKind, Statement
from dynaseal_lab.iam.records import Group, Role, User
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Decision, Fault, Principal, Reply


@dataclass(frozen=True, slots=True)
class _Simulation:
    """Who is simulated, with which policies and condition keys."""

    principal: Principal
    policies: Policies
    condition_keys: ConditionKeys


def _documents(call: Call, name: str) -> list[NamedPolicy]:
    documents: Sequence[str] = call.params.get(name, ())
    for document in documents:
        check_document(document, PolicyKind.IDENTITY)
    return [NamedPolicy(f"{name}.{number}", document) for number, document in enumerate(documents, start=1)]


def _boundary(iam: IamBackend, call: Call, identity: User | Role | None) -> Sequence[NamedPolicy] | None:
    if "PermissionsBoundaryPolicyInputList" in call.params:
        return _documents(call, "PermissionsBoundaryPolicyInputList")
    return None if identity is None else boundary_policies(iam.store, identity)


def _of_principal(iam: IamBackend, call: Call) -> _Simulation:
    source = _source(iam, call)
    boundary = _boundary(iam, call, None if isinstance(source, Group) else source)
    identity = identity_policies(iam.store, source)
    caller = _caller(iam, call) or _as_principal(call.principal.account, source)
    policies = Policies([*identity, *_documents(call, "PolicyInputList")], boundary)
    return _Simulation(caller, policies, _condition_keys(call, caller))


def _of_documents(iam: IamBackend, call: Call) -> _Simulation:
    caller = _caller(iam, call) or _nameless_user(call.principal.account)
    policies = Policies(_documents(call, "PolicyInputList"), _boundary(iam, call, None))
    return _Simulation(caller, policies, _condition_keys(call, caller))


def _source(iam: IamBackend, call: Call) -> User | Group | Role:
    arn = call.params["PolicySourceArn"]
    for identity in iam.store.identities(call.principal.account):
        if identity.arn == arn:
            return identity
    raise missing(f"The entity with ARN {arn} cannot be found.")


def _caller(iam: IamBackend, call: Call) -> Principal | None:
    arn = call.params.get("CallerArn")
    if arn is None:
        return None
    user = iam.store.users.of_arn(arn) if account_of(arn) == call.principal.account else None
    if user is None:
        raise Fault("InvalidInput", f"Invalid Caller Arn: {arn}")
    return user_principal(call.principal.account, user)


def _as_principal(account: str, source: User | Group | Role) -> Principal:
    if isinstance(source, User):
        return user_principal(account, source)
    if isinstance(source, Role):
        return role_principal(source, "simulation")
    return _nameless_user(account)


def _nameless_user(account: str) -> Principal:
    """Return a user of the account without a name, for whom only the policies in the request count."""
    arn = iam_arn(account, "user", "/", "")
    return Principal(kind="user", account=account, arn=arn, caller_arn=arn, user_id="", name="")


def _condition_keys(call: Call, caller: Principal) -> ConditionKeys:
    in_request = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in call.params.get("ContextEntries", ())
        if "ContextKeyName" in entry
    }
    of_principal = principal_keys(caller) if caller.name else {}
    return {**of_principal, **in_request}


def _results(call: Call, simulation: _Simulation) -> Iterator[Reply]:
    if "ResourcePolicy" in call.params:
        check_document(call.params["ResourcePolicy"], PolicyKind.RESOURCE)
    missing_keys = sorted(_keys_used(simulation.policies) - set(simulation.condition_keys))
    bounded = simulation.policies.boundary is not None
    for action in call.params["ActionNames"]:
        for resource in call.params.get("ResourceArns", ["*"]):
            access_request = _access_request(call, simulation, action, resource)
            decision = evaluate(
                access_request, simulation.principal, simulation.policies, simulation.condition_keys
            )
            yield _result(access_request, decision, missing_keys, bounded=bounded)


def _access_request(call: Call, simulation: _Simulation, action: str, resource: str) -> AccessRequest:
    owner = (
        account_of(call.params.get("ResourceOwner", ""))
        or account_of(resource)
        or simulation.principal.account
    )
    policy = call.params.get("ResourcePolicy")
    policies = (policy,) if policy else ()
    if not policies and is_root_of_trust(action, resource):
        policies = (_delegation_to(owner, action),)
    return AccessRequest(action=action, resource=resource, resource_account=owner, resource_policies=policies)


def _delegation_to(account: str, action: str) -> str:
    """Return a resource policy that leaves the decision about an action to an account's own policies."""
    statement = {"Effect": "Allow", "Principal": {"AWS": root_arn(account)}, "Action": action}
    resource = {} if action.lower().startswith("sts:") else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | resource]})


def _result(
    access_request: AccessRequest, decision: Decision, missing_keys: Sequence[str], *, bounded: bool
) -> Reply:
    explicitly_denied = decision.reason.startswith("explicit")
    verdict = "explicitDeny" if explicitly_denied else "implicitDeny"
    deciding = decision.statements if decision.allowed or explicitly_denied else ()
    result: dict[str, Any] = {
        "EvalActionName": access_request.action,
        "EvalResourceName": access_request.resource,
        "EvalDecision": "allowed" if decision.allowed else verdict,
        "MatchedStatements": [_matched_statement(name) for name in deciding],
        "MissingContextValues": missing_keys,
    }
    if bounded:
        by_boundary = decision.reason not in ("no-boundary", "explicit-deny-boundary")
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": by_boundary}
    return result


def _matched_statement(name: str) -> Reply:
    """Return a deciding statement, named `EFFECT POLICY SID` in a decision, as simulations list it."""
    policy = name.partition(" ")[2].rpartition(" ")[0]
    return {"SourcePolicyId": policy, "SourcePolicyType": "IAM Policy"}


def _keys_used(policies: Policies) -> set[str]:
    """Return the condition keys that identity-based policies and the boundary use, in lower case."""
    return {
        key
        for policy in (*policies.identity, *(policies.boundary or ()))
        for statement in policy.parsed.statements
        for key in _keys_used_by(statement)
    }


def _keys_used_by(statement: Statement) -> set[str]:
    keys = {condition.key for condition in statement.conditions}
    templates = [value for condition in statement.conditions for value in condition.values]
    for template in (*templates, *(statement.resources or ())):
        keys |= {part.key for part in template.parts if isinstance(part, Variable)}
    return keys


def _simulate_principal(iam: IamBackend, call: Call) -> Reply:
    return page(call, "EvaluationResults", list(_results(call, _of_principal(iam, call))))


def _simulate_custom(iam: IamBackend, call: Call) -> Reply:
    return page(call, "EvaluationResults", list(_results(call, _of_documents(iam, call))))


def _keys_for_principal(iam: IamBackend, call: Call) -> Reply:
    return {"ContextKeyNames": sorted(_keys_used(_of_principal(iam, call).policies))}


def _keys_for_custom(_iam: IamBackend, call: Call) -> Reply:
    return {"ContextKeyNames": sorted(_keys_used(Policies(_documents(call, "PolicyInputList"))))}


def _source_arn(_iam: IamBackend, call: Call) -> str:
    return str(call.params["PolicySourceArn"])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "SimulatePrincipalPolicy": Operation(_simulate_principal, _source_arn),
        "SimulateCustomPolicy": Operation(_simulate_custom, every_resource),
        "GetContextKeysForPrincipalPolicy": Operation(_keys_for_principal, _source_arn),
        "GetContextKeysForCustomPolicy": Operation(_keys_for_custom, every_resource),
    }
)
