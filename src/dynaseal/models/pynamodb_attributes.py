"""Markers around the attributes of a PynamoDB Model, and how they are read.

A marker is stored on PynamoDB's attribute object, which is returned as it was. Only PynamoDB's public names
are used.
"""

import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from dynaseal.errors import ConfigError
from dynaseal.models.markers import (
    Beacon,
    Encrypted,
    InContext,
    Marker,
    PartitionKey,
    Signed,
    SortKey,
    Surrogate,
    Unsigned,
)

_A = TypeVar("_A")

_MARKERS = "dynaseal_markers"
# PynamoDB sends conditions on the first and the last by itself, and DynamoDB itself reads the other.
_READ_BY_DYNAMODB = ("VersionAttribute", "TTLAttribute", "DiscriminatorAttribute")


def encrypted(attribute: _A, *markers: Beacon | Surrogate) -> _A:
    """Mark an attribute of a PynamoDB Model as encrypted and signed, and return it.

    Args:
        attribute: The attribute, such as `UnicodeAttribute()`.
        markers: Its beacons, and `Surrogate` if it is the real value of a key.
    """
    return _mark(attribute, Encrypted(), *markers)


def signed(attribute: _A) -> _A:
    """Mark an attribute of a PynamoDB Model as signed and stored in the clear, and return it."""
    return _mark(attribute, Signed())


def unsigned(attribute: _A) -> _A:
    """Mark an attribute of a PynamoDB Model as neither encrypted nor signed, and return it."""
    return _mark(attribute, Unsigned())


def in_context(attribute: _A) -> _A:
    """Mark an attribute of a PynamoDB Model as part of the encryption context, and return it."""
    return _mark(attribute, InContext())


def _mark(attribute: _A, *markers: Marker) -> _A:
    pynamodb: Any = sys.modules.get("pynamodb.attributes")
    if pynamodb is None or not isinstance(attribute, pynamodb.Attribute):
        raise ConfigError(
            f"Only attributes of a PynamoDB Model can be marked like this, and not {_describe(attribute)}",
            hint="Write encrypted(UnicodeAttribute()) in a Model, and Annotated[str, Encrypted()] in any "
            "other class",
        )
    stored: dict[str, Any] = vars(attribute)
    stored[_MARKERS] = (*stored.get(_MARKERS, ()), *markers)
    return attribute


def _describe(attribute: object) -> str:
    if isinstance(attribute, type):
        return f"the class {attribute.__name__}"
    return f"an object of the type {type(attribute).__name__}"


def is_model(candidate: type) -> bool:
    """Return whether a class is a PynamoDB Model, or one of its maps with attributes of their own."""
    models: Any = sys.modules.get("pynamodb.models")
    attributes: Any = sys.modules.get("pynamodb.attributes")
    return models is not None and issubclass(candidate, (models.Model, attributes.MapAttribute))


def table_name(model: Any) -> str | None:
    """Return the table's name that a Model's Meta has; None for any other class."""
    return getattr(model.Meta, "table_name", None) if is_model(model) and hasattr(model, "Meta") else None


def attributes(model: Any) -> Iterator[tuple[str, tuple[Marker, ...], Any]]:
    """Yield the Python name, the markers and the attribute object of each attribute of a Model."""
    for name, attribute in model.get_attributes().items():
        keys = [PartitionKey()] * bool(attribute.is_hash_key) + [SortKey()] * bool(attribute.is_range_key)
        yield name, (*getattr(attribute, _MARKERS, ()), *keys), attribute


def inner_models(attribute: Any) -> Iterator[type]:
    """Yield the classes of maps that are in an attribute: its own class, or that of a list's elements."""
    kinds: list[Any] = [type(attribute), getattr(attribute, "element_type", None)]
    for kind in kinds:
        if isinstance(kind, type) and is_model(kind):
            yield kind


def check_attribute(field: str, attribute: Any, markers: tuple[Marker, ...]) -> None:
    """Check that DynamoDB and PynamoDB can use an attribute as it is stored.

    Raises:
        ConfigError: it is encrypted, and they need its value.
    """
    if not any(isinstance(marker, Encrypted) for marker in markers):
        return
    pynamodb: Any = sys.modules["pynamodb.attributes"]
    for kind in _READ_BY_DYNAMODB:
        if isinstance(attribute, getattr(pynamodb, kind)):
            raise ConfigError(
                f"{field} is a {kind} and encrypted: DynamoDB compares its value, which it would not have",
                hint="Mark it signed(...), or unsigned(...) if it is updated without reading the item",
            )
