"""The types of items in wire form."""

from dynaseal.attributes import AttributeValue, Item

__all__ = ("ATTRIBUTE", "ITEM", "RAW_ATTRIBUTE")

ATTRIBUTE = AttributeValue
ITEM = Item
RAW_ATTRIBUTE = AttributeValue
