"""Items between Python values, as boto3's Table has them, and wire form, as botocore's client has them.

boto3 is imported when a function is called: reading and writing items in wire form does not need it.
"""

from collections.abc import Mapping
from decimal import Decimal, Rounded
from functools import cache
from typing import Any

from dynaseal.legacy.internal.numbers import stored

__all__ = ("ddb_to_dict", "dict_to_ddb")


def dict_to_ddb(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn an item of Python values into wire form.

    Raises:
        TypeError: a value has a type that boto3 does not store.
    """
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415 boto3 is not needed for wire form

    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}


def ddb_to_dict(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn an item in wire form into Python values."""
    deserializer = _deserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


@cache
def _deserializer() -> Any:
    """Return boto3's deserializer, made to take numbers from 1E+38 in DynamoDB's spelling.

    That has no exponent, and boto3's own takes its zeros for digits beyond the 38 that a number may have.
    """
    from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer  # noqa: PLC0415 the same

    class Deserializer(TypeDeserializer):
        def _deserialize_n(self, value: str) -> Decimal:
            try:
                return DYNAMODB_CONTEXT.create_decimal(value)
            except Rounded:
                return stored(value)

    return Deserializer()
