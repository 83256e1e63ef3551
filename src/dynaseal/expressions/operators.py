"""The operators of expressions on DynamoDB's values: finding, comparing, ordering and measuring them.

- Values of different types are neither equal nor ordered: `{"N": "1"}` and `{"S": "1"}`, for example.
- Numbers are compared by value (`1` equals `1.0`), sets by their members, lists and maps element by element.
- Strings are ordered by their UTF-8 bytes, which is the order of their code points.
- Values that cannot be compared give `None` and not an error: a condition on them is false.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.errors import UnsupportedOperationError

SET_ELEMENTS = {"SS": "S", "NS": "N", "BS": "B"}
_ORDERED = frozenset({"S", "N", "B"})
_COUNTED = frozenset({"SS", "NS", "BS", "L", "M"})


def find(item: Mapping[str, AttributeValue], steps: Sequence[str | int]) -> AttributeValue | None:
    """Return the value at a document path, or None if there is no value.

    Example:
        >>> find({"a": {"L": [{"S": "x"}]}}, ("a", 0)), find({"a": {"S": "x"}}, ("a", "b"))
        ({'S': 'x'}, None)
    """
    found: AttributeValue | None = item.get(str(steps[0]))
    for step in steps[1:]:
        if found is None:
            return None
        if isinstance(step, int):
            elements = found.get("L", ())
            found = elements[step] if step < len(elements) else None
        else:
            found = found.get("M", {}).get(step)
    return found


def number(content: str) -> Decimal:
    """Return the value of a DynamoDB number.

    Raises:
        UnsupportedOperationError: the content is not a number.
    """
    try:
        value = Decimal(content)
    except (InvalidOperation, TypeError, ValueError):
        value = Decimal("NaN")
    if not value.is_finite():
        raise UnsupportedOperationError("A value of the type N is not a number")
    return value


def comparable(value: AttributeValue) -> tuple[str, Any]:
    """Return a value in a form that Python's `==` compares as DynamoDB compares values.

    Example:
        >>> comparable({"NS": ["1.0", "2"]}) == comparable({"NS": ["2.00", "1"]})
        True
    """
    (name, content), *_ = value.items()
    if name == "N":
        return name, number(content)
    if name == "B":
        return name, bytes(content)
    if name in SET_ELEMENTS:
        element = SET_ELEMENTS[name]
        return name, frozenset(comparable({element: member}) for member in content)
    if name == "L":
        return name, [comparable(element) for element in content]
    if name == "M":
        return name, {key: comparable(element) for key, element in content.items()}
    return name, content


def equal(left: AttributeValue | None, right: AttributeValue | None) -> bool:
    """Return whether two values are equal; a missing value equals nothing."""
    if left is None or right is None or left.keys() != right.keys():
        return False
    return comparable(left) == comparable(right)


def order(left: AttributeValue | None, right: AttributeValue | None) -> int | None:
    """Return -1, 0 or 1 if `left` is below, equal to or above `right`; None if they have no order."""
    if left is None or right is None or left.keys() != right.keys() or not left.keys() <= _ORDERED:
        return None
    (_, low), (_, high) = comparable(left), comparable(right)
    return (low > high) - (low < high)


def size(value: AttributeValue | None) -> AttributeValue | None:
    """Return a value's size as a number: code units, bytes or members; None if it has no size.

    The size of a string is its number of UTF-16 code units, as in DynamoDB.
    """
    if value is None:
        return None
    (name, content), *_ = value.items()
    if name == "S":
        return {"N": str(len(content.encode("utf-16-le", "surrogatepass")) // 2)}
    if name == "B":
        return {"N": str(len(bytes(content)))}
    return {"N": str(len(content))} if name in _COUNTED else None


def contains(container: AttributeValue | None, sought: AttributeValue | None) -> bool:
    """Return whether a string or binary value contains a part, a set a member, or a list an element."""
    if container is None or sought is None:
        return False
    (name, content), *_ = container.items()
    (sought_name, part), *_ = sought.items()
    if name == "S" and sought_name == "S":
        return part in content
    if name == "B" and sought_name == "B":
        return bytes(part) in bytes(content)
    if name == "L":
        return any(equal(element, sought) for element in content)
    if SET_ELEMENTS.get(name) == sought_name:
        return any(equal({sought_name: member}, sought) for member in content)
    return False


def begins_with(value: AttributeValue | None, prefix: AttributeValue | None) -> bool:
    """Return whether a string or binary value begins with a prefix of its type."""
    if value is None or prefix is None:
        return False
    if "S" in value and "S" in prefix:
        return value["S"].startswith(prefix["S"])
    if "B" in value and "B" in prefix:
        return bytes(value["B"]).startswith(bytes(prefix["B"]))
    return False
