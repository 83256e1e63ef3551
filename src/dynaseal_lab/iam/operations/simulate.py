"""SimulatePrincipalPolicy and SimulateCustomPolicy: the same evaluator, asked what it would decide.

Rules:
- What a request gives (policies, boundary, resource policy, condition keys) is added to what the store
  has; a given condition key takes the place of the principal's own.
- Without a resource policy the resource is taken to leave the decision to its account's own policies, as
  AWS's simulator does: otherwise no simulation of a KMS key or a role could allow anything.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.applicable_policies import held, identity_policies, managed
from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.condition_keys import principal_keys
from dynaseal_lab.iam.credentials import principal_of, root_of
from dynaseal_lab.iam.evaluate import NamedPolicy, Policies, evaluate, is_root_of_trust
from dynaseal_lab.iam.match import Variable
from dynaseal_lab.iam.names import account_of, root_arn, session_arn
from dynaseal_lab.iam.operations.common import check_document, missing, page
from dynaseal_lab.iam.operations.lookup import everything
from dynaseal_lab.iam.policy import Kind, Statement
from dynaseal_lab.iam.records import Group, Role, User
from dynaseal_lab.model import AccessRequest, Call, Decision, Fault, Principal, Reply

_DECISIONS = {True: "explicitDeny", False: "implicitDeny"}


@dataclass(frozen=True, slots=True)
class _Simulation:
    """Who is simulated, with which policies and condition keys."""

    principal: Principal
    policies: Policies
    context: Mapping[str, Sequence[str]]


def _documents(call: Call, name: str) -> list[NamedPolicy]:
    texts: Sequence[str] = call.params.get(name, ())
    for text in texts:
        check_document(text, Kind.IDENTITY)
    return [NamedPolicy(f"{name}.{place}", text) for place, text in enumerate(texts, start=1)]


def _boundary(iam: IamBackend, call: Call, holder: User | Role | None) -> list[NamedPolicy] | None:
    if "PermissionsBoundaryPolicyInputList" in call.params:
        return _documents(call, "PermissionsBoundaryPolicyInputList")
    if holder is None or holder.boundary is None:
        return None
    return list(managed(iam.store, (holder.boundary,)))


def _of_principal(iam: IamBackend, call: Call) -> _Simulation:
    source = _source(iam, call)
    account = call.principal.account
    if isinstance(source, Group):
        identity, boundary = list(held(iam.store, source)), _boundary(iam, call, None)
    else:
        identity = list(identity_policies(iam.store, account, source))
        boundary = _boundary(iam, call, source)
    caller = _caller(iam, call) or _as_caller(account, source)
    given = _documents(call, "PolicyInputList")
    return _Simulation(caller, Policies([*identity, *given], boundary), _context(call, caller))


def _of_documents(iam: IamBackend, call: Call) -> _Simulation:
    caller = _caller(iam, call) or _nobody(call.principal.account)
    policies = Policies(_documents(call, "PolicyInputList"), _boundary(iam, call, None))
    return _Simulation(caller, policies, _context(call, caller))


def _source(iam: IamBackend, call: Call) -> User | Group | Role:
    arn, account = call.params["PolicySourceArn"], call.principal.account
    for holder in iam.store.holders(account):
        if holder.arn == arn:
            return holder
    raise missing(f"The entity with ARN {arn} cannot be found.")


def _caller(iam: IamBackend, call: Call) -> Principal | None:
    arn = call.params.get("CallerArn")
    if arn is None:
        return None
    found = iam.store.user_of_arn(arn)
    if found is None:
        raise Fault("InvalidInput", f"Invalid Caller Arn: {arn}")
    return principal_of(account_of(arn), found)


def _as_caller(account: str, source: User | Group | Role) -> Principal:
    if isinstance(source, User):
        return principal_of(account, source)
    if isinstance(source, Role):
        arn = session_arn(account, source.name, "simulation")
        user_id = f"{source.id}:simulation"
        return Principal("assumed-role", account, source.arn, arn, user_id, source.name, source.tags)
    return _nobody(account)


def _nobody(account: str) -> Principal:
    """A user of the account who has no name: only the given policies speak for them."""
    arn = f"{root_of(account).arn.removesuffix('root')}user/"
    return Principal("user", account, arn, arn, "", "")


def _context(call: Call, caller: Principal) -> Mapping[str, Sequence[str]]:
    given = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in call.params.get("ContextEntries", ())
        if "ContextKeyName" in entry
    }
    known = principal_keys(caller) if caller.name else {}
    return {**known, **given}


def _results(call: Call, simulation: _Simulation) -> Iterator[Reply]:
    if "ResourcePolicy" in call.params:
        check_document(call.params["ResourcePolicy"], Kind.RESOURCE)
    lacking = sorted(_keys_used(simulation.policies) - set(simulation.context))
    for action in call.params["ActionNames"]:
        for resource in call.params.get("ResourceArns", ["*"]):
            access_request = _access_request(call, simulation, action, resource)
            decision = evaluate(access_request, simulation.principal, simulation.policies, simulation.context)
            yield _result(access_request, decision, lacking, bounded=simulation.policies.boundary is not None)


def _access_request(call: Call, simulation: _Simulation, action: str, resource: str) -> AccessRequest:
    own = simulation.principal.account
    owner = account_of(call.params.get("ResourceOwner", "")) or account_of(resource) or own
    policy = call.params.get("ResourcePolicy")
    policies = (policy,) if policy else ()
    if not policies and is_root_of_trust(action, resource):
        policies = (_left_to(owner, action),)
    return AccessRequest(action, resource, owner, resource_policies=policies)


def _left_to(account: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": root_arn(account)}, "Action": action}
    where = {} if action.lower().startswith("sts:") else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | where]})


def _result(
    access_request: AccessRequest, decision: Decision, lacking: Sequence[str], *, bounded: bool
) -> Reply:
    denied = decision.reason.startswith("explicit")
    verdict = "allowed" if decision.allowed else _DECISIONS[denied]
    deciding = decision.statements if decision.allowed or denied else ()
    result: dict[str, Any] = {
        "EvalActionName": access_request.action,
        "EvalResourceName": access_request.resource,
        "EvalDecision": verdict,
        "MatchedStatements": [_statement(text) for text in deciding],
        "MissingContextValues": lacking,
    }
    if bounded:
        by_boundary = decision.reason not in ("no-boundary", "explicit-deny-boundary")
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": by_boundary}
    return result


def _statement(text: str) -> Reply:
    """A deciding statement, named `EFFECT POLICY SID` in a decision, as simulations list it."""
    policy = text.partition(" ")[2].rpartition(" ")[0]
    return {"SourcePolicyId": policy, "SourcePolicyType": "IAM Policy"}


def _keys_used(policies: Policies) -> set[str]:
    """The condition keys that identity policies and the boundary look at, in lower case."""
    found: set[str] = set()
    for policy in (*policies.identity, *(policies.boundary or ())):
        for statement in policy.parsed.statements:
            found |= _keys_of(statement)
    return found


def _keys_of(statement: Statement) -> set[str]:
    found = {condition.key for condition in statement.conditions}
    templates = [value for condition in statement.conditions for value in condition.values]
    for template in (*templates, *(statement.resources or ())):
        found |= {part.key for part in template.parts if isinstance(part, Variable)}
    return found


def _simulate_principal(iam: IamBackend, call: Call) -> Reply:
    return page(call, "EvaluationResults", list(_results(call, _of_principal(iam, call))))


def _simulate_custom(iam: IamBackend, call: Call) -> Reply:
    return page(call, "EvaluationResults", list(_results(call, _of_documents(iam, call))))


def _keys_for_principal(iam: IamBackend, call: Call) -> Reply:
    return {"ContextKeyNames": sorted(_keys_used(_of_principal(iam, call).policies))}


def _keys_for_custom(_desk: IamBackend, call: Call) -> Reply:
    return {"ContextKeyNames": sorted(_keys_used(Policies(_documents(call, "PolicyInputList"))))}


def _source_arn(_desk: IamBackend, call: Call) -> str:
    return str(call.params["PolicySourceArn"])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "SimulatePrincipalPolicy": Operation(_simulate_principal, _source_arn),
        "SimulateCustomPolicy": Operation(_simulate_custom, everything),
        "GetContextKeysForPrincipalPolicy": Operation(_keys_for_principal, _source_arn),
        "GetContextKeysForCustomPolicy": Operation(_keys_for_custom, everything),
    }
)
