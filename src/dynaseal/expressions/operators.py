"""DynamoDB's values as expressions see them: found in an item, compared, ordered, counted.

- Types never mix: `{"N": "1"}` and `{"S": "1"}` are neither equal nor in any order.
- Numbers are equal by value (`1` and `1.0`), sets by their members, lists and maps element by element.
- Text is ordered by its UTF-8 bytes, which is the order of its code points.
- What cannot be compared is `None`, never an error: a condition on it does not hold.
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
    """Give the value at a document path, or None where there is none.

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


def number(text: str) -> Decimal:
    """Give the value of a DynamoDB number.

    Raises:
        UnsupportedOperationError: the text is no number of DynamoDB's.
    """
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        value = Decimal("NaN")
    if not value.is_finite():
        raise UnsupportedOperationError("A value of the type N is not a number")
    return value


def comparable(value: AttributeValue) -> tuple[str, Any]:
    """Give a value in a form that Python compares with `==` as DynamoDB compares values.

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
    """Tell whether two values are equal; one that is missing equals nothing."""
    if left is None or right is None or left.keys() != right.keys():
        return False
    return comparable(left) == comparable(right)


def order(left: AttributeValue | None, right: AttributeValue | None) -> int | None:
    """Give -1, 0 or 1 as `left` is below, equal to or above `right`; None where they have no order."""
    if left is None or right is None or left.keys() != right.keys() or not left.keys() <= _ORDERED:
        return None
    (_, low), (_, high) = comparable(left), comparable(right)
    return (low > high) - (low < high)


def size(value: AttributeValue | None) -> AttributeValue | None:
    """Give a value's size as a number: characters, bytes or members; None where it has none.

    Text is counted in UTF-16 code units, as DynamoDB counts it.
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
    """Tell whether text or binary holds a part, a set a member, or a list an element."""
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
    """Tell whether text or binary begins with a prefix of its type."""
    if value is None or prefix is None:
        return False
    if "S" in value and "S" in prefix:
        return value["S"].startswith(prefix["S"])
    if "B" in value and "B" in prefix:
        return bytes(value["B"]).startswith(bytes(prefix["B"]))
    return False
