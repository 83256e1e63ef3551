"""The KMS discovery keyrings: they read with whatever KMS key the item names, and cannot write.

- An item's data keys are asked for in order, each with a Decrypt under the key that it names, until one
  succeeds. A filter of partition and accounts leaves out the others at no cost; without one, whoever writes
  the item chooses the account whose keys are used.
- The multi-Region form asks in its own Region: multi-Region keys through their replica there, and other keys
  only if they are of that Region.

Source: specification `aws-kms-discovery-keyring.md`, `aws-kms-mrk-discovery-keyring.md`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import ConfigError, EncryptError
from dynaseal.materials.arn import KmsArn
from dynaseal.materials.attempts import kms_data_keys, unwrap_first
from dynaseal.materials.keyrings.kms import SymmetricKms, unwrap_with_kms
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


@dataclass(frozen=True, slots=True)
class DiscoveryFilter:
    """Whose keys a discovery keyring uses.

    Attributes:
        account_ids: Twelve digits each; at least one.
        partition: Such as `aws` or `aws-cn`.

    Raises:
        ConfigError: there is no account, or an empty name.
    """

    account_ids: frozenset[str]
    partition: str = "aws"

    def __post_init__(self) -> None:
        if not self.account_ids or not all(self.account_ids) or not self.partition:
            raise ConfigError(
                "A discovery filter needs a partition and at least one account id, none of them empty",
                hint="Leave account_ids out to use the keys of every account",
            )

    def allows(self, arn: KmsArn) -> bool:
        """Tell whether a key may be used."""
        return arn.partition == self.partition and arn.account in self.account_ids


def discovery_filter(account_ids: Collection[str] | None, partition: str) -> DiscoveryFilter | None:
    """Make a filter of the arguments that the public keyrings have; no accounts given means no filter."""
    if isinstance(account_ids, str):
        raise TypeError("account_ids is a collection of account ids, not one text")
    return None if account_ids is None else DiscoveryFilter(frozenset(account_ids), partition)


class KmsDiscoveryKeyring:
    """Reads with the KMS keys that items name.

    Args:
        kms: Asks KMS, in one Region; keys of other Regions are refused there.
        keys: Whose keys are used; left out, everybody's.
    """

    def __init__(self, kms: SymmetricKms, keys: DiscoveryFilter | None = None) -> None:
        self._kms = kms
        self._filter = keys

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._scope()})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:  # noqa: ARG002 of the Protocol
        """Refuse.

        Raises:
            EncryptError: always.
        """
        raise EncryptError(
            "A discovery keyring only reads: it has no key of its own",
            hint="Write with a keyring that names a key, such as AwsKmsKeyring",
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have KMS decrypt the first data key that the filter lets through and that opens."""
        mine = [
            (self._asked_for(arn), wrapped)
            for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_PROVIDER)
            if self._is_mine(arn)
        ]
        return unwrap_first(
            mine,
            lambda candidate: unwrap_with_kms(self._kms, str(candidate[0]), materials, candidate[1]),
            lambda: NoDataKeyError(f"The item has no data key under a KMS key of {self._scope()}"),
        )

    def _is_mine(self, arn: KmsArn) -> bool:
        return self._filter is None or self._filter.allows(arn)

    def _asked_for(self, arn: KmsArn) -> KmsArn:
        return arn

    def _scope(self) -> str:
        if self._filter is None:
            return "any account"
        return f"{self._filter.partition}, account {', '.join(sorted(self._filter.account_ids))}"


class KmsMrkDiscoveryKeyring(KmsDiscoveryKeyring):
    """Reads with the KMS keys that items name, in one Region: multi-Region keys through their replica there.

    Args:
        kms: Asks KMS, in that Region.
        region: The Region's name.
        keys: Whose keys are used; left out, everybody's.

    Raises:
        ConfigError: the Region is empty.
    """

    def __init__(self, kms: SymmetricKms, region: str, keys: DiscoveryFilter | None = None) -> None:
        super().__init__(kms, keys)
        if not region:
            raise ConfigError("A discovery keyring for multi-Region keys needs the name of its Region")
        self._region = region

    def _is_mine(self, arn: KmsArn) -> bool:
        return super()._is_mine(arn) and (arn.is_multi_region or arn.region == self._region)

    def _asked_for(self, arn: KmsArn) -> KmsArn:
        return arn.in_region(self._region)

    def _scope(self) -> str:
        return f"{super()._scope()}, Region {self._region}"
