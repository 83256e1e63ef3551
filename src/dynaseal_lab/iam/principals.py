"""The Principal element: whom a resource's policy speaks of, and how closely it means a caller.

Rules:
- `*` and an ARN of the caller mean the caller; a role's ARN means its sessions through the role; an account's
  number or root ARN means the account, which may hand it on by its own policies.
- No wildcard besides `*` alone.
- A service is meant by its name, under `Service`.

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


class Closeness(IntEnum):
    """How closely a statement means a caller, the closest last."""

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Principals:
    """Everybody whom one element names: `names` are ARNs, unique ids and `*`; accounts are root ARNs."""

    names: frozenset[str]
    services: frozenset[str]

    def closeness(self, caller: Principal) -> Closeness:
        """How closely the element means `caller`."""
        if caller.kind == "service":
            return Closeness.DIRECT if caller.name in self.services else Closeness.NONE
        if self.names & {"*", caller.caller_arn}:
            return Closeness.DIRECT
        if caller.kind == "assumed-role":
            if self.names & {caller.arn, caller.user_id.partition(":")[0]}:
                return Closeness.ROLE
        elif caller.user_id in self.names:
            return Closeness.DIRECT
        return Closeness.ACCOUNT if root_arn(caller.account) in self.names else Closeness.NONE


def parse_principals(written: Any) -> Principals:
    """Read a Principal or NotPrincipal.

    Raises:
        ValueError: Why it is none, in AWS's words.

    Example:
        >>> sorted(parse_principals({"AWS": ["111122223333", "*"]}).names)
        ['*', 'arn:aws:iam::111122223333:root']
    """
    if written == "*":
        return Principals(frozenset("*"), frozenset())
    if not isinstance(written, dict) or not written:
        raise ValueError(f'Invalid principal in policy: "{written}"')
    kinds = cast("Mapping[str, Any]", written)
    for kind in kinds:
        if kind not in _KINDS:
            raise ValueError(f'Invalid principal in policy: "{kind}"')
    names = frozenset(_name(name) for name in _names(kinds, "AWS"))
    return Principals(names, frozenset(_names(kinds, "Service")))


def _names(kinds: Mapping[str, Any], kind: str) -> list[str]:
    written = kinds.get(kind, [])
    items = cast("list[Any]", written) if isinstance(written, list) else [written]
    for item in items:
        if not isinstance(item, str) or not item:
            raise ValueError(f'Invalid principal in policy: "{kind}":"{item}"')
    return items


def _name(name: str) -> str:
    if is_account(name):
        return root_arn(name)
    if name == "*" or _UNIQUE_ID.fullmatch(name) or _ARN.fullmatch(name):
        return name
    raise ValueError(f'Invalid principal in policy: "AWS":"{name}"')
