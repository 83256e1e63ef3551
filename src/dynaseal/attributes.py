"""The types of DynamoDB's items in wire form, as botocore's client takes and returns them."""

from collections.abc import Mapping
from typing import Any

AttributeValue = Mapping[str, Any]
"""A type name and its content: `{"S": "x"}`, `{"B": b"..."}`, `{"M": {...}}`."""

Item = Mapping[str, AttributeValue]
"""Attribute values by attribute name."""

TYPE_NAMES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
"""DynamoDB's names of the types."""
