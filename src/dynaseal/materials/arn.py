"""KMS key identifiers: ARNs of keys and aliases, and their short forms.

Source: specification `aws-kms-key-arn.md`, `aws-kms-mrk-match-for-decrypt.md`, `aws-kms-mrk-are-unique.md`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from dynaseal.core.arguments import check_strings
from dynaseal.core.quoting import quoted
from dynaseal.errors import ConfigError

MAX_ARN_LENGTH = 2048
"""The longest key identifier that KMS accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsArn:
    """The parts of `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, or `alias/NAME`."""

    partition: str
    region: str
    account: str
    kind: Literal["key", "alias"]
    resource_id: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:{self.kind}/{self.resource_id}"

    @property
    def is_multi_region(self) -> bool:
        """Whether the ARN names a multi-Region key."""
        return self.kind == "key" and self.resource_id.startswith("mrk-")

    def in_region(self, region: str) -> "KmsArn":
        """Return the ARN of the same multi-Region key in another Region."""
        return replace(self, region=region)


def parse_arn(arn: str) -> KmsArn:
    """Read the ARN of a KMS key or alias.

    Raises:
        ValueError: it is not the ARN of one.

    Example:
        >>> parse_arn("arn:aws:kms:us-west-2:111122223333:key/mrk-1").region
        'us-west-2'
    """
    parts = arn.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "kms" or not all(parts):
        raise ValueError("not the ARN of a KMS key or alias")
    kind, _, resource_id = parts[5].partition("/")
    if kind not in ("key", "alias") or not resource_id:
        raise ValueError("not the ARN of a KMS key or alias")
    return KmsArn(
        partition=parts[1],
        region=parts[3],
        account=parts[4],
        kind="key" if kind == "key" else "alias",
        resource_id=resource_id,
    )


def is_acceptable_to_kms(arn: str) -> bool:
    """Return whether an ARN has a length and characters that KMS accepts: an item may name any string."""
    return len(arn) <= MAX_ARN_LENGTH and arn.isascii() and arn.isprintable() and " " not in arn


def check_key_id(key_id: str) -> str:
    """Check a key identifier in any form that KMS accepts: an ARN, a key id or an alias.

    Returns:
        The identifier.

    Raises:
        ConfigError: it is not a string, is empty, has white space around it, or begins like an ARN and is not
            the ARN of a key or alias.
    """
    check_strings("A KMS key", key_id=key_id)
    if not key_id:
        raise ConfigError("The KMS key id is empty", hint="Give the ARN of a KMS key")
    if key_id != key_id.strip():
        raise ConfigError(
            f"The KMS key id {quoted(key_id)} begins or ends with white space", hint="Remove it"
        )
    if key_id.startswith("arn:") and not (is_acceptable_to_kms(key_id) and _is_arn(key_id)):
        raise ConfigError(
            f"{quoted(key_id)} is not the ARN of a KMS key or alias",
            hint="Example: arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        )
    return key_id


def _is_arn(key_id: str) -> bool:
    try:
        parse_arn(key_id)
    except ValueError:
        return False
    return True


def region_of(key_id: str) -> str | None:
    """Return the Region that a checked key identifier names; None if it is not an ARN."""
    return parse_arn(key_id).region if key_id.startswith("arn:") else None


def check_key_arn(key_id: str, reason: str) -> str:
    """Check a key identifier where only a key's ARN can work.

    Args:
        key_id: The identifier.
        reason: Why it must be an ARN, as the end of a sentence.

    Returns:
        The identifier.

    Raises:
        ConfigError: it is an alias, a key id without the rest of an ARN, or malformed.
    """
    if not check_key_id(key_id).startswith("arn:") or parse_arn(key_id).kind != "key":
        raise ConfigError(
            f"{quoted(key_id)} is not the ARN of a KMS key, {reason}",
            hint="Give the key's ARN; DescribeKey shows the ARN of an alias's key",
        )
    return key_id


def check_multi_region_keys_differ(key_ids: Iterable[str]) -> None:
    """Check that no two key ARNs name the same multi-Region key, in one Region or in two.

    Raises:
        ConfigError: two do; the message lists them.
    """
    keys = [parse_arn(key_id) for key_id in key_ids]
    count = Counter(key.resource_id for key in keys if key.is_multi_region)
    repeated = [str(key) for key in keys if count[key.resource_id] > 1]
    if repeated:
        raise ConfigError(
            f"The same multi-Region key is given more than once: {', '.join(repeated)}",
            hint="Give each multi-Region key in the one Region where it is to be used",
        )


def is_same_key(key_id: str, arn: KmsArn) -> bool:
    """Return whether a key identifier means the key of an ARN, or its replica in another Region.

    Example:
        >>> here = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1"
        >>> is_same_key(here, parse_arn("arn:aws:kms:us-west-2:111122223333:key/mrk-1"))
        True
    """
    if key_id == str(arn):
        return True
    return (
        arn.is_multi_region
        and key_id.startswith("arn:")
        and parse_arn(key_id) == arn.in_region(parse_arn(key_id).region)
    )
