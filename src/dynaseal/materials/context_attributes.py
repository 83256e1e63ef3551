"""An item's attributes as they can be read back from its encryption context.

- Version 1 holds the key attributes, each as base64 of type id and bytes.
- Version 2 holds every context attribute in the spelling that `aws-crypto-legend` tells, letter by letter in
  order of the attributes' names. AWS's libraries give the table's and the keys' names along with them.
- A context can come from an item that an attacker made: whatever does not fit is refused.

Source: specification `ddb-encryption-branch-key-id-supplier.md`.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from dynaseal.core.context import ATTRIBUTE_PREFIX, LEGEND, PARTITION_NAME, SORT_NAME, TABLE_NAME
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import MalformedValueError

_NAMES = {
    TABLE_NAME: "aws_dbe_table_name",
    PARTITION_NAME: "aws_dbe_partition_name",
    SORT_NAME: "aws_dbe_sort_name",
}
_WORDS: dict[str, dict[str, Any]] = {
    "null": {"NULL": True},
    "true": {"BOOL": True},
    "false": {"BOOL": False},
}


class NoAttributesError(Exception):
    """A context that holds no readable attributes; the text says why."""


def context_attributes(context: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give the attributes that an encryption context holds, as botocore's client has them.

    Raises:
        NoAttributesError: it lacks the key attributes, or its legend does not fit it.

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
        raise NoAttributesError("the encryption context's legend has not one letter for each attribute")
    attributes = {
        key.removeprefix(ATTRIBUTE_PREFIX): _by_letter(letter, value)
        for (_, key, value), letter in zip(entries, legend, strict=True)
    }
    known_names = {ours: {"S": context[key]} for key, ours in _NAMES.items() if key in context}
    return attributes | known_names


def _by_letter(letter: str, text: str) -> dict[str, Any]:
    match letter:
        case "S" | "N":
            return {letter: text}
        case "B":
            return _from_base64(text)
        case "L" if text in _WORDS:
            return dict(_WORDS[text])
        case _:
            raise NoAttributesError("the encryption context's legend does not fit an attribute")


def _from_base64(text: str) -> dict[str, Any]:
    try:
        data = b64decode(text, validate=True)
        return deserialize(data[:2], data[2:])
    except (Base64Error, ValueError, MalformedValueError):
        raise NoAttributesError("an attribute in the encryption context is malformed") from None
