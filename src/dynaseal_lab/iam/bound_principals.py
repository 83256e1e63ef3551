"""Bind the users and roles that a resource's policy names to their unique ids.

AWS does so when the policy is saved: a user or role that is deleted and created again under the same name
has another unique id and inherits nothing. While the user or role exists, AWS shows the policy with its ARN
(also after it was renamed), and afterwards with the unique id. Accounts, services and sessions of roles are
not bound.

The lab keeps a policy as it was put, together with its bindings, and replaces names only to evaluate or show
it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, cast

from dynaseal_lab.iam.policy import Policy

Bindings = tuple[tuple[str, str], ...]
"""Pairs of a name, as the policy has it, and the unique id of the user or role that had this name."""


class Directory(Protocol):
    """Knows which principals exist."""

    def exists(self, name: str) -> bool:
        """Return whether the user, role or account of this ARN or unique id exists."""
        ...

    def unique_id(self, name: str) -> str | None:
        """Return the unique id of the user or role of this ARN or unique id, or None."""
        ...

    def arn_of(self, unique_id: str) -> str | None:
        """Return the present ARN of the user or role with this unique id, or None."""
        ...


def named_principals(policy: Policy) -> frozenset[str]:
    """Return the names of AWS principals in a policy: ARNs, unique ids and `*`."""
    return frozenset(
        name
        for statement in policy.statements
        if statement.principals is not None
        for name in statement.principals.names
    )


def bindings_of(policy: Policy, directory: Directory | None) -> Bindings:
    """Return the bindings of a policy that is being saved; none without a directory."""
    if directory is None:
        return ()
    found = ((name, directory.unique_id(name)) for name in sorted(named_principals(policy)))
    return tuple((name, unique_id) for name, unique_id in found if unique_id is not None)


@lru_cache(maxsize=4096)
def bound_document(document: str, bindings: Bindings) -> str:
    """Return the policy that is evaluated: with unique ids in place of the names that are bound.

    Example:
        >>> policy = '{"Statement": {"Principal": {"AWS": "arn:aws:iam::111122223333:user/ann"}}}'
        >>> bound_document(policy, (("arn:aws:iam::111122223333:user/ann", "AIDAANN"),))
        '{"Statement": {"Principal": {"AWS": "AIDAANN"}}}'
    """
    return _renamed(document, dict(bindings)) if bindings else document


def shown_document(document: str, bindings: Bindings, directory: Directory | None) -> str:
    """Return the policy that a caller is shown: as it was put, unless a bound user or role changed."""
    if directory is None:
        return document
    shown = {name: directory.arn_of(unique_id) or unique_id for name, unique_id in bindings}
    changed = {name: other for name, other in shown.items() if name != other}
    return _renamed(document, changed) if changed else document


def _renamed(document: str, names: Mapping[str, str]) -> str:
    """Return a document with other names in its Principal and NotPrincipal elements, and only there."""
    policy: Any = json.loads(document)
    element: Any = policy["Statement"]
    statements = cast("list[dict[str, Any]]", element if isinstance(element, list) else [element])
    for statement in statements:
        for principals in (statement.get("Principal"), statement.get("NotPrincipal")):
            if isinstance(principals, dict) and "AWS" in principals:
                by_kind = cast("dict[str, Any]", principals)
                by_kind["AWS"] = _in_place(by_kind["AWS"], names)
    return json.dumps(policy)


def _in_place(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [names.get(item, item) for item in cast("list[str]", value)]
    return names.get(value, value)
