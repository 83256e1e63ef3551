"""The KMS discovery keyrings: they read with whatever KMS key the item names, and cannot write.

- Each of the item's data keys in turn takes a Decrypt with the key that it names, until one succeeds. A
  filter by partition and accounts skips the others without any cost; without a filter, whoever writes the
  item chooses the account whose keys are used.
- The multi-Region form calls KMS in its own Region: for multi-Region keys it uses their replica there, and it
  skips other keys of other Regions.

Source: specification `aws-kms-discovery-keyring.md`, `aws-kms-mrk-discovery-keyring.md`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dynaseal.core.arguments import ProcessBound, check_string_collection, check_strings
from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import ConfigError, EncryptError
from dynaseal.materials.arn import KmsArn
from dynaseal.materials.attempts import kms_data_keys, unwrap_first
from dynaseal.materials.keyrings.kms import SymmetricKms, unwrap_with_kms
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError


@dataclass(frozen=True, slots=True)
class DiscoveryFilter:
    """Which accounts' keys a discovery keyring uses.

    Attributes:
        account_ids: At least one; twelve digits each.
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
                hint="To use the keys of every account, leave account_ids out",
            )

    def allows(self, arn: KmsArn) -> bool:
        """Return whether the filter lets a key be used."""
        return arn.partition == self.partition and arn.account in self.account_ids


def discovery_filter(account_ids: Collection[str] | None, partition: str) -> DiscoveryFilter | None:
    """Return the filter for a public keyring's arguments; None, no filter, if no accounts are given.

    Raises:
        WrongTypeError: an argument is of the wrong type.
    """
    check_strings("A discovery keyring", partition=partition)
    if account_ids is None:
        return None
    accounts = check_string_collection("A discovery keyring", "account_ids", account_ids)
    return DiscoveryFilter(frozenset(accounts), partition)


class KmsDiscoveryKeyring(ProcessBound):
    """Reads with the KMS keys that items name.

    Args:
        kms: Calls KMS in one Region, which refuses the keys of other Regions.
        key_filter: Which accounts' keys are used; by default those of every account.
    """

    def __init__(self, kms: SymmetricKms, key_filter: DiscoveryFilter | None = None) -> None:
        self._kms = kms
        self._filter = key_filter

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._scope()})"

    @property
    def kms(self) -> SymmetricKms:
        """What calls KMS."""
        return self._kms

    @property
    def key_filter(self) -> DiscoveryFilter | None:
        """Which accounts' keys are used; None for those of every account."""
        return self._filter

    def key_for(self, arn: KmsArn) -> KmsArn | None:
        """Return the key with which a data key under another one is read; None if it is not read."""
        return self._key_to_use(arn) if self._may_use(arn) else None

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:  # noqa: ARG002 of the Protocol
        """Refuse: a discovery keyring cannot write.

        Raises:
            EncryptError: always.
        """
        raise EncryptError(
            "A discovery keyring can only read: it has no key of its own",
            hint="Write with a keyring that names a key, such as AwsKmsKeyring",
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have KMS decrypt the first data key that the filter allows and that can be unwrapped."""
        candidates = [
            (self._key_to_use(arn), wrapped)
            for arn, wrapped in kms_data_keys(encrypted_data_keys, KMS_PROVIDER)
            if self._may_use(arn)
        ]
        return unwrap_first(
            candidates,
            lambda candidate: unwrap_with_kms(self._kms, str(candidate[0]), materials, candidate[1]),
            lambda: NoDataKeyError(f"The item has no data key under a KMS key of {self._scope()}"),
        )

    def _may_use(self, arn: KmsArn) -> bool:
        return self._filter is None or self._filter.allows(arn)

    def _key_to_use(self, arn: KmsArn) -> KmsArn:
        return arn

    def _scope(self) -> str:
        if self._filter is None:
            return "any account"
        return f"{self._filter.partition}, account {', '.join(sorted(self._filter.account_ids))}"


class KmsMrkDiscoveryKeyring(KmsDiscoveryKeyring):
    """Reads with the KMS keys that items name, in one Region: multi-Region keys through their replica there.

    Args:
        kms: Calls KMS in that Region.
        region: The Region's name.
        key_filter: Which accounts' keys are used; by default those of every account.

    Raises:
        ConfigError: the Region is empty.
    """

    def __init__(self, kms: SymmetricKms, region: str, key_filter: DiscoveryFilter | None = None) -> None:
        super().__init__(kms, key_filter)
        check_strings("A discovery keyring", region=region)
        if not region:
            raise ConfigError("A discovery keyring for multi-Region keys needs the name of its Region")
        self._region = region

    @property
    def region(self) -> str:
        """The Region whose keys and replicas are used."""
        return self._region

    def _may_use(self, arn: KmsArn) -> bool:
        return super()._may_use(arn) and (arn.is_multi_region or arn.region == self._region)

    def _key_to_use(self, arn: KmsArn) -> KmsArn:
        return arn.in_region(self._region)

    def _scope(self) -> str:
        return f"{super()._scope()}, Region {self._region}"
