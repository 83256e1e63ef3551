"""May this principal do this? A pure function of an access request, policies, and condition keys.

Rules, in this order:
1. An explicit deny in any policy decides.
2. Within one account, an identity-based policy or the resource's policy may allow. Two resources are
   stricter: for a KMS key, and for a role that is assumed, the resource's own policy is the root of trust,
   and identity-based policies count only if a statement of it delegates the action to the account, its
   conditions included. There the account's root user has no more power than that policy gives; elsewhere root
   needs no identity-based policy. A KMS key that is being created has no policy yet: whether the caller may
   tag it is decided by identity-based policies. So is whether the caller may retire a grant.
3. Across accounts, the resource's policy and the caller's identity-based policies must both allow. A KMS
   grant counts in place of the key policy.
4. A permissions boundary and session policies must allow too, unless the resource's policy names the caller
   itself: the user's or the session's own ARN, or `*`. Naming the role does not exempt its sessions.
5. Service control policies of the caller's account must allow too, whatever other policies say, and for the
   root user as well.
6. What no policy allows is denied.

NotPrincipal: a denying statement exempts those whom it names as user, role or session. Naming the account's
root, as AWS recommends beside the user, exempts the root user alone: in AWS's own example everybody in Bob's
account but Bob is denied. A caller with a permissions boundary is never exempt. An allowing statement
excludes whom it names and, to be safe, the accounts that it names.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
reference_policies_elements_notprincipal.html there, and
https://docs.aws.amazon.com/kms/latest/developerguide/control-access-overview.html
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dynaseal_lab.iam.conditions import Condition
from dynaseal_lab.iam.match import ANYTHING, action_matches, resource_matches
from dynaseal_lab.iam.policy import Policy, PolicyKind, Statement, parse
from dynaseal_lab.iam.principals import PrincipalMatch
from dynaseal_lab.model import AccessRequest, ConditionKeys, Decision, Principal


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy document (JSON), and the name that the reasons of a decision call it by."""

    name: str
    document: str
    kind: PolicyKind = PolicyKind.IDENTITY

    @property
    def parsed(self) -> Policy:
        """The parsed document; each document is parsed once."""
        return parse(self.document, self.kind)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that apply to a caller.

    `boundary` and `session` are None if the caller has none, and `control` (service control policies) if the
    account has none.
    """

    identity: Sequence[NamedPolicy] = ()
    boundary: Sequence[NamedPolicy] | None = None
    session: Sequence[NamedPolicy] | None = None
    control: Sequence[NamedPolicy] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _RequestContext:
    """What the elements of a statement are matched against (AWS calls it the request context)."""

    action: str
    resource: str
    principal: Principal
    condition_keys: ConditionKeys
    bounded: bool = False
    """Whether the principal has a permissions boundary."""


@dataclass(frozen=True, slots=True)
class _Matching:
    """The statements that apply to a request, and how directly those that allow name the caller."""

    denies: tuple[str, ...]
    allows: tuple[str, ...]
    principal_match: PrincipalMatch


def evaluate(
    access_request: AccessRequest, principal: Principal, policies: Policies, condition_keys: ConditionKeys
) -> Decision:
    """Decide one access request.

    Args:
        access_request: The action and the resource, with the resource's own policies.
        principal: The caller.
        policies: The caller's policies.
        condition_keys: Every condition key that has a value, in lower case; those of `access_request`
            included.

    Returns:
        The decision, with the statements that made it; if nothing allowed it, with the statements that allow
        the action but did not apply, and why.
    """
    bounded = policies.boundary is not None
    request = _RequestContext(
        action=access_request.action,
        resource=access_request.resource,
        principal=principal,
        condition_keys=condition_keys,
        bounded=bounded,
    )
    identity = _matching(policies.identity, request)
    resource = _matching(_resource_policies(access_request), request)
    boundary = _matching(policies.boundary or (), request)
    session = _matching(policies.session or (), request)
    control = _matching(policies.control or (), request)
    denial = _explicit_denial(control, identity, resource, boundary, session)
    if denial is not None:
        return denial
    decision = _before_limits(access_request, principal, identity, resource)
    if decision.allowed and not _is_exempt_from_limits(access_request, principal, resource):
        decision = _within_limits(decision, policies, boundary, session)
    if decision.allowed and policies.control is not None and not control.allows:
        decision = Decision(False, "no-control-policy")
    if decision.allowed:
        return decision
    return Decision(False, decision.reason, tuple(_near_misses(access_request, policies, request)))


def _explicit_denial(
    control: _Matching, identity: _Matching, resource: _Matching, boundary: _Matching, session: _Matching
) -> Decision | None:
    """Apply rule 1."""
    if control.denies:
        return Decision(False, "explicit-deny-control", control.denies)
    if identity.denies:
        return Decision(False, "explicit-deny-identity", identity.denies)
    if resource.denies:
        return Decision(False, "explicit-deny-resource", resource.denies)
    if boundary.denies:
        return Decision(False, "explicit-deny-boundary", boundary.denies)
    return Decision(False, "explicit-deny-session", session.denies) if session.denies else None


def is_root_of_trust(action: str, resource: str) -> bool:
    """Return whether only the resource's own policy can give permission for this action on it.

    Example:
        >>> is_root_of_trust("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/a")
        True
        >>> is_root_of_trust("kms:ListKeys", "*")
        False
    """
    return (action.lower().startswith("kms:") and ":key/" in resource) or _assumes_a_role(action, resource)


def _assumes_a_role(action: str, resource: str) -> bool:
    """Return whether the action is AssumeRole, or one that comes with it (TagSession, SetSourceIdentity)."""
    return action.lower().startswith("sts:") and ":role/" in resource


def _resource_policies(access_request: AccessRequest) -> Sequence[NamedPolicy]:
    kind = (
        PolicyKind.TRUST
        if _assumes_a_role(access_request.action, access_request.resource)
        else PolicyKind.RESOURCE
    )
    name = f"policy of {access_request.resource}"
    return [NamedPolicy(name, document, kind) for document in access_request.resource_policies]


def _before_limits(
    access_request: AccessRequest, principal: Principal, identity: _Matching, resource: _Matching
) -> Decision:
    """Apply rules 2, 3 and 6."""
    root_of_trust = access_request.resource_policy_counts and is_root_of_trust(
        access_request.action, access_request.resource
    )
    by_identity = bool(identity.allows) or principal.needs_no_identity_policy
    by_resource = PrincipalMatch.DIRECT if access_request.grants_allow else resource.principal_match
    reasons = identity.allows + resource.allows + (("grant",) if access_request.grants_allow else ())
    if principal.kind != "service" and principal.account == access_request.resource_account:
        if by_resource > PrincipalMatch.ACCOUNT or (by_identity and not root_of_trust):
            return Decision(True, "allowed", reasons)
        if not root_of_trust:
            return Decision(False, "no-identity-policy")
    if by_resource is PrincipalMatch.NONE:
        return Decision(False, "no-resource-policy")
    return Decision(True, "allowed", reasons) if by_identity else Decision(False, "no-identity-policy")


def _is_exempt_from_limits(access_request: AccessRequest, principal: Principal, resource: _Matching) -> bool:
    """Apply rule 4's exception: the resource's policy names the caller itself, in its own account."""
    return (
        resource.principal_match is PrincipalMatch.DIRECT
        and principal.account == access_request.resource_account
    )


def _within_limits(
    decision: Decision, policies: Policies, boundary: _Matching, session: _Matching
) -> Decision:
    if policies.boundary is not None and not boundary.allows:
        return Decision(False, "no-boundary")
    if policies.session is not None and not session.allows:
        return Decision(False, "no-session-policy")
    return decision


def _matching(policies: Sequence[NamedPolicy], request: _RequestContext) -> _Matching:
    denies: list[str] = []
    allows: list[str] = []
    best = PrincipalMatch.NONE
    for policy in policies:
        for statement in policy.parsed.statements:
            principal_match = _principal_match(statement, request)
            if principal_match is PrincipalMatch.NONE or not _matches(statement, request):
                continue
            name = f"{statement.effect} {policy.name} {statement.name}"
            if statement.effect == "Deny":
                denies.append(name)
            else:
                allows.append(name)
                best = max(best, principal_match)
    return _Matching(tuple(denies), tuple(allows), best)


def _matches(statement: Statement, request: _RequestContext) -> bool:
    return (
        _action_matches(statement, request)
        and _resource_matches(statement, request)
        and all(_condition_holds(condition, statement, request) for condition in statement.conditions)
    )


def _action_matches(statement: Statement, request: _RequestContext) -> bool:
    listed = any(action_matches(pattern, request.action) for pattern in statement.actions)
    return listed != statement.not_actions


def _resource_matches(statement: Statement, request: _RequestContext) -> bool:
    """Match Resource or NotResource; in NotResource a variable without a value matches anything.

    Otherwise a statement that allows everything except `home/${aws:username}/*` would allow that too, to a
    caller who has no user name.
    """
    if statement.resources is None:
        return True
    unknown = ANYTHING if statement.not_resources else None
    listed = any(
        resource_matches(pattern, request.resource, request.condition_keys, unknown=unknown)
        for pattern in statement.resources
    )
    return listed != statement.not_resources


def _condition_holds(condition: Condition, statement: Statement, request: _RequestContext) -> bool:
    return condition.holds(request.condition_keys, denying=statement.effect == "Deny")


def _principal_match(statement: Statement, request: _RequestContext) -> PrincipalMatch:
    """Return how directly a statement names the caller; an identity-based policy always does."""
    if statement.principals is None:
        return PrincipalMatch.DIRECT
    listed = statement.principals.match(request.principal)
    if not statement.not_principals:
        return listed
    if statement.effect == "Allow":
        return PrincipalMatch.NONE if listed >= PrincipalMatch.ACCOUNT else PrincipalMatch.DIRECT
    exempt = listed >= PrincipalMatch.ROLE and not request.bounded
    return PrincipalMatch.NONE if exempt else PrincipalMatch.DIRECT


def _near_misses(
    access_request: AccessRequest, policies: Policies, request: _RequestContext
) -> Iterator[str]:
    """Return why the statements that allow the action did not apply: the first element that did not match."""
    groups = (
        policies.identity,
        _resource_policies(access_request),
        policies.boundary or (),
        policies.session or (),
        policies.control or (),
    )
    for policy in (policy for group in groups for policy in group):
        for statement in policy.parsed.statements:
            if statement.effect == "Allow" and _action_matches(statement, request):
                reason = _mismatch(statement, request)
                if reason:
                    yield f"Allow {policy.name} {statement.name}: {reason}"


def _mismatch(statement: Statement, request: _RequestContext) -> str | None:
    if _principal_match(statement, request) is PrincipalMatch.NONE:
        return "the statement does not name this principal"
    if not _resource_matches(statement, request):
        return "the statement does not name this resource"
    for condition in statement.conditions:
        if not _condition_holds(condition, statement, request):
            values = request.condition_keys.get(condition.key)
            has = " and ".join(map(json.dumps, values)) if values else "none"
            return f"condition {condition.written} does not hold, the request has {has}"
    return None
