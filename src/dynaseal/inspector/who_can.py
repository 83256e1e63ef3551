"""Who may read an item under a lab's present policies, and for who may not, what says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynaseal.inspection.item import ExplainedItem
from dynaseal.inspection.tables import TableFacts
from dynaseal.inspector.labs import Access, Lab, LabError
from dynaseal.materials.keyrings.names import KMS_PROVIDER, KMS_RSA_PROVIDER

READ = "dynamodb:GetItem"
DECRYPT = "kms:Decrypt"


@dataclass(frozen=True, slots=True)
class PrincipalRow:
    """One principal: whether it may read the stored item, and decrypt its data key with each KMS key."""

    principal: str
    read: Access | None
    decrypt: Mapping[str, Access]

    @property
    def may(self) -> bool:
        """Whether it may do both, with one of the keys."""
        may_decrypt = any(access.may for access in self.decrypt.values()) or not self.decrypt
        return may_decrypt and self.read is not None and self.read.may

    @property
    def name(self) -> str:
        """The ARN's last part."""
        return self.principal.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Principals:
    """Every principal of the account.

    Attributes:
        rows: The principals, those who may read the item first.
        keys: The KMS keys that can unwrap its data key.
        problem: What the lab could not decide; None if it decided everything.
    """

    rows: Sequence[PrincipalRow]
    keys: Sequence[str]
    problem: str | None


def who_can_read(lab: Lab, facts: TableFacts, explained: ExplainedItem) -> Principals:
    """Return which principals may read and decrypt an item."""
    keys = [
        key.key
        for key in explained.wrapped_keys
        if key.key is not None and key.provider in (KMS_PROVIDER, KMS_RSA_PROVIDER)
    ]
    context = [
        (f"kms:EncryptionContext:{name}", value) for name, value in explained.encryption_context.items()
    ]
    problem: str | None = None
    readers = {access.principal: access for access in lab.who_can(READ, facts.arn)}
    decrypting: dict[str, dict[str, Access]] = {}
    for key in dict.fromkeys(keys):
        try:
            accesses = lab.who_can(DECRYPT, key, context)
        except LabError as error:
            problem = f"{key}: {error}"
            continue
        for access in accesses:
            decrypting.setdefault(access.principal, {})[key] = access
    rows = [
        PrincipalRow(principal, readers.get(principal), decrypting.get(principal, {}))
        for principal in dict.fromkeys([*readers, *decrypting])
    ]
    rows.sort(key=lambda row: not row.may)
    return Principals(rows, keys, problem)
