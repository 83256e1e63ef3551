"""Terminal locations: the place of a value in an item, such as `patient.given[0]`.

- A location is an attribute's name, followed by names of map members and indexes of list elements.
- An item may have no value at a location, or a value of another type on the way to it. That is not an error.
- A list index has one digit. AWS's libraries repeat the first digit of a longer one (`a[12]` reads element
  11), so a beacon over such a location would not find what they wrote, nor would they find what we wrote.

Source: specification `virtual.md`, "Terminal Location".
"""

import re
from dataclasses import dataclass

from dynaseal.attributes import AttributeValue, Item
from dynaseal.errors import ConfigError

_LOCATION = re.compile(r"(?P<name>[^.\[]+)(?P<steps>(?:\.[^.\[]+|\[[0-9]+\])*)").fullmatch
_STEP = re.compile(r"\.(?P<member>[^.\[]+)|\[(?P<index>[0-9]+)\]").finditer


@dataclass(frozen=True, slots=True)
class Location:
    """A parsed location.

    Attributes:
        name: The name of the attribute.
        steps: Map members by name and list elements by index, below the attribute.
    """

    name: str
    steps: tuple[str | int, ...] = ()

    def find(self, item: Item) -> AttributeValue | None:
        """Return the value at this place of an item, or None."""
        value = item.get(self.name)
        for step in self.steps:
            if value is None:
                return None
            if isinstance(step, str):
                members = value.get("M")
                value = None if members is None else members.get(step)
            else:
                elements = value.get("L")
                value = elements[step] if elements is not None and step < len(elements) else None
        return value

    def __str__(self) -> str:
        below = (f".{step}" if isinstance(step, str) else f"[{step}]" for step in self.steps)
        return self.name + "".join(below)


def parse_location(location: str, owner: str) -> Location:
    """Parse a location.

    Args:
        location: The location, as it is configured.
        owner: What is configured with it, for the message.

    Raises:
        ConfigError: it is not a location, or has a list index that AWS's libraries read wrongly.

    Example:
        >>> parse_location("patient.given[0]", "the beacon 'FirstName'").steps
        ('given', 0)
    """
    match = _LOCATION(location)
    if match is None:
        raise ConfigError(
            f"{owner} has {location!r}, which is not a location",
            hint="Write a location as name.member[3]",
        )
    steps: list[str | int] = []
    for step in _STEP(match["steps"]):
        if step["member"] is not None:
            steps.append(step["member"])
        elif len(step["index"]) > 1:
            raise ConfigError(
                f"{owner} has the location {location!r}, whose list index [{step['index']}] has more than "
                "one digit: AWS's libraries repeat its first digit and read another element",
                hint="Store the value among a list's first ten elements, or in a map",
            )
        else:
            steps.append(int(step["index"]))
    return Location(match["name"], tuple(steps))
