"""Trying an item's data keys one after another.

- The first that opens ends it; what each failed attempt had to say is kept.
- Attempts are counted: whoever can write to the table decides how many data keys an item names, up to 255,
  and each may cost a call to KMS or a private-key operation. An honest item has one data key for each of its
  recipients, and a keyring that names its key passes over the others at no cost.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import UnwrapError
from dynaseal.materials.arn import KmsArn, parse_arn
from dynaseal.materials.model import DecryptionMaterials, NoDataKeyError, combine_causes

MAX_ATTEMPTS = 16
"""How many of an item's data keys one keyring tries."""

Candidate = TypeVar("Candidate")


def unwrap_first(
    candidates: Sequence[Candidate],
    unwrap: Callable[[Candidate], DecryptionMaterials],
    nothing_to_try: Callable[[], NoDataKeyError],
) -> DecryptionMaterials:
    """Unwrap the first candidate that opens.

    Args:
        candidates: The data keys that are this keyring's, in the header's order.
        unwrap: Unwraps one, or raises UnwrapError.
        nothing_to_try: Makes the error for the case that there are none.

    Raises:
        UnwrapError: none opens among the first `MAX_ATTEMPTS`.
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
            f"The item has {len(candidates)} data keys for this keyring; the first {MAX_ATTEMPTS} do not "
            "open, and more are not tried",
            hint="If the item is genuine, read it with a keyring that names its key",
            causes=causes,
        )
    raise combine_causes(causes)


def kms_data_keys(
    encrypted_data_keys: Sequence[EncryptedDataKey], provider_id: str
) -> list[tuple[KmsArn, EncryptedDataKey]]:
    """Select the data keys of a KMS provider, each with the ARN of its key.

    Raises:
        UnwrapError: one of them names no key ARN (`aws-kms-keyring.md`, "OnDecrypt": the keyring must fail).
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
    if arn is None or arn.kind != "key":
        raise UnwrapError("One of the item's data keys says it is KMS's but names no key ARN")
    return arn
