"""The policies that concern a principal, as the store has them now."""

from collections.abc import Iterator, Sequence

from dynaseal_lab.iam.evaluate import NamedPolicy, Policies
from dynaseal_lab.iam.records import Holder, Role, User
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Principal


def policies_of(store: IamStore, principal: Principal) -> Policies:
    """The identity, boundary and session policies of a caller."""
    holder = holder_of(store, principal)
    boundary = None
    if holder is not None and holder.boundary is not None:
        boundary = list(managed(store, (holder.boundary,)))
    session = [NamedPolicy("session policy", text) for text in principal.session_policies]
    return Policies(identity_policies(store, principal.account, holder), boundary, session or None)


def holder_of(store: IamStore, principal: Principal) -> User | Role | None:
    """The user or role behind a caller; None for root, and for a role that was deleted or made anew since."""
    if principal.kind == "user":
        return store.users.get(principal.account, principal.name)
    if principal.kind == "assumed-role":
        role = store.role_of_arn(principal.arn)
        return role if role is not None and principal.user_id.startswith(f"{role.id}:") else None
    return None


def identity_policies(store: IamStore, account: str, holder: User | Role | None) -> Sequence[NamedPolicy]:
    """Everything attached to a user or role, and to the user's groups."""
    if holder is None:
        return ()
    found = list(held(store, holder))
    if isinstance(holder, User):
        for name in holder.groups:
            group = store.groups.get(account, name)
            found += held(store, group) if group is not None else ()
    return found


def held(store: IamStore, holder: Holder) -> Iterator[NamedPolicy]:
    """The policies of one holder, inline ones first."""
    for name, text in holder.inline.items():
        yield NamedPolicy(f"{holder.name}/{name}", text)
    yield from managed(store, holder.attached)


def managed(store: IamStore, arns: Sequence[str]) -> Iterator[NamedPolicy]:
    """The default versions of managed policies."""
    for arn in arns:
        policy = store.policy(arn)
        if policy is not None:
            yield NamedPolicy(arn, policy.document)
