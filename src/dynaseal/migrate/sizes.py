"""The size of an item as DynamoDB counts it, and the capacity that reading or writing it consumes.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from dynaseal.attributes import Item

MAX_ITEM_SIZE = 400 * 1024
"""The largest item that DynamoDB stores, in bytes."""
READ_UNIT, WRITE_UNIT = 4096, 1024
"""How many bytes one read unit and one write unit cover."""
_CONTAINER = 3


def item_size(item: Item) -> int:
    """Return an item's size in bytes.

    A number's size is an estimate, as AWS describes it: one byte for each two digits, and one or two more.

    Example:
        >>> item_size({"pk": {"S": "ann"}, "photo": {"B": bytes(1000)}})
        1010
    """
    size = 0
    for name, value in item.items():
        # The usual cases without a call: this is done for every item that is transformed.
        size += len(name) if name.isascii() else len(_encoded(name))
        ((kind, content),) = value.items()
        size += len(content) if kind == "B" or (kind == "S" and content.isascii()) else value_size(value)
    return size


def value_size(value: Any) -> int:
    """Return the size of one attribute value in bytes, without its name."""
    ((kind, content),) = value.items()
    if kind in ("L", "M"):
        members = content.items() if kind == "M" else (("", member) for member in content)
        return _CONTAINER + sum(1 + len(_encoded(name)) + value_size(member) for name, member in members)
    scalar_size = _SIZES.get(kind.removesuffix("S") or "S")
    if scalar_size is None:
        return 1
    return sum(map(scalar_size, content)) if kind in ("SS", "NS", "BS") else scalar_size(content)


def write_units(size: int) -> int:
    """Return how many write units an item of a size in bytes consumes."""
    return max(1, ceil(size / WRITE_UNIT))


def read_units(size: int, *, consistent: bool) -> float:
    """Return how many read units reading a number of bytes consumes; half of them if not consistently."""
    units = max(1, ceil(size / READ_UNIT))
    return float(units) if consistent else units / 2


def _encoded(string: str) -> bytes:
    return string.encode("utf-8", "surrogatepass")


def _number_size(number: str) -> int:
    digits = number.partition("E")[0].partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + number.startswith("-")


_SIZES: Mapping[str, Callable[[Any], int]] = {"S": lambda s: len(_encoded(s)), "B": len, "N": _number_size}
