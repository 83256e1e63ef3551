"""Items between Python values, as boto3's Table has them, and wire form, as botocore's client has them.

boto3 is imported when a function is called: reading and writing items in wire form does not need it.
"""

from collections.abc import Mapping
from typing import Any

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
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 boto3 is not needed for wire form

    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}
