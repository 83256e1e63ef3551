"""May this principal do this? Pure: a question, the policies that concern it, and the condition keys' values.

Rules, in this order:
1. An explicit deny anywhere decides.
2. Within one account an identity policy or the resource's policy may allow. Two resources are stricter: of
   a KMS key and of a role that is assumed, the own policy is the root of trust, and identity policies
   count only where a statement of it hands the action on to the account, its conditions included. There
   the account's root user has no more power than that policy gives; elsewhere root needs no identity policy.
3. Across accounts the resource's policy and the caller's identity policies must both allow. A KMS grant
   stands for the key policy's part.
4. A permissions boundary and session policies must allow too, unless the resource's policy means the
   caller itself: the user's or the session's own ARN, or `*`. A role's ARN does not lift them.
5. What nobody allows is denied.

NotPrincipal: a denying statement spares those whom it names by user, role or session. Naming the account's
root, as AWS recommends beside the user, spares the root user alone: in AWS's own example all of Bob's account
but Bob are denied. It never spares a caller with a permissions boundary. An allowing one excludes whom it
names and, to be safe, the accounts it names.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
reference_policies_elements_notprincipal.html there, and
https://docs.aws.amazon.com/kms/latest/developerguide/control-access-overview.html
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dynaseal_lab.iam.conditions import Condition
from dynaseal_lab.iam.match import ANYTHING, Context, action_matches, resource_matches
from dynaseal_lab.iam.policy import Kind, Policy, Statement, parse
from dynaseal_lab.iam.principals import Closeness
from dynaseal_lab.model import AccessRequest, Decision, Principal


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy's text and the name that a decision's reasons call it by."""

    name: str
    text: str
    kind: Kind = Kind.IDENTITY

    @property
    def parsed(self) -> Policy:
        """The parsed document; each text is parsed once."""
        return parse(self.text, self.kind)


@dataclass(frozen=True, slots=True)
class Policies:
    """What concerns a caller: identity policies, a boundary, session policies (None where there are none)."""

    identity: Sequence[NamedPolicy] = ()
    boundary: Sequence[NamedPolicy] | None = None
    session: Sequence[NamedPolicy] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question with everything that statements are matched against."""

    action: str
    resource: str
    principal: Principal
    context: Context
    bounded: bool = False
    """The principal has a permissions boundary."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The statements of one place that fit a question, by effect; how closely the allowing ones mean it."""

    denies: tuple[str, ...]
    allows: tuple[str, ...]
    closeness: Closeness


def evaluate(
    access_request: AccessRequest, principal: Principal, policies: Policies, context: Context
) -> Decision:
    """Decide one question.

    Args:
        access_request: What is asked, with the resource's own policies.
        principal: Who asks.
        policies: The caller's.
        context: Every condition key that has a value, in lower case; those of `access_request` included.

    Returns:
        The decision, with the statements that made it, or those that came near.
    """
    bounded = policies.boundary is not None
    question = Question(access_request.action, access_request.resource, principal, context, bounded)
    places = {
        "identity": _search(policies.identity, question),
        "resource": _search(_resource_policies(access_request), question),
        "boundary": _search(policies.boundary or (), question),
        "session": _search(policies.session or (), question),
    }
    if places["identity"].denies:
        return Decision(False, "explicit-deny-identity", places["identity"].denies)
    if places["resource"].denies:
        return Decision(False, "explicit-deny-resource", places["resource"].denies)
    if places["boundary"].denies:
        return Decision(False, "explicit-deny-boundary", places["boundary"].denies)
    if places["session"].denies:
        return Decision(False, "explicit-deny-session", places["session"].denies)
    decision = _granted(access_request, principal, places["identity"], places["resource"])
    if decision.allowed and not _lifted(access_request, principal, places["resource"]):
        decision = _limited(decision, policies, places["boundary"], places["session"])
    if decision.allowed:
        return decision
    return Decision(False, decision.reason, tuple(_near_misses(access_request, policies, question)))


def is_root_of_trust(action: str, resource: str) -> bool:
    """Whether the resource's own policy alone gives power over it, for this action.

    Example:
        >>> is_root_of_trust("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/a")
        True
        >>> is_root_of_trust("kms:ListKeys", "*")
        False
    """
    return (action.lower().startswith("kms:") and ":key/" in resource) or _is_on_a_role(action, resource)


def _is_on_a_role(action: str, resource: str) -> bool:
    """AssumeRole, and what is asked along with it (TagSession, SetSourceIdentity)."""
    return action.lower().startswith("sts:") and ":role/" in resource


def _resource_policies(access_request: AccessRequest) -> Sequence[NamedPolicy]:
    kind = Kind.TRUST if _is_on_a_role(access_request.action, access_request.resource) else Kind.RESOURCE
    return [
        NamedPolicy(f"policy of {access_request.resource}", text, kind)
        for text in access_request.resource_policies
    ]


def _granted(
    access_request: AccessRequest, principal: Principal, identity: _Found, resource: _Found
) -> Decision:
    """Rules 2, 3 and 5."""
    trusted = is_root_of_trust(access_request.action, access_request.resource)
    by_identity = bool(identity.allows) or (principal.kind == "root")
    closeness = Closeness.DIRECT if access_request.grants_allow else resource.closeness
    reasons = identity.allows + resource.allows + (("grant",) if access_request.grants_allow else ())
    if principal.kind == "service":
        by_identity = True
    elif principal.account == access_request.resource_account:
        if closeness > Closeness.ACCOUNT or (by_identity and not trusted):
            return Decision(True, "allowed", reasons)
        if not trusted:
            return Decision(False, "no-identity-policy")
    if closeness is Closeness.NONE:
        return Decision(False, "no-resource-policy")
    return Decision(True, "allowed", reasons) if by_identity else Decision(False, "no-identity-policy")


def _lifted(access_request: AccessRequest, principal: Principal, resource: _Found) -> bool:
    """Rule 4: the resource's policy means the caller itself, in its own account."""
    return resource.closeness is Closeness.DIRECT and principal.account == access_request.resource_account


def _limited(decision: Decision, policies: Policies, boundary: _Found, session: _Found) -> Decision:
    if policies.boundary is not None and not boundary.allows:
        return Decision(False, "no-boundary")
    if policies.session is not None and not session.allows:
        return Decision(False, "no-session-policy")
    return decision


def _search(policies: Sequence[NamedPolicy], question: Question) -> _Found:
    denies: list[str] = []
    allows: list[str] = []
    closest = Closeness.NONE
    for policy in policies:
        for statement in policy.parsed.statements:
            closeness = _closeness_of(statement, question)
            if closeness is Closeness.NONE or not _fits(statement, question):
                continue
            name = f"{statement.effect} {policy.name} {statement.name}"
            if statement.effect == "Deny":
                denies.append(name)
            else:
                allows.append(name)
                closest = max(closest, closeness)
    return _Found(tuple(denies), tuple(allows), closest)


def _fits(statement: Statement, question: Question) -> bool:
    return (
        _fits_action(statement, question)
        and _fits_resource(statement, question)
        and all(_condition_holds(condition, statement, question) for condition in statement.conditions)
    )


def _fits_action(statement: Statement, question: Question) -> bool:
    listed = any(action_matches(pattern, question.action) for pattern in statement.actions)
    return listed != statement.not_actions


def _fits_resource(statement: Statement, question: Question) -> bool:
    """In NotResource a variable without a value leaves out whatever it could mean."""
    if statement.resources is None:
        return True
    unknown = ANYTHING if statement.not_resources else None
    listed = any(
        resource_matches(pattern, question.resource, question.context, unknown=unknown)
        for pattern in statement.resources
    )
    return listed != statement.not_resources


def _condition_holds(condition: Condition, statement: Statement, question: Question) -> bool:
    """Whether the question fulfils one condition of a statement."""
    return condition.holds(question.context, denying=statement.effect == "Deny")


def _closeness_of(statement: Statement, question: Question) -> Closeness:
    """How closely a statement means the caller; a policy without principals means its holder."""
    if statement.principals is None:
        return Closeness.DIRECT
    named = statement.principals.closeness(question.principal)
    if not statement.not_principals:
        return named
    if statement.effect == "Allow":
        return Closeness.NONE if named >= Closeness.ACCOUNT else Closeness.DIRECT
    return Closeness.NONE if named >= Closeness.ROLE and not question.bounded else Closeness.DIRECT


def _near_misses(access_request: AccessRequest, policies: Policies, question: Question) -> Iterator[str]:
    """Why the statements that allow the action did not: for each the first element that did not fit."""
    groups = (
        policies.identity,
        _resource_policies(access_request),
        policies.boundary or (),
        policies.session or (),
    )
    for policy in (policy for group in groups for policy in group):
        for statement in policy.parsed.statements:
            if statement.effect == "Allow" and _fits_action(statement, question):
                miss = _miss(statement, question)
                if miss:
                    yield f"Allow {policy.name} {statement.name}: {miss}"


def _miss(statement: Statement, question: Question) -> str | None:
    if _closeness_of(statement, question) is Closeness.NONE:
        return "the principal is another"
    if not _fits_resource(statement, question):
        return "the resource is another"
    for condition in statement.conditions:
        if not _condition_holds(condition, statement, question):
            given = question.context.get(condition.key)
            has = " and ".join(map(json.dumps, given)) if given else "none"
            return f"condition {condition.written} does not hold, the request has {has}"
    return None
