"""Grants: permissions on one key in addition to its policy, created and removed by calls.

* A grant allows its grantee the operations that it lists. It allows nothing to anybody else.
* A constraint on the encryption context applies to the operations that have such a context, and only to them.
* A grant that a grantee creates from its own grant can allow no more than that grant does.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dynaseal_lab.model import Principal

CONTEXT_OPERATIONS = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
    }
)
"""Operations that a constraint on the encryption context applies to."""

GRANT_OPERATIONS = CONTEXT_OPERATIONS | {
    "CreateGrant",
    "DeriveSharedSecret",
    "DescribeKey",
    "GenerateMac",
    "GetPublicKey",
    "RetireGrant",
    "Sign",
    "Verify",
    "VerifyMac",
}


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a grant demands of the encryption context.

    Args:
        equals: The context must be exactly this; None: no demand.
        subset: The context must contain this; None: no demand.
    """

    equals: Mapping[str, str] | None = None
    subset: Mapping[str, str] | None = None

    def hold(self, context: Mapping[str, str]) -> bool:
        """Return whether `context` satisfies both."""
        equal = self.equals is None or dict(context) == dict(self.equals)
        return equal and (self.subset is None or self.subset.items() <= context.items())

    def at_least_as_strict_as(self, other: "Constraints") -> bool:
        """Return whether every context that satisfies these also satisfies `other`."""
        if other.equals is not None and self.equals != other.equals:
            return False
        if other.subset is None:
            return True
        required = {**(self.subset or {}), **(self.equals or {})}
        return other.subset.items() <= required.items()

    def as_structure(self) -> dict[str, dict[str, str]]:
        """Return the constraints as a GrantConstraints structure."""
        reply: dict[str, dict[str, str]] = {}
        if self.equals is not None:
            reply["EncryptionContextEquals"] = dict(self.equals)
        if self.subset is not None:
            reply["EncryptionContextSubset"] = dict(self.subset)
        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One grant on one key; `grantee` and `retiring` are ARNs, or the DNS names of AWS services.

    A user or role is bound by its unique id: another one of the same name has no part in the grant.
    """

    grant_id: str
    token: str = field(repr=False)
    region: str
    key_id: str
    grantee: str
    operations: frozenset[str]
    issuing_account: str
    created: datetime
    constraints: Constraints = field(default_factory=Constraints)
    retiring: str | None = None
    name: str | None = None
    grantee_id: str | None = None
    retiring_id: str | None = None

    def is_for(self, principal: Principal) -> bool:
        """Return whether a caller is the grantee, or a session of the role that is."""
        return is_principal(principal, self.grantee, self.grantee_id)

    def may_be_retired_by(self, principal: Principal) -> bool:
        """Return whether the grant itself lets a caller retire it."""
        named = self.retiring is not None and is_principal(principal, self.retiring, self.retiring_id)
        return named or ("RetireGrant" in self.operations and self.is_for(principal))

    def permits(self, principal: Principal, operation: str, context: Mapping[str, str]) -> bool:
        """Return whether the grant allows `principal` this operation with this encryption context."""
        if operation not in self.operations or not self.is_for(principal):
            return False
        return operation not in CONTEXT_OPERATIONS or self.constraints.hold(context)

    def same_terms(self, other: "Grant") -> bool:
        """Return whether both have the same terms: CreateGrant with a name then returns the first one."""
        return (
            (self.region, self.key_id, self.grantee, self.operations, self.name, self.retiring)
            == (other.region, other.key_id, other.grantee, other.operations, other.name, other.retiring)
        ) and (self.constraints, self.grantee_id, self.retiring_id) == (
            other.constraints,
            other.grantee_id,
            other.retiring_id,
        )

    def as_structure(self, key_arn: str) -> dict[str, Any]:
        """Return the grant as a GrantListEntry structure."""
        entry: dict[str, Any] = {
            "KeyId": key_arn,
            "GrantId": self.grant_id,
            "CreationDate": self.created,
            "IssuingAccount": self.issuing_account,
            "GranteePrincipal": self.grantee,
            "Operations": sorted(self.operations),
            "Name": self.name or "",
        }
        if self.retiring:
            entry["RetiringPrincipal"] = self.retiring
        if constraints := self.constraints.as_structure():
            entry["Constraints"] = constraints
        return entry


def is_principal(principal: Principal, named: str, unique_id: str | None) -> bool:
    """Return whether the name in a grant means this caller; a role's ARN means each of its sessions.

    Args:
        principal: The caller.
        named: The name.
        unique_id: The unique id of the user or role that had the name; None for any other name.
    """
    if unique_id is not None:
        return principal.user_id.partition(":")[0] == unique_id
    return named in {principal.arn, principal.caller_arn}
