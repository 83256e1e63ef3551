"""KMS key identifiers: ARNs of keys and aliases, and their short forms.

Source: specification `aws-kms-key-arn.md`.
"""

from dataclasses import dataclass
from typing import Literal

from dynaseal.errors import ConfigError


@dataclass(frozen=True, slots=True)
class KmsArn:
    """The parts of `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, or `alias/NAME`."""

    partition: str
    region: str
    account: str
    kind: Literal["key", "alias"]
    resource_id: str

    @property
    def is_multi_region(self) -> bool:
        """Whether it names a multi-Region key."""
        return self.kind == "key" and self.resource_id.startswith("mrk-")


def parse_arn(text: str) -> KmsArn:
    """Read an ARN.

    Raises:
        ValueError: it is not one of a KMS key or alias.

    Example:
        >>> parse_arn("arn:aws:kms:us-west-2:111122223333:key/mrk-1").region
        'us-west-2'
    """
    parts = text.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "kms" or not all(parts):
        raise ValueError("not the ARN of a KMS key")
    kind, _, resource_id = parts[5].partition("/")
    if kind == "key" and resource_id:
        return KmsArn(parts[1], parts[3], parts[4], "key", resource_id)
    if kind == "alias" and resource_id:
        return KmsArn(parts[1], parts[3], parts[4], "alias", resource_id)
    raise ValueError("not the ARN of a KMS key")


def check_key_id(key_id: str) -> str:
    """Check a key identifier as KMS takes it: an ARN, a key id, or an alias.

    Raises:
        ConfigError: it is empty, or looks like an ARN and is none of a key or alias.
    """
    if not key_id:
        raise ConfigError("The KMS key id is empty", hint="Give the key's ARN")
    if key_id.startswith("arn:"):
        try:
            parse_arn(key_id)
        except ValueError:
            raise ConfigError(f"{key_id!r} is not the ARN of a KMS key or alias") from None
    return key_id


def region_of(key_id: str) -> str | None:
    """Give the Region that a key identifier names, if it names one."""
    return parse_arn(key_id).region if key_id.startswith("arn:") else None
