"""The attributes of an item that can be read from its encryption context.

- Version 1 holds the key attributes, each as base64 of type id and bytes.
- Version 2 holds every context attribute. `aws-crypto-legend` has one character for each of them, in order of
  their names, which says how its value is written. AWS's libraries also return the names of the table and its
  keys.
- The context can come from an item that an attacker made: whatever does not fit is refused.

Source: specification `ddb-encryption-branch-key-id-supplier.md`.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from dynaseal.core.context import ATTRIBUTE_PREFIX, LEGEND, PARTITION_NAME, SORT_NAME, TABLE_NAME
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import MalformedValueError

_TABLE_ENTRIES = {
    TABLE_NAME: "aws_dbe_table_name",
    PARTITION_NAME: "aws_dbe_partition_name",
    SORT_NAME: "aws_dbe_sort_name",
}
_LITERALS: dict[str, dict[str, Any]] = {
    "null": {"NULL": True},
    "true": {"BOOL": True},
    "false": {"BOOL": False},
}


class NoAttributesError(Exception):
    """An encryption context from which no attributes can be read; the message says why."""


def context_attributes(context: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the attributes in an encryption context, as botocore's client has them.

    Raises:
        NoAttributesError: the key attributes are missing, or the legend does not fit.

    Example:
        >>> context_attributes({"aws-crypto-partition-name": "pk", "aws-crypto-attr.pk": "AAI3"})
        {'pk': {'N': '7'}}
    """
    legend = context.get(LEGEND)
    names = [context[key] for key in (PARTITION_NAME, SORT_NAME) if key in context]
    missing = [name for name in names if ATTRIBUTE_PREFIX + name not in context]
    if PARTITION_NAME not in context or missing:
        raise NoAttributesError("the encryption context does not hold the item's key attributes")
    if legend is None:
        return {name: _from_base64(context[ATTRIBUTE_PREFIX + name]) for name in names}
    entries = sorted(
        [(key.encode(), key, value) for key, value in context.items() if key.startswith(ATTRIBUTE_PREFIX)]
    )
    if len(entries) != len(legend):
        raise NoAttributesError("the encryption context's legend does not have one character per attribute")
    attributes = {
        key.removeprefix(ATTRIBUTE_PREFIX): _read_entry(character, value)
        for (_, key, value), character in zip(entries, legend, strict=True)
    }
    table_names = {name: {"S": context[key]} for key, name in _TABLE_ENTRIES.items() if key in context}
    return attributes | table_names


def _read_entry(character: str, value: str) -> dict[str, Any]:
    """Read an entry's value as its character of the legend says."""
    match character:
        case "S" | "N":
            return {character: value}
        case "B":
            return _from_base64(value)
        case "L" if value in _LITERALS:
            return dict(_LITERALS[value])
        case _:
            raise NoAttributesError("the encryption context's legend does not fit an attribute")


def _from_base64(value: str) -> dict[str, Any]:
    try:
        data = b64decode(value, validate=True)
        return deserialize(data[:2], data[2:])
    except (Base64Error, ValueError, MalformedValueError):
        raise NoAttributesError("an attribute in the encryption context is malformed") from None
