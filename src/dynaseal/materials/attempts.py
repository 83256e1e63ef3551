"""Unwrapping an item's encrypted data keys one after another, until one succeeds.

- If all of them fail, the error holds the error of each attempt.
- The number of attempts is limited: whoever can write to the table decides how many data keys are in an item,
  up to 255, and each may cost a KMS call or a private-key operation. An honest item has one data key for each
  of its recipients, and a keyring that names its key skips the others without any cost.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import UnwrapError
from dynaseal.materials.arn import KmsArn, is_acceptable_to_kms, parse_arn
from dynaseal.materials.model import DecryptionMaterials, NoDataKeyError, combine_causes

MAX_ATTEMPTS = 16
"""How many of an item's encrypted data keys one keyring tries to unwrap."""

Candidate = TypeVar("Candidate")


def unwrap_first(
    candidates: Sequence[Candidate],
    unwrap: Callable[[Candidate], DecryptionMaterials],
    nothing_to_try: Callable[[], NoDataKeyError],
) -> DecryptionMaterials:
    """Return the materials from the first candidate that can be unwrapped.

    Args:
        candidates: The encrypted data keys that are meant for this keyring, in the header's order.
        unwrap: Unwraps one of them, or raises UnwrapError.
        nothing_to_try: Makes the error for an item without candidates.

    Raises:
        UnwrapError: none of the first `MAX_ATTEMPTS` can be unwrapped.
    """
    causes: list[UnwrapError] = []
    for candidate in candidates[:MAX_ATTEMPTS]:
        try:
            return unwrap(candidate)
        except UnwrapError as error:
            causes.append(error)
    if not causes:
        raise nothing_to_try()
    if len(candidates) > MAX_ATTEMPTS:
        raise UnwrapError(
            f"The item has {len(candidates)} data keys for this keyring; the first {MAX_ATTEMPTS} cannot be "
            "unwrapped, and more are not tried",
            hint="If the item is genuine, read it with a keyring that names its key",
            causes=causes,
        )
    raise combine_causes(causes)


def kms_data_keys(
    encrypted_data_keys: Sequence[EncryptedDataKey], provider_id: str
) -> list[tuple[KmsArn, EncryptedDataKey]]:
    """Select the encrypted data keys of one KMS provider, each with the ARN of its key.

    Raises:
        UnwrapError: one of them does not name a key's ARN (`aws-kms-keyring.md`, "OnDecrypt": the keyring
            must fail).
    """
    return [
        (_key_arn(wrapped.provider_info), wrapped)
        for wrapped in encrypted_data_keys
        if wrapped.provider_id == provider_id
    ]


def _key_arn(provider_info: bytes) -> KmsArn:
    try:
        arn = parse_arn(provider_info.decode())
    except ValueError:
        arn = None
    if arn is None or arn.kind != "key" or not is_acceptable_to_kms(str(arn)):
        raise UnwrapError("One of the item's data keys claims to be wrapped by KMS but names no key ARN")
    return arn
