"""What providers, materials and keys return that a program defines itself.

They are asked by name and not by class, as in the older library. What they return is checked before it is
used: without a key, an item would be stored or returned as it is, and without a ciphertext, a signature or a
wrapped key nobody could read it again.
"""

from collections.abc import Mapping
from typing import Any, cast

from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.exceptions import DynamodbEncryptionSdkError, EncryptionError
from dynaseal.legacy.internal.validators import is_mapping
from dynaseal.legacy.materials import CryptographicMaterials

__all__ = ("algorithm_of", "bytes_from", "description_of", "key_of")

Failure = type[DynamodbEncryptionSdkError]


def description_of(materials: CryptographicMaterials) -> Mapping[str, str]:
    """Return the description of materials for writing.

    Raises:
        EncryptionError: they are not materials, or their description is not a mapping.
    """
    description: Any = getattr(materials, "material_description", None)
    if not is_mapping(description):
        raise EncryptionError(
            "The materials provider must return materials with a description; it returned "
            f"{type(materials).__name__}, whose description is {type(description).__name__}"
        )
    return description


def key_of(materials: CryptographicMaterials, name: str, failure: Failure) -> DelegatedKey | None:
    """Return one of the keys of materials, or None if they do not have it.

    Args:
        materials: The materials.
        name: The key's name.
        failure: What is raised.
    """
    key: Any = getattr(materials, name, None)
    if key is None or isinstance(key, DelegatedKey) or hasattr(key, "algorithm"):
        return key
    raise failure(f"The {name} of the materials must be a DelegatedKey, not {type(key).__name__}")


def algorithm_of(key: DelegatedKey, failure: Failure) -> str:
    """Return the name of a key's algorithm.

    Args:
        key: The key.
        failure: What is raised if it is not a string.
    """
    algorithm: Any = key.algorithm
    if not isinstance(algorithm, str):
        raise failure(f"The algorithm of a key must be str, not {type(algorithm).__name__}")
    return algorithm


def bytes_from(method: str, result: object, failure: Failure, *, may_be_empty: bool = False) -> bytes:
    """Return what a key's method returned.

    Args:
        method: The method's name.
        result: What it returned.
        failure: What is raised if that is not bytes.
        may_be_empty: Whether there may be none.
    """
    try:
        # Not bytes(result): that makes zeros of a number.
        data = memoryview(cast("bytes", result)).tobytes()
    except TypeError:
        raise failure(
            f"The method {method} of a key must return bytes, not {type(result).__name__}"
        ) from None
    if not data and not may_be_empty:
        raise failure(f"The method {method} of a key returned no bytes")
    return data
