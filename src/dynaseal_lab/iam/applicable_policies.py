"""The policies that apply to a principal, as they are in the store now."""

from collections.abc import Iterator, Sequence

from dynaseal_lab.iam.evaluate import NamedPolicy, Policies
from dynaseal_lab.iam.names import SERVICE_LINKED_PATH, account_of
from dynaseal_lab.iam.records import Identity, Role, User
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Principal


def applicable_policies(store: IamStore, principal: Principal) -> Policies:
    """Return a caller's identity-based policies, its boundary, and its session and control policies."""
    identity = _identity_of(store, principal)
    session = [NamedPolicy("session policy", document) for document in principal.session_policies]
    # Without session policies, no policy allows anything to a session of GetFederationToken.
    limited = bool(session) or principal.kind == "federated-user"
    return Policies(
        identity_policies(store, identity) if identity is not None else (),
        boundary_policies(store, identity) if identity is not None else None,
        session if limited else None,
        _control_policies(store, principal, identity),
    )


def _control_policies(
    store: IamStore, principal: Principal, identity: User | Role | None
) -> Sequence[NamedPolicy] | None:
    """Return the account's service control policies; services and service-linked roles are exempt."""
    linked = identity is not None and identity.path.startswith(SERVICE_LINKED_PATH)
    control = store.control_policies(principal.account)
    if principal.kind == "service" or linked or control is None:
        return None
    return [NamedPolicy(f"service control policy {name}", document) for name, document in control.items()]


def _identity_of(store: IamStore, principal: Principal) -> User | Role | None:
    """Return the caller's user or role; for a session of GetFederationToken, the user who called it.

    None for root, and for a session of a role that has since been deleted or created again.
    """
    if principal.kind == "user":
        return store.users.get(principal.account, principal.name)
    if principal.kind == "assumed-role":
        role = store.roles.of_arn(principal.arn)
        return role if role is not None and principal.user_id.startswith(f"{role.id}:") else None
    if principal.kind == "federated-user":
        return store.users.of_id(principal.issuer_id)
    return None


def identity_policies(store: IamStore, identity: Identity) -> Sequence[NamedPolicy]:
    """Return the policies of a user, group or role; for a user also those of the user's groups."""
    policies = list(_own_policies(store, identity))
    if isinstance(identity, User):
        for name in identity.groups:
            group = store.groups.get(account_of(identity.arn), name)
            policies += _own_policies(store, group) if group is not None else ()
    return policies


def boundary_policies(store: IamStore, identity: User | Role) -> Sequence[NamedPolicy] | None:
    """Return the permissions boundary of a user or role; None if it has no boundary.

    A boundary whose policy does not exist is an empty sequence, which allows nothing.
    """
    if identity.boundary is None:
        return None
    return list(_managed_policies(store, identity, (identity.boundary,)))


def _own_policies(store: IamStore, identity: Identity) -> Iterator[NamedPolicy]:
    for name, document in identity.inline.items():
        yield NamedPolicy(f"{identity.name}/{name}", document)
    yield from _managed_policies(store, identity, identity.attached)


def _managed_policies(store: IamStore, identity: Identity, arns: Sequence[str]) -> Iterator[NamedPolicy]:
    """Return the default versions of managed policies."""
    for arn in arns:
        policy = store.policy(account_of(identity.arn), arn)
        if policy is not None:
            yield NamedPolicy(arn, policy.document)
