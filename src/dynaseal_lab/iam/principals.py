"""The Principal element: whom a resource's policy names, and how directly it names a caller.

Rules:
- `*` and the caller's own ARN name the caller. A role's ARN names its sessions, but less directly,
  as does the ARN of the user who called GetFederationToken. An
  account's number or root ARN names the account, whose own policies may then allow its users and roles.
- There are no wildcards, except `*` alone.
- A service is named under `Service`.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

from dynaseal_lab.iam.names import is_account, root_arn
from dynaseal_lab.model import Principal

_ARN = re.compile(
    r"arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)/[^*?]+)"
    r"|sts::\d{12}:(?:assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+))",
    re.ASCII,
)
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z2-7]{16,}", re.ASCII)
_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class PrincipalMatch(IntEnum):
    """How directly a statement names a caller, from not at all to directly."""

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Principals:
    """The principals in one element: `names` are ARNs, unique ids and `*`; an account is its root ARN."""

    names: frozenset[str]
    services: frozenset[str]

    def match(self, caller: Principal) -> PrincipalMatch:
        """Return how directly the element names `caller`."""
        if caller.kind == "service":
            return PrincipalMatch.DIRECT if caller.name in self.services else PrincipalMatch.NONE
        if self.names & {"*", caller.caller_arn}:
            return PrincipalMatch.DIRECT
        if caller.kind == "assumed-role":
            if self.names & {caller.arn, caller.user_id.partition(":")[0]}:
                return PrincipalMatch.ROLE
        elif caller.kind == "federated-user":
            # As root, the issuer means the whole account.
            if self.names & ({caller.issuer_arn, caller.issuer_id} - {root_arn(caller.account)}):
                return PrincipalMatch.ROLE
        elif caller.user_id in self.names:
            return PrincipalMatch.DIRECT
        return PrincipalMatch.ACCOUNT if root_arn(caller.account) in self.names else PrincipalMatch.NONE


def parse_principals(element: Any) -> Principals:
    """Parse a Principal or NotPrincipal element.

    Raises:
        ValueError: The element is not valid; the message is AWS's.

    Example:
        >>> sorted(parse_principals({"AWS": ["111122223333", "*"]}).names)
        ['*', 'arn:aws:iam::111122223333:root']
    """
    if element == "*":
        return Principals(frozenset("*"), frozenset())
    if not isinstance(element, dict) or not element:
        raise ValueError(f'Invalid principal in policy: "{element}"')
    by_kind = cast("Mapping[str, Any]", element)
    for kind in by_kind:
        if kind not in _KINDS:
            raise ValueError(f'Invalid principal in policy: "{kind}"')
    names = frozenset(_canonical(name) for name in _names(by_kind, "AWS"))
    return Principals(names, frozenset(_names(by_kind, "Service")))


def _names(by_kind: Mapping[str, Any], kind: str) -> list[str]:
    value = by_kind.get(kind, [])
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str) or not item:
            raise ValueError(f'Invalid principal in policy: "{kind}":"{item}"')
    return items


def _canonical(name: str) -> str:
    """Return a name as `Principals.names` has it: an account number becomes its root ARN."""
    if is_account(name):
        return root_arn(name)
    if name == "*" or _UNIQUE_ID.fullmatch(name) or _ARN.fullmatch(name):
        return name
    raise ValueError(f'Invalid principal in policy: "AWS":"{name}"')
